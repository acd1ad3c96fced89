"""Time and memory as the work grows: frames, cameras, width, threads; trainings are short."""
from .page import Verdict, number, table

TITLE = "Scale"
STAGES = ("pair", "observe", "train", "mesh", "export")
# Small sensors: what grows is the number of images, not their size.
SENSOR = ("depthWidth=160", "depthHeight=144", "colorWidth=320", "colorHeight=180", "floor=false", "subject=dancer")


def measure(context):
    frames = context.choose((24, 120, 480), (4, 8, 16))
    cameras = context.choose((2, 4, 8), (2, 4))
    few, per_frame = frames[0], 2
    take = lambda count, eyes: context.synthetic(f"scale-{count}-{eyes}", count, *SENSOR, f"cameras={eyes}", truth=False)
    steps = few * per_frame
    # One run stands in all four tables.
    common = _run(context, take(few, 4), few, steps)
    row = lambda n, usual, run: {**common, "value": n} if n == usual else run(n)
    return {
        "stepsPerFrame": per_frame,
        "frames": [row(n, few, lambda n: _run(context, take(n, 4), n, n * per_frame)) for n in frames],
        "cameras": [row(n, 4, lambda n: _run(context, take(few, n), n, steps)) for n in cameras],
        "width": [row(n, 128, lambda n: _run(context, take(few, 4), n, steps, width=n)) for n in context.choose((64, 128, 256), (64, 128))],
        "threads": [row(n, context.cores, lambda n: _run(context, take(few, 4), n, steps, threads=n)) for n in context.thread_counts()]}


def _run(context, take, value, steps, width=128, threads=None):
    output = context.fresh("scale", "run")
    settings = ["observations.averageSets=0", "meshing.steadyFrames=0", f"training.steps={steps}", f"training.width={width}", "meshing.voxel=0.03"]
    words = [word for s in settings for word in ("--set", s)] + ["--threads", threads or context.cores]
    report = context.reconstruct(take, output, *words)
    return {"value": value, "seconds": {s["name"]: s["seconds"] for s in report["stages"]}, "total": report["seconds"],
            "peakMemory": report["peakMemory"]}


def tables(data):
    text = (f"Made-up takes of four cameras with 160x144 depth, {data['frames'][0]['value']} frames where nothing else is said, "
            f"{data['stepsPerFrame']} training steps a frame, width 128, meshes at 30 mm, all cores, without what frames tell of each "
            "other (`observations.averageSets=0`, `meshing.steadyFrames=0`: 0.4 s a frame more, however many). Seconds of the stages and "
            "the most memory that the process held.\n")
    for key, title in (("frames", "frames"), ("cameras", "cameras"), ("width", "width"), ("threads", "threads")):
        rows = [[r["value"]] + [number(r["seconds"].get(s), 1) for s in STAGES] + [number(r["total"], 1), number(r["peakMemory"] / 1e6)]
                for r in data[key]]
        text += "\n" + table([title + ">"] + [s + ">" for s in STAGES] + ["whole run, s>", "peak MB>"], rows) + "\n"
    return text.rstrip()


def verdicts(data):
    rows = data["frames"]
    per = [r["total"] / r["value"] for r in rows]
    memory = [r["peakMemory"] / 1e6 for r in rows]
    return [
        Verdict("time linear in frames: a frame of the longest take costs at most 1.15x one of the middle one",
                per[-1] <= 1.15 * per[-2], " / ".join(f"{p:.2f}" for p in per) + " s a frame"),
        Verdict("memory flat: the longest take needs at most 1.3x the memory of the middle one",
                memory[-1] <= 1.3 * memory[-2], " / ".join(f"{m:.0f}" for m in memory) + " MB")]


def plots(data):
    charts = []
    for key in ("frames", "cameras", "width", "threads"):
        rows = data[key]
        charts.append({
            "file": f"scale-{key}.png", "title": f"Time and memory over {key}", "kind": "lines", "x": [r["value"] for r in rows],
            "xLabel": key, "yLabel": "seconds", "rightLabel": "peak memory, MB",
            "series": {"whole run": [r["total"] for r in rows], **{
                s: [r["seconds"].get(s) for r in rows] for s in ("observe", "train", "mesh")}},
            "right": {"peak memory": [r["peakMemory"] / 1e6 for r in rows]}})
    return charts
