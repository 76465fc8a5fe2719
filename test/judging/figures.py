# SPDX-License-Identifier: GPL-2.0-or-later
"""How often what is shown agrees: the answers to each question, counted and put in words."""


def add_counts(total, counts):
    for key, tally in counts.items():
        known = total.setdefault(key, dict.fromkeys(tally, 0))
        for name, number in tally.items():
            known[name] += number


def report(counts):
    """The agreement, question by question, as lines of text."""
    words = {"sequence": "sequences of states", "quiet": "quiet moments",
             "timely": "frames sent in the state shown",
             "got": "frames got in the state shown", "seen": "states that are marked as seen"}
    lines = []
    for (kind, where), tally in sorted(counts.items()):
        total = sum(tally.values())
        place = {"own": "at the endpoint itself", "other": "at another point",
                 "damaged": "states shown on frames"}[where]
        share = 100 * tally["good"] / total
        lines.append(f"{words.get(kind, kind)}, {place}: {tally['good']} of {total} agree "
                     f"({share:.2f} %), {tally['explained']} differ as they must, "
                     f"{tally['bad']} wrongly")
    return lines


def report_taken_back(revisions, segments):
    """How often a state was shown that was later taken back, as a text."""
    return f"{1000 * revisions / max(segments, 1):.2f} states taken back per 1,000 segments"


def agreement(counts):
    """The least share, in percent, of answers to one question that are not wrong."""
    shares = [100 * (1 - tally["bad"] / sum(tally.values())) for tally in counts.values()]
    return min(shares, default=100.0)
