# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin itself: that it is really loaded, and what it registers."""

import pathlib
import re

import notation

CAPTURES = pathlib.Path(__file__).resolve().parents[2] / "captures"
FIELDS = {  # an interface: none is ever renamed
    "tcpstate.connection": "FT_UINT32",
    "tcpstate.sender": "FT_STRING",
    "tcpstate.client.phase": "FT_STRING",
    "tcpstate.server.phase": "FT_STRING",
    "tcpstate.phase": "FT_STRING",
    "tcpstate.client.evidence": "FT_STRING",
    "tcpstate.server.evidence": "FT_STRING",
    "tcpstate.transition": "FT_STRING",
    "tcpstate.stage": "FT_STRING",
    "tcpstate.open.step": "FT_UINT8",
    "tcpstate.close.step": "FT_UINT8",
    "tcpstate.client.time_in_phase": "FT_RELATIVE_TIME",
    "tcpstate.server.time_in_phase": "FT_RELATIVE_TIME",
    "tcpstate.client.syn_frame": "FT_FRAMENUM",
    "tcpstate.server.syn_frame": "FT_FRAMENUM",
    "tcpstate.client.fin_frame": "FT_FRAMENUM",
    "tcpstate.server.fin_frame": "FT_FRAMENUM",
    "tcpstate.reset_frame": "FT_FRAMENUM",
    "tcpstate.answers_frame": "FT_FRAMENUM",
    "tcpstate.event": "FT_STRING",
    "tcpstate.event_frame": "FT_FRAMENUM",
    "tcpstate.revision": "FT_STRING",
    "tcpstate.story": "FT_STRING",
    "tcpstate.open": "FT_STRING",
    "tcpstate.close": "FT_STRING",
    "tcpstate.closer": "FT_STRING",
    "tcpstate.reset.cause": "FT_STRING",
    "tcpstate.conn_state": "FT_STRING",
    "tcpstate.history": "FT_STRING",
}


def test_loaded(shark):
    """tshark says so itself: a plugin it cannot load is one line of text and exit code 0."""
    plugins = shark.run("-G", "plugins").stdout
    assert re.search(r"^tcpstate\.so\s", plugins, re.M), plugins


def test_fields_are_registered(shark):
    """Every field of the interface exists, under its name and with its type."""
    listed = {}
    for line in shark.run("-G", "fields").stdout.splitlines():
        columns = line.split("\t")
        if columns[0] == "F" and columns[2].startswith("tcpstate."):
            listed[columns[2]] = columns[3]
    assert {name: listed.get(name) for name in FIELDS} == FIELDS
    events = {f"tcpstate.event.{slug}" for slug in notation.EVENTS}
    assert events <= listed.keys()
    stray = {n for n in listed if n.startswith("tcpstate.event.")} - events
    assert not stray


def test_disabled_shows_nothing(shark):
    """A disabled plugin adds no field to any packet."""
    capture = shark.readable(CAPTURES / "four-way-close.pcapng")
    shown = shark.run("-r", capture, "--disable-protocol", "tcpstate", "-V").stdout
    assert "TCP State" not in shown
    assert "TCP State" in shark.run("-r", capture, "-V").stdout


def test_the_known_filter(shark):
    """tcpstate.phase matches either endpoint: the frames from which one is in TIME_WAIT."""
    capture = shark.readable(CAPTURES / "four-way-close.pcapng")
    frames = ("-T", "fields", "-e", "frame.number")
    shown = shark.run("-r", capture, "-Y", 'tcpstate.phase == "TIME_WAIT"', *frames).stdout.split()
    every = shark.run("-r", capture, *frames).stdout.split()
    assert shown == every[-1:]


def test_expert_information(shark):
    """Events are expert informations too, with their sentences, in every pass."""
    capture = shark.readable(CAPTURES / "refused.pcapng")
    for passes in ((), ("-2",)):
        shown = shark.run("-q", *passes, "-r", capture, "-z", "expert").stdout
        assert "refused the connection" in shown
    filtered = shark.run("-r", capture, "-Y", "tcpstate.event.connection_refused").stdout
    assert len(filtered.splitlines()) == 1


def test_expert_information_is_counted(shark):
    """The list has a line for each event and end, however many connections there are: the figures stand
    beside the event."""
    capture = shark.readable(CAPTURES / "burst.pcapng")
    listed = shark.run("-q", "-r", capture, "-z", "expert").stdout
    lines = [line.split(None, 5) for line in listed.splitlines() if " TCP State " in line]
    events = shark.run("-r", capture, "-T", "fields", "-e", "tcpstate.event").stdout
    raised = [event for line in events.split() for event in line.split(",")]
    assert sum(int(line[0]) for line in lines) == len(raised) > 100
    messages = [line[5] for line in lines]
    assert len(set(messages)) == len(messages) <= 2 * len(set(raised))
    shown = shark.run("-r", capture, "-V", "-O", "tcpstate").stdout
    assert re.search(r"\[Event: handshake_complete: .*, [\d.]+ ms after the first SYN\]", shown)


# Who sent the reset: the host that refuses, the host that aborts, and who forged one between two hosts.
RESET_BY = {"refused": "server", "linger-zero": "client", "reset-from-between-at-b": "other"}


