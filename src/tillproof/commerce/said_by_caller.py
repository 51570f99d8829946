"""What whoever calls writes into the request himself, and could as well write otherwise: ``req.body.role``, ``$_POST['user_id']``,
``request.get_json()["user_id"]``. Asked before requests are read, so that it goes by how the value is written alone."""

from tillproof.flow.values import Element, External, Member, Param, Result, Value, options

BAGS = frozenset(["body", "query", "params", "POST", "GET", "form", "query_params", "searchParams"])
"""The parts of a request that are called so wherever they stand."""
_BAGS = BAGS | {"json", "args", "values", "FILES", "get_json", "formData"}
_SUPERGLOBALS = frozenset(["$_POST", "$_GET", "$_REQUEST"])
_BODIES = frozenset(["body", "payload", "dto", "input"])
_INPUTS = frozenset(["input", "post", "get", "json", "query"])
_DEEPEST = 8


def said_by_caller(value: Value) -> bool:
    """Whether a value is a piece of what was sent, whichever of its options it is."""
    return all(_is_said(option) for option in options(value))


def _is_said(value: Value) -> bool:
    here: Value = value
    for _ in range(_DEEPEST):
        if isinstance(here, Member):
            if here.name in _BAGS and isinstance(here.base, (Param, External)):
                return True
            here = here.base
        elif isinstance(here, Element):
            here = here.base
        elif isinstance(here, Result) and isinstance(here.callee, Member):
            of_request = isinstance(here.callee.base, Param) and here.callee.base.name.lstrip("$") in ("request", "req")
            if of_request and here.callee.name in (_BAGS | _INPUTS):
                return True
            here = here.callee.base
        else:
            break
    if isinstance(here, External):
        return here.name in _SUPERGLOBALS
    return isinstance(here, Param) and here is not value and here.name.lstrip("$") in _BODIES
