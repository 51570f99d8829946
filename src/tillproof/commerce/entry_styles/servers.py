"""Servers without a router: one function takes every request, looks at its path and hands it on, or answers it itself."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import Arguments, handlers
from tillproof.commerce.entry_styles.scan import by_word
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, named
from tillproof.flow.facts import Condition, Facts
from tillproof.flow.program import Fn
from tillproof.flow.values import Element, FunctionV, Param, Record, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Framework, Routes

_SAME = ("==", "===")
_OTHER = ("!=", "!==")
_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_PATH = re.compile(r"/[\w\-./:{}*]*")
_ROW = re.compile(r"(?:([A-Z]+)[ :]+)?(/[\w\-./:{}*]*)")
_BEGINS = ("startsWith",)
_DEEPEST = 3


class _Arm(NamedTuple):
    """A function that a request is handed on to: ``route`` None where no path was asked for on the way."""

    target: FunctionV
    route: str | None
    methods: tuple[str, ...]


def declared(wiring: Wiring) -> Iterator[Declared]:
    """The functions that servers are made with, or those that they hand their requests on to by path."""
    for frameworks, files in wiring.active.files():
        wanted = by_word(frameworks, ("server",))
        for file in files if wanted else ():
            for fn in wiring.program.functions_calling(file, {word.lower() for word in wanted}):
                yield from _made(wiring, wanted, fn)


def _made(wiring: Wiring, wanted: dict[str, list[tuple[Framework, Routes]]], fn: Fn) -> Iterator[Declared]:
    body = wiring.program.body(fn)
    for i, op in enumerate(body.op):
        if op not in (Op.CALL, Op.NEW) or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD):
            continue
        callee = body.args(i)[0]
        for framework, routes in wanted.get(body.name(callee).rpartition(".")[2], ()):
            if not named(wiring.evaluator.value(fn, callee), routes.names):
                continue
            for value in Arguments(wiring.evaluator, fn, i).first(routes.handler):
                for option in options(value):
                    if isinstance(option, FunctionV):
                        for arm in _arms(wiring, _Arm(option, None, ("ANY",)), 0):
                            yield Declared(arm.target, arm.route, arm.methods, framework.id, "server", wiring.place(arm.target.fn))


def _arms(wiring: Wiring, server: _Arm, depth: int) -> list[_Arm]:
    """Where the requests of a server end: with the functions that it chooses by path, and with itself where it answers some of them."""
    fn = server.target.fn
    body = wiring.program.body(fn)
    facts = Facts(body, lambda _: False)
    answers = {body.args(i)[0] for i, op in enumerate(body.op) if op == Op.RETURN}
    answers |= {body.args(i)[0] for i in answers if i >= 0 and body.op[i] == Op.AWAIT}
    out: list[_Arm] = []
    itself = False
    for i, op in enumerate(body.op):
        if op != Op.CALL:
            continue
        callee, given = body.call(i)
        handed = {o.number for _, v in given for o in options(wiring.evaluator.value(fn, v)) if isinstance(o, Param) and o.fn == fn}
        path, methods = _asked(wiring, fn, facts, i)
        if 0 not in handed or not (1 in handed or i in answers):
            itself = itself or (path is not None and 1 not in handed and not _of_answer(wiring, fn, callee))
            continue
        for arm in _called(wiring, fn, callee):
            here = arm if arm.route else arm._replace(route=path or server.route, methods=methods if path else server.methods)
            out += [here] if here.route or depth == _DEEPEST else _arms(wiring, here, depth + 1)
    return [*dict.fromkeys(out), *([server] if itself or not out else [])]


def _of_answer(wiring: Wiring, fn: Fn, callee: int) -> bool:
    """Whether a call is one of the answer's own: ``res.end(…)``."""
    body = wiring.program.body(fn)
    value = wiring.evaluator.value(fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
    return isinstance(value, Param) and value.fn == fn and value.number == 1


def _called(wiring: Wiring, fn: Fn, callee: int) -> Iterator[_Arm]:
    """The functions that a call of a server may land in, those of a table of routes with their paths."""
    for option in options(wiring.evaluator.value(fn, callee)):
        if isinstance(option, Element) and isinstance(option.base, Record):
            for key, entry in option.base.entries:
                if key and (row := _ROW.fullmatch(key)) and row[1] in (None, *_VERBS):
                    yield from (_Arm(f, row[2], (row[1] or "ANY",)) for f, _ in handlers(wiring.evaluator, entry))
        else:
            yield from (_Arm(f, None, ("ANY",)) for f, _ in handlers(wiring.evaluator, option) if f.fn != fn)


def _asked(wiring: Wiring, fn: Fn, facts: Facts, i: int) -> tuple[str | None, tuple[str, ...]]:
    """The path and the method that a request has where an instruction runs, as far as the conditions before it say so."""
    body = wiring.program.body(fn)
    path: str | None = None
    methods: list[str] = []
    for fact in facts.at(i):
        if not isinstance(fact, Condition):
            continue
        op, args = body.op[fact.instr], body.args(fact.instr)
        if op == Op.BINARY and body.text(args[0]) in (_SAME if fact.truth else _OTHER):
            for text in _texts(body, args[1:3]):
                if text in _VERBS:
                    methods.append(text)
                elif _PATH.fullmatch(text):
                    path = text
        elif op == Op.CALL and fact.truth and body.called(fact.instr) in _BEGINS:
            path = next((t.rstrip("/") + "/*" for t in _texts(body, [v for _, v in body.call(fact.instr)[1]]) if _PATH.fullmatch(t)), path)
    return path, tuple(methods) or ("ANY",)


def _texts(body: Body, rows: list[int]) -> list[str]:
    found = (body.const(row) for row in rows)
    return [const[1] for const in found if const is not None and const[0] == Kind.STRING]
