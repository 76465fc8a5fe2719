# SPDX-License-Identifier: GPL-2.0-or-later
"""The command's rows are those of tshark with the plugin, value for value."""

import concurrent.futures
import json
import random
import shutil
import struct
import subprocess

import conftest
import corpus
import hostile
import pytest
import test_layers
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import GRE, IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.layers.l2 import LLC, SNAP, CookedLinux, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw
from scapy.utils import PcapWriter

CAPTURES = sorted((conftest.ROOT / "captures").glob("*.pcapng"))
JOBS = 2

# Captures of the corpus with connections that only Wireshark finds, or finds more of: why.
FRAGMENTS = "fragments of IP packets"
LINK = "of a link layer that it does not know"
TUNNEL = "of a tunnel that it does not know, or encrypted"
APART = {
    "examples/showcase/pcap_flow_lab_showcase.pcap": FRAGMENTS,
    "test/traces/5_packets.erf": LINK,
    "test/traces/5_packets.erf.gz": LINK,
    "check/pcap/23.ip_frag_overlapping.pcap": FRAGMENTS,
    "tests/pcap/80211http.pcap": LINK,
    "tests/pcap/gre-erspan-vxlan.pcap": TUNNEL,
    "input/chdlc.erf.gz": LINK,
    "Test/CaptureFiles/gre_custom_protocol.pcap": TUNNEL,
    "pcaps/bgp as confed sequence.pcapng.cap": LINK,
    "pcaps/no-advertise community.pcapng.cap": LINK,
    "tests/cfgs/default/pcap/capwap_data.pcapng": TUNNEL,
    "tests/codecs/teredo/teredo.pcap": TUNNEL,
    "tests/filter/AH-IPcomp-IPv6.pcap": TUNNEL,
    "testing/btest/Traces/dns-inverse-query.pcap": LINK,
    "testing/btest/Traces/llc.pcap": LINK,
    "testing/btest/Traces/tunnels/ayiya3.pcap": TUNNEL,
    "testing/btest/Traces/tunnels/gtp/gtp1_gn_normal_incl_fragmentation.pcap": FRAGMENTS,
    "testing/btest/Traces/vntag_vlan_sandwich_clean.pcap": TUNNEL,
}


def shown_by_tshark(shark, path, *options):
    """The lines of its log, and its table's rows as lists of cells."""
    done = shark.run(
        "-q", "-z", "tcpstate,log", "-z", "tcpstate,connections", *options, "-r", path, check=False
    )
    lines = done.stdout.splitlines()
    log = [line for line in lines if line.startswith('{"connection"')]
    table = [line for line in lines if line.partition("|")[0].strip().isdigit()]
    return log, cells_of(table)


def cells_of(lines):
    """All but the last, the alerts, which tshark's table has as of the connection's last segment; and
    tshark has a rule behind that one too."""
    return [[cell.strip() for cell in line.rstrip("| ").split("|")][:-1] for line in lines]


def same(shark, command, path, *, options=(), verify=()):
    """How many rows tshark has of a capture, and what differs between the two, None if nothing."""
    readable = shark.readable(path)
    log, table = shown_by_tshark(shark, readable, *verify)
    mine = command.run("--format", "json", *options, readable)
    own = command.run("--format", "table", *options, readable)
    cells = cells_of(own.stdout.splitlines()[1:])
    readable.unlink()
    lines = mine.stdout.splitlines()
    if lines == log and cells == table:
        return len(log), None
    for wanted, got in zip(log, lines):
        if wanted != got:
            return len(log), (wanted, got, mine.stderr)
    return len(log), (len(log), len(lines), table[:3], cells[:3], mine.stderr)


def test_sample_captures(shark, command):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        found = list(pool.map(lambda path: same(shark, command, path), CAPTURES))
    assert [difference for _, difference in found if difference] == []
    assert sum(rows for rows, _ in found) > 150


def test_corpus(shark, command):
    """Public captures. Those in APART have frames that only Wireshark can dissect, which the command
    must have counted under that reason."""
    if not corpus.is_there():
        return
    paths = {name.partition("/")[2]: path for name, path in corpus.captures().items() if path}
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        found = dict(zip(paths, pool.map(lambda path: same(shark, command, path), paths.values())))
    differ = {name: difference for name, (_, difference) in found.items() if difference}
    assert set(differ) - set(APART) == set(), differ
    for name in APART:
        assert name in differ, f"{name} is read as well now"
        assert APART[name] in differ[name][-1], differ[name]


