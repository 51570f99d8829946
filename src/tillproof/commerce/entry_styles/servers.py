"""Servers without a router: one function takes every request, looks at its path and hands it on, or answers it itself.

So do the functions of platforms that know no routes, or leave them open: a worker's ``fetch``, a hook before all routes, a function of the
cloud that every path below its name leads to.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from tillproof.commerce.entry_styles.arguments import Arguments, entries, handlers, words
from tillproof.commerce.entry_styles.scan import by_word
from tillproof.commerce.entry_styles.wiring import Declared, Wiring, named
from tillproof.flow.facts import Condition, Facts
from tillproof.flow.program import Fn
from tillproof.flow.values import Element, FunctionV, Member, Param, Record, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Framework, Routes

_SAME = ("==", "===")
_OTHER = ("!=", "!==")
_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_PATH = re.compile(r"/[\w\-./:{}*]*")
_ROW = re.compile(r"(?:([A-Z]+)[ :]+)?(/[\w\-./:{}*]*)")
_BEGINS = ("startsWith",)
_ASKS_PATH = frozenset({"pathname", "path", "rawPath", "url", "route"})
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


def by_path(wiring: Wiring, one: Declared) -> Iterator[Declared]:
    """What takes every request, as the functions that it hands them on to by path; itself where it does not."""
    fn = one.target.fn
    takes_all = one.style in ("file", "call") and one.methods == ("ANY",) and (one.route is None or one.route.endswith("*"))
    if not takes_all or one.least != "public" or wiring.program.language(fn.file) != "javascript" or not _asks_path(wiring, fn):
        yield one
        return
    arms = _arms(wiring, _Arm(one.target, one.route, one.methods), 0)
    for arm in arms:
        if arm.target.fn == fn:
            yield one
        else:
            yield replace(one, target=arm.target, route=arm.route, methods=arm.methods, place=wiring.place(arm.target.fn))


def _asks_path(wiring: Wiring, fn: Fn) -> bool:
    body = wiring.program.body(fn)
    return any(op in (Op.FIELD, Op.NAME) and body.name(i) in _ASKS_PATH for i, op in enumerate(body.op))


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
        handed = {n for _, v in given for o in options(wiring.evaluator.value(fn, v)) if (n := _number(fn, o)) is not None}
        path, methods = _asked(wiring, fn, facts, i)
        if 0 not in handed or not (1 in handed or i in answers):
            itself = itself or (path is not None and 1 not in handed and not _of_answer(wiring, fn, callee))
            continue
        for arm in _called(wiring, fn, callee):
            here = arm if arm.route else arm._replace(route=path or server.route, methods=methods if path else server.methods)
            out += [here] if here.route or depth == _DEEPEST else _arms(wiring, here, depth + 1)
    return [*dict.fromkeys(out), *([server] if itself or not out else [])]


def _number(fn: Fn, value: Value) -> int | None:
    """Which of a function's parameters a value is, or is the request of: ``handle({ event, resolve })``."""
    if isinstance(value, Member) and value.name in ("event", "request", "req"):
        value = value.base
    return value.number if isinstance(value, Param) and value.fn == fn else None


def _of_answer(wiring: Wiring, fn: Fn, callee: int) -> bool:
    """Whether a call is one of the answer's own: ``res.end(…)``."""
    body = wiring.program.body(fn)
    value = wiring.evaluator.value(fn, body.args(callee)[0]) if body.op[callee] == Op.FIELD else None
    return isinstance(value, Param) and value.fn == fn and value.number == 1


def _called(wiring: Wiring, fn: Fn, callee: int) -> Iterator[_Arm]:
    """The functions that a call of a server may land in, those of a table of routes with their paths."""
    for option in options(wiring.evaluator.value(fn, callee)):
        row_of = option.base if isinstance(option, Member) else option  # ``routes[path].handler``
        if isinstance(row_of, Element) and isinstance(row_of.base, Record):
            for key, entry in row_of.base.entries:
                if key and (row := _ROW.fullmatch(key)) and row[1] in (None, *_VERBS):
                    kept = wiring.evaluator.member(entry, option.name, entry.at) if isinstance(option, Member) else entry
                    verb = row[1] or next((v for v in words(list(entries(entry, "method"))) if v in _VERBS), "ANY")
                    yield from (_Arm(f, row[2], (verb,)) for f, _ in handlers(wiring.evaluator, kept))
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
