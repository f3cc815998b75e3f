"""How well identification does over ../shared/corpus, and how well on a family that it has no definition of.

`python -m bench.families [--by category] [--misses ATTRIBUTE] [CORPUS]`. For the second table each capture is
identified without every definition that could be its family's own: those whose vendor the truth names, that own its
sysObjectID's enterprise, or that made any claim about it with everything in place; with their keywords, names, numbers
and organisations. The registries (IANA, IEEE) and the generic readers stay.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from agent.identify import Definitions, identify, load
from agent.identify.definition import enterprise
from bench.captures import Capture, answer, captures, scorer, unpack

FIELDS = ("class", "vendor", "model", "firmware", "serial")


def whole(found: Iterable[Capture]) -> dict[str, dict[str, str]]:
    """Each capture's answer with every definition."""
    return {c.name: answer(identify(c.asked(load()), load())) for c in found}


def left_out(found: Iterable[Capture]) -> dict[str, dict[str, str]]:
    """Each capture's answer without its family's own definitions."""
    answers = {}
    for capture in found:
        rest = without(own_vendors(capture))
        answers[capture.name] = answer(identify(capture.asked(rest), rest))
    return answers


def own_vendors(capture: Capture) -> frozenset[str]:
    """The vendors of all definitions that could be the family's own."""
    definitions, squash = load(), scorer().squash
    claims = identify(capture.asked(definitions), definitions).evidence
    claimed = {e.value for e in claims if e.attribute == "vendor"} | {
        e.detail.removeprefix("definition of ") for e in claims
    }
    truth = [squash(name) for name in capture.truth["vendor"] or ()]
    return frozenset(
        vendor.vendor
        for vendor in definitions.vendors
        if vendor.vendor in claimed
        or enterprise(capture.object_id) in vendor.enterprises
        or any(
            squash(n).startswith(t) or t.startswith(squash(n)) for n in (vendor.vendor, *vendor.names) for t in truth
        )
    )


@lru_cache(maxsize=512)
def without(names: frozenset[str]) -> Definitions:
    """The shipped definitions without some vendors'."""
    definitions = load()
    kept = tuple(v for v in definitions.vendors if v.vendor not in names)
    return Definitions(vendors=kept, keywords=definitions.keywords, labels=definitions.labels)


def table(found: Iterable[Capture], answers: dict[str, dict[str, str]]) -> dict[tuple[str, str], Any]:
    """score.py's tally of the answers."""
    return dict(scorer().score([c.truth for c in found], answers))


def show(title: str, tally: dict[tuple[str, str], Any], groups: Iterable[str]) -> None:
    """One row a category: right of asked, and false claims of the blanks."""
    print(f"\n{title:14}" + "".join(f"{f:>26}" for f in FIELDS))
    for group in groups:
        cells = [tally.get((group, field), defaultdict(int)) for field in FIELDS]
        print(f"{group:14}" + "".join(f"{_cell(cell):>26}" for cell in cells))


def _cell(told: dict[str, Any]) -> str:
    share = f"{100 * told['right'] / told['asked']:5.1f} %" if told["asked"] else "-"
    return f"{share} {told['right']}/{told['asked']} false {told['false']}/{told['blank']}"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", type=Path, help="the unpacked corpus; unpacked anew without")
    parser.add_argument("--misses", choices=FIELDS, help="list what was missed, in both")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = captures(args.corpus or unpack(Path(folder)))
    groups = ["all", *sorted({c.truth["category"] for c in found})]
    for title, answers in (("all defined", whole(found)), ("family out", left_out(found))):
        tally = table(found, answers)
        show(title, tally, groups)
        for field in FIELDS if not args.misses else (args.misses,):
            for name, wanted, given in tally["all", field]["misses"] if args.misses else ():
                print(title, name, wanted, given, sep="\t")


if __name__ == "__main__":
    main()
