import os
import tarfile
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from agent.acl import ios
from agent.acl.lines import Line
from agent.acl.proof import equivalent
from agent.acl.semantics import CISCO_IOS
from agent.model.errors import BadInput, UnknownName

SHARED = Path(os.environ.get("LANWARD_SHARED", Path(__file__).parents[2].parent / "shared"))
CAPTURES = ("show_access-list", "show_ip_access-lists", "show_running-config_partition_access-list")
N = IPv4Network


def parse_entry(text):
    return ios.parse(f"ip access-list extended A\n {text}")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("10 permit ip any any (7 matches)", [Line("permit")]),
        ("10 deny   ip any any log (1 match)", [Line("deny")]),
        ("permit tcp any eq www host 10.0.0.1 established", [("tcp", "any", (80, 80), "10.0.0.1", None, True)]),
        ("permit udp any range bootps bootpc any eq ntp", [("udp", "any", (67, 68), "any", (123, 123), False)]),
        ("permit tcp any any gt 1023", [("tcp", "any", None, "any", (1024, 65535), False)]),
        ("permit tcp any any lt 1024", [("tcp", "any", None, "any", (0, 1023), False)]),
        ("permit udp 10.1.1.7 0.0.0.255 any", [("udp", "10.1.1.0/24", None, "any", None, False)]),
        ("permit tcp any any neq 0 22", [("tcp", "any", None, "any", r, False) for r in ((1, 21), (23, 65535))]),
        ("permit tcp any any eq smtp 465", [("tcp", "any", None, "any", (p, p), False) for p in (25, 465)]),
        ("permit ip 1.2.3.4 0.0.0.0 1.2.3.4 255.255.255.255", [("ip", "1.2.3.4", None, "any", None, False)]),
    ],
)
def test_entries_as_ios_shows_them(text, lines):
    wanted = tuple(line if isinstance(line, Line) else _line(*line) for line in lines)
    assert parse_entry(text) == wanted


def _line(proto, src, sport, dst, dport, established):
    nets = [N("0.0.0.0/0") if side == "any" else N(side) for side in (src, dst)]
    return Line("permit", proto, *nets, sport, dport, established)


def test_icmp_by_name_and_number():
    assert parse_entry("permit icmp any any echo-reply")[0].icmp == (0, None)
    assert parse_entry("permit icmp any any packet-too-big")[0].icmp == (3, 4)
    assert parse_entry("permit icmp any any 8 0")[0].icmp == (8, 0)
    assert parse_entry("permit icmp any any")[0].icmp is None
    assert parse_entry("deny ip any any fragments")[0].fragments


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("permit igmp any any", "protocol 'igmp'"),
        ("permit tcp any any match-all +ack -fin", "'match-all'"),
        ("permit tcp any any established psh", "'psh'"),
        ("permit ip any any dscp ef", "'dscp'"),
        ("permit ip any any time-range nights (active)", "'time-range'"),
        ("permit ip 10.0.10.0 0.255.0.255 any", "wildcard 0.255.0.255 is no prefix"),
        ("permit tcp object-group A any", "object groups"),
        ("permit tcp any any eq frobnicate", "port 'frobnicate'"),
        ("permit tcp any range www domain any", "80 to 53"),
        ("permit tcp any any gt 65535", "no range"),
        ("permit udp any", "too early"),
        ("permit udp any any established", "'established' with udp"),
        ("evaluate REFLEX", "neither permit nor deny"),
        ("permit ip host 300.1.1.1 any", "no IPv4 address"),
        ("dynamic X permit ip any any", "neither permit nor deny"),
        ("permit tcp any any reflect R", "'reflect'"),
        ("permit tcp any any eq 80 fragments", "non-initial fragments carry no ports"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_entry(entry, words):
    with pytest.raises(BadInput, match="IP ACL A: ") as error:
        parse_entry(f"10 permit ip any any\n 20 {entry}")
    assert words in str(error.value)
    assert entry in str(error.value)


CONFIG = """\
interface GigabitEthernet1/0/1
 ip access-group LW-00000001 in
!
ip access-list extended FOREIGN
 permit tcp object-group A any
ip access-list extended LW-00000001
 remark lanward hq CHG-1
 20 deny   ip any any
 10 permit ip host 10.0.0.1 any
ip access-list standard MGMT
 10 permit 10.9.0.0 0.0.0.255
access-list 10 permit 10.1.1.1
access-list 101 permit tcp any any eq 22
!
line vty 0 4
"""


def test_one_acl_is_read_out_of_a_whole_configuration():
    lines = ios.parse(CONFIG, "LW-00000001")
    assert lines == (Line("permit", src=N("10.0.0.1")), Line("deny")), "by sequence number"
    assert ios.parse(CONFIG, "MGMT") == (Line("permit", src=N("10.9.0.0/24")),)
    assert ios.parse(CONFIG, "10") == (Line("permit", src=N("10.1.1.1")),)
    assert ios.parse(CONFIG, "101") == (Line("permit", "tcp", dport=(22, 22)),)
    with pytest.raises(UnknownName):
        ios.parse(CONFIG, "LW-00000002")
    with pytest.raises(BadInput, match="5 IP ACLs"):
        ios.parse(CONFIG)
    with pytest.raises(BadInput, match="object groups"):
        ios.parse(CONFIG, "FOREIGN")


def test_an_empty_acl_and_a_repeated_one():
    assert ios.parse("Extended IP access list test\nExtended IP access list other", "test") == ()
    with pytest.raises(BadInput, match="twice"):
        ios.parse(CONFIG + CONFIG, "MGMT")


def test_a_remark_or_an_end_that_ios_would_not_keep_is_refused():
    for remark in ("", "x" * 101, "what?", "a\nno ip access-list x", "空"):
        with pytest.raises(BadInput, match="remark"):
            ios.render((Line("deny"),), "LW-00000000", remark)
    with pytest.raises(BadInput, match="explicit end"):
        ios.render((Line("permit", "tcp"),), "LW-00000000", "x")


def _captures():
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent (LANWARD_SHARED)")
    with tarfile.open(SHARED / "corpus" / "show-outputs.tar.xz") as archive:
        for member in archive:
            parts = Path(member.name).parts
            if member.isfile() and member.name.endswith(".raw") and parts[-3:-1] and parts[-2] in CAPTURES:
                yield parts[-1], archive.extractfile(member).read().decode()


def test_real_captures_are_read_or_refused_with_a_reason():
    """Figures of the corpus: at least this many ACLs of real output are read; each refusal names its entry."""
    read, refused = {}, []
    for file, text in _captures():
        for name, rows in ios.blocks(text).items():
            try:
                read[file, name] = ios.parse(text, name)
            except BadInput as error:
                refused.append(str(error))
                assert any(row.removeprefix("standard ") in str(error) for row in rows)
    assert len(read) >= 9
    assert 0 < len(refused) <= 12
    for lines in read.values():
        if lines and lines[-1] in (Line("deny"), Line("permit")):
            again = ios.parse("\n".join(ios.render(lines, "LW-00000000", "x")))
            assert equivalent(lines, again, CISCO_IOS) is None
