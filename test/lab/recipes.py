# SPDX-License-Identifier: GPL-2.0-or-later
"""The stories behind the sample captures: what each end does, and what its capture shows.

In a story A is the client's host and B the server's, unless it says otherwise. OPEN and the like
are the beginnings and ends that many stories share.
"""

from dataclasses import dataclass

LISTEN = "B listen 80\n"
OPEN = LISTEN + "A bind 40000\nA connect 80\nB accept\n"
TALK = "A send 100\nB recv 100\nB send 400\nA recv 400\nsettle\n"
FOUR_WAY = "A close\nwait 100\nB close\nsettle\n"
PROBED = "B option keepintvl 1\nB option keepcnt 3\nB option keepalive 1\n"  # the server's socket
FORGED_FIN, FORGED_RST = "forge A> FIN,ACK{}\nsettle\n", "forge A> RST{}\nsettle\n"
AFTERWARDS = "A send 70\nB recv 70\nB send 90\nA recv 90\nsettle\n"  # nothing has happened


@dataclass
class Recipe:
    """One story; of each view named, one capture is kept."""
    name: str
    story: str
    shows: str
    text: str
    views: tuple = ("A",)
    network: str = "link"
    family: int = 4
    place: int = 0  # the third number of its addresses, if it is so long that it has its own


def _later(port=80, first=""):
    """More than a minute later, another connection, which shows how long the capture went on: longer
    than a close may take (60 s, the preference) and than an orphan's FIN_WAIT_2 (tcp_fin_timeout)."""
    return (f"wait 70000\n{first}A:later bind 40099\nA:later connect {port}\nB:later accept\n"
            "A:later send 100\nB:later recv 100\nsettle\nA:later close\nB:later drain\n"
            "B:later close\nsettle\n")


def _leak():
    """Forty clients hang up; the server closes ten of its sockets and forgets the others."""
    lines = ["B listen 8080"]
    for i in range(40):
        lines += [f"A:{i} bind {41000 + i}", f"A:{i} connect 8080", f"B:{i} accept",
                  f"A:{i} send 80", f"B:{i} recv 80", f"B:{i} send 200", f"A:{i} recv 200"]
    lines.append("settle")
    for i in range(40):
        lines.append(f"A:{i} close" if i % 2 else f"A:{i} shutdown w")
    lines.append("wait 100")
    lines += [f"B:{i} close" for i in range(0, 40, 4)]
    return "\n".join([*lines, "settle", _later(8080)])


def _burst():
    """Fifty connections at once: pages fetched, refused, broken off, timed out, left open."""
    lines = ["B listen 443", "B6 listen 443", "A9 bind 42000", "A9 option syncnt 2",
             "A9 connect 443 10.0.3.77 -> ETIMEDOUT &"]
    ends = []
    for i in range(49):
        a, b = (f"A6:{i}", f"B6:{i}") if i % 3 == 2 else (f"A:{i}", f"B:{i}")
        if i % 12 == 11:
            lines.append(f"{a} connect 444 -> ECONNREFUSED")
            continue
        lines += [f"{a} connect 443", f"{b} accept", f"{a} send {200 + i}"]
        ends.append((i, a, b))
    for i, a, b in ends:
        lines += [f"{b} recv {200 + i}", f"{b} send {500 + 70 * i}"]
        if i % 10 != 4:
            lines.append(f"{a} recv {500 + 70 * i}")
    lines.append("settle")
    for i, a, b in ends:
        close = {0: [f"{a} close", f"{b} drain", f"{b} close"],  # the client closes
                 1: [f"{b} close", f"{a} drain", f"{a} close"],  # the server closes
                 2: [f"{a} shutdown w", f"{b} drain", f"{b} send 900", f"{b} close",
                     f"{a} drain", f"{a} close"],
                 3: [f"{a} option linger 0", f"{a} close"],
                 4: [f"{a} close"],  # with unread data
                 5: [f"{a} close"],  # and the server never does
                 6: []}  # both stay
        lines += close[i % 10 if i % 10 in close else i % 2]
    return "\n".join([*lines, "settle", _later(443)])


