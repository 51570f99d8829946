"""What the packs say of a call or member that gives a sum of money or changes one, found by the names of a value."""

import re
from dataclasses import dataclass

from tillproof.commerce.entry_styles.active import Active
from tillproof.commerce.names import Table, fits, strip
from tillproof.flow.program import Program
from tillproof.flow.values import External, Member, Result, Value, names
from tillproof.knowledge.schema import Currencies, Sum

_FORMAT = re.compile(r"\.(\d+)f")
_STEP = re.compile(r"1\.?|1?0?\.(0*[01])")


@dataclass(frozen=True, slots=True)
class Told:
    """A currency that is told: the record's ``own``, or the shop's ``default``."""

    own: bool


class Sums:
    """Looks into the packs of the frameworks that hold where a value comes about."""

    def __init__(self, program: Program, active: Active) -> None:
        self.program = program
        self.active = active
        self._tables: dict[int, Table[Sum]] = {}
        self._currencies: dict[int, Table[Told]] = {}

    def known(self, value: Value) -> Sum | None:
        """What the packs say of a call's result, or of a member or global that is read."""
        table = self._table(value)
        if table is None or not isinstance(value, (Result, Member, External)):
            return None
        called = value.callee if isinstance(value, Result) else value
        found = table.find(names(called))
        # `format(x, spec)` is the function, not the method of a text by whose name it goes as well
        return next((told for told, call, name, _ in found if call == strip(name)), found[0][0]) if found else None

    def tells_currency(self, value: Value, first: str) -> Told | None:
        """Whether a value is what the packs know for a record's or the shop's currency. ``first``: the text of the first argument."""
        file = value.at[0]
        if file not in self.program.indices or not isinstance(value, (Result, Member, External)):
            return None
        frameworks = self.active.of(file)
        table = self._currencies.get(id(frameworks))
        if table is None:
            table = self._currencies[id(frameworks)] = Table()
            for framework in frameworks:
                _fill(table, framework.currencies)
        called = value.callee if isinstance(value, Result) else value
        return next((told for told, _, _, text in table.find(names(called)) if not text or text == first), None)

    def by_upper_case(self, value: Value) -> bool:
        """Whether a callee knows a currency's decimals by its code in upper case alone."""
        frameworks = self.active.of(value.at[0]) if value.at[0] in self.program.indices else ()
        return any(fits(name, strip(n)) for f in frameworks for name in f.currencies.upper for n in names(value))

    def _table(self, value: Value) -> Table[Sum] | None:
        file = value.at[0]
        if file not in self.program.indices:
            return None
        frameworks = self.active.of(file)
        table = self._tables.get(id(frameworks))
        if table is None:
            table = self._tables[id(frameworks)] = Table()
            for framework in frameworks:
                for told in framework.sums:
                    table.add(told.calls, told)
        return table


def _fill(table: Table[Told], currencies: Currencies) -> None:
    table.add(currencies.own, Told(True))
    table.add(currencies.default, Told(False))


def decimals_of(text: str) -> int | None:
    """The number of decimals that a pattern or a smallest step states: ``%.2f``, ``0.01``, ``1``. None when it states none."""
    if found := _FORMAT.search(text):
        return int(found[1])
    if found := _STEP.fullmatch(text):
        return len(found[1] or "")
    return None
