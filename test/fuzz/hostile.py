# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets that no honest stack sends, and captures that no honest tool writes."""

import struct

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6, IPv6ExtHdrHopByHop
from scapy.layers.l2 import GRE, Dot1Q, Ether
from scapy.packet import Raw

ADDRESSES = dict(src="192.0.2.1", dst="192.0.2.2")
PORTS = dict(sport=40000, dport=80)
NESTED = 20


def _tcp(**fields):
    return TCP(**{**PORTS, "flags": "A", "seq": 1000, "ack": 2000, **fields})


def _headers():
    """Data offsets that are too small or too large, and options that run over the end."""
    for offset in (0, 1, 2, 3, 4, 6, 15):
        yield IP(**ADDRESSES) / _tcp(dataofs=offset)
    for kind in (2, 3, 4, 5, 8, 14, 19, 28, 29, 30, 34, 253, 254, 255):
        for length in (0, 1, 2, 3, 4, 9, 10, 40, 255):
            options = bytes([kind, length]) + b"\xff\xf9\x89\x00"[: kind % 5]
            header = bytearray(bytes(_tcp(flags="S")) + options.ljust(8, b"\1"))
            header[12] = 7 << 4
            yield IP(**ADDRESSES, proto=6) / Raw(bytes(header))


def _lengths():
    """Length fields that lie."""
    for length in (0, 1, 19, 20, 39, 40, 41, 60, 1500, 65535):
        yield IP(**ADDRESSES, len=length) / _tcp() / Raw(b"x" * 20)
    for ihl in (0, 1, 4, 6, 15):
        yield IP(**ADDRESSES, ihl=ihl) / _tcp() / Raw(b"x" * 20)
    for length in (0, 1, 19, 20, 65535):
        yield IPv6(plen=length) / _tcp() / Raw(b"x" * 20)
    for frag in (0, 1, 2, 8191):
        yield IP(**ADDRESSES, frag=frag, flags="MF") / _tcp() / Raw(b"x" * 16)


def _nested():
    """Tunnels in tunnels, with a segment at the end or in every layer."""
    packet = _tcp(flags="S")
    for depth in range(NESTED):
        packet = IP(src=f"192.0.2.{depth + 1}", dst="192.0.2.200") / packet
        if depth % 2:
            packet = GRE() / packet
    yield IP(**ADDRESSES) / packet
    yield IPv6() / IP(**ADDRESSES) / IPv6() / IP(**ADDRESSES) / _tcp()
    tags = Dot1Q(vlan=1)
    for vlan in range(2, NESTED):
        tags = tags / Dot1Q(vlan=vlan)
    yield tags / IP(**ADDRESSES) / _tcp()
    yield IPv6() / IPv6ExtHdrHopByHop() / _tcp()


def _quoted():
    """ICMP errors that quote too little, too much, or themselves."""
    quoted = bytes(IP(**ADDRESSES) / _tcp(flags="S", ack=0))
    for size in (0, 1, 19, 20, 27, 28, 36, 40):
        for kind, code in ((3, 0), (3, 3), (3, 4), (11, 0), (5, 1)):
            yield IP(**ADDRESSES) / ICMP(type=kind, code=code) / Raw(quoted[:size])
        yield IPv6() / ICMPv6DestUnreach() / Raw(bytes(IPv6() / _tcp(flags="S"))[: size + 20])
    inner = quoted
    for _ in range(NESTED):
        inner = bytes(IP(**ADDRESSES) / ICMP(type=3, code=1) / Raw(inner))
    yield IP(inner)


def _flags():
    """Every combination of control bits, to and fro."""
    for flags in range(256):
        yield IP(**ADDRESSES) / _tcp(flags=flags & 0xFF, seq=flags * 17)
        yield IP(src=ADDRESSES["dst"], dst=ADDRESSES["src"]) / _tcp(
            sport=80, dport=40000, flags=flags, seq=2000, ack=flags * 17
        )
        yield IP(src="127.0.0.1", dst="127.0.0.1") / _tcp(sport=7, dport=7, flags=flags)


def frames():
    """All of them, as Ethernet frames."""
    packets = []
    for make in (_headers, _lengths, _nested, _quoted, _flags):
        packets += [bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / p) for p in make()]
    return packets


def pcap(packets, linktype=1):
    """A capture of (seconds, nanoseconds, octets)."""
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)]
    for seconds, nanoseconds, octets in packets:
        parts.append(struct.pack("<IIII", seconds, nanoseconds, len(octets), len(octets)) + octets)
    return b"".join(parts)


def read_pcap(data):
    """The link type and packets of a capture that editcap wrote as nanosecond pcap."""
    magic, *_, linktype = struct.unpack_from("<IHHiIII", data)
    assert magic == 0xA1B23C4D, hex(magic)
    packets, at = [], 24
    while at + 16 <= len(data):
        seconds, nanoseconds, size, _ = struct.unpack_from("<IIII", data, at)
        packets.append((seconds, nanoseconds, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return linktype, packets


def _block(kind, body):
    body += b"\0" * (-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def pcapng(packets, resolution):
    """A capture of (timestamp of 64 bits, octets), in units of 10^-resolution seconds."""
    parts = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    options = struct.pack("<HHB3xHH", 9, 1, resolution, 0, 0)
    parts.append(_block(1, struct.pack("<HHI", 1, 0, 262144) + options))
    for timestamp, octets in packets:
        fields = (0, timestamp >> 32, timestamp & 0xFFFFFFFF, len(octets), len(octets))
        parts.append(_block(6, struct.pack("<IIIII", *fields) + octets))
    return b"".join(parts)


def extreme_times():
    """A conversation at the edges of what a timestamp can say: one capture per unit."""
    edges = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
    syn = bytes(Ether() / IP(**ADDRESSES) / _tcp(flags="S", seq=999, ack=0))
    fin = bytes(Ether() / IP(**ADDRESSES) / _tcp(flags="FA"))
    answer = IP(src=ADDRESSES["dst"], dst=ADDRESSES["src"])
    synack = bytes(Ether() / answer / _tcp(sport=80, dport=40000, flags="SA", seq=1999, ack=1000))
    ack = bytes(Ether() / answer / _tcp(sport=80, dport=40000, seq=2000, ack=1001))
    story = [syn, synack, fin, ack]
    for resolution in (0, 3, 6, 9, 12):
        yield pcapng(
            [(edges[(i * 7) % len(edges)], story[i % len(story)]) for i in range(120)], resolution
        )


def many_syns(count):
    """So many attempts on one pair of addresses and ports, each with another number."""
    octets = bytearray(bytes(Ether() / IP(**ADDRESSES) / _tcp(flags="S", ack=0)))
    packets = []
    for i in range(count):
        struct.pack_into(">I", octets, 38, i * 2654435761 & 0xFFFFFFFF)
        packets.append((i // 1000, i % 1000 * 1000000, bytes(octets)))
    return pcap(packets)
