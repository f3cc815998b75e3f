"""Collectors against real peers in network namespaces, watched by a capture on the wire."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lab.readiness import until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.lab, pytest.mark.skipif(os.geteuid() != 0, reason="not root: needs network namespaces")]

SPOOLED = (515, 631, 9100, 9104, 9999)
SPOOLER = """
import socket, sys, threading
def spool(port):
    server = socket.create_server(("0.0.0.0", port))
    while True:
        peer, _ = server.accept()
        threading.Thread(target=keep, args=(peer, port), daemon=True).start()
def keep(peer, port):
    peer.settimeout(20)
    try:
        while octets := peer.recv(4096):
            with open(f"{sys.argv[1]}/{port}", "ab") as out:
                out.write(octets)
    except OSError:
        pass
for port in map(int, sys.argv[2:]):
    threading.Thread(target=spool, args=(port,)).start()
"""
MARK, MARK_TYPE = "lanward-test", "0x88b5"
"""An EtherType for local experiments (IEEE 802): no protocol of the tests' has it."""

MARKER = f"""
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
    sock.bind(("eth0", {MARK_TYPE}))
    sock.send(b"\\xff" * 6 + b"\\2" + bytes(5) + b"\\x88\\xb5" + sys.argv[1].encode().ljust(46))
"""
SNMPD = """agentAddress udp:161
rocommunity public
createUser watcher SHA authpass123 AES privpass123
rouser watcher priv
sysName colbox
sysDescr A box for tests
"""
V3 = {
    "version": "3",
    "username": "watcher",
    "auth_protocol": "SHA",
    "auth_key": "authpass123",
    "priv_protocol": "AES",
    "priv_key": "privpass123",
}


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True)


