"""Markdown, and what holds."""
import statistics


class Verdict:
    """A number that is aimed at, and whether it holds: None where it was not measured."""

    def __init__(self, claim, holds, found):
        self.claim, self.holds, self.found = claim, holds, found

    @property
    def word(self):
        return {True: "holds", False: "DOES NOT HOLD", None: "not measured"}[self.holds]


def at_most(claim, value, limit, unit="", places=2):
    return _compared(claim, value, limit, unit, places, lambda v, l: v <= l)


def at_least(claim, value, limit, unit="", places=2):
    return _compared(claim, value, limit, unit, places, lambda v, l: v >= l)


def _compared(claim, value, limit, unit, places, test):
    if value is None or limit is None:
        return Verdict(claim, None, "-")
    return Verdict(claim, test(value, limit), number(value, places) + unit)


def number(value, places=0):
    return "-" if value is None else f"{value:,.{places}f}"


def ratio(a, b):
    return None if a is None or not b else a / b


def median(values):
    values = [v for v in values if v is not None]
    return statistics.median(values) if values else None


def table(heading, rows):
    """Markdown; columns whose heading ends with `>` stand right."""
    titles = [h.rstrip(">") for h in heading]
    lines = ["| " + " | ".join(titles) + " |", "|" + "|".join("--:" if h.endswith(">") else "---" for h in heading) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
