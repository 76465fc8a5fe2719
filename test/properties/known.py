# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of what is known to be wrong, one line per variant."""

import csv
import dataclasses
import pathlib
import re

FILE = pathlib.Path(__file__).with_name("known-misses.csv")
COLUMNS = ("property", "story", "variant", "differs", "reason")


@dataclasses.dataclass(frozen=True)
class Miss:
    """A variant that shows something wrong; the variant is named by the segments it is about."""

    property: str
    story: str
    variant: str
    differs: str = dataclasses.field(compare=False)
    reason: str = dataclasses.field(default="", compare=False)

    def __str__(self):
        return f"{self.property:6} {self.story}: {self.variant}: {self.differs}"


def read(path=FILE):
    """The list; empty if there is none."""
    if not path.exists():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [Miss(**line) for line in csv.DictReader(file)]


def _order(miss):
    """Numbers within names count as numbers."""
    names = (miss.property, miss.story, miss.variant)
    return [[int(part) if part.isdigit() else part for part in re.split(r"(\d+)", n)] for n in names]


def write(misses, path=FILE):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(miss) for miss in sorted(misses, key=_order))


@dataclasses.dataclass
class Changes:
    """What is not as listed."""

    new: list
    gone: list
    other: list  # (listed, found) of those that differ in another way

    def __bool__(self):
        return bool(self.new or self.gone or self.other)

    def lines(self):
        """As a patch is written."""
        yield from (f"+ {miss}" for miss in self.new)
        yield from (f"- {miss}" for miss in self.gone)
        for was, now in self.other:
            yield f"~ {now}"
            yield f"      was: {was.differs}"

    def summary(self):
        return f"{len(self.new)} new, {len(self.gone)} gone, {len(self.other)} otherwise wrong"


def compare(listed, found):
    known, shown = ({miss: miss for miss in misses} for misses in (listed, found))
    return Changes(
        [miss for miss in found if miss not in known],
        [miss for miss in listed if miss not in shown],
        [(known[m], m) for m in found if m in known and known[m].differs != m.differs],
    )


UNDECIDABLE = "nothing in the capture hints at the gap"
WRONG = "to be mended"


def default_reason(miss):
    """Why a miss is listed, as far as what differs tells."""
    words = {text.split()[0] for text in miss.differs.split("; ")}
    return UNDECIDABLE if words <= {"seen", "ending"} else WRONG


def with_kinds(listed, found, otherwise):
    """What was found, with the reasons of what was listed."""
    written = {miss: miss.reason for miss in listed}
    return [dataclasses.replace(miss, reason=written.get(miss, otherwise)) for miss in found]


def with_reasons(listed, found):
    """What was found, with the reasons that were written by hand to what was listed."""
    written = {m: m.reason for m in listed if m.reason not in (UNDECIDABLE, WRONG)}
    return [
        dataclasses.replace(miss, reason=written.get(miss) or default_reason(miss))
        for miss in found
    ]
