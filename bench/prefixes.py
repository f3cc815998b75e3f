"""Make agent/identify/data/prefixes.tsv.xz anew: `python -m bench.prefixes FILE...`.

FILEs are IEEE's own lists of assigned MAC prefixes, oui.txt, mam.txt, oui36.txt and iab.txt
(https://standards-oui.ieee.org; Debian's ieee-data has them), in which IEEE asserts no copyright.
"""

from __future__ import annotations

import lzma
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).parents[1] / "agent" / "identify" / "data" / "prefixes.tsv.xz"
_BLOCK = re.compile(
    r"^(?P<oui>[0-9A-F]{2}-[0-9A-F]{2}-[0-9A-F]{2}) +\(hex\)\s+(?P<name>.+?)\s*\n"
    r"(?P<first>[0-9A-F]{6})(?:-(?P<last>[0-9A-F]{6}))?",
    re.MULTILINE,
)


def main(sources: list[str]) -> None:
    """Read the lists and write the package's data; of two lists the first one counts."""
    rows: dict[str, str] = {}
    for source in reversed(sources):
        rows.update(blocks(Path(source).read_text(encoding="utf-8", errors="replace")))
    text = "".join(f"{prefix}\t{name}\n" for prefix, name in sorted(rows.items()))
    TARGET.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{TARGET}: {len(rows)} prefixes, {TARGET.stat().st_size} octets")


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each block's prefix in hexadecimal digits, six, seven or nine of them, and to whom it is assigned."""
    for found in _BLOCK.finditer(text):
        first, last = found["first"], found["last"]
        shared = next((n for n in range(6) if last and first[n] != last[n]), 6) if last else 0
        yield found["oui"].replace("-", "") + first[:shared], found["name"]


if __name__ == "__main__":
    main(sys.argv[1:])
