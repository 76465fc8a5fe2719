# SPDX-License-Identifier: GPL-2.0-or-later
"""Tries the properties on stories: which variants show something wrong, and how many of how many."""

import collections
import dataclasses

from . import drop, merge, same, swap
from .known import Miss
from .runs import walk_all

# Name of a property: (its variants of a story, the judge of what one shows).
PROPERTIES = {
    "swap": (swap.variants, swap.judge),
    "drop": (drop.variants, drop.judge),
    "twice": (same.twice, same.judge_twice),
    "mirror": (same.mirror, same.judge_all),
    "shift": (same.shift, same.judge_all),
    "prefix": (same.prefix, same.judge_prefix),
    "merge": (merge.variants, merge.judge),
}


# What the first words of a difference count as in the figures.
KINDS = {
    "after": ("states",),
    "end": ("states",),
    "seen": ("seen",),
    "hinted": ("seen", "hinted"),
    "new": ("alarms",),
    "ending": ("endings",),
}


@dataclasses.dataclass
class Tally:
    """The figures of one property."""

    variants: int = 0
    wrong: int = 0
    kinds: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    besides: int = 0  # variants that show nothing wrong, but not the same either

    def count(self, wrong, besides):
        self.variants += 1
        self.wrong += bool(wrong)
        self.besides += bool(besides)
        words = {text.split()[0] for text in wrong}
        self.kinds.update({kind for word in words for kind in KINDS.get(word, (word,))})

    def add(self, other):
        self.variants += other.variants
        self.wrong += other.wrong
        self.kinds.update(other.kinds)
        self.besides += other.besides

    def share(self, number):
        return f"{number} ({100 * number / self.variants:.1f} %)"

    def __str__(self):
        text = f"{self.variants:5} variants, wrong {self.share(self.wrong)}"
        told = [f"{kind} {self.share(count)}" for kind, count in sorted(self.kinds.items())]
        told += [f"besides {self.besides}"] if self.besides else []
        return text + (": " + ", ".join(told) if told else "")


def try_all(program, stories, properties=tuple(PROPERTIES), show=None):
    """All misses, and the Tally by (property, source). show is called with each miss, its story and
    what was shown of the whole run and of the damaged one."""
    misses, tallies = [], {}
    for name in properties:
        for story, variant, whole, damaged, (wrong, besides) in _try(program, stories, name):
            tallies.setdefault((name, story.source), Tally()).count(wrong, besides)
            if wrong or besides:
                misses.append(Miss(name, story.name, variant, "; ".join(wrong + besides)))
                if show:
                    show(misses[-1], story, whole, damaged)
    return misses, tallies


def is_certain(miss):
    """Whether the core is wrong, whatever was captured. Not so of a copy 0.1 ms later, which in a burst
    stands behind more packets than the core remembers; nor of shift, for the number 0 of a RST that
    answers a SYN does not move, and where it lies then decides whether the RST is taken."""
    return miss.property in ("mirror", "prefix") or (miss.property, miss.variant) == ("twice", "1 us")


def add_tallies(total, tallies):
    for key, tally in tallies.items():
        total.setdefault(key, Tally()).add(tally)


def report(tallies):
    """The figures, as lines of text."""
    return [f"{name:6} {source:9} {tally}" for (name, source), tally in tallies.items()]


def _try(program, stories, name):
    """Each variant of a property, what was shown, and the judgement."""
    variants, judge = PROPERTIES[name]
    made = [(story, *variant) for story in stories for variant in variants(story)]
    shown = walk_all(program, [run for _, _, *runs, _ in made for run in runs])
    for (story, variant, _, _, place), whole, damaged in zip(made, shown[::2], shown[1::2]):
        yield story, variant, whole, damaged, judge(whole, damaged, place)
