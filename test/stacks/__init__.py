# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP stacks in memory, with a clock and a link of ours, as judges of what tcpstate shows."""

import pathlib
import sys

TEST = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TEST), str(TEST / "scenarios")]
