"""What middleware of every request asks of the path, where the route that it stands before answers that: ``if
request.path.startswith('/webhooks/') and not is_signed(request): return 403``."""

from tillproof.flow.program import Fn, Program
from tillproof.ir.body import EDGE_FALSE, EDGE_TRUE, Body
from tillproof.ir.ops import Kind, Op

_BEGINS = frozenset(["startswith", "startsWith", "str_starts_with", "is"])
_PATHS = frozenset(
    ["path", "path_info", "pathname", "rawPath", "url", "originalUrl", "uri", "requestUri", "getPathInfo", "getRequestUri", "getPath"]
)
_AMONG = frozenset(["in_array", "includes"])
_SAME, _OTHER = ("==", "==="), ("!=", "!==")


def never_taken(program: Program, fn: Fn, route: str, action: str = "") -> frozenset[tuple[Fn, int, int, int]]:
    """The edges of a function (function, block, kind, target) that no request of a route takes, or none for a controller's ``action``:
    ``if ($action->id === 'result')`` in what runs before each of them."""
    body = program.body(fn)
    out: set[tuple[Fn, int, int, int]] = set()
    for number, block in enumerate(body.blocks):
        last = block.end - 1
        if block.end > block.start and body.op[last] == Op.BRANCH:
            truth = _truth(body, body.args(last)[0], route, action)
            dead = {True: EDGE_FALSE, False: EDGE_TRUE}.get(truth) if truth is not None else None
            out.update((fn, number, kind, target) for kind, target in block.next if kind == dead)
    return frozenset(out)


def _truth(body: Body, i: int, route: str, action: str) -> bool | None:
    """What a condition is for a route and an action; None where it asks something else."""
    op = body.op[i]
    if body.negates(i):
        inner = _truth(body, body.args(i)[1], route, action)
        return None if inner is None else not inner
    if op == Op.BINARY and (word := body.text(body.args(i)[0])) in (*_SAME, *_OTHER):
        sides = body.args(i)[1:3]
        texts = [text for side in sides for text in _texts(body, side)]
        if action and len(texts) == 1 and any(_is_action(body, side) for side in sides):
            return (texts[0] == action) == (word in _SAME)
        if not route:
            return None
        same = route.rstrip("/") == texts[0].rstrip("/") if len(texts) == 1 and any(_is_path(body, s) for s in sides) else None
        return same if same is None or word in _SAME else not same
    if op == Op.CALL and body.called(i) in _AMONG:
        callee, given = body.call(i)
        listed = [text for _, value in given for text in _texts(body, value)]
        asked = action and listed and any(_is_action(body, value) for _, value in given)
        return action in listed if asked else None
    if op == Op.CALL and route and body.called(i) in _BEGINS:
        callee, given = body.call(i)
        held = [body.args(callee)[0]] if body.op[callee] == Op.FIELD else []
        texts = [text for _, value in given for text in _texts(body, value)]
        asked = any(_is_path(body, value) for value in (*held, *(v for _, v in given))) or body.called(i) == "is"
        return any(_begins(route, text) for text in texts) if asked and texts else None
    return None


def _begins(route: str, text: str) -> bool:
    """Whether a route begins as a text does, ``/webhooks/`` or ``webhooks/*``."""
    return f"{route.rstrip('/')}/".startswith(f"/{text.strip('/*')}" + ("/" if text.endswith(("/", "*")) else ""))


def _is_action(body: Body, i: int) -> bool:
    """Whether a value is the name of a controller's action: ``$action->id``, ``$this->action->id``, ``$request->getParam('action')``."""
    if body.op[i] == Op.FIELD and body.name(i) == "id":
        held = body.args(i)[0]
        return body.op[held] in (Op.NAME, Op.FIELD) and body.name(held).lstrip("$") == "action"
    if body.op[i] == Op.FIELD:
        return body.name(i) == "action" and body.is_self(body.args(i)[0])
    given = body.call(i)[1] if body.op[i] == Op.CALL and body.called(i) == "getParam" else []
    return bool(given) and _texts(body, given[0][1]) == ["action"]


def _is_path(body: Body, i: int) -> bool:
    """Whether a value is the path of a request: ``request.path``, ``$request->getPathInfo()``."""
    if body.op[i] == Op.CALL:
        i = body.args(i)[0]
    return body.op[i] in (Op.FIELD, Op.NAME) and body.name(i).rpartition(".")[2].lstrip("$") in _PATHS


def _texts(body: Body, i: int) -> list[str]:
    """The texts that a value is: one, or those of a list."""
    if body.op[i] == Op.LIST:
        return [text for item in body.args(i) for text in _texts(body, item)]
    const = body.const(i)
    return [const[1].strip("'\"")] if const is not None and const[0] == Kind.STRING else []
