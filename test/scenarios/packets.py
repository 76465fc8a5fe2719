# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the packets of a scenario, to be written into a capture."""

import dataclasses

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6DestUnreach, IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw

import notation


@dataclasses.dataclass
class Addresses:
    """The two ends of a scenario's pair; the same on both sides of a self-connection."""

    client: str
    server: str

    @staticmethod
    def of(scenario, index):
        """Addresses that no other scenario of the run has."""
        pattern = "2001:db8:{:x}::{}" if scenario.ipv6 else "10.{}.{}.{}"
        where = (index,) if scenario.ipv6 else (index // 250, index % 250)
        client, server = (pattern.format(*where, host) for host in (1, 2))
        return Addresses(client, client if scenario.self_connection else server)


def ip_packet(step, scenario, addresses):
    """The IP packet that holds a step's TCP segment."""
    ends = [addresses.client, addresses.server]
    if step.direction == "<":
        ends.reverse()
    peer = notation.peer_of(step, scenario)
    acknowledges = step.flags & notation.FLAGS["."]
    ports = notation.ports(step, scenario)
    segment = TCP(
        sport=ports[0],
        dport=ports[1],
        flags=step.flags,
        seq=step.number(step.seq, step.direction, notation.ISN),
        ack=step.number(step.ack, peer, notation.ISN) if acknowledges else 0,
        window=step.window,
        options=list(notation.numbered_options(step, scenario)),
    )
    if scenario.ipv6:
        packet = IPv6(src=ends[0], dst=ends[1], hlim=step.ttl)
    else:
        packet = IP(src=ends[0], dst=ends[1], ttl=step.ttl, id=step.ip_id)
    text = bytes((step.seq + i) % 251 for i in range(step.len))
    return packet / segment / Raw(text) if text else packet / segment


def tcp_header(packet):
    """The octets of a packet's TCP header."""
    network = type(packet)
    octets = bytes(network(bytes(packet))[TCP])
    return octets[: (octets[12] >> 4) * 4]


def icmp_error(step, scenario, quoted):
    """An ICMP error that quotes a packet, sent by the destination of that packet."""
    (kind, code), (kind6, code6), _ = notation.UNREACHABLE[step.icmp]
    if scenario.ipv6:
        error = ICMPv6DestUnreach(type=kind6, code=code6)
        return IPv6(src=quoted.dst, dst=quoted.src) / error / Raw(bytes(quoted))
    return IP(src=quoted.dst, dst=quoted.src) / ICMP(type=kind, code=code) / Raw(bytes(quoted))


def frame(step, scenario, addresses):
    """The Ethernet frame of a step."""
    packet = ip_packet(step, scenario, addresses)
    sender = step.direction
    if step.kind == "icmp":
        packet = icmp_error(step, scenario, packet)
        sender = "<" if sender == ">" else ">"
    macs = ["02:00:00:00:00:01", "02:00:00:00:00:02"]
    if sender == "<":
        macs.reverse()
    link = Ether(src=macs[0], dst=macs[1])
    return link / Dot1Q(vlan=step.vlan) / packet if step.vlan else link / packet
