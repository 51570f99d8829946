"""A place in a file that may be weakened, and the parts of its syntax tree that the ways of weakening ask for."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from tillproof.languages import FAMILY

EXPRESSIONS = {"expression_statement"}
IFS = {"if_statement", "elif_clause", "else_if_clause", "conditional_expression", "ternary_expression"}
CALLS = {"call", "call_expression", "function_call_expression", "member_call_expression", "scoped_call_expression"}
ASSIGNMENTS = {"assignment", "assignment_expression", "variable_declarator"}
PAIRS = {"pair", "keyword_argument", "array_element_initializer"}
STRINGS = {"string", "template_string", "encapsed_string", "heredoc"}
FUNCTIONS = {
    "function_definition",
    "function_declaration",
    "arrow_function",
    "function_expression",
    "method_definition",
    "method_declaration",
    "anonymous_function",
}
SIMPLE = {"expression_statement", "return_statement", "lexical_declaration", "variable_declaration", "raise_statement", "throw_statement"}
COMPOUND = {"if_statement", "while_statement", "for_statement", "with_statement", "for_in_statement", "foreach_statement"}

TRUE = {"python": "True", "javascript": "true", "php": "true"}
FALSE = {"python": "False", "javascript": "false", "php": "false"}
NOTHING = {"python": "pass", "javascript": ";", "php": ";"}
NULL = {"python": "None", "javascript": "null", "php": "null"}


class Edit(NamedTuple):
    """Bytes ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: str


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


Found = Iterator[tuple[str, list[Edit]]]
Way = Callable[[Spot], Found]


def nodes(node: Node) -> Iterator[Node]:
    """A node and all named ones below it, outermost first."""
    yield node
    for child in node.named_children:
        yield from nodes(child)


def spans(spot: Spot, node: Node) -> bool:
    """Whether the line lies within a node."""
    return node.start_point[0] + 1 <= spot.line <= node.end_point[0] + 1


def starting(spot: Spot, kinds: set[str]) -> Iterator[Node]:
    """Nodes of these kinds that begin on the line, the outermost first."""
    return (node for node in nodes(spot.root) if node.type in kinds and node.start_point[0] + 1 == spot.line)


def around(node: Node, kinds: set[str], stop: set[str] = FUNCTIONS) -> Node | None:
    """The nearest node of these kinds around a node, within its function."""
    here: Node | None = node.parent
    while here is not None and here.type not in kinds:
        if here.type in stop:
            return None
        here = here.parent
    return here


def statement(spot: Spot, kinds: set[str] = SIMPLE) -> Node | None:
    """The innermost simple statement that the line is part of."""
    found = [node for node in nodes(spot.root) if node.type in kinds and spans(spot, node)]
    return found[-1] if found else None


def region(spot: Spot) -> list[Node]:
    """Where the cause of what the line says may stand, the nearest first: its statement, its function, the file."""
    functions = [node for node in nodes(spot.root) if node.type in FUNCTIONS and spans(spot, node)]
    inner = statement(spot)
    return [*([inner] if inner is not None else []), *reversed(functions), spot.root]


def condition(node: Node) -> Node | None:
    """What an ``if`` or a conditional expression asks."""
    if node.type not in IFS:
        return None
    if node.type == "conditional_expression" and node.child_by_field_name("condition") is None:
        return node.named_children[1] if len(node.named_children) == 3 else None  # Python: value, condition, other value
    return node.child_by_field_name("condition")


def name_of(spot: Spot, call: Node) -> str:
    """The last name of what is called: ``filter`` of ``Order.objects.filter(…)``."""
    words = re.findall(r"\w+", callee(spot, call))
    return words[-1] if words else ""


def callee(spot: Spot, call: Node) -> str:
    """What is called, on one line."""
    arguments = call.child_by_field_name("arguments")
    end = arguments.start_byte if arguments is not None else call.end_byte
    return " ".join(spot.source[call.start_byte : end].decode("utf-8", "replace").split())


def argument_nodes(call: Node) -> list[Node]:
    """The arguments of a call."""
    arguments = call.child_by_field_name("arguments")
    return [node for node in arguments.named_children if node.type != "comment"] if arguments is not None else []


def receiver(call: Node) -> Node | None:
    """What a method is called on."""
    function = call.child_by_field_name("function")
    return (function if function is not None else call).child_by_field_name("object")


def replace(node: Node, text: str) -> Edit:
    return Edit(node.start_byte, node.end_byte, text)


def unlink(call: Node) -> Edit | None:
    """Takes one link out of a chain of calls; what follows is called on what stood before it."""
    before = receiver(call)
    return Edit(before.end_byte, call.end_byte, "") if before is not None else None


def take_out(spot: Spot, node: Node) -> Edit:
    """Takes one element out of a list with commas, with its comma."""
    start, end = node.start_byte, node.end_byte
    if after := re.compile(rb"\s*,[ \t]*").match(spot.source, end):
        end = after.end()
    elif before := re.search(rb",\s*$", spot.source[:start]):
        start = before.start()
    return Edit(start, end, "")


def key_of(spot: Spot, pair: Node) -> str:
    """The name of a record's entry or a named argument."""
    if pair.type == "array_element_initializer" and len(pair.named_children) < 2:
        return ""
    return spot.text(pair.named_children[0]).strip("'\"")
