"""Make agent/identify/data/enterprises.tsv.xz anew: `python -m bench.enterprises FILE`.

FILE is IANA's list of private enterprise numbers as Wireshark prints it (number, tab, name; Debian's
libwireshark-data has /usr/share/wireshark/enterprises.tsv; made of https://www.iana.org/assignments/enterprise-numbers,
which IANA gives into the public domain, CC0). Names lose their comments; a star marks those whose first word also
begins a name in IEEE's registry of MAC prefixes (see bench.prefixes), which is to say a maker of hardware.
"""

from __future__ import annotations

import lzma
import re
import sys
from pathlib import Path

from agent.identify.registry import assigned_to, first_word

TARGET = Path(__file__).parents[1] / "agent" / "identify" / "data" / "enterprises.tsv.xz"


def main(source: str) -> None:
    """Read the list and write the package's data."""
    hardware = {first_word(name) for name in assigned_to()}
    lines = [_line(line, hardware) for line in Path(source).read_text(encoding="utf-8").splitlines()]
    text = "".join(line for line in lines if line)
    TARGET.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{TARGET}: {text.count(chr(10))} numbers, {TARGET.stat().st_size} octets")


def _line(line: str, hardware: set[str]) -> str:
    number, _, name = line.partition("\t")
    name = re.sub(r"\s*(?:# .*|\(https?:[^)]*\))", "", name).strip()
    if not number.isdigit() or not name:
        return ""
    return f"{number}\t{name}{'*' if first_word(name) in hardware else ''}\n"


if __name__ == "__main__":
    main(sys.argv[1])
