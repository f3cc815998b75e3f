"""The shortest way through a change, on every switch."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.site import Site


def test_plan_apply_verify_roll_back(surveyed: Callable[..., Site]) -> None:
    site = surveyed("first")
    planned = site.applied()
    assert site.json("verify") == []
    site.lanward("rollback", planned["change"])
    assert [c["state"] for c in site.json("change", "list")] == ["reverted", "applied"]
