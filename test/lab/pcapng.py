# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes packets with nanosecond time stamps to a pcapng file of one interface."""

import struct

LINKTYPE_ETHERNET, LINKTYPE_RAW = 1, 101
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
OPTION_COMMENT, OPTION_IF_NAME, OPTION_IF_TSRESOL = 1, 2, 9


def _padded(data):
    return data + bytes(-len(data) % 4)


def _options(*options):
    return b"".join(struct.pack("<HH", code, len(value)) + _padded(value)
                    for code, value in options) + bytes(4)


def _block(kind, body):
    total = len(body) + 12
    return struct.pack("<II", kind, total) + body + struct.pack("<I", total)


def write(path, packets, linktype, interface, comment):
    """Write (nanoseconds since the epoch, octets) pairs as the capture of one interface."""
    section = struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)
    options = _options((OPTION_IF_NAME, interface.encode()), (OPTION_IF_TSRESOL, b"\x09"))
    with open(path, "wb") as file:
        file.write(_block(SECTION, section + _options((OPTION_COMMENT, comment.encode()))))
        file.write(_block(INTERFACE, struct.pack("<HHI", linktype, 0, 0) + options))
        for time, data in packets:
            head = struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data))
            file.write(_block(PACKET, head + _padded(data)))
