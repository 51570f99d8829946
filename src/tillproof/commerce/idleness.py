"""Code that does nothing that lasts: it reads, converts, writes a log and answers."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.flow.asked import reads
from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SAYS = re.compile(
    r"(\w+_)?log(ger)?(_\w+)?|debug|info|notice|warn(ing)?|error|critical|trace|verbose|print(_?(f|ln|r))?|echo|console|var_dump|var_export|dd|dump"
    r"|(\w+_)?json(_\w+)?|send(_status)?|status|\w*_?response|end|write_head|capture_(message|exception)|success_method|http_response_code"
    r"|ok|no_content|acknowledge|ack"
)
"""Calls that tell somebody: the log, or whoever sent the request."""
_CONVERTS = re.compile(
    r"(to|parse|format|number)_?\w*|get(attr)?|is_?\w*|has|str(ing)?|int|float|decimal|number|bool(ean)?|round|floor|ceil|abs|len|count|dict|list|sprintf"
    r"|json_(encode|decode)|stringify|dumps|loads|trim|lower|upper|split|join|keys|values|entries|date|now|time|string|replace|substr|slice|map"
    r"|isset|empty|__|esc_\w+|data_get|array_\w+|input|items|filter|sum|isoformat|strftime|string|usd|default|unwrap"
)
"""Calls that make one value of another."""
_MADE = re.compile(r"Date|DateTime\w*|Decimal|Carbon\w*|BigNumber|Big|Map|Set|Error")
_LOOKS_UP = re.compile(r"(find|first|where|get|fetch|query|select|retrieve|load|all|filter|with|for)(_\w+)?")
_DEEPEST = 4


class Idleness:
    """Answers for some instructions of a function, or a whole one."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[Fn, bool] = {}

    def of(self, fn: Fn, rows: Iterable[int] | None = None, deeper: int = _DEEPEST) -> bool:
        """Whether nothing that some instructions do lasts; all of the function's where none are given."""
        if rows is not None:
            return self._all(fn, frozenset(rows), deeper)
        if fn not in self._known:
            self._known[fn] = True  # one that calls itself does no more by that
            body = self.model.program.body(fn)
            self._known[fn] = self._all(fn, frozenset(range(len(body.op))), deeper)
        return self._known[fn]

    def _all(self, fn: Fn, rows: frozenset[int], deeper: int) -> bool:
        body = self.model.program.body(fn)
        for i in sorted(rows):
            op = body.op[i]
            if op in (Op.RAISE, Op.SET_INDEX, Op.SET_FIELD):
                return False
            if op == Op.STORE and any(n not in rows for n in reads(body, self.model.evaluator.defuse(fn), i)):
                return False  # asked for by what follows
            if op == Op.NEW and not _MADE.fullmatch(body.called(i)):
                return False
            if op == Op.CALL and not self._is_idle_call(fn, i, deeper):
                return False
        return True

    def _is_idle_call(self, fn: Fn, i: int, deeper: int) -> bool:
        model, body = self.model, self.model.program.body(fn)
        callee = body.args(i)[0]
        if model.recogniser.is_("loggers", fn, i) is not None:
            return True
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return False
        known = model.operations.at(fn, i)
        if known is not None:
            return isinstance(known.thing, Operation) and known.thing.op.endswith((".retrieve", ".list"))
        ours = [o.fn for o in options(model.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        if ours:
            return deeper > 0 and all(self.of(one, None, deeper - 1) for one in ours)
        touch = model.records.touch(fn, i, None)
        if touch is not None:
            return touch.kind == "read"
        name = snake(body.called(i))
        if model.effects.plain(fn, i) is not None:
            return False
        return any(p.fullmatch(name) for p in (_SAYS, _CONVERTS)) or (_LOOKS_UP.fullmatch(name) is not None and self._is_asked(fn, i))

    def _is_asked(self, fn: Fn, i: int) -> bool:
        """Whether somebody looks at what a call answers."""
        return bool(list(self.model.evaluator.defuse(fn).uses(i)))
