# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies around a TCP header: tunnels, VLANs, fragments, ICMP, cut packets, offload."""

import dataclasses

import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw
from scapy.utils import PcapWriter

import rows

A, B = "10.9.0.1", "10.9.0.2"
OUTER_A, OUTER_B = "192.0.2.1", "192.0.2.2"


@dataclasses.dataclass
class Half:
    """One direction of a conversation."""

    src: str
    dst: str
    sport: int
    dport: int

    def ip(self, flags, seq, ack=0, text=b"", network=IP):
        segment = TCP(
            sport=self.sport, dport=self.dport, flags=flags, seq=seq, ack=ack, window=65535
        )
        packet = network(src=self.src, dst=self.dst) / segment
        return packet / Raw(text) if text else packet


def handshake(a=A, b=B, port=40000, network=IP):
    """Three IP packets, with the client's and the server's numbers 1000 and 2000."""
    client, server = Half(a, b, port, 80), Half(b, a, 80, port)
    return [
        client.ip("S", 1000, network=network),
        server.ip("SA", 2000, 1001, network=network),
        client.ip("A", 1001, 2001, network=network),
    ]


HANDSHAKE = [("SYN_SENT", "LISTEN"), ("SYN_SENT", "SYN_RECEIVED"), ("ESTABLISHED", "ESTABLISHED")]


@pytest.fixture
def show(shark):
    """Writes frames to a capture and reads each one's segments.

    cut says how many octets of a frame are kept; the file gives each frame's original length if it
    is honest, else what was kept of it.
    """

    def shown(frames, *options, cut=None, linktype=1, honest=True):
        path = shark.home / "layers.pcap"
        with PcapWriter(str(path), linktype=linktype, nano=True) as writer:
            writer.write_header(None)
            for number, packet in enumerate(frames):
                octets = bytes(packet)
                kept = octets[: cut(number, octets)] if cut else octets
                writer.write_packet(
                    kept,
                    sec=1_700_000_000 + number,
                    usec=0,
                    caplen=len(kept),
                    wirelen=len(octets if honest else kept),
                )
        path.chmod(0o644)
        fields = ["tcpstate.connection", "tcpstate.sender", "tcpstate.client.phase"]
        fields += ["tcpstate.server.phase", "tcpstate.event"]
        arguments = ["-T", "fields", "-E", "occurrence=a"]
        for field in fields:
            arguments += ["-e", field]
        lines = shark.run("-r", path, *options, *arguments).stdout.splitlines()
        frames = [[rows.split(column) for column in line.split("\t")] for line in lines]
        again = shark.run("-r", path, *options, "-2", *arguments).stdout.splitlines()
        again = [[rows.split(column) for column in line.split("\t")] for line in again]
        assert [frame[:4] for frame in again] == [frame[:4] for frame in frames]
        return frames

    return shown


def phases(frame):
    return list(zip(frame[2], frame[3]))


def connections(frame):
    return [int(index) for index in frame[0]]


def ethernet(packets):
    return [Ether() / packet for packet in packets]


def outer(packet, index):
    """The outer IP header of a tunnel between the same two hosts, in this packet's direction."""
    forth = index != 1
    return IP(src=OUTER_A if forth else OUTER_B, dst=OUTER_B if forth else OUTER_A)


TUNNELS = {
    "ip-in-ip": lambda packet, index: outer(packet, index) / packet,
    "gre": lambda packet, index: outer(packet, index) / GRE() / packet,
    "vxlan": lambda packet, index: outer(packet, index)
    / UDP(sport=5000, dport=4789)
    / VXLAN(vni=7)
    / Ether()
    / packet,
}


@pytest.mark.parametrize("tunnel", TUNNELS)
def test_tunnel(show, tunnel):
    """The segment inside a tunnel is a segment with the inner addresses."""
    frames = show(ethernet(TUNNELS[tunnel](p, i) for i, p in enumerate(handshake())))
    assert [phases(frame) for frame in frames] == [[state] for state in HANDSHAKE]
    assert [connections(frame) for frame in frames] == [[0]] * 3


def test_vlans_are_apart(show):
    """The same 4-tuple on two VLANs is two connections, unless the preference says otherwise."""
    packets = handshake()
    tagged = [Ether() / Dot1Q(vlan=vlan) / p for p in packets for vlan in (10, 20)]
    assert [connections(frame)[0] for frame in show(tagged)] == [0, 1] * 3
    together = show(tagged[::2], "-o", "tcpstate.vlans_apart:FALSE")
    assert [phases(frame)[0] for frame in together] == HANDSHAKE


def test_vlans_of_one_router(show):
    """With the preference off, a handshake whose directions are on two VLANs is one connection."""
    packets = handshake()
    tagged = [Ether() / Dot1Q(vlan=20 if i == 1 else 10) / p for i, p in enumerate(packets)]
    frames = show(tagged, "-o", "tcpstate.vlans_apart:FALSE")
    assert [phases(frame)[0] for frame in frames] == HANDSHAKE
    assert [connections(frame)[0] for frame in frames] == [0] * 3


