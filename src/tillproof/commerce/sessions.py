"""What the server itself put into a visitor's session, and finds there again on another page."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.names import written
from tillproof.flow.program import Fn
from tillproof.flow.values import External, Missing, Record, Unknown, Value, before_writes, constant, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PUTS = ("put", "set", "set_userdata", "session", "flash", "push", "setsession", "add")
_ADDS = ("append", "push", "unshift", "array_push", "update", "setdefault")
"""By which something is added to a list or table that stands there already."""
_FIRST = re.compile(r"[.\[]")
_KEYS = re.compile(r"(\w+(?:\.\w+)*)")
_MOST_FILES = 40


class Sessions:
    """Answers by key; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._stored: dict[tuple[str, str], list[Value]] = {}

    def stored(self, key: str, file: str) -> list[Value]:
        """The values that code of the same unit puts into the session under a key (``cart.total``: those under ``cart``)."""
        head = _FIRST.split(key)[0]
        unit = self.model.program.unit(file)
        if (head, unit) not in self._stored:
            self._stored[head, unit] = []  # what is put there may be made of what was there before
            self._stored[head, unit] = list(self._find(head, unit)) if head else []
        return self._stored[head, unit]

    def kept(self, key: str, file: str) -> list[Value]:
        """What stands there under the whole key, as far as what is put there is a record that says so: of ``order.total`` its total."""
        return [self._below(value, _KEYS.fullmatch(key)) for value in self.stored(key, file)]

    def _below(self, value: Value, keys: re.Match[str] | None) -> Value:
        here = value
        for part in keys[1].split(".")[1:] if keys is not None and isinstance(before_writes(value), (Record, External)) else ():
            here = self.model.evaluator.member(here, part, value.at)
        return value if isinstance(here, (Missing, Unknown, External)) else here

    def _find(self, head: str, unit: str) -> Iterator[Value]:
        program = self.model.program
        files = [f for f in program.mentioning(head) if program.unit(f) == unit and b"session" in program.sources[f].lower()]
        for file in files[:_MOST_FILES]:
            for fn in program.functions_around(file, head):
                for i, op in enumerate(program.body(fn).op):
                    if op in (Op.SET_INDEX, Op.SET_FIELD):
                        yield from self._assigned(fn, i, head)
                    elif op == Op.CALL and program.body(fn).called(i).lower() in _PUTS:
                        yield from self._put(fn, i, head)
                    if op == Op.CALL and program.body(fn).called(i) in _ADDS:
                        yield from self._added(fn, i, head)

    def _assigned(self, fn: Fn, i: int, head: str) -> Iterator[Value]:
        """``$_SESSION['total'] = …``, ``req.session.total = …``, ``$_SESSION['cart'][$id] = …``, and ``cart[id] = …`` of a ``cart`` that
        was read of the session."""
        body, evaluator = self.model.program.body(fn), self.model.evaluator
        holder, key, value = body.args(i)
        source = self.model.requests.source(evaluator.value(fn, holder))
        if source is None or source.kind != "session":
            return
        named = body.name(i) if body.op[i] == Op.SET_FIELD else constant(evaluator.value(fn, key)) if key >= 0 else None
        if (source.key is None and named == head) or (source.key is not None and _FIRST.split(source.key)[0] == head):
            yield evaluator.value(fn, value)

    def _added(self, fn: Fn, i: int, head: str) -> Iterator[Value]:
        """``session["cart"].append({…})``, ``array_push($_SESSION['cart'], …)``, ``cart.update({id: {…}})``"""
        body, evaluator = self.model.program.body(fn), self.model.evaluator
        callee, arguments = body.call(i)
        given = [v for _, v in arguments]
        holder = body.args(callee)[0] if body.op[callee] == Op.FIELD else given.pop(0) if given else -1
        source = self.model.requests.source(evaluator.value(fn, holder)) if holder >= 0 and given else None
        if source is not None and source.kind == "session" and source.key is not None and _FIRST.split(source.key)[0] == head:
            yield from (evaluator.value(fn, v) for v in given[-1:])

    def _put(self, fn: Fn, i: int, head: str) -> Iterator[Value]:
        """``session()->put('total', …)``, ``session(['total' => …])``"""
        body, evaluator = self.model.program.body(fn), self.model.evaluator
        callee, arguments = body.call(i)
        if not arguments or "session" not in written(self.model.program, fn, callee).lower():
            return
        first = evaluator.value(fn, arguments[0][1])
        if len(arguments) > 1 and constant(first) == head:
            yield evaluator.value(fn, arguments[1][1])
        for record in options(first):
            if isinstance(record, Record):
                yield from (v for k, v in record.entries if k == head)
