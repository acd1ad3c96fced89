"""Draws plots with matplotlib. Usage: plot.py CHARTS.json FOLDER. Prints one line of JSON."""
import json
import pathlib
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 (after the choice of what draws)

charts, folder = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "svg.hashsalt": "fieldmesh"})
for chart in charts:
    figure, axes = plt.subplots(figsize=(4.6, 2.8))
    series = {name: [float("nan") if v is None else v for v in values] for name, values in chart["series"].items()}
    if chart["kind"] == "bars":
        width = 0.8 / len(series)
        for at, (name, values) in enumerate(series.items()):
            axes.bar([i + (at - (len(series) - 1) / 2) * width for i in range(len(values))], values, width, label=name)
        axes.set_xticks(range(len(chart["x"])), [str(x) for x in chart["x"]])
    else:
        draw = axes.loglog if chart["kind"] == "loglog" else axes.plot
        for name, values in series.items():
            draw(chart["x"], values, marker="o", markersize=3, linewidth=1.2, label=name)
        axes.set_xticks(chart["x"], [f"{x:g}" for x in chart["x"]])
        axes.minorticks_off()
    axes.set(title=chart["title"], xlabel=chart["xLabel"], ylabel=chart["yLabel"])
    if chart["kind"] != "loglog":
        axes.set_ylim(bottom=0)
    if "right" in chart:
        other = axes.twinx()
        for name, values in chart["right"].items():
            other.plot(chart["x"], values, "k--", linewidth=1, label=name)
        other.set_ylabel(chart["rightLabel"])
        other.set_ylim(bottom=0)
        other.legend(loc="lower right", frameon=False)
    axes.legend(frameon=False)
    figure.tight_layout()
    # Without the version of the program the same numbers give the same file.
    figure.savefig(folder / chart["file"], dpi=130, metadata={"Software": None})
    plt.close(figure)
print(json.dumps({"charts": len(charts)}))
