"""Whether a sum comes from where nobody here can look: from whoever calls, or from a request of a framework that no pack knows."""

import re

from tillproof.commerce.lexicon import snake
from tillproof.commerce.model import Model
from tillproof.flow.values import Choice, Const, Element, External, Instance, Member, Mix, Overlay, Param, Result, Value

_FEW = 40
_DEEPEST = 12
_HANDED = re.compile(  # no name: a record that is taken apart at once
    r"|(\w+_)?(data|params?|payload|body|input|args?|arguments|options?|opts|dto|props|kwargs|attributes|fields|details|form|query)"
)
_ASKING = re.compile(r"(\w+_)?(req|request|ctx|context|event|evt|message|msg|snap|snapshot)|[cre]")
_OF_REQUEST = re.compile(r"(^|\.)(req|request)(\.|$)")


def left_to_others(model: Model, value: Value) -> Value | None:
    """What nobody here fills, where the sum is that or is worked out of nothing else: a parameter itself, a field of what is handed over in
    one piece (``data.amount``), or what is read from a request in a way that no pack knows (``request.getParsedBody()['amount']``)."""
    found: list[Value] = []
    waiting, seen = [value], 0
    while waiting and seen < _FEW:
        here, seen = waiting.pop(), seen + 1
        if (root := _open(model, here)) is not None:
            found.append(root)
        elif isinstance(here, (Mix, Choice, Result)):
            waiting += [v for v in model.evaluator.made_of(here) if not (isinstance(here, Result) and v is here.callee)]
        elif not isinstance(here, (Const, External)):
            return None
    return found[0] if found else None


def _open(model: Model, value: Value) -> Value | None:
    """The parameter, or the request of an unknown framework, that a value is read from; None where it is another's, or known."""
    if isinstance(value, Param):
        return value
    root, read = _root(value)
    if isinstance(root, Param) and not read and isinstance(value, Member) and value.base is root and _HANDED.fullmatch(snake(root.name)):
        return root
    if root is None or model.records.read_behind(value) is not None:
        return None
    if isinstance(root, Param):
        plain = snake(root.name)
        open_ = _ASKING.fullmatch(plain) is not None or _HANDED.fullmatch(plain) is not None
        return root if open_ and not model.callers.of(root.fn) and not model.requests.is_request(root) else None
    if (sent := _message_given(model, value)) is not None:
        return sent
    return root if isinstance(root, External) and _OF_REQUEST.search(root.name) and not _is_known(model, root) else None


def _message_given(model: Model, value: Value) -> Value | None:
    """The whole message of a request that a function of others is given, of whose answer a sum is read: perhaps it only checks it."""
    for _ in range(_DEEPEST):
        if isinstance(value, (Member, Element, Overlay)):
            value = value.base
        elif isinstance(value, Result) and value.instr >= 0:
            for _, given in model.evaluator.arguments(value):
                source = model.requests.source(given)
                if source is not None and source.kind in ("body", "raw") and source.key is None:
                    return given
            value = value.callee
        else:
            break
    return None


def _is_known(model: Model, root: External) -> bool:
    """Whether a pack knows the requests of the package that a name comes from: what is none of their pieces is the server's then."""
    package = root.name.partition(".")[0] + "."
    frameworks = model.requests.active.of(root.at[0]) if root.at[0] in model.program.indices else ()
    return any(name.startswith(package) for f in frameworks for name in (*f.sources.body, *f.sources.query, *f.sources.path))


def _root(value: Value) -> tuple[Value | None, bool]:
    """What a chain of members, elements and calls begins with, and whether one of its steps is a call."""
    called = False
    for _ in range(_DEEPEST):
        if isinstance(value, (Member, Element, Overlay)):
            value = value.base
        elif isinstance(value, Result) and value.instr >= 0 and isinstance(value.callee, (Member, External)):
            called, value = True, value.callee
        elif isinstance(value, Instance) and value.origin is not None:
            value = value.origin
        else:
            return value, called
    return None, called
