"""Python's calls that only run another, in a thread, in an executor, with arguments given before: read as the call that they run."""

from tree_sitter import Node

# The name by which such a function is called, and at which position stands what it runs; what follows that are the arguments.
RUNS = {"to_thread": 0, "run_in_threadpool": 0, "run_in_executor": 1, "run_sync": 0}
ADAPTS = ("sync_to_async", "async_to_sync", "database_sync_to_async")
"""Functions that give a function as it is, for callers of the other colour."""
PREPARES = "partial"


def run(node: Node) -> tuple[Node, list[Node]] | None:
    """What a call runs, and with which arguments; None where it is a call of its own."""
    function = node.child_by_field_name("function")
    given = _arguments(node)
    name = _name(function)
    at = RUNS.get(name, -1)
    if name == "run_sync" and _text(function).rpartition(".")[0].rpartition(".")[2] != "to_thread":
        return None
    if 0 <= at < len(given) and all(_is_plain(a) for a in given[: at + 1]):
        return _prepared(given[at], given[at + 1 :])
    if function is not None and function.type == "call" and _name(function.child_by_field_name("function")) == PREPARES:
        return _prepared(function, given)
    return None


def adapted(node: Node) -> Node | None:
    """The function that a call gives as it is: ``sync_to_async(charge)`` is ``charge``."""
    given = _arguments(node)
    adapts = _name(node.child_by_field_name("function")) in ADAPTS
    return given[0] if adapts and given and _is_plain(given[0]) and all(a.type == "keyword_argument" for a in given[1:]) else None


def _prepared(function: Node, more: list[Node]) -> tuple[Node, list[Node]]:
    """A function with its arguments, those that ``partial`` was given before the others."""
    before = _arguments(function) if function.type == "call" and _name(function.child_by_field_name("function")) == PREPARES else []
    return (before[0], [*before[1:], *more]) if before and _is_plain(before[0]) else (function, more)


def _arguments(node: Node) -> list[Node]:
    given = node.child_by_field_name("arguments")
    return [a for a in given.named_children if a.type != "comment"] if given is not None and given.type == "argument_list" else []


def _is_plain(node: Node) -> bool:
    return node.type not in ("keyword_argument", "list_splat", "dictionary_splat")


def _name(node: Node | None) -> str:
    return _text(node).rpartition(".")[2] if node is not None and node.type in ("identifier", "attribute") else ""


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""
