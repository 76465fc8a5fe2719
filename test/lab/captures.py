# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the sample captures: plays each recipe, keeps what was captured, and the kernel's word."""

import csv
import os

from . import pcapng
from .judge import broken
from .link import Link, Loopback
from .recipes import RECIPES
from .story import Stage, Story, StoryError

MANIFEST = "manifest.csv"
TOOL = "test/lab/make-captures"
COLUMNS = ("file", "story", "made_by", "frames", "shows")


def make(recipe, folder):
    """Play one recipe; returns its lines of the manifest."""
    stage = Stage(Loopback() if recipe.network == "loopback" else Link())
    story = Story(recipe.text, recipe.family)
    try:
        stage.play([story])
        rows = [row for row in stage.rows() if row.time <= story.end]
        views = {view: [packet for packet in stage.network.views[view] if packet[0] <= story.end]
                 for view in recipe.views}
    finally:
        stage.close()
    wrong = broken(rows)
    if wrong:
        raise StoryError(f"{recipe.name}: the kernel's account does not hold together: {wrong}")
    if story.error:
        raise StoryError(f"{recipe.name}: {story.error}")
    return [_keep(recipe, folder, view, packets, rows) for view, packets in views.items()]


def _keep(recipe, folder, view, packets, rows):
    name = recipe.name if len(recipe.views) == 1 else f"{recipe.name}-at-{view.lower()}"
    where = "on lo" if view == "lo" else f"at host {view}"
    linktype = pcapng.LINKTYPE_ETHERNET if view == "lo" else pcapng.LINKTYPE_RAW
    interface = "lo" if view == "lo" else "tun" + view
    pcapng.write(os.path.join(folder, name + ".pcapng"), packets, linktype, interface,
                 recipe.shows)
    write_kernel(os.path.join(folder, name + ".kernel"), rows)
    return {"file": name + ".pcapng", "story": recipe.story,
            "made_by": f"{TOOL} {recipe.name}, captured {where}",
            "frames": str(len(packets)), "shows": recipe.shows}


def write_kernel(path, rows):
    """The kernel's account: one line per change of state of one endpoint."""
    with open(path, "w", encoding="ascii", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["endpoint", "peer", "time", "old", "new", "source"])
        for row in rows:
            seconds, nanoseconds = divmod(row.time, 10**9)
            writer.writerow([_name(row.local), _name(row.remote),
                             f"{seconds}.{nanoseconds:09d}", row.old, row.new, row.source])


def _name(end):
    address, port = end
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def read_manifest(folder):
    """The manifest's lines by file; empty if there is none."""
    path = os.path.join(folder, MANIFEST)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        return {line["file"]: line for line in csv.DictReader(file)}


def write_manifest(folder, lines):
    with open(os.path.join(folder, MANIFEST), "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


def _rank(line):
    """The order of the recipes, then what other tools made."""
    tool, name = line["made_by"].split()[:2]
    names = [recipe.name for recipe in RECIPES]
    return (names.index(name.rstrip(",")), line["file"]) if tool == TOOL else (len(names), "")


def main(names, folder):
    """Make the captures named, or all of them, and bring the manifest up to date."""
    os.makedirs(folder, exist_ok=True)
    lines = {file: line for file, line in read_manifest(folder).items()
             if names or not line["made_by"].startswith(TOOL)}
    failed = []
    for recipe in RECIPES:
        if names and recipe.name not in names:
            continue
        try:
            made = make(recipe, folder)
        except StoryError as error:
            print(f"FAILED {error}", flush=True)
            failed.append(recipe.name)
            continue
        for line in made:
            lines[line["file"]] = line
            print(f"{line['file']}: {line['frames']} frames", flush=True)
    write_manifest(folder, sorted(lines.values(), key=_rank))
    return 1 if failed else 0
