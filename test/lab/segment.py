# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab needs to know of a raw IP packet that holds a TCP segment."""

import socket
import struct
from collections import namedtuple

FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
IPPROTO_ICMPV6 = 58
ROUTER_TTL = 255  # of what a router itself sends

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


def answer_of(segment):
    """The RST by which a host answers a segment with ACK of no connection (RFC 9293 section 3.5.2)."""
    return _packet(segment.dst, segment.src, RST, segment.ack, 0)


def abort_of(segment):
    """The RST that aborts the connection at the receiver of a segment, in its sender's name."""
    return _packet(segment.src, segment.dst, RST | ACK, segment.seq, segment.ack)


def _packet(source, target, flags, seq, ack):
    """An IP packet with a TCP header alone, as a router sends it."""
    family = socket.AF_INET6 if ":" in source[0] else socket.AF_INET
    ends = [socket.inet_pton(family, end[0]) for end in (source, target)]
    header = struct.pack("!HHIIBBHHH", source[1], target[1], seq, ack, 5 << 4, flags, 0, 0, 0)
    pseudo = b"".join(ends) + struct.pack("!II", len(header), socket.IPPROTO_TCP)
    header = header[:16] + _checksum(pseudo + header) + header[18:]
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, 20, socket.IPPROTO_TCP, ROUTER_TTL) + b"".join(ends) \
            + header
    packet = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0x4000, ROUTER_TTL, socket.IPPROTO_TCP, 0)
    packet += b"".join(ends)
    return packet[:10] + _checksum(packet) + packet[12:] + header


def _checksum(data):
    """The Internet checksum (RFC 1071) of octets of an even number."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", total ^ 0xFFFF)


def is_icmp_error(packet):
    """Whether the packet is an ICMP or ICMPv6 "unreachable" or "time exceeded" error."""
    if packet[0] >> 4 == 4:
        return packet[9] == socket.IPPROTO_ICMP and packet[(packet[0] & 15) * 4] in (3, 11)
    return packet[6] == IPPROTO_ICMPV6 and packet[40] in (1, 3)
