"""Measures Fieldmesh beside its peers; `scripts/benchmark` builds what this needs and starts it."""
import argparse
import os
import pathlib
import sys

from fieldbench.context import ROOT, Context, Failed, Stopwatch, machine, say
from fieldbench.report import SECTIONS, load, save, show, write


def names(text):
    return [name for name in text.split(",") if name]


def least(result):
    """How many seconds of a section's earlier result are measured whatever there is time for: of takes, the first's."""
    takes = list(result["data"].get("measured", {}).values()) if result else []
    return takes[0]["seconds"] if takes else result["seconds"] if result else 0


parser = argparse.ArgumentParser(prog="scripts/benchmark", description=(
    "Measures Fieldmesh beside PyTorch, Open3D, PyMCubes and scikit-image, and writes BENCHMARKS.md."))
parser.add_argument("--only", type=names, metavar="SECTIONS", default=list(SECTIONS), help=f"of {','.join(SECTIONS)}; others keep their results")
parser.add_argument("--quick", action="store_true", help="some minutes: shows that everything works; results stay in the work folder")
parser.add_argument("--report", action="store_true", help="measure nothing, write the page from the results there are")
parser.add_argument("--takes", type=names,
                    help="for the quality: knight, dancer, walker, porter, or takes with a folder truth (default: these four, the first two with --quick); for held-out cameras: "
                    "some of its takes; others keep their results")
parser.add_argument("--thorough", action="store_true",
                    help="try all settings of the peers, not only those that were best for a take before; a quarter of an hour more")
parser.add_argument("--minutes", type=float, help="leave out takes, whose earlier results then stay, for which this leaves no time "
                    "(default: 40 for the whole benchmark, else no limit)")
parser.add_argument("--recordings", type=pathlib.Path, help="folder with xtion2-table, for held-out cameras")
parser.add_argument("--work", type=pathlib.Path, help="folder for takes and runs (default: out/benchmark, out/benchmark-quick)")
parser.add_argument("--peers", type=pathlib.Path, metavar="VENV", help="Python environment with the peers (default: ~/.cache/fieldmesh-peers)")
parser.add_argument("--install-peers", action="store_true", help="make that environment first, about 3 GB")
parser.add_argument("--binaries", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
arguments = parser.parse_args()

unknown = [name for name in arguments.only if name not in SECTIONS]
if unknown:
    parser.error(f"there is no section {unknown[0]!r}: choose from {', '.join(SECTIONS)}")
work = (arguments.work or ROOT / "out" / ("benchmark-quick" if arguments.quick else "benchmark")).resolve()
# A quick run's numbers mean nothing and never replace real ones.
results = work / "results" if arguments.quick else ROOT / "Benchmarks" / "results"
page, plots = (work / "BENCHMARKS.md", work / "plots") if arguments.quick else (ROOT / "BENCHMARKS.md", ROOT / "Benchmarks" / "plots")
takes = arguments.takes or ["knight", "dancer", *([] if arguments.quick else ["walker", "porter"])]
minutes = arguments.minutes or (40 if arguments.only == list(SECTIONS) and not arguments.takes and not arguments.quick else float("inf"))
context = Context(arguments.binaries, arguments.peers, work, arguments.quick, takes, arguments.recordings, load(results), minutes)
context.thorough, context.chosen = arguments.thorough, arguments.takes

failed = []
with Stopwatch() as whole:
    for name in [] if arguments.report else [n for n in SECTIONS if n in arguments.only]:
        say(f"{SECTIONS[name].TITLE.lower()} ({name})")
        context.notes, context.machine = [], machine()
        try:
            later = [n for n in list(SECTIONS)[list(SECTIONS).index(name) + 1:] if n in arguments.only]
            context.budget.later = sum(least(context.earlier.get(n)) for n in later)
            with Stopwatch() as watch:
                data = SECTIONS[name].measure(context)
        except Failed as error:
            say(f"{name} FAILED, its earlier result stays: {error}")
            failed.append(name)
            continue
        save(results, name, {"section": name, "machine": context.machine, "quick": arguments.quick, "seconds": round(watch.seconds, 1),
                             "notes": context.notes, "data": data})
        say(f"{name} took {watch.seconds:.0f} s")
        if "takes" not in data and name in context.earlier:
            context.budget.add(watch.seconds, context.earlier[name]["seconds"])
known = load(results)
if not known:
    sys.exit("benchmark: there are no results to write about")
show(write(page, known, plots, context))
say(f"{whole.seconds / 60:.1f} minutes; see {os.path.relpath(page)}")
if failed:
    sys.exit(f"benchmark: failed: {', '.join(failed)}")
