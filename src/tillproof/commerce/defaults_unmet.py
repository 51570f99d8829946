"""Defaults of settings that stand for nothing: what is read is only compared with something that the default is not.

``get_option('test_mode', true) === 'yes'`` is no when the option was never stored, whatever world the default's name speaks of.
"""

from tillproof.flow.asked import reads
from tillproof.flow.defuse import DefUse
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_STRICT = ("===", "is")
_LOOSE = "=="


def is_unmet(body: Body, defuse: DefUse, read: int, default: int) -> bool:
    """Whether every use of what ``read`` gives asks if it is something else than the literal ``default``."""
    literal = body.const(default)
    asked = list(_uses(body, defuse, read))
    return literal is not None and bool(asked) and all(_differs(body, use, at, literal) for use, at in asked)


def _uses(body: Body, defuse: DefUse, i: int) -> list[tuple[int, int]]:
    """The instructions that use a value, through a variable, each with the operand that is it."""
    found: list[tuple[int, int]] = []
    for use in defuse.uses(i):
        if body.op[use] == Op.STORE:
            found += [(u, n) for n in reads(body, defuse, use) for u in defuse.uses(n)]
        else:
            found.append((use, i))
    return found


def _differs(body: Body, use: int, operand: int, literal: tuple[int, str]) -> bool:
    if body.op[use] != Op.BINARY:
        return False
    how, *sides = body.args(use)
    others = [const for side in sides if side != operand and (const := body.const(side)) is not None]
    if len(others) != 1:
        return False
    kind, text = others[0]
    if body.text(how) in _STRICT:
        return (kind, text.strip("'\"")) != (literal[0], literal[1].strip("'\""))
    return body.text(how) == _LOOSE and kind == literal[0] == Kind.STRING and text.strip("'\"") != literal[1].strip("'\"")
