# SPDX-License-Identifier: GPL-2.0-or-later
"""The notation itself: a slip in a scenario is an error, never a story that tests nothing."""

import pytest

import notation
import packets
import rows

HEAD = "# Why.\n"
SYN = "> S 0:0(0) | SYN_SENT LISTEN?\n"


def read(tmp_path, text):
    path = tmp_path / "story.scn"
    path.write_text(text, encoding="utf-8")
    return notation.read(path)


@pytest.mark.parametrize(
    "text",
    [
        SYN,  # no word why
        HEAD + "> S 0:0(0) | SYN_SENT LISTEN? ! no_such_event",
        HEAD + "> S 0:0(0) | SYN_SNET LISTEN?",
        HEAD + "> S 0:0(0) | SYN_SENT LISTEN? -> open sideways",
        HEAD + "> S 0:0(0) | SYN_SENT LISTEN? perhaps",
        HEAD + "> P. 1:100(100) ack 1 | ESTABLISHED? ESTABLISHED?",  # does not add up
        HEAD + "> S. 0:0(0) | SYN_SENT LISTEN?",  # '.' without ack
        HEAD + "> S 0:0(0) ack 1 | SYN_SENT LISTEN?",  # ack without '.'
        HEAD + "> S 0:0(0) win | SYN_SENT LISTEN?",
        HEAD + "> S 0:0(0) <mss> | SYN_SENT LISTEN?",
        HEAD + "? S 0:0(0) | SYN_SENT LISTEN?",
        HEAD + "> Z 0:0(0) | SYN_SENT LISTEN?",
        HEAD + "icmp no-such-error > S 0:0(0) |",
        HEAD + "after no_such_story",
        HEAD + "isn > many",
        HEAD + "# near miss: no_such_event\n" + SYN,
    ],
)
def test_slip_is_an_error(tmp_path, text):
    with pytest.raises((notation.ScenarioError, OSError)):
        read(tmp_path, text)


def test_line(tmp_path):
    """Everything a line can say is read."""
    story = read(
        tmp_path,
        HEAD
        + "+0.5 > FP. 1:101(100) ack 1 win 9 <nop,sack 5:9> ttl 7 id 0x10 "
        + "| FIN_WAIT_2>TIME_WAIT~ CLOSED? conn 1 stage closed close 3 "
        + "-> close reset by server for linger-zero ! late_segment port_reused",
    )
    step = story.steps[0]
    assert (step.time, step.direction, step.flags) == (notation.SECOND // 2, ">", 0x19)
    assert (step.seq, step.len, step.ack, step.window) == (1, 100, 1, 9)
    assert (step.ttl, step.ip_id, step.options[1]) == (7, 16, ("SAck", (5, 9)))
    expected = step.expected
    assert expected.phases == (("FIN_WAIT_2", "TIME_WAIT"), ("CLOSED",))
    assert expected.evidence == ("inferred", "assumed")
    assert (expected.connection, expected.stage, expected.close_step) == (1, "closed", 3)
    assert (expected.close, expected.closer, expected.cause) == ("reset", "server", "linger-zero")
    assert expected.events == ("late_segment", "port_reused")


def test_near_miss(tmp_path):
    """The events that a story must not raise are no part of why it is told."""
    story = read(tmp_path, HEAD + "# near miss: late_segment port_reused\n" + SYN)
    assert story.near_miss == ("late_segment", "port_reused")
    assert story.story == "Why."


def test_numbers_wrap(tmp_path):
    """Relative numbers begin near 2^32, and a shift moves one side's only."""
    first, second = read(tmp_path, HEAD + SYN + "isn > 100\n" + SYN).packets()
    numbers = [step.number(step.seq, ">", notation.ISN) for step in (first, second)]
    assert numbers == [notation.ISN[">"], (notation.ISN[">"] + 100) % notation.MODULUS]
    assert second.number(0, "<", notation.ISN) == notation.ISN["<"]


def test_number_zero(tmp_path):
    """The number 0 itself is nobody's relative number."""
    (reset,) = read(tmp_path, HEAD + "< R. zero ack 1 | UNKNOWN? CLOSED\n").packets()
    assert reset.number(reset.seq, "<", notation.ISN) == 0 and reset.len == 0


def test_difference_is_told(tmp_path):
    """The checker finds another state, evidence, transition, event or verdict."""
    story = read(tmp_path, HEAD + SYN)
    good = rows.Row(
        0, "client", "SYN_SENT", "seen", "LISTEN", "assumed", "opening", 1, 0,
        ("client CLOSED -> SYN_SENT",), (),
    )  # fmt: skip
    assert not rows.Checker(story).rows([good]).report()
    for change in (
        {"client": "CLOSED"},
        {"server_evidence": "seen"},
        {"transitions": ()},
        {"events": ("late_segment",)},
        {"open": "three-way"},
        {"connection": 1},
        {"sender": "server"},
    ):
        bad = rows.dataclasses.replace(good, **change)
        assert rows.Checker(story).rows([bad]).report(), change
    assert rows.Checker(story).rows([None]).report()


def test_headers(scenario):
    """The headers that notation.py builds are those of whole packets, the checksum apart."""
    addresses = packets.Addresses.of(scenario, 1)
    for step in scenario.packets():
        packet = packets.ip_packet(step, scenario, addresses)
        whole = packets.tcp_header(packet)
        assert notation.tcp_header(step, scenario) == whole[:16] + bytes(2) + whole[18:], step.text
