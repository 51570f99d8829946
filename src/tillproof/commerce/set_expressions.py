"""Columns that a query builder of PHP sets one by one, to an expression of the database: ``set('p.stock', 'p.stock - :n')``,
``set('stock', 'stock - 1', false)``, ``set('o.status', ':status')->setParameter('status', 'paid')``."""

import re

from tillproof.commerce.chains import Chain, Chains
from tillproof.commerce.parts import Parts
from tillproof.flow.values import Const, Mix, Text, Value, constant
from tillproof.ir.ops import Kind

_COLUMN = re.compile(r"(?:\w+\.)?([A-Za-z_]\w*)")
_QUOTED = re.compile(r"'([^']*)'")


def set_by_name(positional: list[Value], out: Parts) -> bool:
    """Whether a call names a column and what it is set to, which is noted then; and whether the database works that out."""
    named = _COLUMN.fullmatch(constant(positional[0]) or "") if len(positional) > 1 else None
    if named is None:
        return False
    column, value = named[1], positional[1]
    quoted = _QUOTED.fullmatch(constant(value) or "")
    out.fields[column] = Const(value.at, Kind.STRING, quoted[1]) if quoted else value
    head = value
    while isinstance(head, (Mix, Text)) and head.parts():
        head = head.parts()[0]
    if re.match(rf"\s*\(?(\w+\.)?`?{re.escape(column)}`?\s*[-+]", constant(head) or ""):
        out.relative.add(column)
    return True


def bind(chains: Chains, chain: Chain, out: Parts) -> None:
    """Puts what a placeholder stands for in its place, where the chain gives it to the builder."""
    if not any((constant(v) or "").startswith(":") for v in out.fields.values()):
        return
    given: dict[str, Value] = {}
    for link in chain.calls():
        told = [v for _, v in chains.arguments(link)] if link.name.lower() == "setparameter" else []
        if len(told) > 1 and (name := constant(told[0])):
            given[f":{name.lstrip(':')}"] = told[1]
    out.fields.update({f: given[text] for f, v in out.fields.items() if (text := constant(v) or "") in given})
