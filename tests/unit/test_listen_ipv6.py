"""Listening to IPv6: neighbour discovery, DHCPv6, and mDNS, SSDP and LLMNR from link-local addresses."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.address import Mac
from agent.model.hearing import Hearing
from agent.model.observation import RAW_LIMIT
from agent.operations.context import Context
from agent.operations.listen import listen
from agent.wiring import Wiring
from collectors.decode.dhcp6 import options_of, parse_dhcp6
from collectors.decode.heard import decode
from collectors.decode.text import VALUE_LIMIT
from collectors.wire.capture import Captured, captured
from collectors.wire.listening import program
from tests.unit import ipv6_frames as office6
from tests.unit.test_listen import _filtered, heard_of, rows

HERE = Path(__file__).resolve().parents[1] / "golden" / "listen"
OFFICE6, HOSTILE6 = HERE / "ipv6.pcap", HERE / "hostile6.pcap"
SCOPE = 'site = "rec"\n[scope]\nsubnets = ["10.77.0.0/24", "2001:db8:77::/64"]\n'


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    monkeypatch.chdir(tmp_path)
    Path("lanward.toml").write_text(SCOPE)
    yield Wiring({}).context(create=True)


def test_the_files_are_what_scapy_writes() -> None:
    assert [f.octets for f in captured(OFFICE6)] == office6.office(), "python -m tests.unit.ipv6_frames writes them"
    assert [f.octets for f in captured(HOSTILE6)] == office6.hostile()


def test_the_frames_say_what_they_said_before() -> None:
    """After a wanted change: LANWARD_GOLDEN=write."""
    expected = HERE / "ipv6.json"
    if os.environ.get("LANWARD_GOLDEN") == "write":
        expected.write_text(json.dumps(heard_of(OFFICE6), indent=1, ensure_ascii=False) + "\n")
    assert heard_of(OFFICE6) == json.loads(expected.read_text())


def test_each_device_is_there_once(context: Context) -> None:
    """Privacy addresses, a lease, IPv4 and link-local speech are one computer; a copied DUID joins no two."""
    result = listen(context, Hearing(capture=OFFICE6))
    held = {str(mac): {str(ip) for ip in d.ips} for d in context.store().devices("rec") for mac in d.macs}
    net = "2001:db8:77:"
    assert held == {
        office6.CAMERA: {f"{net}0:4647:ccff:feaa:bb06"},
        office6.PC: {"10.77.0.150", f"{net}:100", f"{net}0:a1b2:c3d4:e5f6:1", f"{net}0:f6e5:d4c3:b2a1:2"},
        office6.CLONE: {f"{net}:101"},
        office6.PRINTER: {f"{net}:9"},
        office6.PHONE: set(),
        office6.ROUTER: set(),
    }
    assert result.devices == len(held) == len(context.store().devices("rec")) == 6
    assert rows(context) >= {("Ricoh", "IM C3000", "printer6", f"{net}:9")}
    assert {d.hostname for d in context.store().devices("rec")} >= {"desk-phone", "printer6"}


def test_a_second_day_with_other_privacy_addresses_doubles_nobody(context: Context, tmp_path: Path) -> None:
    listen(context, Hearing(capture=OFFICE6))
    changed = [
        o.replace(bytes.fromhex("a1b2c3d4e5f6"), bytes.fromhex("0102030405ff"))
        .replace(bytes.fromhex("f6e5d4c3b2a1"), bytes.fromhex("0a0b0c0d0e0f"))
        for o in office6.office()
    ]  # fmt: skip
    start, office6.START = office6.START, office6.START + 86_400
    try:
        office6.write(changed, tmp_path / "next.pcap")
    finally:
        office6.START = start
    result = listen(context, Hearing(capture=tmp_path / "next.pcap"))
    assert (result.devices, result.new) == (6, ())


def test_outside_the_scope_is_left_out_and_counted_and_link_local_is_neither(context: Context) -> None:
    Path("lanward.toml").write_text(SCOPE.replace("2001:db8:77::/64", "2001:db8:ffff::/64"))
    result = listen(Wiring({}).context(create=True), Hearing(capture=OFFICE6))
    ips = {str(ip) for d in context.store().devices("rec") for ip in d.ips}
    assert ips == {"10.77.0.150"}
    assert result.run.errors == (
        "listen: 7 addresses outside the scope were heard and left out, 2001:db8:77::9 first",
    )  # fmt: skip
    assert Mac.parse(office6.CAMERA) in {m for d in context.store().devices("rec") for m in d.macs}


def test_hostile_frames_bind_no_address_and_name_nobody() -> None:
    said = [(i, o) for i, f in enumerate(captured(HOSTILE6)) for o in decode(f.octets, f.at, "rec")]
    assert {o.attribute for _, o in said} == {"alive", "dhcp.duid", "dhcp.enterprise"}
    assert {str(o.address) for _, o in said} == {office6.CAMERA}
    assert {o.source for _, o in said} == {"dhcp"}, "no neighbour message of these may be heeded"


def test_a_message_lies_below_at_most_so_many_relays() -> None:
    inner = b"\1abc"
    for _ in range(32):
        inner = bytes([12, 0]) + bytes(32) + struct.pack("!HH", 9, len(inner)) + inner
    assert parse_dhcp6(inner)
    assert parse_dhcp6(bytes([12, 0]) + bytes(32) + struct.pack("!HH", 9, len(inner)) + inner) is None


@given(st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=40)), max_size=6), st.integers(0, 8))
def test_options_read_back_and_end_where_they_are_cut(options: list[tuple[int, bytes]], cut: int) -> None:
    octets = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    assert options_of(octets) == tuple(options)
    assert options_of(octets[: len(octets) - cut]) == tuple(options)[: len(options_of(octets[: len(octets) - cut]))]


@given(st.sampled_from([*captured(OFFICE6), *captured(HOSTILE6)]), st.data())
def test_no_frame_breaks_a_decoder(frame: Captured, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(frame.octets)))
    junk = data.draw(st.binary(max_size=40))
    cut = data.draw(st.integers(0, len(frame.octets)))
    octets = (frame.octets[:at] + junk + frame.octets[at + len(junk) :])[: max(cut, at)]
    for seen in decode(octets, frame.at, "rec"):
        assert len(seen.value) <= VALUE_LIMIT and len(seen.raw) <= RAW_LIMIT and seen.value.isprintable()
        assert isinstance(seen.address, Mac) or not seen.address.is_link_local


def test_the_kernel_takes_what_the_decoders_read() -> None:
    lines = list(struct.iter_unpack("=HBBI", program()))
    for frame in captured(OFFICE6):
        if decode(frame.octets, frame.at, "rec"):
            assert _filtered(lines, frame.octets)
    report = office6.hostile()[-1]
    assert not _filtered(lines, report), "multicast listener reports are not wanted"
    assert not _filtered(lines, report[:20] + b"\x3a" + report[21:54] + b"\x80" + bytes(60)), "nor echo requests"
