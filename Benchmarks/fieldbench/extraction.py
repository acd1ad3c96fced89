"""Meshes from a trained field, beside dense evaluation; and marching cubes alone, beside three libraries."""
from .context import ROOT, Missing
from .page import Verdict, at_least, at_most, number, table

TITLE = "Extraction"
# Of the dense grid every third point on each axis is asked, and its time told from these.
SKIP = 3


def measure(context):
    run, trained = trained_run(context)
    voxels = context.choose((0.008, 0.004, 0.002), (0.032, 0.016, 0.008))
    step = context.choose(0.004, 0.032)
    grid = context.work / "field.npy"
    common = ["extract", run, "--times", context.choose(3, 1)]
    mine = context.bench(*common, "--voxels", ",".join(map(str, voxels)), "--dense", SKIP * step, "--save", grid)
    single = context.bench(*common, "--voxels", voxels[1], "--threads", 1)
    points = SKIP**3
    for count in mine["dense"]["points"]:
        points *= count
    dense = {"voxel": step, "points": points, "fieldmesh": SKIP**3 * mine["dense"]["seconds"]}
    try:
        told = context.peer("dense", "--points", points, "--threads", context.cores, "--seconds", context.choose(20, 2))
        dense.update(torch=told["seconds"], torchShare=told["share"], version=told["version"])
        cubes = context.peer("cubes", grid, "--times", context.choose(3, 1), "--only", "PyMCubes")
        dense["cubes"] = SKIP**3 * cubes["libraries"]["PyMCubes"]["seconds"]
    except (Missing, KeyError):
        context.note("Dense evaluation is not compared: PyTorch or PyMCubes is missing.")
    grid.unlink(missing_ok=True)
    return {"field": trained, "fieldmesh": mine, "single": single, "dense": dense,
            "cubes": [_cubes(context, v) for v in context.choose((0.008, 0.004), (0.016, 0.008))]}


def trained_run(context):
    """A dancer of 1.7 m, or else the knight, as the section on quality left them; else a short training."""
    for name, what in (("dancer", "A dancer of 1.7 m"), ("knight", "samples/knight")):
        run = context.work / "quality" / name / "fieldmesh"
        if (run / "train" / "field.fmf").exists():
            return run, f"{what} as trained for the section on quality"
    steps = context.choose(1000, 60)
    run = context.fresh("extraction", "knight")
    context.reconstruct(ROOT / "samples" / "knight", run, "--set", f"training.steps={steps}", "--set", "meshing.voxel=0.016",
                        *context.choose([], ["--frames", "0..<3"]))
    return run, f"samples/knight after {steps} training steps alone"


def _cubes(context, voxel):
    grid = context.work / "cubes.npy"
    times = ["--times", context.choose(5, 2)]
    row = {"voxel": voxel, "single": context.bench("cubes", "--voxel", voxel, "--threads", 1, "--save", grid, *times),
           "all": context.bench("cubes", "--voxel", voxel, "--threads", context.cores, *times)}
    try:
        row["peers"] = context.peer("cubes", grid, "--times", context.choose(3, 1))
        row["single"]["peers"] = context.peer("cubes", grid, "--times", context.choose(3, 1), "--threads", 1, "--only", "Open3D")
        for name, reason in row["peers"]["missing"].items():
            context.note(f"{name} is left out: {reason}")
    except Missing:
        pass
    grid.unlink(missing_ok=True)
    return row


def _dense_ratio(data):
    dense = data["dense"]
    mesh = next((m for m in data["fieldmesh"]["meshes"] if abs(m["voxel"] - dense["voxel"]) < 1e-6), None)
    if mesh is None or "cubes" not in dense:
        return None
    return (dense["torch"] + dense["cubes"]) / mesh["times"]["median"]


