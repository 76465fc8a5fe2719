#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes from a capture its variants that only the capturing has damaged.

variants.py CAPTURE FOLDER    writes FOLDER/VARIANT.pcap for each of VARIANTS

The network did the same in each of them, so none may show anything that the capture itself does not.
"""

import contextlib
import dataclasses
import functools
import ipaddress
import pathlib
import random
import struct
import sys

from scapy.utils import PcapWriter, RawPcapReader

SECOND = 1_000_000_000
COPY = 5_000  # nanoseconds between the two copies of a packet
SHUFFLE = SECOND // 1000  # how late a packet can be captured
MERGE = SECOND // 100  # segments further apart than this are not merged
SNAPLEN = 60 - 14  # octets that are left behind an Ethernet header
RAW_IP = 101
LINKS = {1: 14, 12: 0, RAW_IP: 0, 113: 16, 228: 0, 229: 0, 276: 20}  # length of their headers
FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


@dataclasses.dataclass(frozen=True)
class Packet:
    """An IP packet: when it was captured (nanoseconds), its octets, and how many it had."""

    time: int
    octets: bytes
    wire: int

    @property
    def version(self):
        return self.octets[0] >> 4

    @property
    def network(self):
        """Length of the IP header."""
        return (self.octets[0] & 15) * 4 if self.version == 4 else 40

    @property
    def protocol(self):
        return self.octets[9] if self.version == 4 else self.octets[6]

    @property
    def quoted(self):
        """The packet that an ICMP error quotes, or None."""
        errors = {(4, 1): (3, 11, 12), (6, 58): (1, 2, 3, 4)}.get((self.version, self.protocol), ())
        if self.octets[self.network] not in errors:
            return None
        return Packet(self.time, self.octets[self.network + 8 :], 0)

    @property
    def addresses(self):
        first, length = (12, 4) if self.version == 4 else (8, 16)
        return self.octets[first : first + length], self.octets[first + length : first + 2 * length]

    @property
    def ends(self):
        """(address, port) of the source and of the destination; an ICMP error goes against the
        direction of the segment that it quotes."""
        if self.quoted:
            return self.quoted.ends[::-1]
        ports = struct.unpack_from("!HH", self.octets, self.network)
        return tuple(zip(self.addresses, ports))


@dataclasses.dataclass(frozen=True)
class Segment:
    """What merging needs to know of a TCP segment."""

    seq: int
    ack: int
    flags: int
    header: int  # octets up to the text
    text: bytes

    @staticmethod
    def of(packet):
        if packet.protocol != 6 or len(packet.octets) < packet.wire:
            return None
        octets, tcp = packet.octets, packet.network
        seq, ack, offset, flags = struct.unpack_from("!IIBB", octets, tcp + 4)
        header = tcp + (offset >> 4) * 4
        return Segment(seq, ack, flags, header, octets[header:])

    def merges_with(self, following):
        """Segmentation offload made both of one: text that goes on, the same acknowledgement."""
        return (
            (self.seq + len(self.text)) % (1 << 32) == following.seq
            and self.text
            and following.text
            and self.ack == following.ack
            and self.flags & ~PSH == ACK
            and following.flags & ~(PSH | FIN) == ACK
            and following.header + len(self.text) + len(following.text) < 0xFFFF
        )


# Reading and writing


def read(path):
    """The IP packets of a capture, in its order."""
    packets = []
    with contextlib.closing(RawPcapReader(str(path))) as reader:
        for octets, meta in reader:
            if hasattr(meta, "tshigh"):
                ticks, link = (meta.tshigh << 32) + meta.tslow, meta.linktype
                time = ticks * SECOND // meta.tsresol
            else:
                time = meta.sec * SECOND + meta.usec * (1 if reader.nano else 1000)
                link = reader.linktype
            skip = LINKS[link]
            packet = Packet(time, octets[skip:], meta.wirelen - skip)
            if packet.octets and packet.version in (4, 6):
                packets.append(packet)
    return packets


def write(path, packets):
    """Writes packets in the order given."""
    with PcapWriter(str(path), linktype=RAW_IP, nano=True) as writer:
        writer.write_header(None)
        for packet in packets:
            seconds, nanoseconds = divmod(packet.time, SECOND)
            writer.write_packet(packet.octets, sec=seconds, usec=nanoseconds, wirelen=packet.wire)
    path.chmod(0o644)


# The variants


def copied(packets):
    """Both copies of every packet, as on the interface `any`."""
    for packet in packets:
        yield packet
        yield dataclasses.replace(packet, time=packet.time + COPY)


def one_way(packets, keep):
    """One direction of each pair of ends; the first (True) is that of its first packet."""
    first = {}
    for packet in packets:
        source, destination = packet.ends
        if (first.setdefault(frozenset(packet.ends), source) == source) == keep:
            yield packet
        elif source == destination:  # a self-connection has one direction
            yield packet


def later(packets, parts, of):
    """Without so many parts of all at the beginning."""
    return packets[len(packets) * parts // of :]


def shuffled(packets, seed=9293):
    """Each packet up to a millisecond late, in the order in which they arrive."""
    dice = random.Random(seed)
    late = [dataclasses.replace(p, time=p.time + dice.randrange(SHUFFLE)) for p in packets]
    return sorted(late, key=lambda packet: packet.time)


def cut(packets):
    """Snaplen 60: the text and some options are gone."""
    for packet in packets:
        yield dataclasses.replace(packet, octets=packet.octets[:SNAPLEN])


def merged(packets):
    """Consecutive segments of one direction as one, as segmentation offload shows them; the length in
    every second IPv4 header is 0."""
    held, count = [], 0
    for packet in packets:
        joined = join(held[-1], packet) if held else None
        if joined:
            held[-1] = joined
        else:
            held.append(packet)
    whole = set(packets)
    for packet in held:
        if packet not in whole and packet.version == 4:
            count += 1
            if count % 2:
                octets = packet.octets[:2] + bytes(2) + packet.octets[4:]
                packet = dataclasses.replace(packet, octets=octets)
        yield packet


def join(packet, following):
    """One packet of two, or None if they do not belong together."""
    one, two = Segment.of(packet), Segment.of(following)
    apart = following.time - packet.time
    if not one or not two or packet.ends != following.ends or apart > MERGE:
        return None
    if not one.merges_with(two):
        return None
    octets = bytearray(following.octets[: two.header] + one.text + two.text)
    struct.pack_into("!I", octets, packet.network + 4, one.seq)
    if packet.version == 4:
        struct.pack_into("!H", octets, 2, len(octets))
        octets[4:6] = packet.octets[4:6]
    else:
        struct.pack_into("!H", octets, 4, len(octets) - packet.network)
    return Packet(following.time, bytes(octets), len(octets))


VARIANTS = {
    "copied": copied,
    "first-direction": lambda packets: one_way(packets, True),
    "second-direction": lambda packets: one_way(packets, False),
    "second-half": lambda packets: later(packets, 1, 2),
    "shuffled": shuffled,
    "cut": cut,
    "merged": merged,
    # The same in other amounts, and two at once.
    "later-third": lambda packets: later(packets, 1, 3),
    "last-third": lambda packets: later(packets, 2, 3),
    **{
        f"shuffled-{seed}": functools.partial(shuffled, seed=seed) for seed in range(1, 10)
    },
    "copied-shuffled": lambda packets: shuffled(copied(packets)),
    "first-direction-second-half": lambda packets: one_way(later(packets, 1, 2), True),
    "second-direction-second-half": lambda packets: one_way(later(packets, 1, 2), False),
    "first-direction-shuffled": lambda packets: shuffled(one_way(packets, True)),
    "second-direction-shuffled": lambda packets: shuffled(one_way(packets, False)),
    "second-half-shuffled": lambda packets: shuffled(later(packets, 1, 2)),
    "cut-copied": lambda packets: copied(cut(packets)),
    "merged-copied": lambda packets: copied(list(merged(packets))),
}


# Other addresses, so that one capture can hold many


def moved(packets, place, start):
    """The packets between addresses that no other place has, the first of them at a time."""
    addresses = {}
    for packet in packets:
        octets = bytearray(packet.octets)
        readdress(octets, packet, 0, addresses, place)
        if packet.quoted:
            readdress(octets, packet.quoted, packet.network + 8, addresses, place)
        time = packet.time - packets[0].time + start
        yield dataclasses.replace(packet, octets=bytes(octets), time=time)


def readdress(octets, packet, offset, addresses, place):
    """Replaces both addresses of the IP header at an offset."""
    where = offset + (12 if packet.version == 4 else 8)
    for address in packet.addresses:
        host = addresses.setdefault(address, len(addresses) + 1)
        new = ipaddress.ip_address(f"10.{place >> 8}.{place & 255}.{host}")
        if packet.version == 6:
            new = ipaddress.ip_address(f"2001:db8:{place:x}::{host:x}")
        octets[where : where + len(address)] = new.packed
        where += len(address)


def main():
    capture, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    packets = read(capture)
    for name, damage in VARIANTS.items():
        write(folder / f"{name}.pcap", damage(packets))


if __name__ == "__main__":
    main()
