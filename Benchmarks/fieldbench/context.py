"""Where things are, and how programs are run."""
import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Missing(Exception):
    """A peer cannot be had; the text says why."""


class Failed(Exception):
    """One of Fieldmesh's programs ended with an error; the text is what it said."""


class Budget:
    """Tells what there is time for, from how long it took in earlier results and how this machine compares."""

    def __init__(self, minutes):
        self.minutes, self._start = minutes, time.monotonic()
        self._spent, self._earlier = 0.0, 0.0
        # What must still be measured after the section at hand, in seconds of the earlier results.
        self.later = 0.0

    def add(self, seconds, earlier):
        """Something took so long, and so long in the earlier results (None if it isn't known)."""
        if earlier:
            self._spent, self._earlier = self._spent + seconds, self._earlier + earlier

    def allows(self, earlier):
        """Whether there is time for what took so long in the earlier results."""
        pace = self._spent / self._earlier if self._earlier else 1
        return time.monotonic() - self._start + pace * ((earlier or 0) + self.later) <= 60 * self.minutes


class Context:
    def __init__(self, binaries, peers, work, quick, takes, recordings=None, earlier=None, minutes=float("inf")):
        self.binaries, self.peers, self.work, self.quick, self.takes = binaries, peers, work, quick, takes
        self.recordings = recordings
        # Whether all settings of peers are tried, not only those that were best before.
        self.thorough = False
        # The takes that were asked for, if any were; and the earlier results by section.
        self.chosen, self.earlier = None, earlier or {}
        self.budget, self.machine = Budget(minutes), None
        self.cores = len(os.sched_getaffinity(0))
        self.notes = []
        work.mkdir(parents=True, exist_ok=True)

    def note(self, text):
        """Keeps a sentence for the section's page."""
        if text not in self.notes:
            self.notes.append(text)
            say(f"note: {text}")

    def each(self, section, names, measure, others=False):
        """What `measure` tells of some takes, each a dictionary of results, and how and where each was measured.

        Earlier results stay of those, but the first, that there is no time for; and of `others`, where these
        are not all."""
        earlier = (self.earlier.get(section) or {}).get("data", {})
        known = earlier.get("measured", {})
        seconds = lambda name: known.get(name, {}).get("seconds")
        takes, measured, late = {}, {}, []

        def keep(name):
            takes.update((key, rows) for key, rows in earlier.get("takes", {}).items() if key.split(",")[0] == name)
            measured.update((n, how) for n, how in known.items() if n == name)
        for key in earlier.get("takes", {}) if others else ():
            keep(key.split(",")[0])
        for k, name in enumerate(names):
            if k > 0 and not self.budget.allows(seconds(name)):
                late.append(name)
                keep(name)
                continue
            with Stopwatch() as watch:
                takes.update(measure(name))
            measured[name] = {"seconds": round(watch.seconds, 1), "commit": self.machine["commit"], "processor": self.machine["processor"]}
            self.budget.add(watch.seconds, seconds(name))
        if late:
            self.note(f"In {self.budget.minutes:g} minutes there was no time for {', '.join(late)}.")
        here = measured[names[0]]
        for name, how in measured.items():
            if (how["commit"], how["processor"]) != (here["commit"], here["processor"]):
                self.note(f"{name} was measured apart from the others: commit {how['commit']}, {how['processor']}.")
        return {"takes": takes, "measured": measured}

    def choose(self, full, quick):
        return quick if self.quick else full

    def thread_counts(self):
        return sorted({1, self.cores})

    def fieldmesh(self, *words):
        return run(self.binaries / "fieldmesh", *words)

    def bench(self, *words):
        """One of `fieldmesh-bench`'s measurements."""
        return json.loads(run(self.binaries / "fieldmesh-bench", *words, "--json"))

    def peer(self, script, *words):
        """A script of Benchmarks/peers, which ends with a line of JSON.

        Raises Missing, and leaves a note, where the environment or one of its packages isn't there."""
        python = self.peers and self.peers / "bin" / "python"
        if not python or not python.exists():
            where = f"there is no environment at {self.peers}" if self.peers else "no environment is given"
            reason = f"Peers are left out: {where} (--peers, --install-peers)."
            self.note(reason)
            raise Missing(reason)
        threads = {"OMP_NUM_THREADS": str(words[words.index("--threads") + 1])} if "--threads" in words else {}
        command = [python, ROOT / "Benchmarks" / "peers" / f"{script}.py", *words]
        done = subprocess.run([str(w) for w in command], capture_output=True, text=True, env={**os.environ, **threads})
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            reason = f"`Benchmarks/peers/{script}.py` is left out: {last}"
            self.note(reason)
            raise Missing(reason)
        return json.loads(done.stdout.strip().splitlines()[-1])

    def fresh(self, *parts):
        """A folder of the work folder, emptied."""
        folder = self.work.joinpath(*parts)
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder

    def synthetic(self, name, frames, *knobs, truth=True):
        """A made-up take, kept from one run of the benchmark to the next."""
        folder = self.work / "takes" / name
        if not (folder / "synth.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            partial = self.fresh("takes", f"{name}.partial")
            settings = [word for knob in knobs for word in ("--set", knob)]
            self.fieldmesh("synth", partial, "--quiet", "--frames", frames, *settings, *([] if truth else ["--no-truth"]))
            partial.rename(folder)
        return folder

    def reconstruct(self, take, output, *words):
        """A whole run into an empty folder; its report."""
        # 4: done but for some images, as takes with defects are.
        run(self.binaries / "fieldmesh", "run", take, "-o", output, "--quiet", *words, fine=(0, 4))
        return json.loads((output / "report.json").read_text())


def run(program, *words, fine=(0,)):
    """What a program prints. Raises Failed with what it said when its exit status isn't fine."""
    done = subprocess.run([str(program), *map(str, words)], capture_output=True, text=True)
    if done.returncode not in fine:
        raise Failed(f"{pathlib.Path(program).name} {' '.join(map(str, words))}\n{done.stderr.strip()}")
    return done.stdout


def say(text):
    print(f"benchmark: {text}", flush=True)


VECTORS = {"avx512_bf16": "AVX512-BF16", "avx512f": "AVX-512", "avx2": "AVX2"}


def machine():
    """What a reader must know of the machine and of the sources."""
    told, memory = {}, 0
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        told.setdefault(name.strip(), value.strip())
    model = told.get("model name", platform.machine())
    flags = told.get("flags", "").split()
    # What decides most of a step's speed.
    vectors = next((name for flag, name in VECTORS.items() if flag in flags), "")
    model += f" with {vectors}" if vectors else ""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal"):
            memory = round(int(line.split()[1]) / 2**20)
    return {"processor": model, "cores": len(os.sched_getaffinity(0)), "memoryGiB": memory,
            "load": round(os.getloadavg()[0], 1), "date": datetime.date.today().isoformat(), "commit": _commit()}


def _commit():
    git = lambda *words: subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True).stdout.strip()
    changes = git("status", "--porcelain", "--", "Package.swift", "Sources", "Benchmarks/peers", "Benchmarks/fieldbench")
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + ("+" if changes else "")


class Stopwatch:
    def __enter__(self):
        self._start = time.monotonic()
        return self

    def __exit__(self, *_):
        self.seconds = time.monotonic() - self._start
