"""Every shipped definition obeys the schema and the linter, and its sources are such that a collector can ask them."""

import re

import pytest

from agent.identify import load, wanted_columns, wanted_oids
from agent.identify.definition import Definition, lint
from agent.identify.vendor_names import lint_aliases, vendor_named

OID = re.compile(r"1(\.\d+)+")


def test_the_linter_finds_nothing() -> None:
    assert lint(load()) == ()


def test_every_wanted_oid_is_one() -> None:
    assert [oid for oid in (*wanted_oids(load()), *wanted_columns(load())) if not OID.fullmatch(oid)] == []


@pytest.mark.parametrize("vendor", load().vendors, ids=lambda v: v.vendor)
def test_a_vendor_can_be_recognised(vendor: Definition) -> None:
    assert vendor.enterprises or vendor.organisations or vendor.names or vendor.device_class
    assert not vendor.names or all(name.strip() == name and len(name) > 1 for name in vendor.names)


def test_the_vendors_other_names_are_each_one_vendor_s() -> None:
    assert lint_aliases(load()) == ()


@pytest.mark.parametrize(
    ("text", "vendor"),
    [
        *zip(["京瓷", "理光", "富士", "佳能", "兄弟", "愛普生", "惠普", "夏普", "東芝", "海康威視", "大華", "安訊士"], (
            *("Kyocera", "Ricoh", "Fujifilm", "Canon", "Brother", "Epson", "HP", "Sharp", "Toshiba TEC"),
            *("Hikvision", "Dahua", "Axis"),
        ), strict=True),
        *zip(["晶睿", "群暉", "威聯通", "台達", "思科", "友訊", "合勤"], (
            *("Vivotek", "Synology", "QNAP", "Delta", "Cisco", "D-Link", "Zyxel"),
        ), strict=True),
        *(("Canon(佳能)", "Canon"), ("惠普（HP）", "HP"), ("ＫＹＯＣＥＲＡ 京瓷", "Kyocera")),
        *(("hewlett packard", "HP"), ("大同", "大同"), ("Nadir 京瓷", "Nadir 京瓷"), ("", "")),
    ],
)  # fmt: skip
def test_a_vendor_by_its_name_in_taiwan(text: str, vendor: str) -> None:
    assert vendor_named(text) == vendor


OFFICE = (
    "Ricoh,Fujifilm,Canon,Konica Minolta,Kyocera,HP,Epson,Brother,Sharp,Toshiba TEC,Hikvision,Dahua,Axis,Vivotek,"
    "GeoVision,AVTECH,Cisco,Avaya,Yealink,Grandstream,Synology,QNAP,APC,Eaton,Delta,Aruba,Ruckus,Ubiquiti,Zyxel,D-Link"
)


@pytest.mark.parametrize("vendor", OFFICE.split(","))
def test_office_vendors_of_taiwan_are_there(vendor: str) -> None:
    assert vendor in {v.vendor for v in load().vendors}
