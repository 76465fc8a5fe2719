# SPDX-License-Identifier: GPL-2.0-or-later
"""The C of the core, the plugin and the command is clean by -Wc++-compat, as Wireshark's own is.

Takes a build folder with compile_commands.json; prints what the compiler says of it.
"""

import json
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "common", "cli", "plugin")


def commands(build):
    """Each of our files once, and the compiler's options for it."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"]).resolve()
        if ROOT in path.parents and path.relative_to(ROOT).parts[0] in FOLDERS:
            found.setdefault(path, shlex.split(entry["command"]))
    return found


def main():
    found = commands(pathlib.Path(sys.argv[1]))
    compiler = next(iter(found.values()))[0]
    if "Free Software Foundation" not in subprocess.run(
        [compiler, "--version"], capture_output=True, text=True
    ).stdout:
        print(f"{compiler} is not GCC, whose warning says most")
        return 77
    status = 0
    for path, command in found.items():
        keep = [word for word in command if word != "-Werror"]
        keep = keep[: keep.index("-o")] + keep[keep.index("-o") + 2 :]
        done = subprocess.run(
            [*keep, "-fsyntax-only", "-Wc++-compat", "-Werror=c++-compat"], cwd=sys.argv[1], capture_output=True, text=True
        )
        if done.returncode != 0:
            status = 1
            print(done.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
