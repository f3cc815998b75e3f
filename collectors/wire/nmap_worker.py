"""The process that alone imports python-nmap (GPL-3): one scan a line.

Started as `python -m collectors.wire.nmap_worker`. A line in: `{"hosts": [..], "ports": "22,80", "arguments": [..]}`.
A line out: `{"hosts": {HOST: {PORT: {state, name, product, version, extrainfo, cpe}}}, "fault": TEXT}` or
`{"error": TEXT, "hint": TEXT}`.
"""

from __future__ import annotations

import json
import shlex
import sys
from ipaddress import ip_address

import nmap

_KEYS = ("state", "name", "product", "version", "extrainfo", "cpe")


def say(**answer: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def scan(scanner: nmap.PortScanner, request: dict[str, object]) -> None:
    """Run one scan and say what it found; hosts must be addresses, so that no option hides among them."""
    hosts = request["hosts"]
    assert isinstance(hosts, list)
    names = " ".join(str(ip_address(host)) for host in hosts)
    arguments = request["arguments"]
    assert isinstance(arguments, list)
    try:
        found = scanner.scan(names, str(request["ports"]), shlex.join(arguments))
    except nmap.PortScannerError as error:
        say(hosts={}, fault=str(error.value)[:500])
        return
    say(hosts={host: _ports(whole) for host, whole in found.get("scan", {}).items()}, fault="")


def _ports(host: dict[str, object]) -> dict[str, dict[str, str]]:
    ports = host.get("tcp", {})
    assert isinstance(ports, dict)
    return {str(number): {key: str(port.get(key, "")) for key in _KEYS} for number, port in ports.items()}


def main() -> None:
    """Serve scans until stdin ends."""
    try:
        scanner = nmap.PortScanner(nmap_search_path=("nmap",))
    except nmap.PortScannerError:
        say(error="nmap is not installed", hint="apt-get install nmap")
        return
    say(ready=True)
    for line in sys.stdin:
        scan(scanner, json.loads(line))


if __name__ == "__main__":
    main()
