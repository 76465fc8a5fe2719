# SPDX-License-Identifier: GPL-2.0-or-later
"""Segments that neither end has sent, as an attacker or a middlebox puts them on the link."""

from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from .segment import FIN, SYN, parse

MODULUS = 1 << 32


def end_of(segment):
    """The number behind all that a segment holds (RFC 9293 section 3.4)."""
    return (segment.seq + segment.len + bool(segment.flags & SYN) + bool(segment.flags & FIN)) % MODULUS


def forged(packet, flags, changes):
    """A packet like the one given, at the number that comes next, with control bits as "FIN,ACK".

    changes: "seq", "ack", "ts" (the timestamp) and "checksum" are added to what is right, "data" is
    a number of octets, "ttl" replaces the sender's.
    """
    made = (IP if packet[0] >> 4 == 4 else IPv6)(packet)
    tcp, old = made[TCP], parse(packet)
    tcp.flags = "".join(name[0] for name in flags.split(","))
    tcp.seq = (end_of(old) + changes.get("seq", 0)) % MODULUS
    tcp.ack = (old.ack + changes.get("ack", 0)) % MODULUS if "ACK" in flags else 0
    tcp.options = [_aged(*option, changes.get("ts", 0)) for option in tcp.options]
    tcp.remove_payload()
    tcp.add_payload(b"x" * changes.get("data", 0))
    if "ttl" in changes:
        setattr(made, "ttl" if IP in made else "hlim", changes["ttl"])
    for layer, name in ((made, "len"), (made, "plen"), (made, "chksum"), (tcp, "chksum"),
                        (tcp, "dataofs")):
        if name in layer.fields:
            delattr(layer, name)
    made = type(made)(bytes(made))
    if "checksum" in changes:
        made[TCP].chksum = (made[TCP].chksum + changes["checksum"]) % (1 << 16)
    return bytes(made)


def _aged(name, value, by):
    return (name, ((value[0] + by) % MODULUS, value[1])) if name == "Timestamp" else (name, value)
