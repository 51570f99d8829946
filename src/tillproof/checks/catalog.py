"""The checks, by id. A check is one module with ``CHECK`` (what it is) and ``rule`` (how it rules), and its page beside it."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillproof.checks.ruling import Ruling
from tillproof.contract import Severity

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_FOLDER = Path(__file__).parent


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation: what it is called, how bad it is to break it, and how it is ruled. ``references`` are documentation URLs."""

    id: str
    title: str
    severity: Severity
    rule: "Callable[[Model], Iterator[Ruling]]"
    references: tuple[str, ...] = ()
    module: str = ""

    @property
    def category(self) -> str:
        return self.id.partition("/")[0]

    @property
    def page(self) -> str:
        """The check's page, Markdown."""
        return (_FOLDER / (self.id.replace("-", "_") + ".md")).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def all_checks() -> tuple[Check, ...]:
    """Every check, by id: the modules that have a page beside them."""
    names = (page.relative_to(_FOLDER).with_suffix("").as_posix().replace("/", ".") for page in _FOLDER.glob("*/*.md"))
    checks: list[Check] = [import_module(f"tillproof.checks.{name}").CHECK for name in names]
    return tuple(sorted(checks, key=lambda c: c.id))
