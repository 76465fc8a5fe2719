# SPDX-License-Identifier: GPL-2.0-or-later
"""The rules that keep the source tree what it is: what may stand where.

Prints each breach as FILE:LINE: RULE and exits 1, or nothing and exits 0.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The core knows neither glib nor Wireshark, allocates nothing, reads no clock, does no I/O.
GLIB = r"\b(g_[a-z]\w*|g(u?int(8|16|32|64)?|boolean|char|pointer|size)|GList|GHash\w*|GArray|GSList)\b"
WIRESHARK = r"\b(epan|wmem_\w+|tvb\w*|tvbuff_t|proto_\w+|packet_info|pinfo|expert_\w+|nstime_t)\b"
FOREIGN_HEADER = r"#\s*include\s*[<\"](glib|epan|wsutil|wiretap|wireshark|ws_)"
IMPURE = r"\b(malloc|calloc|realloc|free|alloca|time|clock|clock_gettime|gettimeofday|printf|fprintf|puts|fopen|read|write|exit|abort|getenv)\s*\("

# The glue judges nothing: numbers of the sequence space are compared in the core alone.
SEQUENCE_ARITHMETIC = r"\bseq_(diff|lt|le|max|within)\b|\"seq\.h\"|\b(snd_una|snd_nxt|rcv_nxt|iss)\b\s*([-+<>]|==)|\bsegment(\.|->)(seq|ack)\b\s*([-+<>]|==)"
# Each user of Wireshark's libraries has one file for what differs between their versions, and both
# ask in the same way.
COMPAT = ["ws_compat.h", "wtap_compat.h", "ws_supported.h"]

# The command reads captures and dissects nothing; what it shares with the plugin does neither.
DISSECTION = r"#\s*include\s*[<\"]epan/|\b(proto_\w+|packet_info|epan_\w+)\b"
VERSION_CONDITION = r"#\s*(el)?if.*(VERSION|WIRESHARK_)"

# What a caller sees of the core. Its unit tests see all of it, the fuzzer's checks the diagram too.
PUBLIC_HEADERS = {"tcpstate.h", "event.def", "row.h", "story.h"}
SEES_ALSO = {"test/fuzz": {"fsm.h"}}

# What belongs to one machine or to the work on the project, not to the project.
LOCAL = r"/(?:work|shared)/|\bDESIGN\.md|\bEVENTS\.md|\bKERNEL\.md|\bSTYLE\.md|\bWIRESHARK\.md"

SOURCE = {".c", ".h", ".def", ".py", ".sh", ".cmake", ".scn", ".awk"}
TEXT = SOURCE | {".md", ".txt", ".csv", ".yml", ".yaml", ""}
SPDX = "SPDX-License-Identifier: GPL-2.0-or-later"


def tracked_files():
    """The files of the project: git's if this is a checkout, else all that look like them."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"],
        capture_output=True,
    )
    if listed.returncode == 0 and listed.stdout:
        names = [ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]
        return [path for path in names if path.is_file()]
    folders = [ROOT / f for f in ("src", "common", "plugin", "cli", "test", "docs", "cmake", "captures")]
    found = [p for folder in folders for p in folder.rglob("*")] + list(ROOT.glob("*"))
    return [p for p in found if p.is_file() and "__pycache__" not in p.parts]


def without_comments(text):
    """C text with comments and strings' contents blanked, lines kept."""

    def blank(match):
        kept = match[0]
        if kept.startswith('"') and "#" not in kept:
            return kept if kept.endswith('.h"') else '""'
        return re.sub(r"[^\n]", " ", kept)

    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", blank, text, flags=re.S)


def matches(path, text, pattern, rule):
    for number, line in enumerate(text.splitlines(), 1):
        found = re.search(pattern, line)
        if found:
            yield f"{path.relative_to(ROOT)}:{number}: {rule}: {found[0].strip()}"


def private_headers(path):
    """A pattern of what a file outside src/ must not include of it."""
    public = PUBLIC_HEADERS | SEES_ALSO.get(path.parent.relative_to(ROOT).as_posix(), set())
    names = {header.name for header in (ROOT / "src").glob("*.h")} - public
    return r"#\s*include\s*[<\"]([^>\"]*/)?(" + "|".join(map(re.escape, sorted(names))) + r")[>\"]"


def check_c(path, text):
    folder = path.relative_to(ROOT).parts[0]
    code = without_comments(text)
    if folder != "src" and path.parent != ROOT / "test" / "unit":
        yield from matches(path, code, private_headers(path), "no private header of src/ outside it")
    if folder == "src":
        yield from matches(path, code, GLIB, "no glib in src/")
        yield from matches(path, code, WIRESHARK, "no Wireshark in src/")
        yield from matches(path, code, FOREIGN_HEADER, "no foreign header in src/")
        yield from matches(path, code, IMPURE, "no memory, clock or I/O in src/")
    if folder in ("common", "plugin", "cli"):
        yield from matches(path, code, SEQUENCE_ARITHMETIC, f"no sequence arithmetic in {folder}/")
    if path.name not in COMPAT:
        yield from matches(path, code, VERSION_CONDITION, f"a version #if only in {' and '.join(COMPAT)}")
    if folder in ("common", "cli"):
        yield from matches(path, code, DISSECTION, f"no dissection in {folder}/")
    if folder in ("src", "common", "plugin", "cli"):
        yield from matches(path, text, r"\t", "no tabs")


def check(path):
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    relative = path.relative_to(ROOT)
    script = text.startswith("#!")
    if (path.suffix in SOURCE or script or path.name == "CMakeLists.txt") and path.name != "LICENSE":
        if SPDX not in "\n".join(text.splitlines()[:12]):
            yield f"{relative}:1: no SPDX line"
    if path != pathlib.Path(__file__).resolve() and path.suffix in TEXT:
        yield from matches(path, text, LOCAL, "nothing of this machine")
    if path.suffix in TEXT and path.name != "LICENSE":
        yield from matches(path, text, r"[ \t]+$", "white space at the end of a line")
    if path.suffix in (".c", ".h", ".def"):
        yield from check_c(path, text)


def main():
    breaches = [breach for path in tracked_files() for breach in check(path)]
    print("\n".join(breaches), end="\n" if breaches else "")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
