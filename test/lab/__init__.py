# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab: real sockets in network namespaces, captured, with the kernel as the judge."""
