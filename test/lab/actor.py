# SPDX-License-Identifier: GPL-2.0-or-later
"""A process inside a namespace that does to its sockets what it is told, one line at a time.

The lines (N octets, MS milliseconds; a socket's label stands before the verb):

    bind PORT | isn NUMBER | listen PORT [BACKLOG] | accept
    connect PORT [ADDRESS] | connect-self PORT | start PORT (connect, but do not wait)
    disconnect (connect to no address) | unlisten (close the listening socket)
    send N | recv N | drain (read until the peer's FIN)
    shutdown r|w|rw | close | dup2 | option NAME VALUE | fast-open PORT N | sleep MS
    exit

It answers each line with "ok" or the name of the error.
"""

import ctypes
import errno
import os
import signal
import socket
import struct
import time

PR_SET_PDEATHSIG = 1
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
REPAIR_ON, REPAIR_OFF_NO_PROBE, SEND_QUEUE = 1, -1, 2
PATIENCE = 60  # seconds before a blocked call gives up

_libc = ctypes.CDLL(None, use_errno=True)

OPTIONS = {
    "linger": (socket.SOL_SOCKET, socket.SO_LINGER),
    "keepalive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    "rcvbuf": (socket.SOL_SOCKET, socket.SO_RCVBUF),
    "sndbuf": (socket.SOL_SOCKET, socket.SO_SNDBUF),
    "keepidle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    "keepintvl": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    "keepcnt": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    "nodelay": (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    "cork": (socket.IPPROTO_TCP, socket.TCP_CORK),
    "quickack": (socket.IPPROTO_TCP, socket.TCP_QUICKACK),
    "linger2": (socket.IPPROTO_TCP, socket.TCP_LINGER2),
    "defer-accept": (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT),
    "user-timeout": (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    "maxseg": (socket.IPPROTO_TCP, socket.TCP_MAXSEG),
    "syncnt": (socket.IPPROTO_TCP, socket.TCP_SYNCNT),
    "fastopen-queue": (socket.IPPROTO_TCP, socket.TCP_FASTOPEN),
}


class Sockets:
    """The sockets of one actor, by label, and the verbs."""

    def __init__(self, local, remote):
        self.local, self.remote = local, remote
        self.family = socket.AF_INET6 if ":" in local else socket.AF_INET
        self.listener = None
        self.open = {}

    def _new(self, label):
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(PATIENCE)
        self.open[label] = sock
        return sock

    def _get(self, label):
        return self.open.get(label) or self._new(label)

    def do_bind(self, label, port):
        self._get(label).bind((self.local, int(port)))

    def do_listen(self, label, port, backlog="128"):
        self.listener = self._get(label)
        self.listener.bind((self.local, int(port)))
        self.listener.listen(int(backlog))
        self.open["listener"] = self.open.pop(label)

    def do_accept(self, label):
        self.open[label], _ = self.listener.accept()
        self.open[label].settimeout(PATIENCE)

    def do_connect(self, label, port, address=None):
        self._get(label).connect((address or self.remote, int(port)))

    def do_connect_self(self, label, port):
        sock = self._get(label)
        sock.bind((self.local, int(port)))
        sock.connect((self.local, int(port)))

    def do_start(self, label, port):
        sock = self._get(label)
        sock.setblocking(False)
        try:
            sock.connect((self.remote, int(port)))
        except BlockingIOError:
            pass
        sock.settimeout(PATIENCE)

    def do_disconnect(self, label):
        """Let the socket forget its peer, by connect() with AF_UNSPEC."""
        nowhere = struct.pack("H30x", socket.AF_UNSPEC)
        if _libc.connect(self.open[label].fileno(), nowhere, len(nowhere)) < 0:
            raise OSError(ctypes.get_errno(), "connect")

    def do_unlisten(self, _label):
        self.open.pop("listener").close()

    def do_isn(self, label, number):
        """Choose the initial sequence number of a connect() to come."""
        sock = self._get(label)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, REPAIR_ON)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", int(number)))
        sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, REPAIR_OFF_NO_PROBE)

    def do_fast_open(self, label, port, count):
        sock = self._get(label)
        sock.settimeout(None)
        sock.sendto(b"x" * int(count), socket.MSG_FASTOPEN, (self.remote, int(port)))

    def do_send(self, label, count):
        self.open[label].sendall(b"x" * int(count))

    def do_write(self, label, count):
        """As send, but whatever does not fit is left out."""
        self.open[label].send(b"x" * int(count), socket.MSG_DONTWAIT)

    def do_recv(self, label, count):
        missing = int(count)
        while missing:
            data = self.open[label].recv(missing)
            if not data:
                raise EOFError
            missing -= len(data)

    def do_drain(self, label):
        while self.open[label].recv(65536):
            pass

    def do_shutdown(self, label, how):
        how = {"r": socket.SHUT_RD, "w": socket.SHUT_WR, "rw": socket.SHUT_RDWR}[how]
        self.open[label].shutdown(how)

    def do_close(self, label):
        self.open.pop(label).close()

    def do_dup2(self, label):
        """Put another file in the place of the last descriptor of the socket."""
        number = self.open.pop(label).detach()
        other = os.open("/dev/null", os.O_RDONLY)
        os.dup2(other, number)

    def do_option(self, label, name, value):
        level, option = OPTIONS[name]
        value = struct.pack("ii", 1, int(value)) if name == "linger" else int(value)
        self._get(label).setsockopt(level, option, value)

    def do_sleep(self, _label, milliseconds):
        time.sleep(int(milliseconds) / 1000)

    def do_exit(self, _label):
        os._exit(0)

    def run(self, line):
        """Do one line, "LABEL VERB ARGUMENTS"; returns "ok" or the name of the error."""
        label, verb, *arguments = line.split()
        try:
            getattr(self, "do_" + verb.replace("-", "_"))(label, *arguments)
            return "ok"
        except TimeoutError:
            return "ETIMEDOUT"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
        except EOFError:
            return "EOF"
        except KeyError:
            return "EBADF"


def start(space, local, remote):
    """Fork an actor into the namespace; returns its process id and the socket to talk to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid:
        theirs.close()
        ours.setblocking(False)
        return pid, ours
    try:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setpriority(os.PRIO_PROCESS, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        space.enter()
        keep = theirs.detach()
        os.dup2(keep, 3)
        os.closerange(4, 4096)
        _serve(socket.socket(fileno=3), Sockets(local, remote))
    finally:
        os._exit(1)


def _serve(control, sockets):
    while True:
        line = control.recv(4096).decode()
        if not line:
            os._exit(0)
        control.send(sockets.run(line).encode())
