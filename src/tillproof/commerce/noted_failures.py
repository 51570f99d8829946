"""Failures that a handler notes, and that the code behind it asks for before it goes on: in an answer, a variable, or a field of the object
that had the failure."""

from typing import TYPE_CHECKING

from tillproof.commerce.effects import Place
from tillproof.commerce.kept_failures import reads_field
from tillproof.flow.choosing import conditions_of, words_of
from tillproof.flow.facts import Condition
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx, FunctionV, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_EMPTY = ("false", "null", "0", "none", "undefined", "")


def asks_what_was_noted(model: "Model", fn: Fn, blocks: frozenset[int], at: Place, ctx: Ctx | None) -> bool:
    """Whether an instruction hangs on what a handler (the ``blocks`` of ``fn``) has set: ``$json['error'] = $text;``, and ``if
    (!$json['error'])`` behind it; ``$this->error = $e;``, and ``if ($client->failed()) return``. ``ctx``: that of ``fn``."""
    noted, variables, fields = _noted(model, fn, blocks, ctx, 0)
    asked = {condition.instr for condition in conditions_of(model.program.body(at.fn), model.evaluator.defuse(at.fn), at.instr)}
    asked |= {fact.instr for fact in model.effects.facts(at.fn).at(at.instr) if isinstance(fact, Condition)}  # `if ($failed) abort(502)`
    if at.fn == fn:
        body = model.program.body(fn)
        told = [set(words_of(body, i)) for i in asked]
        variables = variables | _set_where_it_worked(model, fn, blocks) | _taken_back(model, fn, blocks)
        if any({holder, key} <= words for words in told for holder, key in noted) or any(variables & words for words in told):
            return True
    return bool(fields) and any(reads_field(model, at.fn, i, at.ctx, fields) for i in asked)


def _noted(
    model: "Model", fn: Fn, blocks: frozenset[int], ctx: Ctx | None, depth: int
) -> tuple[set[tuple[str, str]], set[str], frozenset[str]]:
    """The entries of records, the variables and the fields of the object that blocks set, by a method of the object, too."""
    body = model.program.body(fn)
    noted, variables, fields = set[tuple[str, str]](), set[str](), set[str]()
    for i in body.rows(blocks):
        op, args = body.op[i], body.args(i)
        if op == Op.SET_INDEX and body.op[args[0]] == Op.NAME and args[1] >= 0:
            const = body.const(args[1])
            noted |= {(body.name(args[0]), const[1])} if const is not None else set()
        elif op == Op.SET_INDEX and body.op[args[0]] == Op.FIELD and body.is_self(body.args(args[0])[0]):
            fields.add(body.name(args[0]))  # `$this->errors[] = $text`
        elif op == Op.SET_FIELD and body.is_self(args[0]):
            fields.add(body.name(i))
        elif op == Op.STORE:
            const = body.const(args[1])
            variables |= {body.name(i)} if const is None or const[1].lower() not in _EMPTY else set()
        elif op == Op.CALL and body.op[args[0]] == Op.FIELD and body.is_self(body.args(args[0])[0]) and not depth:
            for target in options(model.evaluator.value(fn, args[0], ctx)):
                if isinstance(target, FunctionV):
                    within = frozenset(range(len(model.program.body(target.fn).blocks)))
                    fields |= _noted(model, target.fn, within, None, depth + 1)[2]
    return noted, variables, frozenset(fields)


def _taken_back(model: "Model", fn: Fn, blocks: frozenset[int]) -> set[str]:
    """The variables that say yes at first, and no where something failed: ``let ok = true; try { … } catch { ok = false; }``."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    said = [
        (i, c[1].lower() in _EMPTY) for i, op in enumerate(body.op) if op == Op.STORE and (c := body.const(body.args(i)[1])) is not None
    ]
    yes = {body.name(i) for i, no in said if not no and flow.block_of[i] not in blocks}
    return yes & {body.name(i) for i, no in said if no and flow.block_of[i] in blocks}


def _set_where_it_worked(model: "Model", fn: Fn, blocks: frozenset[int]) -> set[str]:
    """The variables that say no at first, and something else only where nothing failed: ``$ok = true;`` as the last of what is tried."""
    body, flow = model.program.body(fn), model.evaluator.defuse(fn)
    tried = {n for n, block in enumerate(body.blocks) if any(target in blocks for _, target in block.next)} - blocks
    begun, set_later = set[str](), set[str]()
    for i, op in enumerate(body.op):
        if op == Op.STORE:
            const = body.const(body.args(i)[1])
            no = const is not None and const[1].lower() in _EMPTY
            (begun if no and flow.block_of[i] not in blocks else set_later if flow.block_of[i] in tried else set[str]()).add(body.name(i))
    return begun & set_later
