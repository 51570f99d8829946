"""What a serializer of ours was given to check, and what it sets itself: of that nothing was sent."""

import re
from collections.abc import Callable

from tillproof.commerce.declared_serializers import never_taken, serializer_of
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import ClassId, Program
from tillproof.flow.values import Member, Param, Value, before_writes
from tillproof.ir.ops import Op

CHECKED = "validated_data"
_DATA, _JUDGES = "data", "validate"
_OWN_PARAMETERS = 2
_SAVES = "save"


class SerializerData:
    """Answers by class; kept. ``sent``: whether anything that was sent is in a value."""

    def __init__(self, program: Program, evaluator: Evaluator, sent: Callable[[Value], bool]) -> None:
        self._program = program
        self._evaluator = evaluator
        self._sent = sent
        self._put_together: dict[ClassId, bool] = {}
        self._set: dict[ClassId, frozenset[str]] = {}
        self._untaken: dict[tuple[ClassId, str], bool] = {}

    def is_put_together(self, param: Param) -> bool:
        """Whether what a serializer was given to check is always a record of ours, in which nothing was sent."""
        cls = self._program.method_class(param.fn) if param.name == CHECKED else None
        if cls is not None and cls not in self._put_together:
            self._put_together[cls] = False
            given = self._handed(cls)
            self._put_together[cls] = bool(given) and not any(map(self._sent, given))
        return cls is not None and self._put_together[cls]

    def is_set(self, value: Member) -> bool:
        """Whether a field of what a serializer has checked was set to what is ours by its own ``validate``."""
        held = before_writes(value.base)
        cls = self._program.method_class(held.fn) if isinstance(held, Param) and held.name == CHECKED else None
        if cls is not None and cls not in self._set:
            self._set[cls] = frozenset()
            self._set[cls] = frozenset(self._set_by_judging(cls))
        return cls is not None and value.name in self._set[cls]

    def is_never_taken(self, value: Member) -> bool:
        """Whether a value is a field that a serializer does not take from what was sent, unless whoever saves hands one over beside that:
        ``serializer.save(total=...)``."""
        cls = serializer_of(self._evaluator, before_writes(value.base))
        if cls is None:
            return False
        if (cls, value.name) not in self._untaken:
            self._untaken[cls, value.name] = never_taken(self._evaluator, cls, value.name) and value.name not in self._beside(cls)
        return self._untaken[cls, value.name]

    def _beside(self, cls: ClassId) -> set[str]:
        """The names under which those who know of a class hand over more when they save."""
        program, out = self._program, set[str]()
        for file in program.mentioning(program.cls(cls).name):
            for fn in program.functions_calling(file, {_SAVES}):
                body = program.body(fn)
                out |= {
                    key for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == _SAVES for key, _ in body.call(i)[1] if key
                }
        return out

    def _handed(self, cls: ClassId) -> list[Value]:
        """The data of every object that is made of a class; none where a framework may make one by itself: a view names the class."""
        program, name = self._program, self._program.cls(cls).name
        by_view = re.compile(rb"serializer_class\w*\s*=\s*" + name.encode() + rb"\b|return\s+" + name.encode() + rb"\s*$", re.MULTILINE)
        out: list[Value] = []
        for file in program.mentioning(name):
            if by_view.search(program.sources[file]):
                return []
            for fn in program.functions_around(file, name):
                body = program.body(fn)
                calls = (i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and body.called(i) == name)
                out += [self._evaluator.value(fn, v) for i in calls for key, v in body.call(i)[1] if key == _DATA]
        return out

    def _set_by_judging(self, cls: ClassId) -> set[str]:
        fn = self._evaluator.scope.method(cls, _JUDGES)
        params = self._program.body(fn).params if fn is not None else []
        if fn is None or len(params) < _OWN_PARAMETERS:
            return set()
        body, out = self._program.body(fn), set[str]()
        for i, op in enumerate(body.op):
            holder, key, value = body.args(i)[:3] if op == Op.SET_INDEX else (-1, -1, -1)
            const = body.const(key) if key >= 0 else None
            ours = const is not None and body.op[holder] == Op.NAME and body.name(holder) == params[1].name
            if const is not None and ours and not self._sent(self._evaluator.value(fn, value)):
                out.add(const[1].strip("'\""))
        return out
