"""What a serializer of ours is given to check: the request's own data, or a record that our code has put together."""

import re

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import ClassId, Program
from tillproof.flow.values import Value
from tillproof.ir.ops import Op

_DATA = "data"


def handed(program: Program, evaluator: Evaluator, cls: ClassId) -> list[Value]:
    """The data of every object that is made of such a class; none where a framework may make one by itself: a view names the class."""
    name = program.cls(cls).name
    by_view = re.compile(rb"serializer_class\w*\s*=\s*" + name.encode() + rb"\b|return\s+" + name.encode() + rb"\s*$", re.MULTILINE)
    out: list[Value] = []
    for file in program.mentioning(name):
        if by_view.search(program.sources[file]):
            return []
        for fn in program.functions_around(file, name):
            body = program.body(fn)
            calls = (i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW) and body.called(i) == name)
            out += [evaluator.value(fn, v) for i in calls for key, v in body.call(i)[1] if key == _DATA]
    return out
