"""The training step, beside the same step in PyTorch."""
from .context import Missing
from .page import Verdict, at_least, median, number, ratio, table

TITLE = "Training step"
BY_PROCESSOR = True
WIDTHS = (64, 128, 256)
SINGLE, NARROW = "avx512", "avx2"


def measure(context):
    rounds, steps = context.choose(3, 1), context.choose(3, 2)
    points = context.choose(4096, 512)
    rows = []
    for width in WIDTHS:
        for threads in context.thread_counts():
            size = ["--width", width, "--threads", threads, "--points", points, "--steps", steps]
            mine, single, narrow, peer = [], [], [], []
            # In turns, so that a change of the machine's speed meets all of them.
            for _ in range(rounds):
                mine.append(context.bench("step", *size))
                if "bf16" in mine[0]["backend"]:
                    single.append(context.bench("step", *size, "--target", SINGLE))
                # What machines without wider vectors run, as a share of what these could do here.
                if SINGLE in mine[0]["backend"]:
                    narrow.append(context.bench("step", *size, "--target", NARROW))
                try:
                    peer.append(context.peer("step", *size))
                except Missing:
                    pass
            best = sorted(mine, key=lambda r: r["pointsPerSecond"])[len(mine) // 2]
            rows.append({"width": width, "threads": threads, "fieldmesh": best,
                         "single": _rates(single) or _rates(mine), "narrow": _rates(narrow),
                         "peer": median([p["pointsPerSecond"] for p in peer]),
                         "peerVersion": peer[0]["version"] if peer else None})
    return {"points": points, "rounds": rounds, "steps": steps, "peak": "on as many threads, between the steps", "rows": rows}


def _rates(runs):
    if not runs:
        return None
    return {"backend": runs[0]["backend"], "pointsPerSecond": median([r["pointsPerSecond"] for r in runs]),
            "rate": median([r["rate"] for r in runs]), "corePeak": median([r["corePeak"] for r in runs])}


def _share(run, threads):
    return 100 * run["rate"] / run["corePeak"] / threads


def tables(data):
    version = next((r["peerVersion"] for r in data["rows"] if r["peerVersion"]), None)
    text = (f"8 hidden layers, residuals of rank 10, 100 frames; a step is 4 frames of {data['points']:,} points, all with "
            f"eikonal term and colour. Medians of {data['rounds']} rounds of {data['steps']} steps"
            + (f"; PyTorch {version} runs in turns with Fieldmesh" if version else "") + ". The peak is that of fp32 "
            f"multiply-adds in registers, measured {data.get('peak', 'on one thread, the best of ten')}; products of bf16 pairs may go beyond it.\n\n")
    rows = []
    for r in data["rows"]:
        mine, single = r["fieldmesh"], r["single"]
        rows.append([r["width"], r["threads"], number(mine["pointsPerSecond"]), number(_share(mine, r["threads"])) + " %",
                     number(single["pointsPerSecond"]), number(_share(single, r["threads"])) + " %", number(r["peer"]),
                     number(ratio(mine["pointsPerSecond"], r["peer"]), 1),
                     number(ratio(single["pointsPerSecond"], r["peer"]), 1)])
    text += table(["width>", "threads>", "points/s>", "of the peak>", "fp32 points/s>", "of the peak>", "PyTorch points/s>",
                   "ratio>", "fp32 ratio>"], rows)
    narrow = [[r["width"], r["threads"], number(r["narrow"]["pointsPerSecond"]), number(_share(r["narrow"], r["threads"])) + " %",
               number(ratio(r["narrow"]["pointsPerSecond"], r["peer"]), 1)] for r in data["rows"] if r.get("narrow")]
    if narrow:
        text += "\n\nThe kernels for processors with AVX2 alone, on this one, against the peak of multiply-adds that wide:\n\n"
        text += table(["width>", "threads>", "points/s>", "of that peak>", "of PyTorch's, with all vectors>"], narrow)
    names = [p["name"] for p in data["rows"][0]["fieldmesh"]["phases"]]
    text += "\n\nWhere the core time of a step goes, ms:\n\n"
    rows = []
    for r in data["rows"]:
        phases = r["fieldmesh"]["phases"]
        rows.append([r["width"], r["threads"]] + [number(1e3 * p["seconds"], 1) for p in phases])
    text += table(["width>", "threads>"] + [n + ">" for n in names], rows)
    text += "\n\nA core's measured rate carries over to wider machines as far as a core keeps its clock; on paper:\n\n"
    rows = []
    for r in data["rows"]:
        if r["threads"] == 1:
            one, scaling = r["fieldmesh"]["pointsPerSecond"], _scaling(data, r["width"])
            rows.append([r["width"], number(one)] + [number(one * n * scaling) for n in (8, 16, 64)])
    text += table(["width>", "1 core, points/s>", "8 cores>", "16 cores>", "64 cores>"], rows)
    return text


def _scaling(data, width):
    """What a core of all of them does, as a share of one alone."""
    rows = {r["threads"]: r["fieldmesh"]["pointsPerSecond"] for r in data["rows"] if r["width"] == width}
    most = max(rows)
    return rows[most] / rows[1] / most


def verdicts(data):
    result = []
    for threads in sorted({r["threads"] for r in data["rows"]}):
        rows = [r for r in data["rows"] if r["threads"] == threads]
        on = f"on {threads} thread{'' if threads == 1 else 's'}"
        share = min(_share(r["single"], threads) for r in rows)
        result.append(at_least(f"fp32 step at 70 % of the peak or more, worst width, {on}", share, 70, " %", 0))
        ratios = [ratio(r["single"]["pointsPerSecond"], r["peer"]) for r in rows]
        worst = None if None in ratios else min(ratios)
        result.append(at_least(f"fp32 step 1.7x PyTorch's points/s or more, worst width, {on}", worst, 1.7, "x"))
        claim = f"bf16 step 2.8x PyTorch's points/s or more, worst width, {on}"
        if any("bf16" not in r["fieldmesh"]["backend"] for r in rows):
            result.append(Verdict(claim, None, "bf16 not chosen here"))
        else:
            ratios = [ratio(r["fieldmesh"]["pointsPerSecond"], r["peer"]) for r in rows]
            result.append(at_least(claim, None if None in ratios else min(ratios), 2.8, "x"))
    return result


def plots(data):
    most = max(r["threads"] for r in data["rows"])
    rows = [r for r in data["rows"] if r["threads"] == most]
    series = {"Fieldmesh": [r["fieldmesh"]["pointsPerSecond"] for r in rows],
              "Fieldmesh, fp32": [r["single"]["pointsPerSecond"] for r in rows], "PyTorch": [r["peer"] for r in rows]}
    return [{"file": "step.png", "title": f"Training step, {most} threads", "kind": "bars", "x": [r["width"] for r in rows],
             "xLabel": "width", "yLabel": "points/s", "series": series}]
