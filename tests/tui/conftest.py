"""The option that takes the screens' pictures anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known where `tests/tui` is named on the command line."""
    parser.addoption("--new-pictures", action="store_true", help="write the screens' pictures instead of comparing")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether pictures are written."""
    return bool(request.config.getoption("--new-pictures", default=False))
