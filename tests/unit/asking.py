"""A guard that keeps a diary, a clock that stands still, jobs and peers for the tests of collectors."""

import contextlib
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

from agent.guard import PacketGuard
from agent.model.address import Mac, Scope
from agent.model.observation import Observation
from agent.model.probe import Probe
from agent.ports import Job
from collectors.wire.links import Link

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Link("eth0", Mac.parse("00:11:22:33:44:55"), ip_address("192.0.2.1"), ip_network("192.0.2.0/29"))
LOOPBACK = ip_address("127.0.0.1")


class TestClock:
    __test__ = False

    def now(self):
        return NOW

    def sleep(self, seconds):
        pass


class Diary(PacketGuard):
    """A guard that writes down what it was asked."""

    def __init__(self, *scope, **facts):
        super().__init__(Scope.parse(scope), TestClock(), **facts)
        self.probes, self.paced = [], []

    def permit(self, probe):
        super().permit(probe)
        self.probes.append(probe)

    def permit_sweep(self, addresses):
        permitted = super().permit_sweep(addresses)
        self.probes += [Probe(address, "arp") for address in permitted]
        return permitted

    def pace(self, kind, link="", packets=1):
        self.paced.append((kind, link, packets) if packets > 1 else (kind, link))


def job(guard, targets, known=(), **facts):
    targets = tuple(ip_address(t) for t in targets)
    return Job("here", targets, guard, TestClock(), None, known=tuple(known), **facts)


def saw(address, attribute, value):
    return Observation("test", NOW, "here", ip_address(address), attribute, value)


def gathered(found):
    return {o.attribute: o.value for o in found}


@contextmanager
def peer(kind, answer):
    """A peer on loopback that answers each request by a function, one after another; its port."""
    with socket.socket(socket.AF_INET, kind) as wire:
        wire.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            wire.listen()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    if kind == socket.SOCK_DGRAM:
                        octets, sender = wire.recvfrom(4096)
                        if sender is None:
                            return
                        for part in answer(octets):
                            wire.sendto(part, sender)
                        continue
                    connection, _ = wire.accept()
                    with connection:
                        for part in answer(connection.recv(4096)):
                            connection.sendall(part)

        threading.Thread(target=serve, daemon=True).start()
        yield wire.getsockname()[1]
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
