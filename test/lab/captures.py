# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the sample captures: plays each recipe, keeps what was captured, and the kernel's word."""

import concurrent.futures
import csv
import functools
import os

from . import pcapng
from .judge import broken
from .link import Link, Loopback
from .nat import Nat
from .recipes import RECIPES
from .story import Stage, Story, StoryError

MANIFEST = "manifest.csv"
TOOL = "test/lab/make-captures"
COLUMNS = ("file", "story", "made_by", "frames", "shows")
AT_ONCE = 16  # long stories played side by side
OTHER_NETWORKS = {"loopback": Loopback, "nat": Nat}
PLACES = {"A": ("at host A", "tunA"), "B": ("at host B", "tunB"), "lo": ("on lo", "lo"),
          "router": ("at the router", "any")}  # by view: in words, and the device


def _network(recipe):
    """Where a recipe is played. The kernel's account is for all of the machine and knows them by
    their addresses."""
    if recipe.network in OTHER_NETWORKS:
        return OTHER_NETWORKS[recipe.network]()
    place = f"{recipe.place:x}:" if recipe.place else ""
    return Link(*((f"10.0.{recipe.place}.{host}", f"2001:db8:{place}:{host}") for host in (1, 2)))


def make(recipe, folder):
    """Play one recipe; returns its lines of the manifest."""
    stage = Stage(_network(recipe))
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
    where, interface = PLACES[view]
    linktype = pcapng.LINKTYPE_ETHERNET if view == "lo" else pcapng.LINKTYPE_RAW
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


def _made(recipes, folder):
    """Each recipe with what returns its lines of the manifest. Those with a place of their own are
    played side by side, while the others are, one after another."""
    with concurrent.futures.ProcessPoolExecutor(AT_ONCE) as pool:
        long = [(one, pool.submit(make, one, folder)) for one in recipes if one.place]
        for recipe in recipes:
            if not recipe.place:
                yield recipe, functools.partial(make, recipe, folder)
        for recipe, future in long:
            yield recipe, future.result


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
    for recipe, made in _made([one for one in RECIPES if not names or one.name in names], folder):
        try:
            for line in made():
                lines[line["file"]] = line
                print(f"{line['file']}: {line['frames']} frames", flush=True)
        except StoryError as error:
            print(f"FAILED {error}", flush=True)
            failed.append(recipe.name)
    write_manifest(folder, sorted(lines.values(), key=_rank))
    return 1 if failed else 0
