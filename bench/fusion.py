"""How well FusionInventory identifies the same captures: `python -m bench.fusion CORPUS PORT` beside snmpsim.

Each capture is asked by one `fusioninventory-netinventory`. Its type counts as right where any class that it may mean
is acceptable: it knows no finer ones.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.captures import Capture, captures
from bench.families import show, table

CLASSES = {
    "PRINTER": ("printer", "mfp"),
    "NETWORKING": ("switch", "router", "access_point", "firewall", "controller", "serial_gateway"),
    "STORAGE": ("nas",),
    "POWER": ("ups", "pdu"),
    "PHONE": ("phone", "conferencing"),
    "VIDEO": ("camera", "projector", "conferencing", "display"),
    "KVM": ("bmc",),
    "COMPUTER": ("computer", "bmc"),
}


def told(capture: Capture, port: int) -> dict[str, str]:
    """One capture's answer in score.py's form; empty where nothing came."""
    command = ["fusioninventory-netinventory", "--host", "127.0.0.1", "--port", str(port), "--timeout", "3"]
    command += ["--credentials", f"version:2c,community:{capture.name}"]
    said = subprocess.run(command, capture_output=True, check=False, timeout=120).stdout
    try:
        device = ElementTree.fromstring(said).find(".//DEVICE")
    except ElementTree.ParseError:
        return {}
    return {} if device is None else _answer(capture, device)


def _answer(capture: Capture, device: ElementTree.Element) -> dict[str, str]:
    def said(*paths: str) -> str:
        return next((text for path in paths if (text := device.findtext(path))), "")

    possible: Sequence[str] = CLASSES.get(said("INFO/TYPE"), ("unknown",))
    wanted = capture.truth["class"] or ()
    return {
        "class": next((name for name in possible if name in wanted), possible[0]),
        "vendor": said("INFO/MANUFACTURER"),
        "model": said("INFO/MODEL"),
        "firmware": said("INFO/FIRMWARE", "FIRMWARES/VERSION"),
        "serial": said("INFO/SERIAL"),
    }


def main(corpus: Path, port: int) -> None:
    """Ask two at a time, and print the table of bench.families."""
    found = captures(corpus)
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip((c.name for c in found), pool.map(lambda c: told(c, port), found), strict=True))
    show("FusionInventory", table(found, answers), ["all", *sorted({c.truth["category"] for c in found})])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
