"""`lanward listen` on a wire between namespaces: it hears what is replayed there, and its own side sends nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OFFICE = ROOT / "tests" / "golden" / "listen" / "office.pcap"
OFFICE6 = OFFICE.with_name("ipv6.pcap")
LANWARD = [str(Path(sys.executable).with_name("lanward"))]
pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: needs network namespaces")]

REPLAY = f"""
import socket, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from collectors.wire.capture import captured
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("talk0", 0))
for frame in captured(Path(sys.argv[1])):
    wire.send(frame.octets)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[tuple[str, str, Path]]:
    """Two namespaces, one veth; no IPv6, whose kernel would send by itself, and no address on the listening side."""
    ears, mouth = f"ears-{os.getpid()}", f"mouth-{os.getpid()}"
    (tmp_path / "lanward.toml").write_text('site = "rec"\n[scope]\nsubnets = ["10.77.0.0/24"]\n')
    try:
        for name in (ears, mouth):
            ip("netns", "add", name)
            ip("netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1")
        ip("-n", mouth, "link", "add", "talk0", "type", "veth", "peer", "name", "hear0", "netns", ears)
        for name, link in ((mouth, "talk0"), (ears, "hear0")):
            ip("-n", name, "link", "set", link, "up")
        yield ears, mouth, tmp_path
    finally:
        for name in (ears, mouth):
            subprocess.run(["ip", "netns", "del", name], check=False)


def within(name: str, *words: str) -> list[str]:
    return ["ip", "netns", "exec", name, *words]


def sent(ears: str) -> int:
    counted = subprocess.run(["ip", "-n", ears, "-j", "-s", "link"], check=True, capture_output=True).stdout
    return sum(link["stats64"]["tx"]["packets"] for link in json.loads(counted))


def test_the_wire_tells_what_the_file_tells_and_nothing_is_sent(wire: tuple[str, str, Path]) -> None:
    ears, mouth, folder = wire
    assert sent(ears) == 0
    command = within(ears, *LANWARD, "listen", "--interface", "hear0", "--for", "10s", "--json")
    listening = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listening.stderr is not None and b"hear0" in listening.stderr.readline()
    time.sleep(2)
    subprocess.run(within(mouth, sys.executable, "-c", REPLAY, OFFICE), check=True)
    out, err = listening.communicate(timeout=60)
    assert listening.returncode == 0, err
    live = json.loads(out)
    assert (live["hosts"], live["devices"], live["errors"]) == (6, 6, [])
    assert sent(ears) == 0, "who only listens sends nothing"


def test_ipv6_comes_through_the_kernel_s_filter(wire: tuple[str, str, Path]) -> None:
    ears, mouth, folder = wire
    scope = 'site = "rec"\n[scope]\nsubnets = ["10.77.0.0/24", "2001:db8:77::/64"]\n'
    (folder / "lanward.toml").write_text(scope)
    command = within(ears, *LANWARD, "listen", "--interface", "hear0", "--for", "4s", "--json")
    listening = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listening.stderr is not None and b"hear0" in listening.stderr.readline()
    time.sleep(2)
    subprocess.run(within(mouth, sys.executable, "-c", REPLAY, OFFICE6), check=True)
    out, err = listening.communicate(timeout=60)
    assert listening.returncode == 0, err
    live = json.loads(out)
    assert live["devices"] == 6
    left_out = "listen: 1 addresses outside the scope were heard and left out, 2001:db8:99::5 first"
    assert live["errors"] == [left_out, "ndp: 00:1b:17:00:01:06 answered for 00:26:73:11:22:06"]
    assert sent(ears) == 0, "who only listens sends nothing"


def test_ctrl_c_keeps_what_was_heard(wire: tuple[str, str, Path]) -> None:
    ears, mouth, folder = wire
    command = within(ears, *LANWARD, "listen", "--interface", "hear0", "--for", "5m")
    listening = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert listening.stderr is not None and b"hear0" in listening.stderr.readline()
    time.sleep(2)
    subprocess.run(within(mouth, sys.executable, "-c", REPLAY, OFFICE), check=True)
    time.sleep(2)
    listening.send_signal(signal.SIGINT)
    _, err = listening.communicate(timeout=30)
    assert listening.returncode == 130 and b"interrupted; what it heard is kept" in err
    known = subprocess.run([*LANWARD, "devices", "--json"], cwd=folder, check=True, capture_output=True).stdout
    assert len(json.loads(known)) == 6 and sent(ears) == 0


def test_without_the_right_to_listen_it_says_what_is_missing(wire: tuple[str, str, Path]) -> None:
    ears, _, folder = wire
    command = within(ears, "setpriv", "--bounding-set", "-net_raw", *LANWARD)
    done = subprocess.run([*command, "listen", "--interface", "hear0"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 6
    assert "no permission to listen on hear0; run as root or give CAP_NET_RAW; --pcap FILE needs neither" in done.stderr
