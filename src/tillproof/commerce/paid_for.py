"""What a payment was for, by what was noted with it when it was begun, and what is granted for it: a sum that is picked by the payment's
own notes fits the payment, whatever the sender asks for beside it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect
from tillproof.commerce.lexicon import snake
from tillproof.commerce.told_answers import is_told
from tillproof.flow.choosing import conditions_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 6
_FEW = 20
_SAME = ("==", "===", "!=", "!==", "<>", "is", "is not", "in", "not in")
_GETTERS = ("get", "pluck", "getAttribute")
_QUOTES = "'\""


def granted_as_sent(model: "Model", effect: Effect, compared: tuple[Atom, ...]) -> str:
    """The field of a new record that is what the sender says, where what was paid is only held against a sum that is picked by the same
    field of what was noted with the payment, and the two are never compared. Empty where there is none."""
    touch = effect.touch
    if touch is None or not compared:
        return ""
    noted = [set(_picked_by(model, atom)) for atom in compared]
    if not all(noted):
        return ""
    sent = {snake(k).rpartition(".")[2] for k, v in touch.fields.items() if v is not None and model.requests.sources_in(v, _FEW)}
    held = {name for fact in model.effects.held(effect) for atom in flat(model.conditions.behind(fact)) for name in _agreed(model, atom)}
    return next((name for name in sorted(set.intersection(*noted)) if name in sent and name not in held), "")


def _picked_by(model: "Model", atom: Atom) -> Iterator[str]:
    """The names in a provider's answer by which one side of a comparison of sums is picked."""
    body = model.program.body(atom.fn)
    for side in body.args(atom.instr)[1:3] if body.op[atom.instr] == Op.BINARY else ():
        yield from _picks(model, atom.fn, side, atom.ctx, 0)


def _picks(model: "Model", fn: Fn, i: int, ctx: Ctx | None, depth: int) -> Iterator[str]:
    body, defuse = model.program.body(fn), model.evaluator.defuse(fn)
    op = body.op[i] if i >= 0 else None
    if op is None or depth > _DEEPEST:
        return
    if op == Op.NAME:
        stored = [body.args(store)[1] for store in defuse.reaching(i, body.name(i)).stores]
        arms = stored if len(stored) > 1 else []
        for value in stored:
            yield from _picks(model, fn, value, ctx, depth + 1)
    elif op == Op.CHOICE:
        arms = [arm for arm in body.args(i)[1:] if arm >= 0]
        for arm in arms:
            yield from _picks(model, fn, arm, ctx, depth + 1)
    else:
        arms = []
        inner = body.args(i)[1:3] if op == Op.BINARY else body.args(i)[1:2] if op == Op.CAST else []
        key = body.args(i)[1] if op == Op.INDEX else next((a for _, a in body.call(i)[1]), -1) if op == Op.CALL else -1
        for part in inner:
            yield from _picks(model, fn, part, ctx, depth + 1)
        if key >= 0 and (name := noted_name(model, fn, key, ctx)):
            yield name
    for arm in arms:
        for condition in conditions_of(body, defuse, arm):
            asked = body.args(condition.instr)[1:3] if body.op[condition.instr] == Op.BINARY else ()
            yield from (name for side in asked if (name := noted_name(model, fn, side, ctx)))


def noted_name(model: "Model", fn: Fn, i: int, ctx: Ctx | None) -> str:
    """The name under which a value is read from what a provider answered; empty for anything else."""
    return _read_name(model, fn, i, 0) if is_told(model, model.evaluator.value(fn, i, ctx)) else ""


def _read_name(model: "Model", fn: Fn, i: int, depth: int) -> str:
    """The last name by which a value is read, through variables: ``order["notes"].get("team_type")``."""
    body = model.program.body(fn)
    op = body.op[i]
    if op == Op.NAME:
        stores = model.evaluator.defuse(fn).reaching(i, body.name(i)).stores
        return _read_name(model, fn, body.args(stores[0])[1], depth + 1) if len(stores) == 1 and depth < _DEEPEST else ""
    if op in (Op.CAST, Op.CHOICE) and depth < _DEEPEST:
        return _read_name(model, fn, body.args(i)[1], depth + 1)
    if op == Op.FIELD:
        return snake(body.name(i))
    key = body.args(i)[1] if op == Op.INDEX else -1
    if op == Op.CALL and body.called(i) in _GETTERS:
        key = next((a for _, a in body.call(i)[1]), -1)
    const = body.const(key) if key >= 0 else None
    return snake(const[1].strip(_QUOTES)) if const is not None and const[0] == Kind.STRING else ""


def _agreed(model: "Model", atom: Atom) -> Iterator[str]:
    """The name of a part of a provider's answer that is compared with what was sent."""
    body = model.program.body(atom.fn)
    if body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in _SAME:
        return
    for side, other in (body.args(atom.instr)[1:3], body.args(atom.instr)[2:0:-1]):
        if (name := noted_name(model, atom.fn, side, atom.ctx)) and model.requests.sources_in(
            model.evaluator.value(atom.fn, other, atom.ctx), _FEW
        ):
            yield name
