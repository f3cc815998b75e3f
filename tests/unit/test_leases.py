"""Lease files of four DHCP servers, as observations; each form is what the server itself writes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.main import app
from agent.diagnostics import guarded
from agent.imports.leases import read_leases
from agent.model.device import Status
from agent.model.errors import BadInput
from agent.operations.leases import import_leases
from agent.wiring import Wiring

DNSMASQ = """1795000000 00:26:73:11:22:33 10.77.0.20 RICOH-112233 01:00:26:73:11:22:33
0 44:47:cc:aa:bb:01 10.77.0.21 * *
1795000000 00:00:00:00:00:00 10.77.0.22 * *
1795000000 00:11:32:99:88:77 10.77.0 nas *
duid 00:01:00:01:2f:aa:bb:cc:00:26:73:11:22:33
1795000000 7500931 2001:db8::20 RICOH-112233 00:01:00:01:2f:aa:bb:cc:00:26:73:11:22:33
1795000000 7500932 2001:db8::21 * 00:02:00:00:ab:11
"""
ISC = """# The format of this file is documented in the dhcpd.leases(5) manual page.
authoring-byte-order little-endian;
lease 10.77.0.30 {
  starts 0 2026/11/22 01:00:00;
  ends 0 2026/11/22 13:00:00;
  cltt 0 2026/11/22 01:00:00;
  binding state free;
}
lease 10.77.0.30 {
  starts 0 2026/11/22 02:00:00;
  ends never;
  cltt 0 2026/11/22 02:30:00;
  binding state active;
  next binding state free;
  hardware ethernet 00:1e:f7:55:66:77;
  uid "\\001\\000\\036}\\367;Ufw";
  client-hostname "SEP001EF7556677";
}
lease 10.77.0.31 {
  starts epoch 1763740800; # Fri Nov 21 16:00:00 2025
  binding state active;
  hardware ethernet 01:00:5e:00:00:01;
}
host front-printer {
  hardware ethernet 00:26:73:11:22:44;
  fixed-address 10.77.0.32;
}
host by-name { hardware ethernet 00:26:73:11:22:45; fixed-address printer.example; }
host no-address { hardware ethernet 00:26:73:11:22:46; }
"""
KEA = """address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id
10.77.0.40,d8:9e:f3:01:02:03,01:d8:9e:f3:01:02:03,3600,1763744400,1,0,0,old.example.,0,,0
10.77.0.40,d8:9e:f3:01:02:03,01:d8:9e:f3:01:02:03,3600,1763748000,1,0,0,trader&#x2c7.example.,0,,0
10.77.0.41,d8:9e:f3:01:02:04,,3600,1763748000,1,0,0,,2,,0
10.77.0.42,d8:9e:f3:01:02:05,,4294967295,4294967295,1,0,0,,0,,0
10.77.0.43,,,3600,1763748000,1,0,0,,0,,0
10.77.0.44,d8:9e:f3:01:02:06,,3600,soon,1,0,0,,0,,0
"""
WINDOWS = """#TYPE Microsoft.Management.Infrastructure.CimInstance#DhcpServerv4Lease
"IPAddress","ScopeId","AddressState","ClientId","ClientType","HostName","LeaseExpiryTime"
"10.77.0.50","10.77.0.0","ActiveReservation","00-26-73-11-22-33","Dhcp","RICOH-112233",""
"10.77.0.51","10.77.0.0","Active","44-47-cc-aa-bb-01","Dhcp","","2026/11/23 03:12:00"
"10.77.0.52","10.77.0.0","Declined","44-47-cc-aa-bb-02","Dhcp","BAD_ADDRESS",""
"10.77.0.53","10.77.0.0","Active","52-41-53-20-00-11-22-33-44-55-66-77-88-99-00-01","Dhcp","ras",""
"""
CONSOLE = (
    "用戶端 IP 位址\t名稱\t租用到期日\t類型\t唯一識別碼\t描述\n"
    "10.77.0.54\t印表機\t保留 (使用中)\tDHCP\t002673112255\t\n"
)

Row = tuple[str, str, str, bool | None, str]


def rows(text: str) -> tuple[str, list[Row], list[tuple[int, str, str, str]]]:
    found = read_leases(text.encode())
    leases = [
        (str(o.address), str(o.mac), o.hostname, o.reserved, f"{o.heard:%m-%d %H:%M}" if o.heard else "")
        for o in found.leases
    ]
    return found.form, leases, [(r.row, r.column, r.value, r.reason) for r in found.refused]


def test_dnsmasq() -> None:
    form, leases, refused = rows(DNSMASQ)
    assert form == "dnsmasq"
    assert leases == [
        ("10.77.0.20", "00:26:73:11:22:33", "RICOH-112233", None, ""),
        ("10.77.0.21", "44:47:cc:aa:bb:01", "", None, ""),
        ("2001:db8::20", "00:26:73:11:22:33", "RICOH-112233", None, ""),
    ]
    assert refused == [
        (3, "mac", "00:00:00:00:00:00", "is no single interface's MAC address"),
        (4, "address", "10.77.0", "is no IP address"),
        (7, "client", "00:02:00:00:ab:11", "tells no MAC address"),
    ]


def test_isc_dhcpd_whose_last_block_stands_and_whose_hosts_are_reserved() -> None:
    form, leases, refused = rows(ISC)
    assert form == "isc-dhcpd"
    assert leases == [
        ("10.77.0.30", "00:1e:f7:55:66:77", "SEP001EF7556677", False, "11-22 02:30"),
        ("10.77.0.32", "00:26:73:11:22:44", "front-printer", True, ""),
    ]
    assert refused == [
        (19, "mac", "01:00:5e:00:00:01", "is no single interface's MAC address"),
        (28, "address", "printer.example", "is no IP address"),
    ]


def test_kea_whose_last_row_stands_and_whose_reclaimed_rows_say_nothing() -> None:
    form, leases, refused = rows(KEA)
    assert form == "kea"
    assert leases == [
        ("10.77.0.40", "d8:9e:f3:01:02:03", "trader,7.example", None, "11-21 17:00"),
        ("10.77.0.42", "d8:9e:f3:01:02:05", "", None, ""),
    ]
    assert [(row, column) for row, column, *_ in refused] == [(6, "mac"), (7, "expiry")]


def test_windows_by_powershell_and_by_the_console_in_chinese() -> None:
    form, leases, refused = rows(WINDOWS)
    assert (form, len(refused), refused[0][0]) == ("windows", 1, 6)
    assert leases == [
        ("10.77.0.50", "00:26:73:11:22:33", "RICOH-112233", True, ""),
        ("10.77.0.51", "44:47:cc:aa:bb:01", "", False, ""),
    ]
    assert rows(CONSOLE)[1] == [("10.77.0.54", "00:26:73:11:22:55", "印表機", True, "")]
    assert len(read_leases(CONSOLE.encode("cp950")).leases) == 1


@pytest.mark.parametrize("octets", [b"", b"hello\n", b"\xff\xfe\xff", b"a,b\n1,2\n", b"lease {", b"\0\0\0"])
def test_a_file_of_no_server_is_refused(octets: bytes) -> None:
    with pytest.raises(BadInput):
        read_leases(octets)


@given(st.sampled_from([DNSMASQ, ISC, KEA, WINDOWS, CONSOLE]), st.integers(0, 900), st.text(max_size=30))
def test_no_damage_breaks_the_reader(text: str, at: int, junk: str) -> None:
    try:
        found = read_leases((text[:at] + junk + text[at + len(junk) :]).encode("utf-8", "replace"))
    except BadInput:
        return
    assert all(o.hostname.isprintable() and o.mac.value for o in found.leases)


def test_leases_name_devices_and_say_who_is_reserved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lanward.toml").write_text('site = "rec"\n[scope]\nsubnets = ["10.77.0.0/24"]\nexclude = ["10.77.0.32"]\n')
    Path("dhcpd.leases").write_text(ISC)
    context = Wiring({}).context(create=True)
    assert import_leases(context, Path("dhcpd.leases"), dry_run=True).imported == 1
    assert list(context.store().observations()) == []
    done = import_leases(context, Path("dhcpd.leases"))
    assert (done.encoding, done.imported, len(done.refused)) == ("isc-dhcpd", 1, 3)
    assert ("10.77.0.32", "is outside the scope") in {(r.value, r.reason) for r in done.refused}
    [phone] = context.store().devices("rec")
    assert (phone.hostname, str(phone.ips[0]), phone.address_reserved) == ("SEP001EF7556677", "10.77.0.30", False)
    assert phone.last_seen == datetime(2026, 11, 22, 2, 30, tzinfo=UTC) and phone.status is Status.PRESENT
    assert [entry.action for entry in context.store().audit()] == ["import.leases"]
    again = import_leases(context, Path("dhcpd.leases"))
    assert (again.imported, again.unchanged) == (0, 1)


def test_a_lease_alone_is_no_sign_that_a_device_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lanward.toml").write_text('site = "rec"\n[scope]\nsubnets = ["10.77.0.0/24"]\n')
    Path("dnsmasq.leases").write_text(DNSMASQ)
    assert guarded(lambda: app(["import", "leases", "dnsmasq.leases"], standalone_mode=False) or 0) == 5
    context = Wiring({}).context()
    assert context.store().devices("rec") == () and len(list(context.store().observations("rec"))) > 2
