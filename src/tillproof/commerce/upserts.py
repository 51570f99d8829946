"""What an upsert does to a row that is there already: which of its fields are written over."""

import re

from tillproof.commerce.chains import Chain, Chains, Link
from tillproof.commerce.sql.statement import Statement
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Overlay, Record, Value

_LEAVES = re.compile(
    r"get_?or_?create|find_?or_?create|first_?or_?create|create_?or_?first|find_?create_?find|insert_?or_?ignore\w*|or_?ignore|ignore|do_?nothing"
    r"|on_?conflict_?(do_?nothing|ignore)|set_?nx|set_?on_?insert|add",
    re.IGNORECASE,
)
_UPDATES = re.compile(r"on_?conflict_?(do_?)?update|on_?duplicate_?key_?update|merge", re.IGNORECASE)
_SKIPS = ("skipDuplicates", "ignoreDuplicates", "ignore_duplicates", "ignore_conflicts")
_CHANGES_THERE = ("updateOnDuplicate", "update_conflicts")
_ON_INSERT = "$setOnInsert"
_NEW_VALUES = ("update", "set", "set_")
_DECIDES = re.compile(r"\bon\s+(conflict|duplicate)\b.*\b(case|if|greatest|least|where|coalesce)\b", re.IGNORECASE | re.DOTALL)


def skips_there(chains: Chains, chain: Chain) -> bool:
    """Whether rows that are there already are left out, as a call is told: ``createMany({ data, skipDuplicates: true })``."""
    return _is_told(chains, chain, _SKIPS)


def tells_of_there(chains: Chains, chain: Chain) -> bool:
    """Whether a call is told what becomes of rows that are there already: they are left out, or changed,
    ``bulkCreate(rows, { updateOnDuplicate: ['stock'] })``."""
    return _is_told(chains, chain, (*_SKIPS, *_CHANGES_THERE))


def _is_told(chains: Chains, chain: Chain, names: tuple[str, ...]) -> bool:
    for link in chain.calls():
        told = chains.arguments(link)
        told += [(k or "", v) for _, given in told if isinstance(given, Record) for k, v in given.entries]
        if any(name in names and not (isinstance(value, Const) and value.falsy) for name, value in told):
            return True
    return False


def by_calls(evaluator: Evaluator, chains: Chains, chain: Chain) -> frozenset[str] | None:
    """Of a chain of calls; None when every field that it names is written over."""
    calls = list(chain.calls())
    if calls and (others := inserts(evaluator, chains, calls[-1])) is not None:
        return others
    for link in reversed(calls):
        name = link.name.rpartition(".")[2]
        if _LEAVES.fullmatch(name) or skips_there(chains, chain):
            return frozenset()
        if (found := _given(evaluator, chains, link, bool(_UPDATES.fullmatch(name)))) is not None:
            return found
    return None


def inserts(evaluator: Evaluator, chains: Chains, link: Link) -> frozenset[str] | None:
    """Of an update that sets some fields of a new row only, ``{ $setOnInsert: {…}, $set: {…} }``: the others; None of any other call."""
    for _, value in chains.arguments(link):
        if isinstance(value, (Record, Overlay)):
            got = shape(evaluator, value)
            told = {**got.may, **got.must}
            if _ON_INSERT in told:
                others = (shape(evaluator, v) for k, v in told.items() if k.startswith("$") and k != _ON_INSERT)
                return frozenset(name for other in others for name in (*other.may, *other.must))
    return None


def _given(evaluator: Evaluator, chains: Chains, link: Link, conditional: bool) -> frozenset[str] | None:
    """The fields under ``update`` or ``set``; none when a condition beside them decides."""
    arguments = chains.arguments(link)
    named = {k: v for k, v in arguments if k and k not in ("*", "**")}
    for value in (v for k, v in arguments if not k and isinstance(v, (Record, Overlay))):
        got = shape(evaluator, value)
        named.update({**got.may, **got.must})
    if conditional and "where" in named:
        return frozenset()
    fresh: Value | None = next((named[k] for k in _NEW_VALUES if k in named), None)
    if fresh is None or not ({"create", "target", "index_elements", "where"} & set(named) or conditional):
        return None
    got = shape(evaluator, fresh)
    return frozenset({**got.may, **got.must})


def by_statement(statement: Statement, text: str) -> frozenset[str] | None:
    """Of an INSERT; none when its own conditions decide."""
    if statement.conflict == "ignore" or _DECIDES.search(text):
        return frozenset()
    return frozenset(w.column for w in statement.on_conflict) if statement.on_conflict else None
