# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes packets with nanosecond time stamps to a pcapng file of one interface, and reads such."""

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


def read(path):
    """The link type of such a file, and its packets as (nanoseconds since the epoch, octets) pairs."""
    with open(path, "rb") as file:
        data = file.read()
    linktype, packets, place = None, [], 0
    while place < len(data):
        kind, total = struct.unpack_from("<II", data, place)
        body = data[place + 8:place + total - 4]
        if kind == INTERFACE:
            if linktype is not None or struct.pack("<HHB", OPTION_IF_TSRESOL, 1, 9) not in body:
                raise ValueError(f"{path}: more than one interface, or another unit of time")
            linktype, = struct.unpack_from("<H", body)
        elif kind == PACKET:
            _interface, high, low, captured, _length = struct.unpack_from("<IIIII", body)
            packets.append((high << 32 | low, body[20:20 + captured]))
        place += total
    return linktype, packets
