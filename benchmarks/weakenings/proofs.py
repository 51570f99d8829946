"""Ways to weaken the proof of a sender, the key of a request, and an amount that is the server's own."""

import re

from tree_sitter import Node

from weakenings.spots import (
    ASSIGNMENTS,
    CALLS,
    EXPRESSIONS,
    FUNCTIONS,
    NOTHING,
    PAIRS,
    TRUE,
    Edit,
    Found,
    Spot,
    around,
    callee,
    condition,
    nodes,
    replace,
    spans,
    starting,
    take_out,
)

# Between a call and the place where its truth is asked for.
_BOOLEAN = {
    "not_operator",
    "boolean_operator",
    "unary_expression",
    "unary_op_expression",
    "binary_expression",
    "parenthesized_expression",
    "await",
}
_COMPARERS = re.compile(
    r"(compare_digest|timingSafeEqual|hash_equals|preg_match|strpos|includes|equals?|is_?valid\w*|verif\w*)$", re.IGNORECASE
)
_MONEY = re.compile(r"amount|price|value|total|cost|currency|cents|tax|shipping|discount", re.IGNORECASE)
_NAMED_KEY = re.compile(r"the key (?:is sent as )?([\w-]+)")
_RANDOM = {"python": "str(uuid.uuid4())", "javascript": "crypto.randomUUID()", "php": "bin2hex(random_bytes(16))"}


def key_name(note: str) -> str | None:
    """The name under which evidence says that a key is sent."""
    match = _NAMED_KEY.search(note)
    return match[1] if match else None


def drop_statement(spot: Spot) -> Found:
    for node in starting(spot, EXPRESSIONS):
        inner = node.named_children[0] if node.named_children else None
        if inner is not None and inner.type not in ASSIGNMENTS:
            yield "dropped the statement", [replace(node, NOTHING[spot.family])]


def negate_condition(spot: Spot) -> Found:
    for node in nodes(spot.root):
        asked = condition(node)
        if asked is not None and spans(spot, asked):
            text = spot.text(asked)
            yield "negated the condition", [replace(asked, f"not ({text})" if spot.family == "python" else f"(!({text}))")]


def pass_through(spot: Spot) -> Found:
    """A call that decides becomes ``true``; a call that answers becomes its first argument."""
    call = next(starting(spot, CALLS), None)
    if call is None:
        return
    decider = next((c for c in nodes(call) if c.type in CALLS and _decides(spot, c)), None)
    if decider is not None:
        yield f"took the answer of `{callee(spot, decider)}` for yes", [replace(decider, TRUE[spot.family])]
        return
    arguments = call.child_by_field_name("arguments")
    first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    if first is not None and first.type in ("argument", "keyword_argument"):
        first = first.named_children[-1]
    if first is not None and first.type != "array_element_initializer":
        awaited = call.parent if call.parent is not None and call.parent.type in ("await", "await_expression") else call
        yield f"passed the argument of `{callee(spot, call)}` through", [replace(awaited, f"({spot.text(first)})")]


def _decides(spot: Spot, call: Node) -> bool:
    """Whether only the truth of a call counts: it compares by name, or stands in a condition with nothing but logic around it."""
    if _COMPARERS.search(callee(spot, call)) and not _kept(call):
        return True
    here = call
    while here.parent is not None and here.parent.type in _BOOLEAN:
        here = here.parent
    return here.parent is not None and condition(here.parent) == here


def _kept(call: Node) -> bool:
    """Whether the answer of a call is stored: then it is a value, whatever the name says."""
    return call.parent is not None and (
        call.parent.type in ASSIGNMENTS or call.parent.type in ("await", "await_expression", "expression_statement")
    )


def remove_key(spot: Spot) -> Found:
    """The argument, entry, header or assignment that carries the key is taken away."""
    for node in _carriers(spot):
        if node.type in ASSIGNMENTS:
            statement = around(node, EXPRESSIONS)
            if statement is not None:
                yield "dropped the key", [replace(statement, NOTHING[spot.family])]
            continue
        yield "dropped the key", [take_out(spot, node)]


def random_key(spot: Spot) -> Found:
    for node in _carriers(spot):
        value = node.named_children[-1]
        module = [Edit(0, 0, "import uuid\n")] if spot.family == "python" else []
        yield "made the key new on every call", [*module, replace(value, _RANDOM[spot.family])]


def _carriers(spot: Spot) -> list[Node]:
    """Where the key stands under its name: on the line itself if it does, else anywhere in the file."""
    name = key_name(spot.note)
    if name is None:
        return []
    found = [node for node in nodes(spot.root) if node.type in PAIRS | ASSIGNMENTS and _names(spot, node, name)]
    here = [node for node in found if node.start_point[0] + 1 <= spot.line <= node.end_point[0] + 1]
    return here or found


def _names(spot: Spot, node: Node, name: str) -> bool:
    if len(node.named_children) < 2:
        return False
    target = spot.text(node.named_children[0])
    if node.type in ASSIGNMENTS:
        return re.search(rf"\[\s*['\"]{re.escape(name)}['\"]\s*\]$|\.{re.escape(name)}$", target) is not None
    return target.strip("'\"") == name


def client_value(spot: Spot) -> Found:
    """The server's value becomes one that the request carries, where the language or the function has a request at hand."""
    for node in nodes(spot.root):
        if node.type not in PAIRS | ASSIGNMENTS or node.start_point[0] + 1 != spot.line or len(node.named_children) < 2:
            continue
        value = node.named_children[-1]
        field = re.sub(r"\W", "", spot.text(node.named_children[0]))
        if not _MONEY.search(field) or any(inner.type in PAIRS for inner in nodes(value)):
            continue
        request = _request(spot, node, field)
        if request is not None:
            yield f"took `{field}` from the request", [replace(value, request)]


def _request(spot: Spot, node: Node, field: str) -> str | None:
    if spot.family == "php":
        return f"$_POST['{field}']"
    function = around(node, FUNCTIONS, set())
    parameters = function.child_by_field_name("parameters") if function is not None else None
    names = set(re.findall(r"\w+", spot.text(parameters))) if parameters is not None else set()
    if spot.family == "javascript":
        return f"req.body.{field}" if "req" in names else None
    if "request" in names:
        data = "data" if b"rest_framework" in spot.source else "POST"
        return f'request.{data}["{field}"]'
    return f'request.form["{field}"]' if re.search(rb"from flask import .*\brequest\b", spot.source) else None
