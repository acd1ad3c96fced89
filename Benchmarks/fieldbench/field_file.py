"""The field as a file: how large, how fast to load, and whether meshes from it are the same each time."""
import filecmp
import shutil

from .extraction import trained_run
from .page import Verdict, at_most, number, table

TITLE = "The field as a file"


def measure(context):
    run, trained = trained_run(context)
    told = context.bench("extract", run, "--voxels", 0.016, "--times", 1)
    field = (run / "train" / "field.fmf").stat().st_size
    meshes = sorted((run / "mesh").glob("*.ply"))
    again = context.fresh("again")
    shutil.copytree(run, again, ignore=shutil.ignore_patterns("mesh", "export", "preview.png"))
    # On one thread, to show that the number does not matter either.
    context.fieldmesh("mesh", again, "--quiet", "--threads", 1)
    same = [filecmp.cmp(m, again / "mesh" / m.name, shallow=False) for m in meshes]
    return {"field": trained, "frames": told["frames"], "bytes": field, "meshBytes": sum(m.stat().st_size for m in meshes),
            "load": told["load"], "meshes": len(meshes), "same": sum(same)}


def tables(data):
    per = data["bytes"] / data["frames"]
    rows = [["field file", f"{data['bytes'] / 1e6:.2f} MB"], ["a frame", f"{per / 1e3:.1f} kB"],
            ["a frame's mesh as PLY", f"{data['meshBytes'] / max(data['meshes'], 1) / 1e3:,.0f} kB"],
            ["loaded and ready for one instant", f"{1e3 * data['load']['median']:.1f} ms"],
            ["meshes of `fieldmesh mesh` that came out the same, byte by byte, on one thread", f"{data['same']} of {data['meshes']}"]]
    return f"{data['field']}; {data['frames']} frames.\n\n" + table(["", ">"], rows)


def verdicts(data):
    return [at_most("a field loads in milliseconds (50 at most)", 1e3 * data["load"]["median"], 50, " ms", 1),
            Verdict("`fieldmesh mesh` from it is reproducible", data["same"] == data["meshes"] > 0, f"{data['same']} of {data['meshes']}")]


def plots(data):
    return []
