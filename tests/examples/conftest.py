"""The example shops as fixtures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.shops import RunningShop, running


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[RunningShop]:
    with running("sound-shop", tmp_path) as shop:
        yield shop


@pytest.fixture
def leaky(tmp_path: Path) -> Iterator[RunningShop]:
    with running("leaky-shop", tmp_path) as shop:
        yield shop


@pytest.fixture(params=["sound-shop", "leaky-shop"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningShop]:
    with running(request.param, tmp_path) as shop:
        yield shop