@pytest.mark.parametrize("tags", [(10, 0, 10), (0, 10, 0), (10, 0, 0)])
def test_vlan_of_some_frames(show, tags):
    """Frames without a tag belong to their addresses' and ports' first VLAN: one direction's tags are
    lost where a network card takes them off."""
    frames = [
        Ether() / Dot1Q(vlan=tag) / p if tag else Ether() / p for tag, p in zip(tags, handshake())
    ]
    shown = show(frames)
    assert [phases(frame)[0] for frame in shown] == HANDSHAKE
    assert [connections(frame)[0] for frame in shown] == [0] * 3


def test_untagged_frames_between_vlans(show):
    """The first VLAN alone has the frames without a tag, whether they or it came first."""
    first, second, third = handshake()
    frames = [Ether() / first, Ether() / Dot1Q(vlan=10) / second, Ether() / Dot1Q(vlan=20) / first]
    frames += [Ether() / third, Ether() / Dot1Q(vlan=20) / second, Ether() / Dot1Q(vlan=10) / third]
    assert [connections(frame)[0] for frame in show(frames)] == [0, 0, 1, 0, 1, 0]


def test_stacked_vlans(show):
    """Two tags (802.1ad) are as good as one."""
    tagged = [Ether() / Dot1Q(vlan=100) / Dot1Q(vlan=10) / p for p in handshake()]
    assert [phases(frame)[0] for frame in show(tagged)] == HANDSHAKE


def test_mpls(show):
    """A label in front of the IP header changes nothing."""
    labelled = [Ether(type=0x8847) / MPLS(label=16, s=1) / p for p in handshake()]
    assert [phases(frame)[0] for frame in show(labelled)] == HANDSHAKE


def test_ipv6(show):
    """IPv6 addresses make a connection of their own."""
    packets = handshake("2001:db8::1", "2001:db8::2", network=IPv6)
    assert [phases(frame)[0] for frame in show(ethernet(packets))] == HANDSHAKE


def test_raw_ip(show):
    """A capture of a tunnel device has no link layer."""
    assert [phases(frame)[0] for frame in show(handshake(), linktype=101)] == HANDSHAKE


def test_ip_fragments(show):
    """A fragmented segment is judged once, where Wireshark puts it together."""
    client = Half(A, B, 40000, 80)
    big = client.ip("PA", 1001, 2001, b"x" * 3000)
    pieces = fragment(big, fragsize=1400)
    after = Half(B, A, 80, 40000).ip("A", 2001, 4001)
    frames = show(ethernet([*handshake(), *pieces, after]))
    shown = [frame for frame in frames[3:-1] if frame[0]]
    assert len(shown) == 1
    assert phases(frames[-1]) == [("ESTABLISHED", "ESTABLISHED")]
    assert "ack_of_unseen" not in frames[-1][4]


def test_ip_fragments_not_reassembled(show):
    """Without reassembly the first fragment still shows its header; nothing else is a segment."""
    client = Half(A, B, 40000, 80)
    pieces = fragment(client.ip("PA", 1001, 2001, b"x" * 3000), fragsize=1400)
    frames = show(ethernet([*handshake(), *pieces]), "-o", "ip.defragment:FALSE")
    assert all(len(frame[0]) <= 1 for frame in frames)
    assert not any(frame[0] for frame in frames[4:])


def test_syn_whose_options_were_taken_out(show):
    """A sanitized capture: the IP header still counts the SYN's options, of which the frame holds none.
    They are no text."""
    syn = Half(A, B, 40000, 80).ip("S", 1000, text=b"x" * 12)
    frames = show(ethernet([syn]), cut=lambda number, octets: 14 + 20 + 20, honest=False)
    assert "data_before_established" not in frames[0][4]


@pytest.mark.parametrize("kept", [14 + 20 + 20, 14 + 20 + 12, 14 + 20 + 4, 14 + 10])
def test_cut_packets(show, kept):
    """A snaplen that cuts text or header: what is there is judged, and nothing crashes."""
    client = Half(A, B, 40000, 80)
    packets = [*handshake(), client.ip("PA", 1001, 2001, b"x" * 500)]
    packets += [Half(B, A, 80, 40000).ip("A", 2001, 1501)]
    frames = show(ethernet(packets), cut=lambda number, octets: kept)
    if kept < 14 + 20 + 20:
        assert not any(frame[0] for frame in frames)
        return
    assert [phases(frame)[0] for frame in frames[:3]] == HANDSHAKE
    assert frames[4][4] == ()  # the length of the cut text is known from its IP header