class Net:
    """A bridge with an agent (.2), an SNMP and web device (.10) and a printer (.11) on 10.77.0.0/26."""

    def __init__(self, folder):
        self.folder, self.prefix = folder, f"col-{os.getpid()}"
        self.pcap = folder / "wire.pcap"
        self.processes, self.marks = [], 0

    def space(self, name):
        return f"{self.prefix}-{name}"

    def start(self, name, *command, **options):
        whole = ["ip", "netns", "exec", self.space(name), *command]
        log = (self.folder / f"{name}.log").open("ab")
        self.processes.append(subprocess.Popen(whole, stdout=log, stderr=log, **options))
        return self.processes[-1]

    def up(self):
        for name in ("sw", "agent", "dev", "prn"):
            run("ip", "netns", "add", self.space(name))
            run("ip", "-n", self.space(name), "link", "set", "lo", "up")
        run("ip", "-n", self.space("sw"), "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.space("sw"), "link", "set", "br0", "up")
        for name, last in (("agent", 2), ("dev", 10), ("prn", 11)):
            own, far = self.space(name), self.space("sw")
            run("ip", "link", "add", f"v-{name}", "netns", far, "type", "veth", "peer", "name", "eth0", "netns", own)
            run("ip", "-n", far, "link", "set", f"v-{name}", "master", "br0", "up")
            run("ip", "-n", own, "link", "set", "eth0", "up")
            run("ip", "-n", own, "addr", "add", f"10.77.0.{last}/26", "dev", "eth0")
        (self.folder / "snmpd.conf").write_text(SNMPD)
        (self.folder / "index.html").write_text("<title>Front &amp; page</title>")
        (self.folder / "spool").mkdir()
        state = {**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder / "state")}
        self.start("dev", "snmpd", "-f", "-Lo", "-C", "-c", str(self.folder / "snmpd.conf"), env=state)
        self.start("dev", sys.executable, "-m", "http.server", "80", "-d", str(self.folder))
        self.start("prn", sys.executable, "-c", SPOOLER, str(self.folder / "spool"), *map(str, SPOOLED))
        capture = ("tcpdump", "-i", "br0", "-U", "--immediate-mode", "-Z", "root", "-w", str(self.pcap))
        self.start("sw", *capture)
        until(lambda: self.pcap.exists() and self.pcap.stat().st_size, "the capture")
        for name, port in (("dev", 80), *(("prn", port) for port in SPOOLED)):
            until(lambda name=name, port=port: self.listens(name, "-lnt", port), f"{name}'s port {port}")
        until(lambda: self.listens("dev", "-lnu", 161), "snmpd")

    def listens(self, name, kind, port):
        return run("ip", "netns", "exec", self.space(name), "ss", "-H", kind, "sport", "=", f":{port}").stdout

    def down(self):
        for process in self.processes:
            process.terminate()
            process.wait(timeout=10)
        for name in ("sw", "agent", "dev", "prn"):
            run("ip", "netns", "del", self.space(name), check=False)

    def collect(self, *names, **asked):
        job = {"scope": ["10.77.0.0/26"], "collectors": names, **asked}
        runner = [sys.executable, str(ROOT / "tests/lab/collect_in_namespace.py")]
        whole = ["ip", "netns", "exec", self.space("agent"), *runner]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(whole, input=json.dumps(job), capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    def spooled(self):
        return {int(path.name): path.read_bytes() for path in (self.folder / "spool").iterdir()}

    def frames(self, *fields, filter):
        """What was sent before this call: a frame of our own, sent last, is waited for in the capture."""
        self.marks += 1
        mark = f"{MARK} {self.marks} ends here"
        run("ip", "netns", "exec", self.space("dev"), sys.executable, "-c", MARKER, mark)
        until(lambda: mark.encode() in self.pcap.read_bytes(), "the marking frame in the capture")
        words = [word for field in fields for word in ("-e", field)]
        asked = f"({filter}) && !(eth.type=={MARK_TYPE})"
        shown = run("tshark", "-r", str(self.pcap), "-Y", asked, "-T", "fields", *words, check=False)
        return [line.split("\t") for line in shown.stdout.splitlines()]


@pytest.fixture
def net(tmp_path):
    for tool in ("snmpd", "tcpdump", "tshark", "nmap"):
        assert shutil.which(tool), f"{tool} is not installed"
    one = Net(tmp_path)
    try:
        one.up()
        yield one
    finally:
        one.down()


def values(found, address):
    return {attribute: value for _, where, attribute, value, *_ in found["rows"] if where == address}


def test_a_whole_run_finds_the_devices_prints_nothing_and_keeps_the_pace(net):
    secrets = {"v3": V3, "v2": {"community": "public"}}
    names = ("arp", "icmp", "snmp", "nmap", "ipp", "http")
    found = net.collect(*names, snmp=["v2", "v3"], secrets=secrets)
    assert found["gpl"] == []

    box = values(found, "10.77.0.10")
    mac = run("ip", "netns", "exec", net.space("dev"), "cat", "/sys/class/net/eth0/address").stdout.strip()
    assert box["mac"] == box["own-mac"] == mac
    assert box["snmp.1.3.6.1.2.1.1.1.0"] == "A box for tests" and box["snmp.community"] == "default"
    assert box["http.title"] == "Front & page" and "SimpleHTTP" in box["nmap.80.product"]

    ports = {row[3] for row in found["rows"] if row[1] == "10.77.0.11" and row[2] == "port"}
    assert ports == {"tcp/515/printer", "tcp/631/ipp", "tcp/9100/jetdirect", "tcp/9999/abyss"}
    assert set(net.spooled()) == {631}
    assert net.spooled()[631].startswith(b"POST /ipp/print HTTP/1.1\r\n") and b"application/ipp" in net.spooled()[631]

    own = run("ip", "netns", "exec", net.space("agent"), "cat", "/sys/class/net/eth0/address").stdout.strip()
    sent = [float(at) for at, *_ in net.frames("frame.time_epoch", filter=f"arp.opcode==1 && eth.src=={own}")]
    assert len(sent) >= 59
    assert max(Counter(int(at) for at in sent).values()) <= 10
    assert (len(sent) - 1) / (sent[-1] - sent[0]) <= 10.0
    outside = net.frames("ip.dst", filter=f"ip && eth.src=={own} && !(ip.dst==10.77.0.0/26)")
    assert outside == []


def test_snmpv3_answers_where_the_community_is_wrong(net):
    secrets = {"v3": V3, "bad": {"community": "wrong"}}
    found = net.collect("arp", "snmp", snmp=["bad", "v3"], secrets=secrets)
    box = values(found, "10.77.0.10")
    assert box["snmp.1.3.6.1.2.1.1.5.0"] == "colbox" and "snmp.community" not in box
    assert "authpass" not in json.dumps(found) and "wrong" not in json.dumps(found)


def test_nmap_sends_no_arp_of_its_own(net):
    """The control is nmap's own discovery: it asks ARP for every address of a batch, with its own frames."""
    run("ip", "-n", net.space("agent"), "neigh", "replace", "10.77.0.11", "lladdr", "02:00:00:00:00:99", "dev", "eth0")
    nmap = ("ip", "netns", "exec", net.space("agent"), "nmap", "-p", "80", "--max-retries=0")
    before = len(net.frames("frame.number", filter="arp.opcode==1 && arp.dst.proto_ipv4==10.77.0.11"))
    run(*nmap, "-sS", "-n", "-Pn", "--send-ip", "--disable-arp-ping", "10.77.0.11")
    between = len(net.frames("frame.number", filter="arp.opcode==1 && arp.dst.proto_ipv4==10.77.0.11"))
    run(*nmap, "-sS", "-n", "10.77.0.11")
    after = len(net.frames("frame.number", filter="arp.opcode==1 && arp.dst.proto_ipv4==10.77.0.11"))
    assert between == before and after > between


def test_the_ports_that_a_plain_version_scan_writes_to_are_the_reason_for_the_guard(net):
    nmap = (
        "ip",
        "netns",
        "exec",
        net.space("agent"),
        "nmap",
        "-n",
        "-Pn",
        "-sV",
        "--version-light",
        "-p",
        "515,631,9999",
    )
    run(*nmap, "--host-timeout=45s", "10.77.0.11")
    assert {515, 631, 9999} <= set(net.spooled())


AVAHI = """
mount -t tmpfs tmpfs /run && mkdir -p "$1/services" && mount --bind "$1/services" /etc/avahi/services
exec avahi-daemon --no-drop-root --no-rlimits --no-chroot -f "$1/avahi.conf"
"""
AVAHI_CONF = "[server]\nhost-name=SCAN42\nenable-dbus=no\nallow-interfaces=eth0\n[publish]\npublish-workstation=yes\n"
SERVICE = """<service-group><name>Scanner 42</name><service><type>_scanner._tcp</type><port>1865</port>
<txt-record>mfg=EPSON</txt-record><txt-record>mdl=DS-790WN</txt-record></service></service-group>"""


def test_a_device_is_found_by_what_it_announces_and_by_ipv6_on_the_agents_own_link(net):
    for name, last in (("agent", 2), ("dev", 10)):
        run("ip", "-n", net.space(name), "addr", "add", f"2001:db8:77::{last}/64", "dev", "eth0", "nodad")
    (net.folder / "avahi.conf").write_text(AVAHI_CONF)
    (net.folder / "services").mkdir()
    (net.folder / "services" / "scanner.service").write_text(SERVICE)
    net.start("dev", "unshare", "--mount", "--propagation", "private", "sh", "-ec", AVAHI, "sh", str(net.folder))
    until(lambda: "successfully established" in (net.folder / "dev.log").read_text(), "the announced service")
    found = net.collect("mdns", "ndp", scope=["10.77.0.0/26", "2001:db8:77::/64"])
    mac = run("ip", "netns", "exec", net.space("dev"), "cat", "/sys/class/net/eth0/address").stdout.strip()
    box = values(found, "10.77.0.10")
    assert (box["hostname"], box["mdns.mfg"], box["mdns.mdl"]) == ("SCAN42", "EPSON", "DS-790WN")
    assert values(found, "2001:db8:77::10") == {"scanned": "ndp", "alive": "ndp", "mac": mac}
    own = run("ip", "netns", "exec", net.space("agent"), "cat", "/sys/class/net/eth0/address").stdout.strip()
    to_all = net.frames("ip.ttl", filter=f"udp.dstport==5353 && eth.src=={own} && ip.dst==224.0.0.251")
    assert to_all == [["1"]], "one question, which no router passes on"
