"""Ways to weaken the line that proves an obligation. Each makes the code worse in a way that a hurried change might.

A mutation is found in the syntax tree of one file, for the check whose obligation was held there, and is only offered when the file that it
makes still parses.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from tillproof.languages import FAMILY, spec_of
from tillproof.languages.base import parse

PROOF_CHECKS = ("payment/webhook-unverified", "payment/webhook-weak-verification", "payment/fulfil-on-redirect")

_STATEMENTS = {"expression_statement"}
_IFS = {"if_statement", "elif_clause", "else_if_clause", "conditional_expression", "ternary_expression"}
_CALLS = {"call", "call_expression", "function_call_expression", "member_call_expression", "scoped_call_expression"}
_ASSIGNMENTS = {"assignment", "assignment_expression", "variable_declarator"}
_PAIRS = {"pair", "keyword_argument", "array_element_initializer"}
_FUNCTIONS = {
    "function_definition",
    "function_declaration",
    "arrow_function",
    "function_expression",
    "method_definition",
    "method_declaration",
}
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
_MONEY = re.compile(r"amount|price|value|total|cost|currency|cents", re.IGNORECASE)
_NAMED_KEY = re.compile(r"the key (?:is sent as )?([\w-]+)")

_TRUE = {"python": "True", "javascript": "true", "php": "true"}
_NOTHING = {"python": "pass", "javascript": ";", "php": ";"}
_NULL = {"python": "None", "javascript": "undefined", "php": "null"}
_RANDOM = {"python": "str(uuid.uuid4())", "javascript": "crypto.randomUUID()", "php": "bin2hex(random_bytes(16))"}


class Edit(NamedTuple):
    """Bytes ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


class Mutation(NamedTuple):
    """``what`` was done, for people, and the file after it."""

    what: str
    source: bytes


class Spot(NamedTuple):
    """The line (1-based) that proves something, and what the evidence says about it."""

    language: str
    source: bytes
    root: Node
    check: str
    line: int
    note: str

    @property
    def family(self) -> str:
        return FAMILY[self.language]

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def mutations(language: str, source: bytes, check: str, line: int, note: str) -> list[Mutation]:
    """All weakenings of a line that apply and that still parse (or parse no worse than before), without repetition."""
    root = parse(spec_of(language), source).root_node
    spot = Spot(language, source, root, check, line, note)
    found: dict[bytes, str] = {}
    for way in _WAYS.get(check, ()):
        for what, edits in way(spot):
            mutant = _apply(source, edits)
            if mutant != source and not parse(spec_of(language), mutant).root_node.has_error:
                found.setdefault(mutant, what)
    return [Mutation(what, mutant) for mutant, what in found.items()]


def key_name(note: str) -> str | None:
    """The name under which evidence says that a key is sent."""
    match = _NAMED_KEY.search(note)
    return match[1] if match else None


def _apply(source: bytes, edits: list[Edit]) -> bytes:
    for edit in sorted(edits, reverse=True):
        source = source[: edit.start] + edit.text.encode() + source[edit.end :]
    return source


_Found = Iterator[tuple[str, list[Edit]]]


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from _nodes(child)


def _starting(spot: Spot, kinds: set[str]) -> Iterator[Node]:
    """Nodes of these kinds that begin on the line, the outermost first."""
    return (node for node in _nodes(spot.root) if node.type in kinds and node.start_point[0] + 1 == spot.line)


def _around(node: Node, kinds: set[str], stop: set[str] = _FUNCTIONS) -> Node | None:
    here: Node | None = node.parent
    while here is not None and here.type not in kinds:
        if here.type in stop:
            return None
        here = here.parent
    return here


def _replace(node: Node, text: str) -> Edit:
    return Edit(node.start_byte, node.end_byte, text)


def _drop_statement(spot: Spot) -> _Found:
    for node in _starting(spot, _STATEMENTS):
        inner = node.named_children[0] if node.named_children else None
        if inner is not None and inner.type not in _ASSIGNMENTS:
            yield "dropped the statement", [_replace(node, _NOTHING[spot.family])]


def _negate_condition(spot: Spot) -> _Found:
    for node in _nodes(spot.root):
        condition = _condition(node)
        if condition is not None and condition.start_point[0] + 1 <= spot.line <= condition.end_point[0] + 1:
            text = spot.text(condition)
            yield "negated the condition", [_replace(condition, f"not ({text})" if spot.family == "python" else f"(!({text}))")]


def _condition(node: Node) -> Node | None:
    if node.type not in _IFS:
        return None
    if node.type == "conditional_expression" and node.child_by_field_name("condition") is None:
        return node.named_children[1] if len(node.named_children) == 3 else None  # Python: value, condition, other value
    return node.child_by_field_name("condition")


