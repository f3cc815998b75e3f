"""BRIDGE-MIB, Q-BRIDGE-MIB and LLDP-MIB of the Linux switch for snmpd's pass_persist (snmpd.conf(5)).

`python bridge_mib.py NEIGHBOUR CHASSIS PORT`: who is at the far end of the uplinks. It needs nothing but Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

Row = tuple[tuple[int, ...], str, str]

BRIDGE = (1, 3, 6, 1, 2, 1, 17)
BASE_PORT = (*BRIDGE, 1, 4, 1)
FDB = (*BRIDGE, 4, 3, 1)
Q_FDB = (*BRIDGE, 7, 1, 2, 2, 1)
Q_VLAN_NAME = (*BRIDGE, 7, 1, 4, 3, 1, 1)
Q_PVID = (*BRIDGE, 7, 1, 4, 5, 1, 1)
LLDP_LOCAL = (1, 0, 8802, 1, 1, 2, 1, 3)
LLDP_REMOTE = (1, 0, 8802, 1, 1, 2, 1, 4, 1, 1)
LEARNED, SELF = "3", "4"


def shown(*argv: str) -> list[dict[str, Any]]:
    """The JSON of an iproute2 command."""
    parsed: list[dict[str, Any]] = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout or b"[]")
    return parsed


def octets(mac: str) -> tuple[int, ...]:
    """A MAC as the arcs of an index."""
    return tuple(bytes.fromhex(mac.replace(":", "")))


def ports() -> dict[str, tuple[int, int]]:
    """Each bridge port's ifIndex and VLAN; a bridge is called `br` and its VLAN."""
    links = shown("ip", "-j", "link", "show")
    return {one["ifname"]: (one["ifindex"], int(one["master"][2:])) for one in links if "master" in one}


def bridge_rows() -> Iterator[Row]:
    """dot1dBase, dot1dTp and dot1q; a bridge port's number is its ifIndex, an FDB id its VLAN."""
    known = ports()
    management = next(one for one in shown("ip", "-j", "addr", "show") if one["ifname"][:2] == "br" and inet(one))
    yield (*BRIDGE, 1, 1, 0), "octet", management["address"].replace(":", " ")
    yield (*BRIDGE, 1, 2, 0), "integer", str(len(known))
    for name, (index, vlan) in known.items():
        yield (*BASE_PORT, 1, index), "integer", str(index)
        yield (*BASE_PORT, 2, index), "integer", str(index)
        if not name.startswith("up"):
            yield (*Q_PVID, index), "gauge", str(vlan)
        yield (*Q_VLAN_NAME, vlan), "string", f"br{vlan}"
    for entry in shown("bridge", "-j", "fdb", "show"):
        if entry.get("ifname") in known and "master" in entry and entry["mac"].count(":") == 5:
            index, vlan = known[entry["ifname"]]
            status = SELF if entry.get("state") == "permanent" else LEARNED
            yield from fdb_rows(entry["mac"], vlan, index, status)


def inet(link: dict[str, Any]) -> bool:
    """Whether an interface has an IPv4 address."""
    return any(one["family"] == "inet" for one in link["addr_info"])


def fdb_rows(mac: str, vlan: int, index: int, status: str) -> Iterator[Row]:
    """One address in both forwarding tables."""
    arcs = octets(mac)
    yield (*FDB, 1, *arcs), "octet", mac.replace(":", " ")
    yield (*FDB, 2, *arcs), "integer", str(index)
    yield (*FDB, 3, *arcs), "integer", status
    yield (*Q_FDB, 2, vlan, *arcs), "gauge", str(index)
    yield (*Q_FDB, 3, vlan, *arcs), "integer", status


def lldp_rows(name: str, chassis: str, port: str) -> Iterator[Row]:
    """The neighbour on each of the uplink's interfaces (IEEE 802.1AB-2009, lldpRemTable)."""
    yield (*LLDP_LOCAL, 3, 0), "string", "lnx1"
    for interface, (index, _vlan) in ports().items():
        yield (*LLDP_LOCAL, 7, 1, 2, index), "integer", "5"
        yield (*LLDP_LOCAL, 7, 1, 3, index), "string", interface
        yield (*LLDP_LOCAL, 7, 1, 4, index), "string", interface
        if interface.startswith("up"):
            at = (0, index, 1)
            yield (*LLDP_REMOTE, 4, *at), "integer", "4"
            yield (*LLDP_REMOTE, 5, *at), "octet", chassis.replace(":", " ")
            yield (*LLDP_REMOTE, 6, *at), "integer", "5"
            yield (*LLDP_REMOTE, 7, *at), "string", port
            yield (*LLDP_REMOTE, 9, *at), "string", name


def table(neighbour: list[str]) -> list[Row]:
    """All rows in order."""
    return sorted({row[0]: row for row in (*bridge_rows(), *lldp_rows(*neighbour))}.values())


def find(rows: list[Row], verb: str, oid: tuple[int, ...]) -> Row | None:
    """The row of an OID, or the one behind it."""
    at = bisect_right(rows, (oid, "\x7f", ""))
    if verb == "get":
        return rows[at - 1] if at and rows[at - 1][0] == oid else None
    return rows[at] if at < len(rows) else None


def main(neighbour: list[str]) -> None:
    """Speak pass_persist on standard input and output; tables are at most a second old."""
    rows, read = table(neighbour), time.monotonic()
    while line := sys.stdin.readline():
        if line.strip() == "PING":
            answer = ["PONG"]
        else:
            oid = tuple(int(arc) for arc in sys.stdin.readline().strip().strip(".").split("."))
            if time.monotonic() - read > 1:
                rows, read = table(neighbour), time.monotonic()
            row = find(rows, line.strip(), oid)
            answer = ["." + ".".join(map(str, row[0])), row[1], row[2]] if row else ["NONE"]
        sys.stdout.write("\n".join(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
