"""How well the meshes of a rig predict what a camera saw that they were not made from."""
import json
import os
import shutil

from .context import ROOT, Missing
from .page import at_least, number, table, Verdict

TITLE = "Held-out cameras"
FIGURES = (("median", "median mm>", 2), ("coverage", "covered>", 3), ("coveredMedian", "median of covered mm>", 2),
           ("within", "within 1 cm>", 3), ("psnr", "PSNR dB>", 1), ("sharedWithin", "shared within 1 cm>", 3), ("sharedPSNR", "PSNR of shared dB>", 1))
# Voxels of TSDF; depth of Poisson's octree with the share of vertices that it is trimmed by. A take's peers get those
# that were the better ones for it, where --thorough doesn't try all.
VOXELS = (0.004, 0.008)
POISSON = {8: 0.02, 9: 0.1}
# Of the camera row, cam4 is placed well on the board alone: one frame has little to place it by.
CASES = {
    "knight": dict(take="samples/knight", cameras=("cam0", "cam1", "cam2", "cam3"), held=("cam1",), frames="8..<12", every=2, steps=2700,
                   psnr=28, voxel=0.008, depth=8),
    **{f"{subject}-8": dict(synthetic=(4, f"subject={subject}", "seed=3", "floor=false", "cameras=8"), cameras=[f"cam{c}" for c in range(8)],
                            held=("cam1",), every=2, steps=2700, psnr=28, voxel=0.004, depth=8)
       for subject in ("dancer", "walker", "porter")},
    "redwood-static": dict(take="samples/redwood-room", cameras=("cam0", "cam1", "cam2", "cam3", "cam4"), held=("cam2",), steps=1500,
                           voxel=0.004, depth=9),
    "kinect5-charuco": dict(take="samples/kinect5", calibration="calibration/kinect-row/2026-11-26.json",
                            cameras=("cam0", "cam1", "cam2", "cam3"), held=("cam2",), steps=1500, voxel=0.008, depth=9),
    "xtion2-table": dict(take=None, cameras=("cam1", "cam2"), held=("cam2",), frames="0..<3", steps=1500, voxel=0.004, depth=8)}


def measure(context):
    chosen = [name for name in CASES if name in (context.chosen or ())]
    return context.each("heldout", chosen or list(CASES), lambda name: _take(context, name, CASES[name]), others=bool(chosen))


def _take(context, name, case):
    calibration = case.get("calibration")
    if "synthetic" in case:
        frames, *knobs = case["synthetic"]
        take = context.synthetic(f"{name}-{frames}", frames, *knobs, truth=False)
    elif case["take"]:
        take = ROOT / case["take"]
    else:
        if not context.recordings or not (context.recordings / name).is_dir():
            context.note(f"{name} is left out: name the folder that holds it with --recordings.")
            return {}
        take, calibration = _xtions(context, context.recordings / name)
    return {f"{name}, {held}": _held(context, name, case, take, calibration and ROOT / calibration, held)
            for held in case["held"][:context.choose(None, 1)]}


def _xtions(context, source):
    """The two cameras as a take, placed by their own depth."""
    plain = context.fresh("heldout", "xtion2-plain")
    lens = json.loads((source / "calibration.json").read_text())

    def model(matrix, distortion):
        k1, k2, p1, p2, k3 = distortion
        return {"width": 640, "height": 480,
                "intrinsics": {"fx": matrix[0][0], "fy": matrix[1][1], "cx": matrix[0][2], "cy": matrix[1][2]},
                "distortion": {"model": "rational", "k1": k1, "k2": k2, "p1": p1, "p2": p2, "k3": k3, "k4": 0, "k5": 0, "k6": 0}}
    description = {
        "color": model(lens["rgb_K"], lens["rgb_dist_k1k2p1p2k3"]),
        "depth": {**model(lens["depth_K"], lens["depth_dist_k1k2p1p2k3"]), "unit": 0.001, "range": [0.4, 4.5]},
        "colorFromDepth": {"rotation": [x for row in lens["R_depth_to_rgb"] for x in row], "translation": lens["T_depth_to_rgb_m"]},
        "framesPerSecond": 1}
    for camera in ("cam1", "cam2"):
        (plain / camera).mkdir(parents=True)
        for kind in ("color", "depth"):
            os.symlink((source / camera / kind).resolve(), plain / camera / kind)
        (plain / camera / "intrinsics.json").write_text(json.dumps(description))
    take, places = context.fresh("heldout", "xtion2-take"), context.work / "heldout" / "xtion2-places.json"
    context.fieldmesh("ingest", plain, "-o", take, "--quiet")
    context.fieldmesh("align", take, "--from-nothing", "-o", places, "--force")
    return take, places