def _healthy():
    """Connections with nothing to complain about, closed in every orderly way."""
    lines = ["B listen 80", "B6 listen 80"]
    for i in range(12):
        a, b = (f"A6:{i}", f"B6:{i}") if i % 4 == 3 else (f"A:{i}", f"B:{i}")
        lines += [f"{a} connect 80", f"{b} accept", f"{a} send {100 * i + 1}",
                  f"{b} recv {100 * i + 1}", f"{b} send 3000", f"{a} recv 3000", "settle"]
        first, second = (a, b) if i % 2 else (b, a)
        if i % 3 == 0:  # four segments
            lines += [f"{first} close", "wait 100", f"{second} close"]
        elif i % 3 == 1:  # three
            lines += [f"{first} close", f"{second} drain", f"{second} close"]
        else:  # half-closed for a while
            lines += [f"{first} shutdown w", f"{second} drain", "wait 100", f"{second} send 2000",
                      f"{second} close", f"{first} drain", f"{first} close"]
        lines.append("settle")
    return "\n".join(lines)


RECIPES = [
    Recipe("four-way-close", "four-way close",
           "Handshake, data both ways and its acknowledgement (ack = seq + length), and the close "
           "in four segments, begun by the client.",
           OPEN + TALK + FOUR_WAY),
    Recipe("four-way-close-loopback", "four-way close",
           "The same on the loopback interface.",
           OPEN + TALK + FOUR_WAY, views=("lo",), network="loopback"),
    Recipe("four-way-close-ipv6", "four-way close",
           "The same over IPv6.",
           OPEN + TALK + FOUR_WAY, family=6),

    Recipe("closed-by-server", "who closes",
           "The server closes first, the client keeps its socket for a while.",
           OPEN + TALK + "B close\nwait 100\nA close\nsettle\n"),
    Recipe("closed-by-exit", "who closes",
           "The client's process exits without closing: its kernel sends the FIN.",
           OPEN + TALK + "A exit\nwait 100\nB close\nsettle\n"),
    Recipe("closed-by-kill", "who closes",
           "The client's process is killed by SIGKILL: its kernel sends the FIN all the same.",
           OPEN + TALK + "A kill\nwait 100\nB close\nsettle\n"),
    Recipe("closed-by-dup2", "who closes",
           "dup2() puts another file over the client's last descriptor: that closes the socket.",
           OPEN + TALK + "A dup2\nwait 100\nB close\nsettle\n"),

    Recipe("never-closed", "the server never closes",
           "The client closes and waits in FIN_WAIT_2, the server's application never closes: "
           "CLOSE_WAIT.",
           OPEN + TALK + "A shutdown w\nsettle\n" + _later(), place=1),
    Recipe("close-wait-late", "the server never closes",
           "The server closes three seconds after the client did.",
           OPEN + TALK + "A shutdown w\nwait 3000\nB close\nsettle\n"),
    Recipe("close-wait-leak", "the server never closes",
           "A leaking server: of forty connections that the clients close, it closes ten; thirty "
           "stay in CLOSE_WAIT and FIN_WAIT_2.",
           _leak(), place=2),

    Recipe("data-after-close", "data to a closed socket",
           "The client has called close(), the server writes: RST. Its second write fails with "
           "EPIPE.",
           OPEN + TALK + "A close\nwait 100\nB send 50\nwait 50\nB send 50 -> EPIPE\nsettle\n"),
    Recipe("unread-data", "reset instead of FIN",
           "close() with data in the receive buffer, before it was acknowledged: RST,ACK instead of a "
           "FIN is the first to do so.",
           OPEN + TALK + "settle\nA option quickack 0\nB send 50\nwait 5\nA close\nsettle\n"),
    Recipe("unread-data-acknowledged", "reset instead of FIN",
           "The same, but acknowledged before: the wire does not tell it from SO_LINGER 0.",
           OPEN + TALK + "B send 50\nsettle\nA close\nsettle\n"),
    Recipe("linger-zero", "reset instead of FIN",
           "close() with SO_LINGER 0: RST,ACK instead of a FIN, though all data was read.",
           OPEN + TALK + "A option linger 0\nA close\nsettle\n"),
    Recipe("linger-zero-after-sending", "reset instead of FIN",
           "The same, and the client was the last to send: it can have left nothing unread.",
           OPEN + TALK + "A send 100\nB recv 100\nsettle\nA option linger 0\nA close\nsettle\n"),
    Recipe("linger-zero-in-flight", "reset instead of FIN",
           "The same with data on its way, which is lost: whether the client aborted, or gave up "
           "for lack of an acknowledgement, the wire does not tell.",
           OPEN + TALK + "net drop A> DATA all\nA send 100\nwait 20\nA option linger 0\nA close\n"
           "settle\n"),

    Recipe("half-close", "shutdown",
           "shutdown(SHUT_WR): the client has said all it has to say, the server sends on for a "
           "while, then closes.",
           OPEN + TALK + "A shutdown w\nB drain\nwait 100\nB send 5000\nA recv 5000\nwait 100\n"
           "B send 700\nA recv 700\nsettle\nB close\nA drain\nA close\nsettle\n"),
    Recipe("shutdown-read", "shutdown",
           "shutdown(SHUT_RD) by the client, half a second before it closes: nothing on the wire.",
           OPEN + TALK + "A shutdown r\nwait 500\n" + FOUR_WAY),

    Recipe("three-way-close", "three-segment close",
           "The server closes at once: its FIN acknowledges the client's, which goes from "
           "FIN_WAIT_1 to TIME_WAIT within one segment.",
           OPEN + TALK + "A close\nB drain\nB close\nsettle\n"),
    Recipe("three-way-close-data", "three-segment close",
           "The same with data merged in: request and FIN in one segment, answer, acknowledgement "
           "and FIN in the other.",
           OPEN + "settle\nA option cork 1\nB option cork 1\nA send 100\nA close\nB drain\n"
           "B close\nsettle\n"),
    Recipe("three-way-close-delayed-ack", "three-segment close",
           "The delayed acknowledgement of the client's data and FIN leaves together with the "
           "server's FIN.",
           OPEN + TALK + "A send 100\nA close\nB drain\nB close\nsettle\n"),

    Recipe("self-connection", "self-connection",
           "A socket that connects to its own port: three segments to open, two to close, one "
           "endpoint.",
           "A connect-self 5000\nsettle\nA send 10\nA recv 10\nsettle\nA close\nsettle\n",
           views=("lo",), network="loopback"),

    Recipe("simultaneous-open", "simultaneous open",
           "Two clients connect to each other and their SYNs cross: no listener, six segments.",
           "A bind 40001\nB bind 40002\nnet hold A> SYN; hold B> SYN\nA connect 40002 &\n"
           "B connect 40001 &\nwait 50\nnet clear\nnet release\nsettle\n" + TALK + FOUR_WAY,
           views=("A", "B")),
    Recipe("simultaneous-open-syn-lost", "simultaneous open",
           "The same, but the second SYN is lost: its sender takes part in an ordinary open.",
           "A bind 40001\nB bind 40002\nnet hold A> SYN; drop B> SYN\nA connect 40002 &\n"
           "B connect 40001 &\nwait 50\nnet clear\nnet release\nsettle\n" + TALK + FOUR_WAY,
           views=("A", "B")),

    Recipe("simultaneous-close", "simultaneous close",
           "Both ends close and their FINs cross: CLOSING and TIME_WAIT on both sides.",
           OPEN + TALK + "net hold A> FIN; hold B> FIN\nA close\nB close\nwait 20\nnet clear\n"
           "net release\nsettle\n",
           views=("A", "B")),

    Recipe("last-ack-lost", "last ACK lost",
           "The ACK of the second FIN is lost: the FIN comes again and is acknowledged again from "
           "TIME_WAIT.",
           OPEN + TALK + "A close\nwait 100\nnet drop A> ACK\nB close\nwait 500\nsettle\n",
           views=("A", "B")),

    Recipe("handshake-ack-lost", "final handshake ACK withheld",
           "The final ACK of the handshake is lost: the server stays in SYN_RECEIVED and repeats "
           "its SYN,ACK until the client's data completes the handshake.",
           LISTEN + "A bind 40000\nnet drop A> ACK all\nA connect 80\nwait 3500\nnet clear\n"
           "A send 100\nB accept\nB recv 100\nsettle\n" + FOUR_WAY,
           views=("A", "B")),
    Recipe("handshake-never-finished", "final handshake ACK withheld",
           "The client never sends the final ACK, and the server gives up: SYN_RECEIVED, then "
           "nothing.",
           "sysctl B ipv4.tcp_synack_retries 1\n" + LISTEN +
           "A bind 40000\nnet drop A> any #2-1000\nA connect 80\nwait 4000\n"
           + _later(first="net clear\n"), views=("B",), place=4),

    Recipe("orphan-fin-wait-2", "orphaned FIN_WAIT_2",
           "FIN_WAIT_2 of a closed socket ends by tcp_fin_timeout (here 2 s), without TIME_WAIT "
           "and with nothing on the wire: the server's late FIN is answered with RST.",
           "sysctl A ipv4.tcp_fin_timeout 2\n" + OPEN + TALK +
           "A close\nwait 3000\nB close\nsettle\n"),

    Recipe("refused", "refused and unanswered",
           "Nothing listens on the port: RST,ACK.",
           "A bind 40000\nA connect 81 -> ECONNREFUSED\nsettle\n"),
    Recipe("refused-by-icmp", "refused and unanswered",
           "A router on the way says that the host cannot be reached: ICMP quoting the SYN.",
           "sysctl B ipv4.ip_forward 1\nroute B unreachable 10.0.0.77\nA bind 40000\n"
           "A connect 80 10.0.0.77 -> EHOSTUNREACH\nsettle\n"),
    Recipe("unanswered", "refused and unanswered",
           "The SYN falls into a black hole and is repeated.",
           "sysctl A ipv4.tcp_syn_linear_timeouts 0\nB listen 80\nA bind 40000\n"
           "A option syncnt 3\nA connect 80 10.0.5.77 -> ETIMEDOUT\n" + _later(), place=5),

    Recipe("old-duplicate-syn", "old duplicate SYN",
           "A duplicate of the SYN arrives when its connection is gone from both ends: the "
           "listener answers it, and the client's host answers that with RST.",
           "sysctl A ipv4.tcp_max_tw_buckets 0\nnet repeat 900 A> SYN\n" + OPEN + TALK +
           "A close\nB drain\nB close\nwait 900\nsettle\n", views=("A", "B")),
    Recipe("old-duplicate-syn-time-wait", "old duplicate SYN",
           "The duplicate finds the server in TIME_WAIT, which acknowledges the old connection; "
           "the client's RST kills the TIME_WAIT.",
           "net repeat 900 A> SYN\n" + OPEN + TALK + "B close\nA drain\nA close\n"
           "wait 900\nsettle\n", views=("A", "B")),
    Recipe("old-duplicate-syn-live", "old duplicate SYN",
           "The duplicate arrives on the open connection: a challenge ACK, and nothing changes.",
           "net repeat 600 A> SYN\n" + OPEN + TALK + "wait 700\n" + FOUR_WAY, views=("A", "B")),

    Recipe("port-reused", "the port reused",
           "The client connects again from the same port while the server is in TIME_WAIT: "
           "accepted, since the new SYN is newer.",
           OPEN + TALK + "B close\nA drain\nA close\nwait 300\nA bind 40000\nA connect 80\n"
           "B accept\n" + TALK + FOUR_WAY),
    Recipe("port-reused-by-client", "the port reused",
           "The client itself is in TIME_WAIT and connects again from the same port.",
           OPEN + TALK + "A close\nB drain\nB close\nwait 2100\nA bind 40000\nA connect 80\n"
           "B accept\n" + TALK + FOUR_WAY),
    Recipe("port-reuse-refused", "the port reused",
           "The new SYN has a lower sequence number and no timestamp: the server answers with the "
           "old connection's ACK, the client resets, and only its second SYN is accepted.",
           "sysctl A ipv4.tcp_timestamps 0\nsysctl B ipv4.tcp_timestamps 0\n" + LISTEN +
           "A isn 1000000\nA bind 40000\nA connect 80\nB accept\n" + TALK +
           "B close\nA drain\nA close\nwait 300\nA isn 500000\nA bind 40000\nA connect 80\n"
           "B accept\n" + TALK + FOUR_WAY),

    Recipe("keepalive", "keepalive",
           "An idle connection kept alive by probes, each answered.",
           OPEN + "A option keepidle 1\nA option keepintvl 1\nA option keepalive 1\n" + TALK +
           "wait 2500\n" + FOUR_WAY),
    Recipe("keepalive-dead-peer", "keepalive",
           "The peer has died: three probes without an answer, then RST,ACK.",
           OPEN + "A option keepidle 1\nA option keepintvl 1\nA option keepcnt 3\n"
           "A option keepalive 1\n" + TALK + "net drop any all\nwait 4500\nsettle\n"),
    Recipe("keepalive-no-way-back", "keepalive",
           "The server's host has lost its route to the client and can answer no probe: the "
           "client's RST,ACK ends the connection at both ends.",
           OPEN + "A option keepidle 1\nA option keepintvl 1\nA option keepcnt 3\n"
           "A option keepalive 1\n" + TALK + "route B blackhole 10.0.0.1\nwait 4500\nsettle\n",
           views=("A", "B")),
    Recipe("idle-timeout-by-middlebox", "idle time-out",
           "After a silence of more than a minute a middlebox has forgotten the connection, and "
           "answers the client's next data with RST to both ends.",
           OPEN + TALK + "wait 61000\nnet reset A> DATA\nA send 100\nsettle\n"
           "A recv 1 -> ECONNRESET\nB recv 1 -> ECONNRESET\nsettle\n", views=("A", "B")),

    Recipe("close-wait-keepalive-dead-peer", "keepalive in CLOSE_WAIT",
           "The client has closed its side and then died: the server's keepalives find no answer, "
           "and end its CLOSE_WAIT with RST,ACK.",
           OPEN + TALK + "A shutdown w\nsettle\nnet drop any all\nB option keepidle 1\n" + PROBED
           + "wait 5500\nB recv 1 -> EOF\nsettle\n", views=("A", "B")),
    Recipe("close-wait-keepalive-socket-gone", "keepalive in CLOSE_WAIT",
           "The client has called close(), and its FIN_WAIT_2 has ended by tcp_fin_timeout (here "
           "2 s): its host answers the server's keepalive with RST, which ends CLOSE_WAIT.",
           "sysctl A ipv4.tcp_fin_timeout 2\n" + OPEN + TALK + "A close\nsettle\n"
           "B option keepidle 4\n" + PROBED + "wait 5500\nsettle\n", views=("A", "B")),

    Recipe("fin-unanswered", "the close is not answered",
           "The link is dead when the client closes: its FIN is repeated at growing distances, and "
           "nothing answers it for more than a minute.",
           OPEN + TALK + "net drop any all\nA close\nwait 20\n" + _later(first="net clear\n"),
           place=6),

    Recipe("reset-not-taken-time-wait", "reset not taken",
           "The client's last ACK arrives once more when the server's socket is gone, which answers "
           "with RST. By tcp_rfc1337 the client's TIME_WAIT outlives that: it acknowledges the "
           "repeated FIN as before.",
           "sysctl A ipv4.tcp_rfc1337 1\n" + OPEN + TALK + "A close\nwait 100\n"
           "net repeat 100 A> ACK; repeat 300 B> FIN\nB close\nwait 400\nsettle\n",
           views=("A", "B")),
    Recipe("reset-lost", "reset not taken",
           "The client's RST is lost: the server knows nothing of it and goes on, until its data is "
           "answered with RST again.",
           OPEN + TALK + "net drop A> RST\nA option linger 0\nA close\nwait 200\nB send 50\n"
           "settle\n", views=("A", "B")),
    Recipe("forged-reset-beyond-window", "reset not taken",
           "A RST in the client's name lies beyond the server's window, which drops it and goes on.",
           OPEN + TALK + FORGED_RST.format(" seq 1000000") + AFTERWARDS + FOUR_WAY,
           views=("A", "B")),
    Recipe("forged-reset-in-window", "reset not taken",
           "A RST in the client's name lies in the server's window, but not at the exact number: the "
           "server asks by a challenge ACK and goes on.",
           OPEN + TALK + FORGED_RST.format(" seq 1000") + AFTERWARDS + FOUR_WAY,
           views=("A", "B")),
    Recipe("forged-reset-bad-checksum", "reset not taken",
           "A RST in the client's name has a wrong checksum: the server never sees it.",
           OPEN + TALK + FORGED_RST.format(" checksum 1") + AFTERWARDS + FOUR_WAY,
           views=("A", "B")),

    Recipe("forged-reset", "forged segments",
           "A RST in the client's name, at the exact number: the server's socket is gone, and the "
           "client learns of it when it sends.",
           OPEN + TALK + FORGED_RST.format(" ttl 250") + "wait 200\nA send 70\nsettle\n"
           "A recv 1 -> ECONNRESET\nsettle\n", views=("A", "B")),
    Recipe("forged-reset-old-timestamp", "forged segments",
           "The same, and the RST has an old timestamp, which nobody looks at.",
           OPEN + TALK + FORGED_RST.format(" ts -100000000") + "wait 200\nA send 70\nsettle\n"
           "A recv 1 -> ECONNRESET\nsettle\n", views=("A", "B")),
    Recipe("forged-fin-at-b", "forged segments",
           "A FIN in the client's name: the server acknowledges it and is in CLOSE_WAIT, while the "
           "client knows of no FIN. Its next data lies beyond the FIN, and is answered with RST.",
           OPEN + TALK + FORGED_FIN.format("") + "A send 70\nwait 200\nsettle\n", views=("B",)),
    Recipe("forged-fin-old-timestamp", "forged segments",
           "A FIN in the client's name has an old timestamp: the server drops it (PAWS), "
           "acknowledges what it had, and goes on.",
           OPEN + TALK + FORGED_FIN.format(" ts -100000000") + AFTERWARDS + FOUR_WAY,
           views=("A", "B")),
    Recipe("forged-fin-bad-checksum", "forged segments",
           "A FIN in the client's name has a wrong checksum: the server never sees it.",
           OPEN + TALK + FORGED_FIN.format(" checksum 1") + AFTERWARDS + FOUR_WAY,
           views=("A", "B")),

    Recipe("never-accepted", "accept queue",
           "The server's accept queue is full and stays so: it takes neither the ACK nor the request "
           "of one client, nor the FIN of another, gives up its half-open connections, and answers "
           "what comes later with RST. A third client's text after that is answered in the same way, "
           "a fourth's SYN not at all.",
           "sysctl B ipv4.tcp_synack_retries 2\nB listen 80 4\n"
           + "".join(f"A:{i} bind {40000 + i}\nA:{i} connect 80\n" for i in range(1, 5))
           + "net hold A> ACK #1-4\n"
           + "".join(f"A:{i} bind {40000 + i}\nA:{i} connect 80\n" for i in range(5, 9))
           + "net release\nwait 20\nA:6 send 100\nA:7 close\nA:9 bind 40009\nA:9 start 80\n"
           "wait 9000\nA:8 send 100\nA:8 recv 1 -> ECONNRESET\nA:6 recv 1 -> ECONNRESET\n"
           "wait 5000\nsettle\n", views=("A", "B")),
    Recipe("accept-queue-abandoned", "accept queue",
           "The server never accepts: its host takes the handshake and the request all the same, "
           "and resets the connection when the server closes its listening socket.",
           LISTEN + "A bind 40000\nA connect 80\nA send 100\nwait 3500\nB unlisten\nsettle\n"
           "A recv 1 -> ECONNRESET\n", views=("A", "B")),
    Recipe("accept-queue-overflow-reset", "accept queue",
           "The same full queue where the server's host resets instead of waiting "
           "(tcp_abort_on_overflow): the answer to the last ACK of the handshake is RST.",
           "sysctl B ipv4.tcp_abort_on_overflow 1\nB listen 80 1\nA:1 bind 40001\n"
           "A:1 connect 80\nnet hold A> ACK #1-2\nA:2 bind 40002\nA:2 connect 80\nA:3 bind 40003\n"
           "A:3 connect 80\nnet release\nsettle\nA:3 send 100 -> ECONNRESET\n", views=("A", "B")),
    Recipe("defer-accept", "accept queue",
           "TCP_DEFER_ACCEPT: the server leaves the client's ACK aside until data comes or, as here, "
           "until it has asked again by a repeated SYN,ACK.",
           "B option defer-accept 3\n" + LISTEN + "A bind 40000\nA connect 80\nB accept\n"
           "B send 60\nA recv 60\nsettle\n" + FOUR_WAY, views=("A", "B")),
    Recipe("defer-accept-aborted", "accept queue",
           "TCP_DEFER_ACCEPT, and the client breaks off before it has said anything: the server was "
           "never more than half-open.",
           "B option defer-accept 3\n" + LISTEN + "A bind 40000\nA connect 80\nwait 500\n"
           "A option linger 0\nA close\nsettle\n", views=("A", "B")),

    Recipe("port-reuse-delayed", "the port reused",
           "A SYN finds the server in TIME_WAIT and is answered with the old connection's ACK, but "
           "the client's RSTs are lost on the way: the client asks again and again, until a RST "
           "arrives and its next SYN is accepted, fourteen seconds after the first.",
           "sysctl A ipv4.tcp_timestamps 0\nsysctl B ipv4.tcp_timestamps 0\n"
           "sysctl A ipv4.tcp_syn_linear_timeouts 0\n" + LISTEN +
           "A isn 1000000\nA bind 40000\nA connect 80\nB accept\n" + TALK +
           "B close\nA drain\nA close\nwait 300\nnet drop A> RST all\nA isn 500000\n"
           "A bind 40000\nA connect 80 &\nwait 2500\nnet clear\nB accept\n" + TALK + FOUR_WAY,
           views=("A", "B")),
    Recipe("synack-lost", "final handshake ACK withheld",
           "The SYN,ACK is lost, and again: the client repeats its SYN.",
           "sysctl A ipv4.tcp_syn_linear_timeouts 0\n" + LISTEN + "A bind 40000\n"
           "net drop B> SYN,ACK #1-4; delay 40 A> SYN #2-9\nA connect 80\nB accept\n"
           + TALK + FOUR_WAY,
           views=("A", "B")),
    Recipe("fast-open-early-answer-at-b", "fast open",
           "The server has the request with the SYN: it answers and closes from SYN_RECEIVED, before "
           "the third segment of the handshake arrives.",
           "B option fastopen-queue 16\n" + LISTEN + "A bind 40000\nA fast-open 80 100\nB accept\n"
           "B recv 100\nsettle\nA close\nwait 100\nB close\nsettle\nnet hold A> ACK all\n"
           "A bind 40001\nA fast-open 80 100\nB accept\nB recv 100\nB send 300\nwait 20\n"
           "B close\nwait 20\nnet clear\nnet release\nA drain\nA close\nsettle\n",
           views=("B",)),
    Recipe("request-unanswered", "who closes",
           "The client's last request gets no answer: after five seconds of silence the server "
           "closes.",
           OPEN + TALK + "A send 100\nB recv 100\nwait 5000\nB close\nA drain\nA close\n"
           "settle\n"),
    Recipe("answer-lost", "lost answers",
           "The server's answer, with the acknowledgement of the request in it, is lost twice behind "
           "the server: the client repeats its request, the server its answer.",
           OPEN + TALK + "net drop B> DATA #1-2; drop B> ACK #1-2\nA send 100\nB recv 100\n"
           "B send 400\nA recv 400\nsettle\n" + FOUR_WAY, views=("A", "B")),
    Recipe("reset-from-between-at-b", "forged segments",
           "Right after the client's first text, somebody on the path resets the connection in the "
           "names of both: the TTL of these RSTs is another.",
           OPEN + "settle\nA send 517\nforge A> RST ttl 201\nforge B> RST ttl 201\nsettle\n"
           "A recv 1 -> ECONNRESET\nB recv 1 -> any\nsettle\n", views=("B",)),
    Recipe("nat-both-sides", "address translation",
           "Captured at a router that translates the client's address, on both its sides: one "
           "connection, seen as two.",
           OPEN + TALK + FOUR_WAY, views=("router",), network="nat"),

    Recipe("burst", "a burst",
           "Fifty connections at once as of a browser, IPv4 and IPv6: fetched, refused, reset, "
           "unanswered, left open.",
           _burst(), place=3),

    Recipe("fast-open", "fast open",
           "TCP Fast Open: the first connection asks for a cookie, the second sends data with its "
           "SYN, and the server takes it.",
           "B option fastopen-queue 16\n" + LISTEN + "A bind 40000\nA fast-open 80 100\nB accept\n"
           "B recv 100\nsettle\nA close\nwait 100\nB close\nsettle\n"
           "A bind 40001\nA fast-open 80 100\nB accept\nB recv 100\nB send 300\nA recv 300\n"
           "settle\n" + FOUR_WAY),
    Recipe("fast-open-ignored", "fast open",
           "The server no longer does Fast Open: it acknowledges the SYN without its data, which "
           "is sent again.",
           "B option fastopen-queue 16\n" + LISTEN + "A bind 40000\nA fast-open 80 100\nB accept\n"
           "B recv 100\nsettle\nA close\nwait 100\nB close\nsettle\n"
           "sysctl B ipv4.tcp_fastopen 0\nA bind 40001\nA fast-open 80 100\nB accept\nB recv 100\n"
           "settle\n" + FOUR_WAY),

    Recipe("fin-beyond-hole", "beyond a lost segment",
           "A data segment is lost; more data and the FIN arrive beyond the hole and change "
           "nothing until the retransmission fills it.",
           OPEN + TALK + "A option nodelay 1\nnet drop A> DATA\nA send 100\nA send 100\nA close\n"
           "B drain\nwait 50\nB close\nsettle\n",
           views=("A", "B")),

    Recipe("accept-queue-full", "accept queue",
           "The server's accept queue is full: it takes neither the client's ACK nor its data, and "
           "repeats its SYN,ACK, until the application accepts.",
           "B listen 80 2\nA:1 connect 80\nA:2 connect 80\nnet hold A> ACK #1-2\nA:3 bind 40003\n"
           "A:3 connect 80\nA:4 bind 40004\nA:4 connect 80\nnet release\nA:4 send 100\n"
           "wait 3500\nB:1 accept\nB:2 accept\nB:3 accept\nB:4 accept\nB:4 recv 100\nsettle\n"
           + "wait 100\n".join(f"A:{i} close\nwait 100\nB:{i} close\n" for i in (4, 3, 2, 1))
           + "settle\n", views=("A", "B")),
    Recipe("syn-cookies", "accept queue",
           "SYN cookies: the server keeps no state until the ACK comes back; the first one is "
           "lost and no SYN,ACK is repeated, the data completes the handshake.",
           "sysctl B ipv4.tcp_syncookies 2\n" + LISTEN + "A bind 40000\nnet drop A> ACK\n"
           "A connect 80\nwait 1500\nA send 100\nB accept\nB recv 100\nsettle\n" + FOUR_WAY),
    Recipe("handshake-ack-of-old-listener", "peer restarted",
           "The listener is closed and opened again during the handshake; a repeated SYN makes it "
           "offer another number, so that the client's ACK of the first is answered with RST.",
           LISTEN + "A bind 40000\nnet repeat 200 A> SYN; hold A> ACK all\nA connect 80\n"
           "B exit\nB2 listen 80\nwait 250\nnet clear\nnet release\nsettle\n", views=("B",)),
    Recipe("peer-restarted", "peer restarted",
           "The client's host loses its socket and connects again from the same port: challenge "
           "ACK, RST, and a new handshake.",
           OPEN + TALK + "net drop A> RST #1\nA option linger 0\nA close\nwait 50\n"
           "net clear\nA bind 40000\nA connect 80\nB:2 accept\nsettle\nA close\nwait 100\n"
           "B:2 close\nsettle\n", views=("A", "B")),
    Recipe("zero-window", "zero window",
           "The server does not read: its window closes, the client probes; then it reads, and the "
           "close goes its way.",
           "B option rcvbuf 4096\n" + LISTEN + "A bind 40000\nA connect 80\nB accept\n"
           "A send 12000 &\nwait 1200\nB recv 12000\nsettle\n" + FOUR_WAY),

    Recipe("healthy", "healthy connections",
           "Healthy connections only, IPv4 and IPv6, closed in four segments, in three, and "
           "half-closed for a while: nothing to complain about.",
           _healthy()),
]