GTP = dict(gtp_type=255, teid=1)
AROUND = {
    "ethernet": lambda ip: Ether() / ip,
    "vlan": lambda ip: Ether() / Dot1Q(vlan=7) / ip,
    "two tags": lambda ip: Ether() / Dot1Q(vlan=7) / Dot1Q(vlan=8) / ip,
    "service tag": lambda ip: Ether() / Dot1AD(vlan=7) / Dot1Q(vlan=8) / ip,
    "two service tags": lambda ip: Ether() / Dot1AD(vlan=7) / Dot1AD(vlan=8, type=0x800) / ip,
    "mpls": lambda ip: Ether(type=0x8847) / MPLS(label=3, s=0) / MPLS(label=4, s=1) / ip,
    "pppoe": lambda ip: Ether(type=0x8864) / PPPoE(sessionid=1) / PPP(proto=0x21) / ip,
    "snap": lambda ip: Dot3() / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x800) / ip,
    "ip in ip": lambda ip: Ether() / IP(src="192.0.2.1", dst="192.0.2.2") / ip,
    "ip in ipv6": lambda ip: Ether() / IPv6(nh=4) / ip,
    "gre": lambda ip: Ether() / IP(src="192.0.2.1", dst="192.0.2.2") / GRE(proto=0x800) / ip,
    "gre with a key": lambda ip: Ether()
    / IP(src="192.0.2.1", dst="192.0.2.2")
    / GRE(proto=0x800, key_present=1, key=9, seqnum_present=1, chksum_present=1)
    / ip,
    "gre with ethernet": lambda ip: Ether()
    / IP(src="192.0.2.1", dst="192.0.2.2")
    / GRE(proto=0x6558)
    / Ether(src="02:00:00:00:00:09")
    / ip,
    "vxlan": lambda ip: Ether()
    / IP(src="192.0.2.1", dst="192.0.2.2")
    / UDP(sport=50000, dport=4789)
    / VXLAN(vni=3)
    / Ether(src="02:00:00:00:00:09")
    / Dot1Q(vlan=5)
    / ip,
    "geneve": lambda ip: Ether()
    / IP(src="192.0.2.1", dst="192.0.2.2")
    / UDP(sport=50000, dport=6081)
    / GENEVE(proto=0x6558, vni=3)
    / Ether()
    / ip,
    "gtp": lambda ip: Ether()
    / IP(src="192.0.2.1", dst="192.0.2.2")
    / UDP(sport=2152, dport=2152)
    / GTP_U_Header(**GTP)
    / ip,
    "gtp with a number": lambda ip: Ether()
    / IP(src="192.0.2.1", dst="192.0.2.2")
    / UDP(sport=2152, dport=2152)
    / GTP_U_Header(**GTP, S=1, seq=5)
    / ip,
}
AROUND_V6 = {
    "options": lambda tcp: Ether() / IPv6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / tcp,
    "one fragment": lambda tcp: Ether() / IPv6() / IPv6ExtHdrFragment() / tcp,
}
LINKS = {
    "cooked": (113, lambda ip: CookedLinux(lladdrlen=6, src=b"\2\0\0\0\0\1\0\0", proto=0x800) / ip),
    "raw": (101, lambda ip: ip),
    "raw ipv4": (228, lambda ip: ip),
    "loopback": (0, lambda ip: Raw(b"\2\0\0\0") / ip),
    "openbsd loopback": (108, lambda ip: Raw(b"\0\0\0\2") / ip),
    "ppp": (9, lambda ip: HDLC() / PPP(proto=0x21) / ip),
    "cisco hdlc": (104, lambda ip: Raw(b"\x0f\0\x08\0") / ip),
    "cooked 2": (276, lambda ip: Raw(bytes.fromhex("0800000000000001000100060200000000010000")) / ip),
}


def conversation():
    return test_layers.handshake() + [
        test_layers.Half(test_layers.A, test_layers.B, 40000, 80).ip("PA", 1001, 2001, b"hello"),
        test_layers.Half(test_layers.B, test_layers.A, 80, 40000).ip("RA", 2001, 1006),
    ]


