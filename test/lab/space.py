# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces without a name, and what is made inside one: devices, sockets, settings.

A namespace lives as long as a descriptor of it is open, a TUN device as long as its own: nothing
is left behind, however the lab ends.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
from contextlib import contextmanager

CLONE_NEWNET, CLONE_NEWNS = 0x40000000, 0x00020000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _own_namespace():
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def own_mounts():
    """Give the calling process mounts of its own, which end with it."""
    _check(_libc.unshare(CLONE_NEWNS), "unshare the mounts")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class Space:
    """One network namespace, with its loopback interface up."""

    def __init__(self, name):
        self.name = name
        home = _own_namespace()
        try:
            _check(_libc.unshare(CLONE_NEWNET), "unshare a network namespace")
            self.fd = _own_namespace()
        finally:
            _check(_libc.setns(home, CLONE_NEWNET), "setns")
            os.close(home)
        self.ip("link", "set", "lo", "up")

    @contextmanager
    def inside(self):
        """Run the body of a with statement inside the namespace."""
        home = _own_namespace()
        _check(_libc.setns(self.fd, CLONE_NEWNET), "setns")
        try:
            yield
        finally:
            _check(_libc.setns(home, CLONE_NEWNET), "setns")
            os.close(home)

    def enter(self):
        """Move the calling process into the namespace for good."""
        _check(_libc.setns(self.fd, CLONE_NEWNET), "setns")

    def ip(self, *arguments):
        self.run("ip", *arguments)

    def run(self, *command):
        with self.inside():
            subprocess.run(command, check=True)

    def sysctl(self, name, value):
        """Set net.NAME, if this kernel has it."""
        path = "/proc/sys/net/" + name.replace(".", "/")
        with self.inside(), open(path, "w", encoding="ascii") as file:
            file.write(str(value))

    def tun(self, device):
        """Make a TUN device, up; returns the descriptor by which its packets come and go."""
        with self.inside():
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            request = struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI)
            fcntl.ioctl(fd, TUNSETIFF, request)
        self.ip("link", "set", device, "addrgenmode", "none")
        self.ip("link", "set", device, "txqueuelen", "5000", "mtu", "1500", "up")
        return fd

    def sniffer(self, device=None):
        """A packet socket on a device of the namespace, or on all, with kernel time stamps."""
        with self.inside():
            sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            if device:
                sniffer.bind((device, ETH_P_ALL))
        sniffer.setblocking(False)
        sniffer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sniffer.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return sniffer

    def close(self):
        os.close(self.fd)
