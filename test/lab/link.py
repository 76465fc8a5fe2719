# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts joined by a forwarder of our own over two TUN devices, and what passes at each point.

Host A and host B each live in a namespace. Three captures are taken: at A and at B by packet
sockets, as tcpdump there would, and in the middle, before the forwarder bends anything.
"""

import heapq
import itertools
import os
import socket
import struct
import time

from .forge import end_of, forged
from .rules import Rules, Verdict
from .segment import RST, SYN, abort_of, answer_of, is_icmp_error, parse
from .space import SO_TIMESTAMPNS, Space

PACKET_OUTGOING = 4
SETTINGS = {  # what makes runs short and independent of each other
    "ipv4.tcp_no_metrics_save": 1,
    "ipv4.tcp_fastopen": 3,
    "ipv4.tcp_fastopen_blackhole_timeout_sec": 0,
    "ipv6.conf.all.router_solicitations": 0,
}


class Host:
    """One end: its name, namespace, addresses, device and the packets seen there."""

    def __init__(self, name, addresses):
        self.name, self.addresses = name, addresses
        self.space = Space(name)
        self.packets = []
        self.peer = None

    def join(self, device):
        """Put the host on the link, by a TUN device."""
        self.space.sysctl("ipv6.conf.default.accept_dad", 0)
        self.tun = self.space.tun(device)
        for address, prefix in zip(self.addresses, ("24", "64")):
            self.space.ip("addr", "add", f"{address}/{prefix}", "dev", device,
                          *(["nodad"] if ":" in address else []))
        self.sniffer = self.space.sniffer(device)

    def read_sniffer(self):
        """The packets captured at the host since the last call: (nanoseconds, octets)."""
        for time_ns, data, _kind in received(self.sniffer):
            if parse(data) or is_icmp_error(data):
                self.packets.append((time_ns, data))
                yield time_ns, data

    def close(self):
        self.sniffer.close()
        os.close(self.tun)
        self.space.close()


def received(sniffer):
    """What a packet socket holds: (nanoseconds, octets, packet type)."""
    while True:
        try:
            data, control, _flags, address = sniffer.recvmsg(65536 + 64, 128)
        except BlockingIOError:
            return
        stamp = [value for level, kind, value in control
                 if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS)]
        seconds, nanoseconds = struct.unpack("qq", stamp[0])
        yield seconds * 10**9 + nanoseconds, data, address[2]


class Loopback:
    """A host alone, whose connections stay on its loopback interface."""

    ETHERNET = 14

    def __init__(self, addresses=("127.0.0.1", "::1")):
        self.host = Host("A", addresses)
        for name, value in SETTINGS.items():
            self.host.space.sysctl(name, value)
        for address in addresses:
            if address not in ("127.0.0.1", "::1"):
                self.host.space.ip("addr", "add", address, "dev", "lo")
        self.hosts = {"A": self.host, "B": self.host}
        self.sniffer = self.host.space.sniffer("lo")
        self.views = {"lo": []}
        self.held = []

    def descriptors(self):
        return [self.sniffer]

    def forward(self):
        """Take in what was captured; returns the segments: (view, nanoseconds, segment)."""
        news = []
        for time_ns, data, kind in received(self.sniffer):
            packet = data[self.ETHERNET:]
            segment = parse(packet)
            if kind != PACKET_OUTGOING and (segment or is_icmp_error(packet)):
                self.views["lo"].append((time_ns, data))
                if segment:
                    news.append(("lo", time_ns, segment))
        return news

    def timeout(self):
        return None

    def set_rules(self, _lines, _scope=None):
        raise ValueError("nothing bends the loopback interface")

    def close(self):
        self.sniffer.close()
        self.host.space.close()


class Link:
    """The two hosts and the forwarder between them."""

    def __init__(self, a=("10.0.0.1", "2001:db8::1"), b=("10.0.0.2", "2001:db8::2")):
        first, second = Host("A", a), Host("B", b)
        self.hosts = {"A": first, "B": second}
        for host in (first, second):
            for name, value in SETTINGS.items():
                host.space.sysctl(name, value)
            host.join("tun" + host.name)
        first.peer, second.peer = second, first
        self.middle = []
        self.views = {"A": first.packets, "middle": self.middle, "B": second.packets}
        self.weather, self.scoped = Rules(), {}  # what bends all, and what bends one port's
        self.queue, self.order = [], itertools.count()  # deliveries to come
        self.held = []
        self.swapped = {}  # by connection and direction: the segment to be overtaken
        self.furthest = {}  # by connection and direction: the packet that ends at the highest number

    def set_rules(self, lines, scope=None):
        """Bend the network by rules: for all, or for the segments from or to a port."""
        self.set_weather(Rules(lines), scope)

    def set_weather(self, weather, scope=None):
        if scope is None:
            self.weather = weather
        else:
            self.scoped[scope] = weather

    def forge(self, sender, flags, changes, scope=None):
        """Deliver to a host's peer, in its name, a segment that comes next on its last connection."""
        own = self.hosts[sender].addresses
        flow = [flow for flow in self.furthest
                if flow[0][0] in own and scope in (None, flow[0][1], flow[1][1])][-1]
        self._deliver(self.hosts[sender].peer, forged(self.furthest[flow], flags, changes), 0)

    def descriptors(self):
        return [host.tun for host in self.hosts.values()]

    def timeout(self):
        """Seconds until the next delivery, or None."""
        return max(0.0, self.queue[0][0] - time.monotonic()) if self.queue else None

    def forward(self):
        """Take in and pass on what is due; returns what was captured: (view, time, segment)."""
        for host in self.hosts.values():
            self._read(host)
        now = time.monotonic()
        while self.queue and self.queue[0][0] <= now:
            _due, _order, host, packet = heapq.heappop(self.queue)
            if packet is not None:
                self._arrive(host, packet)
        return [(host.name, time_ns, segment) for host in self.hosts.values()
                for time_ns, data in host.read_sniffer() if (segment := parse(data))]

    def release(self, scope=None):
        """Deliver all that was held, in the order it was sent."""
        held, self.held = self.held, []
        for segment, host, packet in held:
            if scope in (None, segment.src[1], segment.dst[1]):
                self._deliver(host, packet, 0)
            else:
                self.held.append((segment, host, packet))

    def _arrive(self, host, packet):
        write_packet(host.tun, packet)

    def _read(self, host):
        for packet in read_packets(host.tun):
            segment = parse(packet)
            if segment or is_icmp_error(packet):
                self.middle.append((time.time_ns(), packet))
                self._remember(segment, packet)
                self._bend(host, packet, segment)

    def _remember(self, segment, packet):
        if not segment or segment.flags & RST:
            return
        flow = segment.src, segment.dst
        known = self.furthest.get(flow)
        if segment.flags & SYN:
            self.furthest.pop(flow, None)  # a new connection: the last of all
        elif known and (end_of(segment) - end_of(parse(known))) % 2**32 >= 2**31:
            return
        self.furthest[flow] = packet

    def _bend(self, host, packet, segment):
        verdict = self._weather_of(segment).judge(host.name, segment) if segment else Verdict()
        flow = segment and (segment.src, segment.dst)
        overtaken = self.swapped.pop(flow, None)
        if verdict.fate == "hold":
            self.held.append((segment, host.peer, packet))
        elif verdict.fate == "reset":
            self._deliver(host, answer_of(segment), 0)
            self._deliver(host.peer, abort_of(segment), 0)
        elif verdict.fate == "swap":
            self.swapped[flow] = self._deliver(host.peer, packet, verdict.delays[0])
        else:
            for delay in verdict.delays:
                self._deliver(host.peer, packet, delay)
        if overtaken and overtaken[3] is not None:
            self._deliver(host.peer, overtaken[3], 0)
            overtaken[3] = None

    def _weather_of(self, segment):
        return self.scoped.get(segment.src[1]) or self.scoped.get(segment.dst[1]) or self.weather

    def _deliver(self, host, packet, delay):
        entry = [time.monotonic() + delay, next(self.order), host, packet]
        heapq.heappush(self.queue, entry)
        return entry

    def close(self):
        for host in self.hosts.values():
            host.close()


def read_packets(tun):
    """What has been sent to a TUN device."""
    while True:
        try:
            yield os.read(tun, 65536)
        except BlockingIOError:
            return


def write_packet(tun, packet):
    try:
        os.write(tun, packet)
    except BlockingIOError:
        pass  # a full queue drops, as queues do