def _held(context, name, case, take, calibration, held):
    work = context.fresh("heldout", f"{name}-{held}")
    places = ["--calibration", calibration] if calibration else []
    inputs = [*places, "--cameras", ",".join(c for c in case["cameras"] if c != held)]
    if "frames" in case:
        inputs += ["--frames", context.choose(case["frames"], "0..<1")]
    steps = context.choose(["--set", f"training.steps={case['steps']}"],
                           ["--preset", "preview", "--set", "training.steps=60", "--set", "meshing.voxel=0.016"])
    report = context.reconstruct(take, work / "fieldmesh", *inputs, *steps)
    seen = json.loads((work / "fieldmesh" / "observe" / "observations.json").read_text())["report"]
    # The space that the run found without the held-out camera is everyone's.
    box = [*seen["box"]["lower"], *seen["box"]["upper"]]
    free = list(box)
    if seen.get("floorHeight") is not None:
        free[1] = max(free[1], seen["floorHeight"] + 0.015)
    shown, every = [], ["--every", case.get("every", 1)]

    def figures(label, meshes):
        shown.append((label, work / f"{meshes.name}.png"))
        words = ["--images", take, *places, "--cameras", held, *every, "--set", "observations.box=" + json.dumps(box)]
        found = json.loads(context.fieldmesh("evaluate", meshes / "export" if (meshes / "export").is_dir() else meshes, *words, "--json",
                                             "--picture", shown[-1][1]))
        shared = found["shared"]
        return {**found["all"], "shared": shared["pixels"], "sharedWithin": shared["within"], "sharedPSNR": shared["psnr"]}
    rows = {"Fieldmesh": {**figures("Fieldmesh", work / "fieldmesh"), "seconds": report["seconds"]}}
    same = ["--pairs", work / "fieldmesh" / "pair" / "frames.json", "--colors", *every, *places, "--box", *map(str, free)]
    try:
        for voxel in VOXELS if context.thorough else (case["voxel"],):
            label, out = f"Open3D TSDF, {1000 * voxel:g} mm", work / f"tsdf-{1000 * voxel:g}"
            context.peer("tsdf", take, out, *same, "--sparse", "--voxel", voxel)
            rows[label] = figures(label, out)
        for depth in POISSON if context.thorough else (case["depth"],):
            label, out = f"Open3D Poisson, depth {depth}", work / f"poisson-{depth}"
            context.peer("poisson", take, out, *same, "--depth", depth, "--trim", POISSON[depth])
            rows[label] = figures(label, out)
    except Missing:
        pass
    # Pictures of recordings that are not the repository's own stay out of it.
    mine = case.get("take", name) and not context.quick
    _picture(context, (ROOT / "Benchmarks" / "plots" if mine else work) / f"heldout-{name}-{held}.png", shown)
    return rows


def _picture(context, target, shown):
    """The sheets of all methods below each other."""
    try:
        context.peer("stack", target, *[word for label, file in shown for word in (label, file)])
    except Missing:
        shutil.copyfile(shown[0][1], target)


def tables(data):
    text = ("One camera of each rig is left out (`run --cameras`); `fieldmesh evaluate --images` draws the meshes as that camera sees them and "
            "compares depth and colour. Median: of the absolute differences over all of its pixels that show something within the "
            "region and off the floor; a pixel without a mesh counts as infinitely far. Shared: of the pixels alone whose place another "
            "camera recorded too, to 2 cm; of the others nothing is known but what closes around them. The peers get the same images, places and region. "
            "They have the settings that were the better ones for the take, where not all are tried (`--thorough`). `-`: half of the pixels or more have "
            "no mesh. An image is asked to be predicted at 28 dB of rendered and made-up takes alone; docs/heldout.md says what each take is.\n")
    for name, rows in data["takes"].items():
        lines = [[method] + [number(r[key], places) for key, _, places in FIGURES] for method, r in rows.items()]
        pixels, images = rows["Fieldmesh"]["pixels"], rows["Fieldmesh"]["images"]
        shared = rows["Fieldmesh"]["shared"] / pixels
        text += f"\n{name} ({images} {'image' if images == 1 else 'images'}, {pixels:,} pixels, {shared:.0%} of them shared):\n\n"
        text += table([""] + [h for _, h, _ in FIGURES], lines) + "\n"
    return text.rstrip()


def _best(rows, kind, key, choose):
    values = [r[key] for method, r in rows.items() if kind in method and r[key] is not None]
    return choose(values) if values else None


def verdicts(data):
    result = []
    for name, rows in data["takes"].items():
        mine = rows["Fieldmesh"]
        for kind in ("TSDF", "Poisson"):
            if not any(kind in method for method in rows):
                result.append(Verdict(f"{name}: depth predicted better than by {kind}", None, "-"))
                continue
            # A peer that covers less than half has no median.
            median = _best(rows, kind, "median", min)
            holds = mine["median"] is not None and (median is None or mine["median"] < median)
            result.append(Verdict(f"{name}: median below {kind}'s", holds, f"{number(mine['median'], 2)} against {number(median, 2)} mm"))
            result.append(at_least(f"{name}: share within 1 cm above {kind}'s", mine["within"], _best(rows, kind, "within", max), "", 3))
        limit = CASES.get(name.split(",")[0], {}).get("psnr")
        if limit:
            result.append(at_least(f"{name}: image at {limit} dB", mine["psnr"], limit, " dB", 1))
    return result


def plots(data):
    return [{"file": f"heldout-{name.replace(', ', '-')}.png", "title": f"{name}: recorded and predicted"} for name in data["takes"]]