@pytest.mark.parametrize("network", [IP, IPv6])
def test_cut_packets_of_unknown_length(show, network):
    """A file that gives the cut length as the original one: the IP header tells the true length, and
    with it where the FIN is, so that its acknowledgement is one."""
    a, b = (A, B) if network is IP else ("2001:db8::1", "2001:db8::2")
    client, server = Half(a, b, 40000, 80), Half(b, a, 80, 40000)
    packets = [
        *handshake(a, b, network=network),
        client.ip("PAF", 1001, 2001, b"x" * 500, network),
        server.ip("AF", 2001, 1502, network=network),
        client.ip("A", 1502, 2002, network=network),
    ]
    frames = show(ethernet(packets), cut=lambda number, octets: 100, honest=False)
    assert [phases(frame)[0] for frame in frames[3:]] == [
        ("FIN_WAIT_1", "ESTABLISHED"),
        ("FIN_WAIT_1", "LAST_ACK"),
        ("TIME_WAIT", "CLOSED"),
    ]
    assert not any("ack_beyond_fin" in frame[4] for frame in frames)


def test_offload(show):
    """Segmentation offload: a segment longer than the MSS, and one whose IP length is 0."""
    client, server = Half(A, B, 40000, 80), Half(B, A, 80, 40000)
    long = client.ip("PA", 1001, 2001, b"x" * 40000)
    zero = server.ip("PA", 2001, 41001, b"y" * 30000)
    zero.len = 0
    last = client.ip("A", 41001, 32001)
    frames = show(
        ethernet([*handshake(), long, zero, last]), "-o", "ip.tso_support:TRUE"
    )
    assert [phases(frame) for frame in frames[3:]] == [[("ESTABLISHED", "ESTABLISHED")]] * 3
    assert not any("ack_of_unseen" in frame[4] for frame in frames)


def test_ethernet_padding(show):
    """Padding to the shortest Ethernet frame is no text."""
    padded = [bytes(frame).ljust(60, b"\0") for frame in ethernet(handshake())]
    frames = show(padded)
    assert [phases(frame)[0] for frame in frames] == HANDSHAKE
    assert not any({"data_before_established"} & set(frame[4]) for frame in frames)


def test_icmp_quotes_are_no_segments(show):
    """A header quoted by an ICMP error is no segment: on an open connection it shows nothing."""
    packets = handshake()
    quote = IP(src="10.9.0.254", dst=A) / ICMP(type=3, code=1) / Raw(bytes(packets[2]))
    frames = show(ethernet([*packets, quote]))
    assert frames[3][0] == ()


def test_icmp_refusal_by_a_router(show):
    """A router between the two refuses; only the first 8 octets of the header are quoted."""
    syn = handshake()[0]
    quote = IP(src="10.9.0.254", dst=A) / ICMP(type=3, code=13) / Raw(bytes(syn)[:28])
    frames = show(ethernet([syn, quote]))
    assert phases(frames[1])[:1] == [("CLOSED", "LISTEN")]
    assert "refused_by_icmp" in frames[1][4]


@pytest.mark.parametrize("decoding", ["data", "dns", "tls"])
def test_decode_as(show, decoding):
    """What the user has a port decoded as changes nothing in its segments."""
    packets = ethernet([*handshake(), Half(A, B, 40000, 80).ip("PA", 1001, 2001, b"GET / HTTP")])
    frames = show(packets, "-d", f"tcp.port==80,{decoding}")
    assert [phases(frame)[0] for frame in frames] == [*HANDSHAKE, HANDSHAKE[-1]]
    assert frames == show(packets)


@pytest.mark.parametrize("network", [IP, IPv6])
def test_malformed_text(show, network):
    """An exception in the dissector of a segment's text loses neither it nor those after it."""
    a, b = (A, B) if network is IP else ("2001:db8::1", "2001:db8::2")
    client, server = Half(a, b, 40000, 80), Half(b, a, 80, 40000)
    text = b"\0\x0c" + b"\0\1\0\0\0\5\0\0\0\0\0\0"  # DNS: five questions announced, none there
    packets = ethernet(
        [
            *handshake(a, b, network=network),
            client.ip("PAF", 1001, 2001, text, network),
            server.ip("A", 2001, 1002 + len(text), network=network),
        ]
    )
    decoded = ("-d", "tcp.port==80,dns")
    malformed = show(packets, *decoded, "-Y", "_ws.malformed")
    assert [phases(frame) for frame in malformed] == [[("FIN_WAIT_1", "ESTABLISHED")]]
    assert show(packets, *decoded) == show(packets, "-d", "tcp.port==80,data")
    assert phases(show(packets, *decoded)[-1]) == [("FIN_WAIT_2", "CLOSE_WAIT")]


def test_tcp_disabled(show):
    """Where the user disabled TCP there are no segments; the frames are shown without rows."""
    frames = show(ethernet(handshake()), "--disable-protocol", "tcp")
    assert [frame[0] for frame in frames] == [()] * 3


def test_two_pairs_interleaved(show):
    """Connections do not mix: other ports, other addresses, the same numbers."""
    one, two, three = handshake(), handshake(port=40001), handshake(b="10.9.0.3")
    mixed = [packet for trio in zip(one, two, three) for packet in trio]
    frames = show(ethernet(mixed))
    assert [connections(frame)[0] for frame in frames] == [0, 1, 2] * 3
    assert [phases(frame)[0] for frame in frames] == [s for s in HANDSHAKE for _ in range(3)]
