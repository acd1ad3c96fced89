"""Keeps results as JSON, one file a section, and writes BENCHMARKS.md of all that there are."""
import json
import os
import pathlib

from . import extraction, field_file, heldout, quality, query, scale, step
from .context import Missing, say
from .page import number, table

# In the order of the page; what trains comes before what uses a trained field.
SECTIONS = {"step": step, "query": query, "quality": quality, "heldout": heldout, "extraction": extraction, "scale": scale, "file": field_file}


def save(folder, name, result):
    """Keeps a section's result. What kernels do depends on the processor: their sections keep those of others beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    if getattr(SECTIONS[name], "BY_PROCESSOR", False):
        earlier = load(folder).get(name)
        others = [r for r in [earlier, *earlier.pop("elsewhere", [])] if r["machine"]["processor"] != result["machine"]["processor"]] if earlier else []
        result = {**result, "elsewhere": others}
    partial = folder / f"{name}.json.partial"
    partial.write_text(json.dumps(result, indent=1) + "\n")
    os.replace(partial, folder / f"{name}.json")


def load(folder):
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in SECTIONS if (folder / f"{name}.json").exists()}


def write(page, results, plots, context):
    """Writes the page and its plots; returns all verdicts."""
    found, parts = [], []
    drawn = _draw(results, plots, context)
    for name, result in results.items():
        section = SECTIONS[name]
        parts.append(f"## {section.TITLE}\n\n{_circumstances(result)}\n\n" + section.tables(result["data"]))
        for chart in section.plots(result["data"]):
            if chart["file"] in drawn:
                link = os.path.relpath(plots / chart["file"], page.parent)
                parts.append(f"![{chart['title']}]({link})")
        parts += [f"> {note}" for note in result["notes"]]
        found += [(section.TITLE, verdict) for verdict in section.verdicts(result["data"])]
        for other in result.get("elsewhere", []):
            processor = other["machine"]["processor"]
            parts.append(f"### On {processor}\n\n{_circumstances(other)}\n\n" + section.tables(other["data"]))
            found += [(f"{section.TITLE}, {processor}", verdict) for verdict in section.verdicts(other["data"])]
    rows = [[title, verdict.claim, verdict.found, verdict.word] for title, verdict in found]
    head = ("# Benchmarks\n\nMeasured by `scripts/benchmark`, beside the peers that people use; `Benchmarks/README.md` says how to repeat "
            "it. Each section names its day, commit and machine. Seed 1 everywhere, medians, ratios above 1 in favour of "
            "Fieldmesh where nothing else is said.\n\n## What holds\n\n" + table(["", "aim", "measured>", ""], rows))
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n\n".join([head] + parts) + "\n")
    return found


def _circumstances(result):
    machine = result["machine"]
    quick = " **A quick run: it shows that the section works, not how fast or good anything is.**" if result["quick"] else ""
    return (f"{machine['date']}, commit {machine['commit']}; {machine['processor']}, {machine['cores']} cores, {machine['memoryGiB']} GiB, load "
            f"{machine['load']} at the start; {result['seconds']:.0f} s.{quick}")


def _draw(results, folder, context):
    """Draws the plots by matplotlib in the peers' environment; the names of those that are there."""
    every = [chart for name, r in results.items() for chart in SECTIONS[name].plots(r["data"])]
    # Pictures without a kind were made while measuring.
    charts = [chart for chart in every if "kind" in chart]
    folder.mkdir(parents=True, exist_ok=True)
    description = context.work / "plots.json"
    description.write_text(json.dumps(charts))
    try:
        context.peer("plot", description, folder)
    except Missing:
        say("plots are not drawn anew: matplotlib is missing")
    return {c["file"] for c in every if (folder / c["file"]).exists()}


def show(found):
    say("what holds:")
    for title, verdict in found:
        print(f"  {verdict.word:14} {verdict.found:>22}  {title}: {verdict.claim}")
    count = lambda value: sum(v.holds is value for _, v in found)
    say(f"{count(True)} hold, {count(False)} do not, {count(None)} were not measured")
