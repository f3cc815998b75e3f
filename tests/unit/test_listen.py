"""Listening to office.pcap, which real daemons made (tests/golden/listen/record.sh), as a file and as a day of it."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.listening import seconds
from agent.cli.main import app
from agent.diagnostics import guarded
from agent.model.address import Mac
from agent.model.device import Status
from agent.model.errors import BadInput, EnvironmentFault
from agent.model.hearing import Hearing
from agent.model.observation import RAW_LIMIT, Observation
from agent.model.run import PASSIVE, RunState
from agent.operations.context import Context
from agent.operations.discover import begin
from agent.operations.listen import listen
from agent.operations.register import rebuild
from agent.wiring import Wiring
from collectors.decode.heard import decode
from collectors.decode.text import VALUE_LIMIT
from collectors.listen import AGAIN, CHANGES, Sieve
from collectors.wire.capture import Captured, captured, read
from collectors.wire.listening import program

HERE = Path(__file__).resolve().parents[1] / "golden" / "listen"
OFFICE = HERE / "office.pcap"
FRAMES = tuple(captured(OFFICE))
MIDNIGHT = datetime(2026, 11, 18, 16, tzinfo=UTC)
PC, PC_IP, PC_NEW = bytes.fromhex("d89ef3010203"), bytes([10, 77, 0, 145]), bytes([10, 77, 0, 130])
OTHER_PC = bytes.fromhex("d89ef3010299")


def written(frames: list[Captured], path: Path) -> Path:
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            at, size = frame.at.timestamp(), len(frame.octets)
            out.write(struct.pack("<IIII", int(at), int(at % 1 * 1e6), size, size) + frame.octets)
    return path


def a_day(path: Path) -> Path:
    """The recording once an hour; at noon the computer gets another address, and another computer its old one."""
    first, frames = FRAMES[0].at, []
    for hour in range(24):
        for frame in FRAMES:
            at = MIDNIGHT + timedelta(hours=hour) + (frame.at - first)
            if hour < 12 or PC not in frame.octets:
                frames.append(Captured(frame.octets, at))
                continue
            frames.append(Captured(frame.octets.replace(PC_IP, PC_NEW), at))
            frames.append(Captured(frame.octets.replace(PC, OTHER_PC), at))
    return written(frames, path)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    monkeypatch.chdir(tmp_path)
    Path("lanward.toml").write_text('site = "rec"\n[scope]\nsubnets = ["10.77.0.0/24"]\n')
    yield Wiring({}).context(create=True)


def heard_of(path: Path) -> list[dict[str, str]]:
    said = {
        (o.source, str(o.address), o.attribute, o.value) for f in captured(path) for o in decode(f.octets, f.at, "rec")
    }
    return [dict(zip(("source", "address", "attribute", "value"), row, strict=True)) for row in sorted(said)]


def test_the_recording_says_what_it_said_before() -> None:
    """After a wanted change: LANWARD_GOLDEN=write."""
    expected = HERE / "office.json"
    if os.environ.get("LANWARD_GOLDEN") == "write":
        expected.write_text(json.dumps(heard_of(OFFICE), indent=1, ensure_ascii=False) + "\n")
    assert heard_of(OFFICE) == json.loads(expected.read_text())


def rows(context: Context) -> set[tuple[str, str, str, str]]:
    return {
        (d.vendor, d.model, d.hostname, " ".join(map(str, d.ips)))
        for d in context.store().devices("rec", evidence=False)
    }


def test_a_recording_gives_a_register(context: Context) -> None:
    result = listen(context, Hearing(capture=OFFICE))
    assert result.devices == len(result.new) == result.run.hosts == 6
    assert rows(context) >= {
        ("Ricoh", "IM C3000", "RNP002673112233", "10.77.0.20"),
        ("Cisco", "", "rec-phone", "10.77.0.109"),
        ("Synology", "", "DiskStation", "10.77.0.120"),
        ("Dell", "", "TRADER-PC7", "10.77.0.145"),
    }
    classes = {str(d.device_class) for d in context.store().devices("rec")}
    assert classes >= {"phone", "nas", "camera", "computer"} and classes & {"printer", "mfp"}
    assert {d.status for d in context.store().devices("rec")} == {Status.PRESENT}
    assert FRAMES[0].at <= result.run.started < (result.run.ended or MIDNIGHT) <= FRAMES[-1].at
    assert result.run.not_scanned == ("10.77.0.0/24",) and result.missing == ()


def test_a_day_of_it_with_churn_gives_each_device_once(context: Context, tmp_path: Path) -> None:
    result = listen(context, Hearing(capture=a_day(tmp_path / "day.pcap")))
    assert result.devices == 7
    held = {m: d.ips for d in context.store().devices("rec") for m in d.macs}
    assert str(held[Mac.from_bytes(PC)][0]) == "10.77.0.130" and len(held[Mac.from_bytes(PC)]) == 1
    assert str(held[Mac.from_bytes(OTHER_PC)][0]) == "10.77.0.145"
    assert (result.run.ended or MIDNIGHT) - result.run.started > timedelta(hours=23)
    log = list(context.store().observations_of(result.run.id))
    assert len(log) < 24 * 4 * len(heard_of(OFFICE)), "what is said again within half an hour makes no row"
    assert max(o.seen for o in log) == result.run.ended


@pytest.mark.parametrize("kind", ["pcapng", "nsecpcap", "gz"])
def test_other_forms_of_the_file_say_the_same(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"office.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(OFFICE.read_bytes()))
    else:
        subprocess.run(["tshark", "-r", OFFICE, "-F", kind, "-w", path], check=True, capture_output=True)
    assert tuple(captured(path)) == FRAMES


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "is no capture file"),
        (b"MZ" * 40, "is no capture file"),
        (OFFICE.read_bytes()[:20], "cut off"),
        (OFFICE.read_bytes()[:-5], "cut off"),
        (OFFICE.read_bytes()[:20] + struct.pack("<I", 113), "link type 113; capture on one Ethernet interface"),
        (OFFICE.read_bytes()[:24] + b"\xff" * 16, "a record of 4294967295 octets"),
        (struct.pack("<III", 0x0A0D0D0A, 28, 7), "without a byte order"),
    ],
)
def test_a_file_that_is_none_is_refused(octets: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        list(read(BytesIO(octets), "f"))


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(OFFICE.read_bytes())
    for damaged in (whole[:-900], whole[:2000] + b"\xff" * 50 + whole[2050:], b"\x1f\x8b"):
        path = tmp_path / "office.pcap.gz"
        path.write_bytes(damaged)
        with pytest.raises(BadInput):
            list(captured(path))


def test_what_stood_before_the_broken_place_is_kept(context: Context, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pcap"
    broken.write_bytes(OFFICE.read_bytes()[:-5])
    with pytest.raises(BadInput, match="cut off"):
        listen(context, Hearing(capture=broken))
    assert len(rows(context)) == 6
    assert [str(run.state) for run in context.store().runs("rec")] == ["failed"]


def test_a_frame_that_is_yet_to_come_is_refused(context: Context, tmp_path: Path) -> None:
    late = written([replace(FRAMES[0], at=datetime(2030, 1, 1, tzinfo=UTC))], tmp_path / "late.pcap")
    with pytest.raises(BadInput, match="frame 1 is of 2030-01-01 00:00 UTC, which is yet to come"):
        listen(context, Hearing(capture=late))
    assert context.store().runs("rec") == ()


def test_addresses_outside_the_scope_are_left_out_and_counted(context: Context) -> None:
    Path("lanward.toml").write_text('site = "rec"\n[scope]\nsubnets = ["10.77.0.0/25"]\nexclude = ["10.77.0.1"]\n')
    result = listen(Wiring({}).context(create=True), Hearing(capture=OFFICE))
    assert "10.77.0.1" not in {str(ip) for d in context.store().devices("rec") for ip in d.ips}
    assert any("addresses outside the scope were heard and left out, 10.77.0.1 first" in e for e in result.run.errors)


def test_listening_makes_nobody_absent_and_no_interrupted_run_old(context: Context) -> None:
    run = replace(begin(context), state=RunState.INTERRUPTED)
    context.store().save_run(run)
    quiet = Observation("arp", run.started, "rec", Mac.from_bytes(OTHER_PC), "alive", "arp")
    context.store().append(run.id, [quiet])
    context.store().save_run(replace(run, id="r-listen", profile=PASSIVE, started=context.clock.now()))
    [device] = rebuild(context)
    assert device.status is Status.PRESENT, "nobody asked him since"
    assert begin(context).id == run.id


def test_hostile_frames_say_little_and_take_no_time() -> None:
    """Each protocol cut off, run over, looping or lying: 38 frames that no honest device sends."""
    start = time.monotonic()
    said = [o for f in captured(HERE / "hostile.pcap") for o in decode(f.octets, f.at, "rec")]
    assert time.monotonic() - start < 1
    assert {o.attribute for o in said if o.attribute not in ("alive", "lldp.chassis", "lldp.port-id")} == {
        *("hostname", "lldp.system-name", "lldp.chassis-id", "ssdp.server", "ssdp.location", "upnp.uuid"),
    }
    assert {o.value for o in said if o.attribute == "hostname"} == {"b"}, "no name of control characters"
    assert {o.value for o in said if o.attribute == "lldp.chassis-id"} == {"00:11:22:33:44:bb"}, "no broadcast, no word"
    assert all(o.value.isprintable() for o in said) and not any(o.attribute == "mac" for o in said)


@given(st.sampled_from([*FRAMES, *captured(HERE / "hostile.pcap")]), st.data())
def test_no_frame_breaks_a_decoder(frame: Captured, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(frame.octets)))
    junk = data.draw(st.binary(max_size=40))
    cut = data.draw(st.integers(0, len(frame.octets)))
    octets = (frame.octets[:at] + junk + frame.octets[at + len(junk) :])[: max(cut, at)]
    for seen in decode(octets, frame.at, "rec"):
        assert len(seen.value) <= VALUE_LIMIT and len(seen.raw) <= RAW_LIMIT and seen.value.isprintable()


@given(st.binary(max_size=400), st.sampled_from([b"\x0a\x0d\x0d\x0a", OFFICE.read_bytes()[:24], b""]))
def test_no_file_breaks_the_reader(octets: bytes, head: bytes) -> None:
    try:
        assert all(len(frame.octets) <= 400 for frame in read(BytesIO(head + octets), "f"))
    except BadInput as error:
        assert str(error).startswith("f ")


def test_a_statement_passes_again_after_a_while_and_its_last_time_at_the_end() -> None:
    sieve, base = Sieve(), Observation("arp", MIDNIGHT, "rec", Mac.from_bytes(PC), "alive", "arp")

    def at(minute: int) -> list[Observation]:
        return list(sieve.fresh((replace(base, seen=MIDNIGHT + timedelta(minutes=minute)),)))

    assert len(at(0)) == 1 and at(1) == [] and at(29) == []
    assert [o.seen.minute for o in at(AGAIN.seconds // 60)] == [29, 30]
    assert at(31) == [] and [o.seen.minute for o in sieve.rest()] == [31]


def held(second: float, mac: bytes, ip: bytes = PC_IP) -> Captured:
    """An announcement: who holds the address."""
    arp = bytes.fromhex("0001080006040001") + mac + ip + bytes(6) + ip
    return Captured(b"\xff" * 6 + mac + b"\x08\x06" + arp + bytes(18), MIDNIGHT + timedelta(seconds=second))


def test_two_who_take_an_address_from_each_other_make_no_flood(context: Context, tmp_path: Path) -> None:
    frames = [held(number / 10, (PC, OTHER_PC)[number % 2]) for number in range(1000)]
    result = listen(context, Hearing(capture=written(frames, tmp_path / "flood.pcap")))
    log = list(context.store().observations_of(result.run.id))
    assert len(log) < 2 * (CHANGES + 4), "the first times, each once, and its last time"
    assert {o.value for o in log if o.attribute == "mac"} == {str(Mac.from_bytes(mac)) for mac in (PC, OTHER_PC)}
    assert result.run.ended == frames[-1].at
    assert result.run.errors == (
        "listen: 10.77.0.145 goes to and fro between MACs, each of which is noted once in half an hour; "
        "988 changes were left out",
    )


def test_many_who_take_an_address_are_different_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.listen.STATEMENTS", 100)
    sieve = Sieve()
    with pytest.raises(EnvironmentFault, match="more than 100 different statements were heard"):
        for number in range(1000):
            frame = held(number / 10, PC[:4] + number.to_bytes(2, "big"))
            list(sieve.fresh(decode(frame.octets, frame.at, "rec")))


def test_who_holds_an_address_now_is_noted_at_once_and_is_nothing_odd() -> None:
    sieve = Sieve()

    def new(second: float, mac: bytes) -> list[str]:
        frame = held(second, mac)
        return [o.value for o in sieve.fresh(decode(frame.octets, frame.at, "rec")) if o.attribute == "mac"]

    pc, other = (str(Mac.from_bytes(mac)) for mac in (PC, OTHER_PC))
    assert new(0, PC) == [pc] and new(60, PC) == []
    assert new(90, OTHER_PC) == [other] and new(100, OTHER_PC) == []
    assert new(120, PC) == [pc, pc], "its last time before, and that it has the address again"
    last = [(o.value, o.seen) for o in sieve.rest() if o.attribute != "alive"]
    assert last == [(other, MIDNIGHT + timedelta(seconds=100))]


@pytest.mark.parametrize(("text", "length"), [("90s", 90), ("10m", 600), ("24h", 86400)])
def test_lengths_of_time(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ("listen", 2, "name either an interface or a file"),
        ("listen --interface lo --pcap x", 2, "name either an interface or a file"),
        ("listen --interface lo --for 0m", 2, "'0m' is no length of time"),
        ("listen --interface lo --for soon", 2, "'soon' is no length of time"),
        ("listen --pcap nothing.pcap", 2, "nothing.pcap: No such file or directory"),
        ("listen --interface nothing0", 6, "`ip link` lists the interfaces"),
    ],
)
def test_words_that_cannot_be_done(
    context: Context, words: str, code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(lambda: app(words.split(), standalone_mode=False) or 0) == code
    assert why in capsys.readouterr().err


def test_the_kernel_takes_what_the_decoders_read() -> None:
    """The filter, interpreted, beside the decoders, over every frame of the recording."""
    lines = list(struct.iter_unpack("=HBBI", program()))
    for frame in FRAMES:
        if decode(frame.octets, frame.at, "rec"):
            assert _filtered(lines, frame.octets)
    assert not _filtered(lines, b"\0" * 12 + b"\x86\xdd" + b"\x60" + bytes(5) + b"\x3a" + bytes(60))


def _filtered(lines: list[tuple[int, int, int, int]], octets: bytes) -> int:
    """Classic BPF (bpf(4)), as far as the program uses it; what lies beyond the frame ends it with 0."""
    loads: dict[int, Callable[[int, int], slice]] = {
        0x20: lambda k, x: slice(k, k + 4),
        0x28: lambda k, x: slice(k, k + 2),
        0x30: lambda k, x: slice(k, k + 1),
        0x48: lambda k, x: slice(k + x, k + x + 2),
    }
    at = value = index = 0
    while True:
        code, yes, no, operand = lines[at]
        at += 1
        if code in loads:
            value = int.from_bytes(octets[loads[code](operand, index)], "big")
        elif code == 0x01:
            index = operand
        elif code == 0xB1:
            index = (octets[operand] & 15) * 4
        elif code == 0x06:
            return operand
        else:
            at += yes if (value == operand if code == 0x15 else value > operand) else no
