"""Documents that are new because the store gives them their number: ``db.collection("orders").doc()``, ``ref.push()``."""

from tillproof.flow.evaluate import Evaluator
from tillproof.flow.values import External, Member, Result, Value, options

_NUMBERED = ("doc", "push")
_BY_FUNCTION = "firebase/firestore.doc"  # of a collection alone; a path or a number beside it names one that may be there


def is_new_document(evaluator: Evaluator, value: Value) -> bool:
    """Whether a value refers to a document that nobody has written yet."""
    found = options(value)
    return bool(found) and all(isinstance(o, Result) and o.instr >= 0 and _is_numbered(evaluator, o) for o in found)


def _is_numbered(evaluator: Evaluator, made: Result) -> bool:
    given = len(list(evaluator.arguments(made)))
    if isinstance(made.callee, Member):
        return made.callee.name in _NUMBERED and not given
    return isinstance(made.callee, External) and made.callee.name == _BY_FUNCTION and given == 1
