# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab needs to know of a raw IP packet that holds a TCP segment."""

import socket
import struct
from collections import namedtuple

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
IPPROTO_ICMPV6 = 58

Segment = namedtuple("Segment", "src dst flags seq ack len kind")


def _kind(flags, length):
    """The word by which a rule of the forwarder names a segment."""
    if flags & RST:
        return "RST"
    if flags & SYN:
        return "SYN,ACK" if flags & ACK else "SYN"
    if flags & FIN:
        return "FIN"
    return "DATA" if length else "ACK"


def parse(packet):
    """The TCP segment in an IPv4 or IPv6 packet without extension headers, or None."""
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        header, protocol = (packet[0] & 15) * 4, packet[9]
        total = struct.unpack_from("!H", packet, 2)[0]
        source, target = (socket.inet_ntop(socket.AF_INET, packet[o:o + 4]) for o in (12, 16))
    else:
        header, protocol = 40, packet[6]
        total = 40 + struct.unpack_from("!H", packet, 4)[0]
        source, target = (socket.inet_ntop(socket.AF_INET6, packet[o:o + 16]) for o in (8, 24))
    if protocol != socket.IPPROTO_TCP or len(packet) < header + 20:
        return None
    sport, dport, seq, ack, offset, flags = struct.unpack_from("!HHIIBB", packet, header)
    length = total - header - (offset >> 4) * 4
    return Segment((source, sport), (target, dport), flags, seq, ack, length, _kind(flags, length))


def is_icmp_error(packet):
    """Whether the packet is an ICMP or ICMPv6 "unreachable" or "time exceeded" error."""
    if packet[0] >> 4 == 4:
        return packet[9] == socket.IPPROTO_ICMP and packet[(packet[0] & 15) * 4] in (3, 11)
    return packet[6] == IPPROTO_ICMPV6 and packet[40] in (1, 3)
