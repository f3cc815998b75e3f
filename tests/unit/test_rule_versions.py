"""The order of firmware versions."""

import pytest

from policies.versions import older


@pytest.mark.parametrize(
    ("version", "minimum", "said"),
    [
        ("2.9", "2.10", True),
        ("2.10", "2.9", False),
        ("2.10", "2.10.0", False),
        ("2.10", "2.10.1", True),
        ("V1.02", "1.2", False),
        ("4.2a", "4.2b", True),
        ("20260101", "20251231", False),
        ("2.0-rc1", "2.0", None),
        ("LX1.2", "1.2", None),
        ("beta", "alpha", None),
        ("", "1", None),
        ("---", "1", None),
    ],
)
def test_older(version: str, minimum: str, said: bool | None) -> None:
    assert older(version, minimum) is said
