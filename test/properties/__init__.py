# SPDX-License-Identifier: GPL-2.0-or-later
"""What must hold of every capture whatever it shows: README.md says which properties."""

import pathlib
import sys

TEST = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TEST), str(TEST / "scenarios")]
