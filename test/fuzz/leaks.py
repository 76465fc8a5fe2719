# SPDX-License-Identifier: GPL-2.0-or-later
"""Sample captures through tshark and sharkd under valgrind: no invalid access, no use of what was never
written, and no memory lost, in the plugin. Wireshark's own losses are not ours to judge."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = "65534"
SAMPLES = ("four-way-close", "simultaneous-open-at-a", "self-connection", "refused-by-icmp")
WAYS = (["-2", "-V"], ["-2", "-q", "-z", "tcpstate,connections", "-z", "tcpstate,census", "-z", "tcpstate,events"])
OURS = re.compile(r"\(in .*tcpstate\.so\)|\((?:packet-tcpstate|render|extract|pairs|timeline|entry|follow|arena|tap-\w+|observe|table)\.c:\d+\)")
# Registered once, or kept by tshark for a statistic asked for: lives as long as the process.
FOR_LIFE = re.compile(r"\b(epan_init|start_requested_stats)\b")
WRONG = re.compile(r"Invalid |uninitialised|definitely lost|indirectly lost|Mismatched|overlap")


def session(capture):
    """A session of sharkd: the capture is loaded, looked at and filtered, and all of it again with another
    preference."""
    requests = []
    for lifetime in ("30", "1", "0"):  # the last is out of range
        requests.append(("setconf", {"name": "tcpstate.msl", "value": lifetime}))
        requests += [("load", {"file": str(capture)}), ("frames", {"filter": "tcpstate.transition"})]
        requests += [("frame", {"frame": 1, "proto": True}), ("frames", {"filter": "tcpstate.phase"})]
    requests.append(("bye", {}))
    return "".join(
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}) + "\n"
        for number, (method, parameters) in enumerate(requests, 1)
    )


def valgrind(folder, program, said=""):
    """What valgrind says of a run of a program, in paragraphs, and what the program says."""
    identity = []
    if os.geteuid() == 0:
        identity = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    environment = dict(
        os.environ, HOME=str(folder), TMPDIR=str(folder), G_SLICE="always-malloc", LC_ALL="C.UTF-8"
    )
    # Wireshark's allocators by block would hide an access beyond one allocation.
    environment.update(
        WIRESHARK_PLUGIN_DIR=str(folder / "plugins"), WIRESHARK_DEBUG_WMEM_OVERRIDE="simple"
    )
    command = [*identity, "valgrind", "--leak-check=full", "--keep-debuginfo=yes", "--num-callers=30"]
    done = subprocess.run(
        [*command, *program], input=said, env=environment, cwd=folder,
        capture_output=True, text=True, errors="replace",
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"leaks: {program[0]} ended with {done.returncode}\n{done.stderr[-2000:]}")
    return re.split(r"(?m)^==\d+== *$", done.stderr), done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plugins", required=True, type=pathlib.Path, help="plugin folder to load")
    parser.add_argument("captures", nargs="*", type=pathlib.Path, help="instead of a few samples")
    arguments = parser.parse_args()
    samples = [ROOT / "captures" / f"{name}.pcapng" for name in SAMPLES]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="tcpstate-leaks-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        shutil.copytree(arguments.plugins, folder / "plugins")
        capture = folder / "samples.pcapng"
        command = ["mergecap", "-a", "-w", capture, *(arguments.captures or samples)]
        subprocess.run(command, check=True, capture_output=True)
        capture.chmod(0o644)
        runs = [(["tshark", "-n", "-r", capture, *way], "") for way in WAYS]
        if shutil.which("sharkd"):
            runs.append((["sharkd", "-"], session(capture)))
        for program, said in runs:
            paragraphs, shown = valgrind(folder, program, said)
            if "TCP State" not in shown:
                sys.exit(f"leaks: {program[0]} did not load the plugin\n{shown[:2000]}")
            found = [p for p in paragraphs if WRONG.search(p) and OURS.search(p)]
            wrong += [p for p in found if not FOR_LIFE.search(p)]
    print("\n".join(wrong) if wrong else "nothing lost, nothing invalid")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
