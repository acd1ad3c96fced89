"""Evaluations of a field, beside the same network in PyTorch."""
from .context import Missing
from .page import number, ratio, table

TITLE = "Queries"
BY_PROCESSOR = True


def measure(context):
    rows = []
    for width in (64, 128, 256):
        for threads in context.thread_counts():
            size = ["--width", width, "--threads", threads]
            mine = context.bench("query", *size, "--queries", 3, "--points", context.choose(65536, 8192))
            try:
                peer = context.peer("dense", *size, "--seconds", context.choose(2, 1), "--points", 1 << 26)
            except Missing:
                peer = None
            rows.append({"width": width, "threads": threads, "fieldmesh": mine,
                         "peer": peer and peer["evaluationsPerSecond"], "peerVersion": peer and peer["version"]})
    return {"rows": rows}


def tables(data):
    names = [q["name"] for q in data["rows"][0]["fieldmesh"]["queries"]]
    rows = []
    for r in data["rows"]:
        mine = r["fieldmesh"]
        rates = [q["evaluationsPerSecond"] for q in mine["queries"]]
        share = 100 * mine["queries"][0]["rate"] / mine["corePeak"] / r["threads"]
        rows.append([r["width"], r["threads"], *map(number, rates), number(share) + " %", number(r["peer"]),
                     number(ratio(rates[0], r["peer"]), 1)])
    return "Evaluations a second of a trained field, as meshing asks for them.\n\n" + table(
        ["width>", "threads>"] + [n + ">" for n in names] + ["distance, of the peak>", "PyTorch, distance>", "ratio>"], rows)


def verdicts(data):
    return []


def plots(data):
    return []