def write(path, frames, linktype=1, cut=None):
    """The link type is written behind scapy's back: some of its releases take 0 for none."""
    with PcapWriter(str(path), linktype=linktype) as writer:
        writer.write_header(None)
        for number, frame in enumerate(frames):
            octets = bytes(frame)
            writer.write_packet(octets[:cut], sec=1_700_000_000 + number, usec=0, wirelen=len(octets))
    with path.open("r+b") as file:
        file.seek(20)
        file.write(struct.pack("=I", linktype))
    return path


@pytest.mark.parametrize("cut", [None, 60, 100])
@pytest.mark.parametrize("name", AROUND)
def test_layers_around(shark, command, tmp_path, name, cut):
    path = write(tmp_path / "x.pcap", [AROUND[name](ip) for ip in conversation()], cut=cut)
    rows, difference = same(shark, command, path)
    assert difference is None
    assert rows == 1 or cut


@pytest.mark.parametrize("name", AROUND_V6)
def test_extension_headers(shark, command, tmp_path, name):
    frames = [AROUND_V6[name](ip["TCP"]) for ip in conversation()]
    assert same(shark, command, write(tmp_path / "x.pcap", frames)) == (1, None)


@pytest.mark.parametrize("name", LINKS)
def test_link_layers(shark, command, tmp_path, name):
    linktype, around = LINKS[name]
    frames = [around(ip) for ip in conversation()]
    assert same(shark, command, write(tmp_path / "x.pcap", frames, linktype)) == (1, None)


def test_checksums(shark, command, tmp_path):
    """Verified on request: Zeek's history then tells of wrong ones."""
    frames = [Ether() / ip for ip in conversation()]
    frames[3]["IP"].chksum = 1
    frames[4]["TCP"].chksum = 1
    verify = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    path = write(tmp_path / "x.pcap", frames)
    assert same(shark, command, path) == (1, None)
    assert same(shark, command, path, options=["--checksums"], verify=verify) == (1, None)
    (verified,), (plain,) = command.rows("--checksums", path), command.rows(path)
    assert "c" in verified["history"] and "c" not in plain["history"]


def test_settings(shark, command, tmp_path):
    """-o takes what tshark's -o takes."""
    path = write(tmp_path / "x.pcap", [Ether() / ip for ip in conversation()])
    setting = "tcpstate.reorder:0"
    assert same(
        shark, command, path, options=["-o", setting], verify=["-o", setting]
    ) == (1, None)


def test_hostile_packets(shark, command, tmp_path):
    path = tmp_path / "hostile.pcap"
    path.write_bytes(hostile.pcap([(number, 0, octets) for number, octets in enumerate(hostile.frames())]))
    rows, difference = same(shark, command, path)
    assert difference is None and rows > 3


@pytest.mark.parametrize("seed", range(6))
def test_damaged_captures(shark, command, tmp_path, seed):
    """Octets changed at random, as long as no fragment or tunnel comes of it that one of the two does
    not read."""
    rng = random.Random(seed)
    source = rng.choice(CAPTURES)
    path = tmp_path / "damaged.pcapng"
    rate = rng.choice(["0.002", "0.01", "0.03"])
    editcap = ["editcap", "--seed", str(seed), "-E", rate, source, path]
    subprocess.run(editcap, check=True, capture_output=True)
    _, difference = same(shark, command, path)
    if difference and isinstance(difference[0], int):
        assert "were not looked into" in difference[-1], difference
    else:
        assert difference is None


def test_log_with_a_filter(shark, command):
    """The filter chooses connections; their rows are those of the whole."""
    path = conftest.ROOT / "captures/port-reused.pcapng"
    readable = shark.readable(path)
    done = shark.run("-q", "-z", "tcpstate,log,frame.number == 18", "-r", readable)
    assert [json.loads(line) for line in done.stdout.splitlines()] == command.rows(path)[1:]
    two = shark.run("-2", "-q", "-z", "tcpstate,log", "-r", readable)
    assert [json.loads(line) for line in two.stdout.splitlines()] == command.rows(path)
    wrong = shark.run("-q", "-z", "tcpstate,log,no such", "-r", readable, check=False)
    assert wrong.returncode != 0 and "tcpstate,log" in wrong.stderr


def test_nothing_of_epan_is_loaded(command):
    """It starts as fast as it reads: only wiretap and wsutil of Wireshark."""
    ldd = shutil.which("ldd")
    loaded = subprocess.run([ldd, command.path], capture_output=True, text=True, check=True).stdout
    assert "libwiretap" in loaded and "libwireshark" not in loaded
