"""Keys that are taken out of a record before it is used: ``unset($copy['token'])``, ``del copy["token"]``, ``delete copy.token``,
``copy.pop("token")``; also where that is done only when they are there."""

from tillproof.flow.facts import Condition, Facts
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

_REMOVES = ("unset", "del")
_POPS = ("pop", "delete", "remove", "forget")


def removed_keys(body: Body, facts: Facts, name: str, at: int) -> frozenset[str]:
    """The keys of the record in a variable, or in a field such as `req.body`, that are gone from it on every way to an instruction."""
    known, gone = facts.at(at), set[str]()
    for i, op in enumerate(body.op[:at]):
        for key in _removed(body, i, op, name):
            led = [f.instr for f in facts.at(i) if isinstance(f, Condition) and f not in known]
            if all(_asks_for(body, condition, key) for condition in led):
                gone.add(key)
    return frozenset(gone)


def _removed(body: Body, i: int, op: int, name: str) -> list[str]:
    """The keys of a variable's record that an instruction removes."""
    if op == Op.UNARY and body.text(body.args(i)[0]) == "delete":
        return [k for k in [_key(body, body.args(i)[1], name)] if k]
    if op != Op.CALL:
        return []
    callee, arguments = body.call(i)
    if body.op[callee] == Op.NAME and body.name(callee) in _REMOVES:
        return [k for _, a in arguments if (k := _key(body, a, name))]
    holder = body.args(callee)[0] if body.op[callee] == Op.FIELD and body.name(callee) in _POPS else -1
    if holder < 0 or spelt(body, holder) != name:
        return []
    return [const[1] for _, a in arguments[:1] if (const := body.const(a)) is not None]


def _key(body: Body, i: int, name: str) -> str:
    """The key under which an instruction finds something in a variable's record; empty when it does not."""
    if body.op[i] not in (Op.INDEX, Op.FIELD) or spelt(body, body.args(i)[0]) != name:
        return ""
    if body.op[i] == Op.FIELD:
        return body.name(i)
    const = body.const(body.args(i)[1])
    return const[1] if const is not None else ""


def spelt(body: Body, i: int) -> str:
    """A variable, or a field of one, as it is written; empty for anything else."""
    if body.op[i] == Op.FIELD:
        below = spelt(body, body.args(i)[0])
        return f"{below}.{body.name(i)}" if below else ""
    return body.name(i) if body.op[i] == Op.NAME else ""


def stored_in(body: Body, name: str) -> list[int]:
    """What is stored in a variable anywhere in a body."""
    return [body.args(i)[1] for i, op in enumerate(body.op) if op == Op.STORE and body.name(i) == name]


def left_over(body: Body, name: str) -> frozenset[str]:
    """The keys that a variable does not hold, since it is what a record has beside them: ``const { status, ...rest } = req.body``."""
    stored = stored_in(body, name)
    if not stored or any(body.op[v] != Op.REST for v in stored):
        return frozenset()
    return frozenset.intersection(*(frozenset(body.text(key) for key in body.args(v)[1:]) for v in stored))


def _asks_for(body: Body, condition: int, key: str) -> bool:
    """Whether a condition asks for nothing but a key: ``isset($copy['token'])``, ``"token" in copy``."""
    waiting, found = [condition], False
    while waiting:
        here = waiting.pop()
        const = body.const(here)
        if const is not None:
            if const[1] != key:
                return False
            found = True
        elif body.op[here] == Op.FIELD and body.name(here) == key:
            found = True
        elif body.op[here] in (Op.INDEX, Op.FIELD, Op.BINARY, Op.UNARY):
            waiting += [a for a in body.args(here)[(1 if body.op[here] in (Op.BINARY, Op.UNARY) else 0) :] if a >= 0]
        elif body.op[here] == Op.CALL:
            waiting += [a for _, a in body.call(here)[1]]
    return found
