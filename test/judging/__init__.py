# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges what tcpstate shows of a capture by an endpoint's own account of its states."""