def test_who_reset(shark):
    for name, sender in RESET_BY.items():
        capture = shark.readable(CAPTURES / f"{name}.pcapng")
        every = [shark.run("-r", capture, *passes, "-T", "fields", "-e", "tcpstate.reset.sender").stdout.split()
                 for passes in ((), ("-2",))]  # fmt: skip
        assert every[0] and set(every[0]) == set(every[1]) == {sender}, name


# (event, capture): the frame that raises it, the frame that it speaks of.
SPOKEN_OF = {
    ("connection_refused", "refused"): (2, 1),  # the RST, the SYN that it answers
    ("syn_retransmission", "unanswered"): (2, 1),  # the SYN again, the first
    ("last_ack_lost", "last-ack-lost-at-a"): (12, 10),  # the FIN again, the first
    ("port_reused", "port-reused-by-client"): (11, 10),  # the new SYN, the old connection's last
}


def test_events_link_the_frames_they_speak_of(shark):
    """A click on an event's frame leads to what it repeats, answers or follows."""
    for (event, name), frames in SPOKEN_OF.items():
        capture = shark.readable(CAPTURES / f"{name}.pcapng")
        shown = shark.run(
            "-r", capture, "-Y", f"tcpstate.event.{event}", "-T", "fields",
            "-e", "frame.number", "-e", "tcpstate.event_frame",
        ).stdout.splitlines()  # fmt: skip
        assert shown[0].split("\t") == [str(frame) for frame in frames], (event, shown)


def test_the_column_of_severities(shark):
    """An event's severity is in the packet list's column although no tree is asked for: the third
    segment completes the handshake, of which Wireshark itself says nothing."""
    capture = shark.readable(CAPTURES / "four-way-close.pcapng")
    column = ("-o", 'gui.column.format:"Severity","%a"')
    for passes in ((), ("-2",), ("-Y", "tcp")):
        shown = shark.run("-r", capture, *passes, *column).stdout.splitlines()
        assert shown[2].strip() == "Chat", passes


def test_every_preference_has_a_range(shark):
    """A preference out of its range is refused or brought back into it, never a crash."""
    capture = shark.readable(CAPTURES / "four-way-close.pcapng")
    known = shark.run("-G", "currentprefs").stdout
    names = re.findall(r"^#?(tcpstate\.\w+): (\d+)$", known, re.M)
    assert names
    for name, _ in names:
        for value in ("0", "1", "4294967295"):
            shark.run("-r", capture, "-o", f"{name}:{value}")


def test_what_was_taken_back(shark):
    """An inferred state that a segment contradicts stands apart from TCP's own transitions."""
    capture = shark.readable(CAPTURES / "last-ack-lost-at-a.pcapng")
    shown = shark.run("-r", capture, "-Y", "tcpstate.revision", "-T", "fields", "-e", "frame.number",
                      "-e", "tcpstate.revision", "-e", "tcpstate.event").stdout  # fmt: skip
    assert shown == "12\tserver CLOSED -> LAST_ACK\tlast_ack_lost\n"
    healthy = shark.readable(CAPTURES / "healthy.pcapng")
    assert shark.run("-r", healthy, "-Y", "tcpstate.revision").stdout == ""


# What a person asks first stands first.
ASKED = ["TCP State: goes on closing: client", "[Transition: ", "[Taken back: ", "[Event: last_ack_lost: ",
         "[Client: TIME_WAIT, seen, for 0.2", "[Server: LAST_ACK, seen]", "[Sender: server]", "[Stage: ",
         "[Client's SYN: 1]", "[Connection: 0]", "[Client's evidence: "]  # fmt: skip


def test_order_of_the_subtree(shark):
    capture = shark.readable(CAPTURES / "last-ack-lost-at-a.pcapng")
    shown = shark.run("-r", capture, "-V", "-O", "tcpstate", "-Y", "frame.number == 12").stdout
    places = [shown.find(text) for text in ASKED]
    assert -1 not in places and places == sorted(places), shown


def test_table_of_events(shark):
    """How often, on how many connections, and where first; the end of the capture counts in two passes."""
    capture = shark.readable(CAPTURES / "burst.pcapng")

    def table(*passes):
        shown = shark.run("-q", *passes, "-r", capture, "-z", "tcpstate,events").stdout
        rows = [[cell.strip() for cell in line.split("|")] for line in shown.splitlines() if line.count("|") == 5]
        return {event: cells for event, *cells, _ in rows[1:]}

    assert table()["connection_refused"] == ["warning", "4", "4", "58"]
    assert table()["syn_retransmission"] == ["note", "5", "1", "521"]  # one SYN, sent six times
    assert "stuck_close_wait" not in table()
    assert table("-2")["stuck_close_wait"][:3] == ["warning", "4", "4"]


def test_fields_are_as_wireshark_wants_them(shark):
    """What its checkers ask of every field; an expert info's own field takes no blurb."""
    names = set()
    for line in shark.run("-G", "fields").stdout.splitlines():
        kind, label, name, *rest = line.split("\t")
        if kind != "F" or not name.startswith("tcpstate."):
            continue
        assert re.fullmatch(r"tcpstate(\.[a-z][a-z0-9_]*)+", name), name
        assert name not in names, name
        names.add(name)
        assert label and label == label.strip() and label[-1] not in ".:", line
        if not name.startswith("tcpstate.event."):
            blurb = rest[-1]
            assert blurb and blurb.lower() != label.lower() and blurb[-1] not in ".:", line
    assert names