def _pass_through(spot: Spot) -> _Found:
    """A call that decides becomes ``true``; a call that answers becomes its first argument."""
    call = next(_starting(spot, _CALLS), None)
    if call is None:
        return
    decider = next((c for c in _nodes(call) if c.type in _CALLS and _decides(spot, c)), None)
    if decider is not None:
        yield f"took the answer of `{_callee(spot, decider)}` for yes", [_replace(decider, _TRUE[spot.family])]
        return
    arguments = call.child_by_field_name("arguments")
    first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    if first is not None and first.type in ("argument", "keyword_argument"):
        first = first.named_children[-1]
    if first is not None and first.type != "array_element_initializer":
        awaited = call.parent if call.parent is not None and call.parent.type in ("await", "await_expression") else call
        yield f"passed the argument of `{_callee(spot, call)}` through", [_replace(awaited, f"({spot.text(first)})")]


def _decides(spot: Spot, call: Node) -> bool:
    """Whether only the truth of a call counts: it compares by name, or stands in a condition with nothing but logic around it."""
    if _COMPARERS.search(_callee(spot, call)) and not _kept(call):
        return True
    here = call
    while here.parent is not None and here.parent.type in _BOOLEAN:
        here = here.parent
    return here.parent is not None and _condition(here.parent) == here


def _kept(call: Node) -> bool:
    """Whether the answer of a call is stored: then it is a value, whatever the name says."""
    return call.parent is not None and (
        call.parent.type in _ASSIGNMENTS or call.parent.type in ("await", "await_expression", "expression_statement")
    )


def _callee(spot: Spot, call: Node) -> str:
    arguments = call.child_by_field_name("arguments")
    end = arguments.start_byte if arguments is not None else call.end_byte
    return " ".join(spot.source[call.start_byte : end].decode("utf-8", "replace").split())


def _remove_key(spot: Spot) -> _Found:
    """The argument, entry, header or assignment that carries the key is taken away."""
    for node in _carriers(spot):
        if node.type in _ASSIGNMENTS:
            statement = _around(node, _STATEMENTS)
            if statement is not None:
                yield "dropped the key", [_replace(statement, _NOTHING[spot.family])]
            continue
        end = node.end_byte
        after = re.compile(rb"\s*,[ \t]*").match(spot.source, end)
        start = node.start_byte
        if after:
            end = after.end()
        elif before := re.search(rb",\s*$", spot.source[:start]):
            start = before.start()
        yield "dropped the key", [Edit(start, end, "")]


def _random_key(spot: Spot) -> _Found:
    for node in _carriers(spot):
        value = node.named_children[-1]
        module = [Edit(0, 0, "import uuid\n")] if spot.family == "python" else []
        yield "made the key new on every call", [*module, _replace(value, _RANDOM[spot.family])]


def _carriers(spot: Spot) -> list[Node]:
    """Where the key stands under its name: on the line itself if it does, else anywhere in the file."""
    name = key_name(spot.note)
    if name is None:
        return []
    found = [node for node in _nodes(spot.root) if node.type in _PAIRS | _ASSIGNMENTS and _names(spot, node, name)]
    here = [node for node in found if node.start_point[0] + 1 <= spot.line <= node.end_point[0] + 1]
    return here or found


def _names(spot: Spot, node: Node, name: str) -> bool:
    if len(node.named_children) < 2:
        return False
    target = spot.text(node.named_children[0])
    if node.type in _ASSIGNMENTS:
        return re.search(rf"\[\s*['\"]{re.escape(name)}['\"]\s*\]$|\.{re.escape(name)}$", target) is not None
    return target.strip("'\"") == name


def _client_value(spot: Spot) -> _Found:
    """The server's value becomes one that the request carries, where the language or the function has a request at hand."""
    for node in _nodes(spot.root):
        if node.type not in _PAIRS | _ASSIGNMENTS or node.start_point[0] + 1 != spot.line or len(node.named_children) < 2:
            continue
        value = node.named_children[-1]
        field = re.sub(r"\W", "", spot.text(node.named_children[0]))
        if not _MONEY.search(field) or any(inner.type in _PAIRS for inner in _nodes(value)):
            continue
        request = _request(spot, node, field)
        if request is not None:
            yield f"took `{field}` from the request", [_replace(value, request)]


def _request(spot: Spot, node: Node, field: str) -> str | None:
    if spot.family == "php":
        return f"$_POST['{field}']"
    function = _around(node, _FUNCTIONS, set())
    parameters = function.child_by_field_name("parameters") if function is not None else None
    names = set(re.findall(r"\w+", spot.text(parameters))) if parameters is not None else set()
    if spot.family == "javascript":
        return f"req.body.{field}" if "req" in names else None
    if "request" in names:
        data = "data" if b"rest_framework" in spot.source else "POST"
        return f'request.{data}["{field}"]'
    return f'request.form["{field}"]' if re.search(rb"from flask import .*\brequest\b", spot.source) else None


_Way = Callable[[Spot], _Found]
_PROOF: tuple[_Way, ...] = (_drop_statement, _negate_condition, _pass_through)
_WAYS: dict[str, tuple[_Way, ...]] = {
    **dict.fromkeys(PROOF_CHECKS, _PROOF),
    "idempotency/missing-key": (_remove_key,),
    "idempotency/unstable-key": (_random_key,),
    "payment/client-amount": (_client_value,),
}
