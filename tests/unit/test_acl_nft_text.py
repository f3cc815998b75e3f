from ipaddress import IPv4Network

import pytest

from agent.acl import nft
from agent.acl.lines import Line
from agent.model.address import Mac
from agent.model.errors import BadInput, UnknownName

# as nft 1.0.6 lists what it was given
LISTED = """\
table bridge lanward {
	chain LW-00000001 {
		comment "lanward hq CHG-1"
		meta protocol arp counter packets 4 bytes 112 accept
		icmpv6 type { mld-listener-report, mld-listener-done, nd-router-solicit, nd-neighbor-solicit, """
LISTED += """nd-neighbor-advert, mld2-listener-report } counter packets 0 bytes 0 accept
		meta protocol != ip counter packets 0 bytes 0 drop
		ip saddr 10.0.0.5 ip daddr 10.1.0.0/24 WHOLE tcp sport 554 tcp flags rst,ack counter packets 9 bytes 540 accept
		ip saddr 10.0.0.5 ip protocol udp ip frag-off & 8191 != 0 counter packets 0 bytes 0 accept # handle 7
		ip saddr 10.0.0.5 WHOLE icmp type destination-unreachable icmp code frag-needed counter packets 0 bytes 0 accept
		meta protocol ip counter packets 0 bytes 0 drop
	}

	chain ports {
		type filter hook prerouting priority dstnat; policy accept;
		iifname "port1" jump LW-00000001
	}
}
""".replace("WHOLE", "ip frag-off & 8191 == 0")
D = IPv4Network("10.0.0.5")


def test_a_real_listing_is_read():
    assert nft.parse(LISTED) == (
        Line("permit", "tcp", D, IPv4Network("10.1.0.0/24"), sport=(554, 554), established=True),
        Line("permit", "udp", D, fragments=True),
        Line("permit", "icmp", D, icmp=(3, 4)),
        Line("deny"),
    )
    assert nft.bindings(LISTED) == {"port1": "LW-00000001"}
    with pytest.raises(UnknownName):
        nft.parse(LISTED, "LW-00000002")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tcp sport 554", "tcp sport { 554, 555 }"),
        ("tcp flags rst,ack", "tcp flags ack"),
        ("tcp flags rst,ack", "tcp flags rst,ack,syn"),
        ("ip protocol udp", "ip protocol gre"),
        ("ip frag-off & 8191 != 0", "ip frag-off & 8192 != 0"),
        ("ip saddr 10.0.0.5 ip frag-off", "ip saddr != 10.0.0.5 ip frag-off"),
        ("ip frag-off & 8191 == 0 tcp", "tcp"),
        ("ip protocol udp ip frag-off & 8191 != 0", "ip protocol udp ip frag-off & 8191 == 0"),
        ("meta protocol ip counter packets 0 bytes 0 drop", "meta protocol ip counter packets 0 bytes 0 reject"),
        ("meta protocol arp counter packets 4 bytes 112 accept", "meta protocol arp counter packets 4 bytes 112 drop"),
        ("nd-neighbor-advert,", "nd-neighbor-advert, nd-router-advert,"),
        ("\t\tmeta protocol != ip counter packets 0 bytes 0 drop\n", ""),
        ("frag-needed", "fragile"),
    ],
)
def test_a_rule_that_is_not_exactly_ours_is_refused(old, new):
    assert old in LISTED
    with pytest.raises(BadInput):
        nft.parse(LISTED.replace(old, new))


def test_foreign_bindings_are_refused():
    for rule in ('iifname "port2" drop', 'iifname "port1" jump LW-00000002', "jump LW-00000001"):
        with pytest.raises(BadInput, match="not ours"):
            nft.bindings(LISTED.replace("jump LW-00000001\n\t}\n}", f"jump LW-00000001\n\t\t{rule}\n\t}}\n}}"))


def test_the_head_of_a_shared_port_is_about_the_planned_macs_alone():
    lines, mac = (Line("deny", src=D), Line("permit")), Mac.parse("00:40:8c:01:02:03")
    text = "\n".join(nft.render(lines, "LW-00000001", "x", (mac,)))
    drops = [row.strip() for row in text.splitlines() if row.endswith("drop")]
    assert drops == [f"ether saddr {mac} meta protocol != ip counter drop", "ip saddr 10.0.0.5 counter drop"]
    assert nft.parse_chain(text) == nft.Chain(lines, (mac,))
    without = "\n".join(nft.render(lines, "LW-00000001", "x"))
    assert [row.strip() for row in without.splitlines() if row.endswith("drop")] == ["ip saddr 10.0.0.5 counter drop"]


def test_remarks_cannot_carry_rules():
    for remark in ('x" accept; "', "a\nb", "", "x" * 129, "it's", "$(reboot)", "a;b"):
        with pytest.raises(BadInput, match="remark"):
            nft.render((Line("deny"),), "LW-00000001", remark)
