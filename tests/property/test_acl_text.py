"""Text and lines: what is written is read back as what was meant, also as the device would show it."""

from acl_strategies import ended_acls, intents, semantics
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.acl import ios, nft
from agent.acl.dialect import DIALECTS, build, is_intact
from agent.acl.naming import content_name, is_ours
from agent.model.address import Mac
from tests.examples import most

quick = settings(max_examples=most(200), deadline=None)
macs = st.lists(st.integers(1, 2**40).map(Mac), max_size=3, unique=True).map(tuple)


@quick
@given(ended_acls)
def test_ios_reads_what_it_wrote(lines):
    assert ios.parse("\n".join(ios.render(lines, "LW-00000000", "lanward site ticket"))) == lines


@quick
@given(ended_acls)
def test_ios_reads_what_show_ip_access_lists_makes_of_it(lines):
    body = ios.render(lines, "LW-00000000", "lanward site ticket")[2:]
    shown = [f"   {row} ({n} match{'es' if n > 1 else ''})" if n else f"   {row}" for n, row in enumerate(body)]
    assert ios.parse("\n".join(["Extended IP access list LW-00000000", *shown])) == lines


@quick
@given(ended_acls, macs)
def test_nft_reads_what_it_wrote(lines, planned):
    text = "\n".join(nft.render(lines, "LW-00000000", "lanward site ticket", planned))
    shown = text.replace(" counter ", " counter packets 3 bytes 180 ")
    assert nft.parse(text) == nft.parse(shown) == lines


@quick
@given(intents(), semantics)
def test_a_built_acl_reads_back_to_the_lines_of_its_name(intent, family):
    acl = build(intent, family.family, "lanward site ticket")
    assert is_ours(acl.text.name)
    text = "\n".join(acl.text.lines)
    assert DIALECTS[family.family].parse(text, acl.text.name) == acl.lines
    assert is_intact(text, acl.text.name, family.family)


@quick
@given(ended_acls, ended_acls)
def test_one_name_one_content(a, b):
    assert (content_name(a) == content_name(b)) == (a == b)
