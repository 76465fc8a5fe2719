# SPDX-License-Identifier: GPL-2.0-or-later
"""The captures that the properties are tried on: every scenario, and every pair of ends in captures/
or in a run of the lab. As the plugin does (plugin/extract.c), so are segments read here.

Left out: frames with a VLAN tag, IPv6 extension headers, packets in tunnels, fragments, cut packets.
"""

import dataclasses
import struct

import notation
import rows
import walking
from lab import pcapng

CAPTURES = notation.SOURCE.parent / "captures"
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
TCP, ICMP, ICMPV6 = 6, 1, 58
ETHERNET_HEADER = 14
ETHERTYPES = (b"\x08\x00", b"\x86\xdd")
ICMP_HEADER = 8


@dataclasses.dataclass(frozen=True)
class Story:
    """A capture: its segments in the order in which they were captured, and when it ended."""

    name: str
    source: str  # what the figures are counted by
    segments: tuple
    end: int
    other: object = None  # the same pair as captured at the other end

    def label(self, segment, place):
        """What names a segment, for a reader: its place from 1, direction, control bits."""
        bits = "".join(name for name, bit in notation.FLAGS.items() if segment.header[13] & bit)
        return f"{place + 1} {'<' if segment.side != self.segments[0].side else '>'} {bits or '-'}"


def of_all():
    return of_scenarios() + of_captures()


# Scenarios


def of_scenario(scenario):
    segments = tuple(filter(None, rows.segments_of(scenario)))
    ends = [step.time for step in scenario.steps if step.kind == "end"]
    return Story(scenario.name, "scenarios", segments, max([s.time for s in segments] + ends))


def of_scenarios():
    return [of_scenario(scenario) for scenario in notation.read_all()]


# Captures


def of_captures():
    """The pairs of each capture of real sockets."""
    found = {}
    for path in sorted(CAPTURES.glob("*.pcapng")):
        linktype, packets = pcapng.read(path)
        pairs = pairs_of(packets, linktype)
        for number, (ends, segments) in enumerate(pairs.items(), 1):
            name = f"{path.stem}/{number}" if len(pairs) > 1 else path.stem
            found[path.stem, ends] = of_segments(name, "captures", segments)
    return [_with_other(found, *key) for key in found]


def _with_other(found, name, ends):
    """A story with that of the other end, if both were captured."""
    other = name.removesuffix("-at-a") + "-at-b" if name.endswith("-at-a") else None
    return dataclasses.replace(found[name, ends], other=found.get((other, ends)))


def of_segments(name, source, segments):
    return Story(name, source, tuple(segments), max(segment.time for segment in segments))


def pairs_of(packets, linktype):
    """The segments in (time, octets) pairs, by their two ends."""
    pairs = {}
    for ends, segment in captured(packets, linktype):
        pairs.setdefault(ends, []).append(segment)
    return pairs


def captured(packets, linktype):
    """The segments in (time, octets) pairs, each with the two ends of its pair."""
    for time, data in packets:
        link = 0
        if linktype == pcapng.LINKTYPE_ETHERNET:
            if data[12:14] not in ETHERTYPES:
                continue
            data, link = data[ETHERNET_HEADER:], digest_of(data[6:12])
        found = _segment(time, data, link)
        if found:
            yield found


def digest_of(address):
    """The digest of a link-layer address (FNV-1a), as far as the core is told of it."""
    digest = 2166136261
    for octet in address:
        digest = (digest ^ octet) * 16777619 & 0xFFFFFFFF
    return digest & 0xFFFF


def _segment(time, data, link):
    network = _network(data)
    if not network:
        return None
    protocol, addresses, context, text = network
    if protocol == TCP:
        return _read_tcp(time, "segment", addresses, text, {"link": link, **context})
    if (protocol, data[0] >> 4) not in ((ICMP, 4), (ICMPV6, 6)) or not _refuses(protocol, text):
        return None
    quoted = _network(text[ICMP_HEADER:])
    if not quoted or quoted[0] != TCP:
        return None
    return _read_tcp(time, "icmp", quoted[1], quoted[3], {"link": link, **quoted[2]})


def _network(data):
    """Of an IP packet: its protocol, the two addresses, its id and time to live, and what it holds."""
    if data[0] >> 4 == 4:
        header, (total, ip_id) = (data[0] & 15) * 4, struct.unpack_from("!HH", data, 2)
        if struct.unpack_from("!H", data, 6)[0] & 0x1FFF:
            return None
        context = {"ip_id": ip_id, "ttl": data[8]}
        return data[9], (data[12:16], data[16:20]), context, data[header : total or len(data)]
    if data[0] >> 4 == 6:
        end = 40 + struct.unpack_from("!H", data, 4)[0]
        return data[6], (data[8:24], data[24:40]), {"ttl": data[7]}, data[40:end]
    return None


def _refuses(protocol, message):
    """Whether an ICMP error ends an attempt to connect."""
    kind, code = message[:2]
    if protocol == ICMP:
        return (kind == 3 and code != 4) or (kind, code) == (11, 0)
    return kind == 1 or (kind, code) in ((3, 0), (4, 1))


def _read_tcp(time, kind, addresses, data, context):
    if len(data) < 20 or len(data) < (size := (data[12] >> 4) * 4):
        return None
    source, destination = zip(addresses, struct.unpack_from("!HH", data))
    length = len(data) - size if kind == "segment" else 0
    return frozenset((source, destination)), walking.Segment(
        time,
        int(source > destination),
        bytes(data[:size]),
        length,
        kind,
        self_connection=source == destination,
        **context,
    )