def tables(data):
    mine = data["fieldmesh"]
    rows = []
    for mesh in mine["meshes"]:
        r = mesh["report"]
        rows.append([f"{1000 * mesh['voxel']:g}", number(mesh["times"]["median"], 3), number(r["vertices"]), number(mesh["area"], 2),
                     number(r["distanceQueries"]), number(r["gradientQueries"]), number(r["freedomQueries"]),
                     number(1e6 * mesh["times"]["median"] / r["vertices"], 2),
                     number(_box_points(mine["box"], mesh["voxel"]) / 1e6, 1)])
    one = data["single"]["meshes"][0]
    text = (f"{data['field']}; one frame at a time on {mine['threads']} threads, with colours, normals, carving and the removal of "
            "floaters. Cost goes with the surface: four times the vertices for half the edge, where a dense grid has eight "
            "times the points.\n\n")
    text += table(["voxel mm>", "seconds>", "vertices>", "area m2>", "distances asked>", "gradients asked>",
                   "carving asked>", "µs a vertex>", "points of a dense grid, M>"], rows)
    text += f"\n\nOn one thread {1000 * one['voxel']:g} mm take {one['times']['median']:.3f} s."
    dense = data["dense"]
    text += (f"\n\nDense evaluation at {1000 * dense['voxel']:g} mm, {dense['points'] / 1e6:.1f} million points: {dense['fieldmesh']:.1f} s by "
             f"Fieldmesh's own kernels (told from one point in {SKIP**3})")
    if "torch" in dense:
        text += f"; {dense['torch']:.1f} s by PyTorch {dense['version']} for a network of this size"
        if dense["torchShare"] < 1:
            text += f" (told from {100 * dense['torchShare']:.0f} % of the points)"
    if "cubes" in dense:
        text += f", and {dense['cubes']:.2f} s by PyMCubes (as told)"
    found = _dense_ratio(data)
    text += f". The sparse extraction is {found:.0f} times as fast." if found else "."
    text += "\n\nMarching cubes alone, on a dense grid of a made-up walker, ns a cell:\n\n"
    names = list(dict.fromkeys(n for row in data["cubes"] for n in row.get("peers", {}).get("libraries", {})))
    rows, alone = [], any("peers" in row["single"] for row in data["cubes"])
    for row in data["cubes"]:
        cells = row["single"]["cells"]
        per = lambda seconds: number(1e9 * seconds / cells, 2) if seconds is not None else "-"
        rows.append([f"{1000 * row['voxel']:g}", number(cells / 1e6, 1), number(row["single"]["faces"]),
                     per(row["single"]["times"]["median"]), per(row["all"]["times"]["median"])]
                    + [per(_seconds(row, "all").get(n)) for n in names]
                    + ([per(_seconds(row, "single").get("Open3D"))] if alone else []))
    text += table(["voxel mm>", "cells, M>", "faces>", "Fieldmesh, 1 thread>", f"{data['cubes'][0]['all']['threads']} threads>"]
                  + [n + ">" for n in names] + (["Open3D, 1 core>"] if alone else []), rows)
    return text


def _seconds(row, key):
    """Of each library, on one core (`single`) or on all."""
    libraries = {**row.get("peers", {}).get("libraries", {}), **row[key].get("peers", {}).get("libraries", {})}
    return {name: entry["seconds"] for name, entry in libraries.items()}


def _cubes_ratio(data, key):
    """Our time as a share of the fastest library's on as many cores, where that is the most."""
    shares = []
    for row in data["cubes"]:
        seconds = _seconds(row, key)
        if not seconds:
            return None
        shares.append(row[key]["times"]["median"] / min(seconds.values()))
    return max(shares)


def _box_points(box, voxel):
    points = 1
    for side in box:
        points *= side / voxel + 1
    return points


def verdicts(data):
    meshes = {round(1000 * m["voxel"]): m for m in data["fieldmesh"]["meshes"]}
    at4 = meshes.get(4)
    result = [
        at_most("mesh at 4 mm in at most 1 s a frame on all cores", at4 and at4["times"]["median"], 1, " s"),
        at_least("at 4 mm at least 30x as fast as dense PyTorch and PyMCubes", _dense_ratio(data) if at4 else None, 30, "x", 0)]
    for key, on in (("single", "one thread"), ("all", "all cores")):
        result.append(at_most(f"marching cubes alone at most the fastest library's time, {on}, worst voxel", _cubes_ratio(data, key), 1, "x"))
    by_area = [m["times"]["median"] for m in data["fieldmesh"]["meshes"]]
    growth = [b / a for a, b in zip(by_area, by_area[1:])]
    result.append(Verdict("cost grows with area: half the voxel costs about 4x, not 8x", max(growth) < 6,
                          ", ".join(f"{g:.1f}x" for g in growth)))
    return result


def plots(data):
    meshes = data["fieldmesh"]["meshes"]
    x = [1000 * m["voxel"] for m in meshes]
    last = meshes[0]["times"]["median"]
    return [
        {"file": "extraction.png", "title": "One frame's mesh", "kind": "loglog", "x": x, "xLabel": "voxel, mm", "yLabel": "seconds",
         "series": {"Fieldmesh": [m["times"]["median"] for m in meshes],
                    "as the area grows": [last * (x[0] / v) ** 2 for v in x], "as the volume grows": [last * (x[0] / v) ** 3 for v in x]}},
        {"file": "cubes.png", "title": "Marching cubes alone", "kind": "bars",
         "x": [f"{1000 * row['voxel']:g} mm" for row in data["cubes"]], "xLabel": "", "yLabel": "ns a cell",
         "series": _cube_series(data)}]


def _cube_series(data):
    series = {"Fieldmesh, 1 thread": [1e9 * r["single"]["times"]["median"] / r["single"]["cells"] for r in data["cubes"]],
              "all threads": [1e9 * r["all"]["times"]["median"] / r["single"]["cells"] for r in data["cubes"]]}
    names = dict.fromkeys(n for row in data["cubes"] for n in row.get("peers", {}).get("libraries", {}))
    for name in names:
        found = [row.get("peers", {}).get("libraries", {}).get(name) for row in data["cubes"]]
        series[name] = [entry and 1e9 * entry["seconds"] / row["single"]["cells"] for entry, row in zip(found, data["cubes"])]
    return series
