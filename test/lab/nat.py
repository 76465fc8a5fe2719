# SPDX-License-Identifier: GPL-2.0-or-later
"""The two hosts with a router between them that translates A's address: what it sees is each
connection twice, on its way to the router and behind it."""

import os

from .link import Link, read_packets, received, write_packet
from .segment import parse
from .space import Space

INSIDE, OUTSIDE = "192.168.0", "10.0.0"  # networks of A and of B
MASQUERADE = ("add table ip nat; add chain ip nat out { type nat hook postrouting priority 100; };"
              " add rule ip nat out oifname tunOut masquerade")


class Nat(Link):
    """Host A - forwarder - router - host B, all of IPv4. The view "router" is of both its sides."""

    def __init__(self):
        super().__init__((f"{INSIDE}.1",), (f"{OUTSIDE}.2",))
        self.hosts["A"].space.ip("route", "add", "default", "dev", "tunA")
        self.router = Space("router")
        self.router.sysctl("ipv4.ip_forward", 1)
        self.ways = {}  # to each host: the router's device on its side
        for host, device, network in (("A", "tunIn", INSIDE), ("B", "tunOut", OUTSIDE)):
            self.ways[host] = self.router.tun(device)
            self.router.ip("addr", "add", f"{network}.254/24", "dev", device)
        self.router.run("nft", MASQUERADE)
        self.sniffer = self.router.sniffer()
        self.views["router"] = []

    def descriptors(self):
        return super().descriptors() + list(self.ways.values())

    def forward(self):
        news = super().forward()
        for name, way in self.ways.items():
            for packet in read_packets(way):
                write_packet(self.hosts[name].tun, packet)
        self.views["router"] += [(time_ns, data) for time_ns, data, _kind in received(self.sniffer)
                                 if parse(data)]
        return news

    def _arrive(self, host, packet):
        write_packet(self.ways[host.peer.name], packet)

    def close(self):
        super().close()
        self.sniffer.close()
        for way in self.ways.values():
            os.close(way)
        self.router.close()
