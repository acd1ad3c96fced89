"""How far the meshes are from the truth, beside the two quick methods."""
import json
import pathlib

from .context import ROOT, Missing, Stopwatch
from .page import at_least, at_most, number, ratio, table, Verdict

TITLE = "Quality"
# Of Open3D's TSDF: the better one for these takes; for others, and with --thorough, both are tried.
VOXELS = (0.006, 0.008)
BEST = {"knight": 0.008, "dancer": 0.006, "walker": 0.006, "porter": 0.006}
FIGURES = (("chamfer", "Chamfer mm>", 2), ("f5", "F-score 5 mm>", 3), ("normals", "normals>", 3),
           ("chamferAll", "Chamfer, all places mm>", 1),
           ("thin", "thin parts>", 3), ("floaters", "floaters>", 1), ("jitter", "jitter mm>", 2), ("watertight", "watertight>", 2))
# Knobs of the made-up takes: no floor, which the quick methods would have to be told apart from the subject.
# They have half the knight's frames, and half of its training.
FRAMES, STEPS = 12, 7500
KNOBS = {"dancer": ("subject=dancer", "seed=3", "floor=false"), "walker": ("subject=walker", "seed=5", "floor=false"),
         "porter": ("subject=porter", "seed=7", "floor=false")}


def measure(context):
    return {**context.each("quality", context.takes, lambda name: {name: _take(context, name)}, others=bool(context.chosen)),
            "settings": _settings(context)}


def _settings(context):
    # A quick run shows that everything works, not how good it is.
    return context.choose(["--preset", "standard"],
                          ["--preset", "preview", "--set", "training.steps=60", "--set", "meshing.voxel=0.016", "--frames", "0..<3"])


def _take(context, name):
    frames, short = context.choose(FRAMES, 3), []
    if name == "knight":
        take = ROOT / "samples" / "knight"
    elif name in KNOBS:
        take = context.synthetic(f"{name}-{frames}", frames, *KNOBS[name])
        short = context.choose(["--set", f"training.steps={STEPS}"], [])
    else:
        take = pathlib.Path(name)
    work = context.fresh("quality", name if name in KNOBS else take.name)
    output = work / "fieldmesh"
    report = context.reconstruct(take, output, *_settings(context), *short)
    rows = {"Fieldmesh": _figures(context, output / "export", take)}
    seconds = {s["name"]: s["seconds"] for s in report["stages"]}
    count = rows["Fieldmesh"]["frames"]
    rows["Fieldmesh"].update(seconds=report["seconds"] / count, meshSeconds=seconds["mesh"] / count,
                             trainSeconds=seconds["train"], peakMemory=report["peakMemory"])
    preview = work / "tsdf"
    report = context.reconstruct(take, preview, *_settings(context), "--method", "tsdf")
    rows["Fieldmesh, fusion only"] = {**_figures(context, preview / "export", take), "seconds": report["seconds"] / count}
    # The peers get the images that belong together as the run found them: cameras drop some.
    same = ["--pairs", output / "pair" / "frames.json"]
    try:
        fused = []
        for voxel in (BEST[name],) if name in BEST and not context.thorough else VOXELS:
            out = work / f"open3d-{1000 * voxel:g}"
            told = context.peer("tsdf", take, out, "--voxel", voxel, *same)
            fused.append({**_figures(context, out, take), "seconds": told["secondsPerFrame"], "voxel": voxel})
        rows["Open3D TSDF"] = min(fused, key=lambda r: r["chamfer"])
        told = context.peer("poisson", take, work / "poisson", *same)
        rows["Open3D Poisson"] = {**_figures(context, work / "poisson", take), "seconds": told["secondsPerFrame"]}
        rows["Open3D Poisson"]["version"] = told["version"]
    except Missing:
        pass
    return rows


def _figures(context, meshes, take):
    figures = json.loads(context.fieldmesh("evaluate", meshes, take / "truth", "--json"))
    if figures["frames"] < 1:
        context.note(f"{meshes} has no mesh.")
    return figures


def tables(data):
    text = (f"`fieldmesh run` with `{' '.join(data['settings'])}`, seed 1, against Open3D frame by frame: screened Poisson of depth "
            "8, and TSDF fusion with the better one of 6 and 8 mm. Figures as `fieldmesh evaluate` prints them; thin parts are the share of what is at most "
            "30 mm thick that is there within 5 mm, floaters are parts a frame in the air; seconds a "
            f"frame are of the whole run. Made-up takes have {FRAMES} frames and {STEPS:,} training steps.\n")
    for name, methods in data["takes"].items():
        rows = []
        for method, r in methods.items():
            label = f"{method}, {1000 * r['voxel']:g} mm" if "voxel" in r else method
            rows.append([label] + [number(r[key], places) for key, _, places in FIGURES] + [number(r["seconds"], 2)])
        text += f"\n{name}, {methods['Fieldmesh']['frames']} frames (training {methods['Fieldmesh']['trainSeconds']:.0f} s):\n\n"
        text += table([""] + [h for _, h, _ in FIGURES] + ["s a frame>"], rows) + "\n"
    return text.rstrip()


def verdicts(data):
    result = []
    for name, rows in data["takes"].items():
        mine, poisson, fused = rows["Fieldmesh"], rows.get("Open3D Poisson"), rows.get("Open3D TSDF")
        over = lambda key: ratio(mine[key], poisson[key]) if poisson else None
        result.append(at_most(f"{name}: Chamfer at most 0.8x Poisson's", over("chamfer"), 0.8, "x"))
        result.append(at_least(f"{name}: F-score at 5 mm above Poisson's", mine["f5"], poisson and poisson["f5"], "", 3))
        result.append(at_least(f"{name}: normals better than Poisson's", mine["normals"], poisson and poisson["normals"], "", 3))
        result.append(at_most(f"{name}: jitter at most 0.4x Poisson's", over("jitter"), 0.4, "x"))
        result.append(at_most(f"{name}: Chamfer of all places at most 0.7x Poisson's", over("chamferAll"), 0.7, "x"))
        thin = poisson and fused and max(poisson["thin"], fused["thin"])
        result.append(at_least(f"{name}: thin parts there, above Poisson's and TSDF's", mine["thin"], thin, "", 3))
        result.append(at_most(f"{name}: no floaters", mine["floaters"], 0, "", 0))
        result.append(at_least(f"{name}: all meshes watertight", mine["watertight"], 1.0))
        better = None if not fused else all(
            mine[key] < fused[key] if key in ("chamfer", "jitter", "chamferAll", "floaters") else mine[key] > fused[key]
            for key, _, _ in FIGURES)
        result.append(Verdict(f"{name}: better than TSDF in every figure", better, "-" if better is None else "yes" if better else "no"))
    return result


def plots(data):
    methods = list(dict.fromkeys(m for rows in data["takes"].values() for m in rows))
    charts = []
    for key, label, file in (("chamfer", "Chamfer, mm", "chamfer.png"), ("jitter", "jitter, mm", "jitter.png")):
        charts.append({
            "file": file, "title": label, "kind": "bars", "x": list(data["takes"]), "xLabel": "", "yLabel": "mm",
            "series": {m: [rows.get(m, {}).get(key) for rows in data["takes"].values()] for m in methods}})
    return charts
