"""Ways to lose something: a statement, a named argument, the bound of a wait, the growth of a pause, what a failed item leaves behind."""

import re

from tree_sitter import Node

from weakenings.spots import (
    CALLS,
    NOTHING,
    NULL,
    PAIRS,
    Edit,
    Found,
    Spot,
    Way,
    argument_nodes,
    callee,
    condition,
    key_of,
    name_of,
    nodes,
    region,
    replace,
    spans,
    starting,
    statement,
    take_out,
    unlink,
)

_HANDLERS = {"except_clause", "catch_clause"}
_IMPORTS = {"import_statement", "import_from_statement"}
_DECLARATIONS = {"lexical_declaration", "variable_declaration"}
_SLEEPS = re.compile(r"^(sleep|usleep|delay|wait|setTimeout|pause)$", re.IGNORECASE)
_TIMEOUT = re.compile(r"timeout", re.IGNORECASE)
_PAUSES = re.compile(r"^(backoff|retryDelay|retry_delay|jitter|retry_jitter|retry_backoff|wait|delay|delays)$")
_ENDS = {"ship-from": re.compile(r"from|origin", re.IGNORECASE), "ship-to": re.compile(r"to|dest", re.IGNORECASE)}
_MOST_RETRIES = re.compile(rb"(max_?network_?retries\s*[:=(]\s*)\d+", re.IGNORECASE)
_UNBOUNDED = {"python": "None", "javascript": "0", "php": "0"}
_GIVE_UP = {
    "python": "raise RuntimeError('no answer')",
    "javascript": "throw new Error('no answer');",
    "php": "throw new \\Exception('no answer');",
}
_WIDEST = {"python": "Exception", "php": "\\Throwable"}


def drop_call(spot: Spot) -> Found:
    """What the line does is done no more: its statement goes, or the call within it that begins on the line."""
    imported = next(starting(spot, _IMPORTS), None)
    if imported is not None:
        yield from _unhooked(spot, imported)
        return
    pair = next(starting(spot, PAIRS), None)
    whole = statement(spot)
    if pair is not None and (whole is None or whole.start_point[0] + 1 != spot.line):
        yield f"dropped `{key_of(spot, pair)}`", [take_out(spot, pair)]
    elif whole is not None and (whole.start_point[0] + 1 == spot.line or next(starting(spot, CALLS), None) is None):
        yield "dropped the statement", [_without(spot, whole)]
    elif (call := next(starting(spot, CALLS), None)) is not None:
        yield f"dropped `{callee(spot, call)}`", [replace(call, NULL[spot.family])]


def _without(spot: Spot, whole: Node) -> Edit:
    """The statement without what it does; the name that it gives, if any, stays."""
    inner = whole.named_children[0] if whole.named_children else None
    if whole.type == "return_statement":
        return replace(inner, NULL[spot.family]) if inner is not None else replace(whole, NOTHING[spot.family])
    if inner is not None and whole.type in _DECLARATIONS and (value := inner.child_by_field_name("value")) is not None:
        return replace(value, "{}" if "{" in spot.text(inner)[:2] else NULL[spot.family])
    return replace(whole, NOTHING[spot.family])


def keep_nothing(spot: Spot) -> Found:
    """What failed for good is neither kept nor told of."""
    if spot.note.startswith("what failed for good"):
        yield from drop_call(spot)


def empty_handler(spot: Spot) -> Found:
    """The handler of a failure, which begins on the line, does nothing."""
    handlers = [node for node in nodes(spot.root) if node.type in _HANDLERS and node.start_point[0] + 1 == spot.line]
    if not handlers:
        return
    handler = handlers[-1]
    body = next((child for child in reversed(handler.named_children) if "block" in child.type or child.type == "compound_statement"), None)
    if body is not None:
        yield "emptied the handler of the failure", [replace(body, "pass" if spot.family == "python" else "{ }")]


def _unhooked(spot: Spot, imported: Node) -> Found:
    """What is imported on the line is asked for by no decorator any more."""
    names = set(re.findall(r"\w+", spot.text(imported).partition("import")[2]))
    hooks = [n for n in nodes(spot.root) if n.type == "decorator" and names & set(re.findall(r"\w+", spot.text(n)))]
    if hooks:
        yield "unhooked it", [replace(imported, NOTHING[spot.family]), *(replace(hook, "") for hook in hooks)]


def drop_named(words: str) -> Way:
    """A way that drops the named argument or entry whose name fits: the nearest to the line in its statement."""
    fits = re.compile(words, re.IGNORECASE)

    def way(spot: Spot) -> Found:
        whole = statement(spot)
        near = [node for node in nodes(spot.root) if node.type in PAIRS and node.start_point[0] + 1 == spot.line]
        for node in [*near, *(nodes(whole) if whole is not None else ())]:
            if node.type in PAIRS and fits.search(key_of(spot, node)):
                yield f"dropped `{key_of(spot, node)}`", [take_out(spot, node)]
                return
            if node.type in CALLS and fits.search(name_of(spot, node)) and argument_nodes(node) and (edit := unlink(node)):
                yield f"dropped `{name_of(spot, node)}`", [edit]
                return

    return way


def drop_part(spot: Spot) -> Found:
    """The part of a request that the evidence names is gone: the entry on the line, with those beside it that say the same place; or the
    link of a chain."""
    pair = next((n for n in nodes(spot.root) if n.type in PAIRS and n.start_point[0] + 1 == spot.line), None)
    if pair is not None:
        first = re.split(r"_|(?=[A-Z])", key_of(spot, pair))[0]
        wanted = next((words for name, words in _ENDS.items() if name in spot.note), None)
        if wanted is not None and not wanted.search(key_of(spot, pair)):
            return  # the line is where the value comes from
        beside = pair.parent.named_children if pair.parent is not None and wanted and re.search(r" or |address", spot.note) else [pair]
        gone = [n for n in beside if n.type in PAIRS and re.split(r"_|(?=[A-Z])", key_of(spot, n))[0] == first and not _country(spot, n)]
        yield f"dropped `{key_of(spot, pair)}`", [take_out(spot, n) for n in gone or [pair]]
        return
    for node in nodes(spot.root):
        arguments = node.child_by_field_name("arguments") if node.type in CALLS else None
        here = arguments is not None and arguments.start_point[0] + 1 == spot.line and node.start_point[0] + 1 != spot.line
        if here and (edit := unlink(node)):
            yield f"dropped `{name_of(spot, node)}`", [edit]
            return


def _country(spot: Spot, pair: Node) -> bool:
    """Whether an entry is the country of the destination, which is asked for by itself."""
    return "ship-to" in spot.note and "country" not in spot.note and "country" in key_of(spot, pair).lower()


def wait_for_ever(spot: Spot) -> Found:
    """The bound of a wait becomes none: named, given to a call, or filled in where none was given. A ``signal`` is left alone: ``fetch``
    gives up by itself."""
    for node in [n for part in region(spot)[:1] for n in nodes(part)]:
        if not spans(spot, node):
            continue
        if node.type in PAIRS and len(node.named_children) > 1 and _TIMEOUT.search(key_of(spot, node)):
            yield "took the bound away", [replace(node.named_children[-1], _UNBOUNDED[spot.family])]
            return
        if node.type in CALLS and _TIMEOUT.search(name_of(spot, node)) and "AbortSignal" not in callee(spot, node) and argument_nodes(node):
            yield "took the bound away", [replace(argument_nodes(node)[0], _UNBOUNDED[spot.family])]
            return
        if node.type in CALLS and len(argument_nodes(node)) == 3 and "CURLOPT_TIMEOUT" in spot.text(argument_nodes(node)[1]):
            yield "took the bound away", [replace(argument_nodes(node)[2], "0")]
            return
    for node in nodes(spot.root):
        asked = condition(node)
        if asked is not None and spans(spot, asked) and _TIMEOUT.search(spot.text(asked)):
            yield "filled in no bound", [replace(node, NOTHING[spot.family])]
            return


def give_up(spot: Spot) -> Found:
    """What failed is not tried again: the pause before the next attempt becomes an error, or the SDK is told so."""
    whole = statement(spot)
    if "by itself" in spot.note:
        yield from _told_not_to(spot, whole)
        return
    if whole is not None and any(node.type in CALLS and _SLEEPS.match(name_of(spot, node)) for node in nodes(whole)):
        yield "gave up after the first attempt", [replace(whole, _GIVE_UP[spot.family])]
        return
    for decorator in starting(spot, {"decorator"}):
        yield "dropped the decorator", [replace(decorator, "")]
        return
    yield from drop_call(spot)


def _told_not_to(spot: Spot, whole: Node | None) -> Found:
    """The SDK's own repeating is turned off where it is set, else before the call (Python) or where the client is made (JavaScript)."""
    if found := _MOST_RETRIES.search(spot.source):
        yield "turned the SDK's retries off", [Edit(found.start(), found.end(), found[1].decode() + "0")]
    elif spot.family == "python" and whole is not None:
        pad = " " * whole.start_point[1]
        yield "turned the SDK's retries off", [Edit(whole.start_byte, whole.start_byte, f"stripe.max_network_retries = 0\n{pad}")]
    else:
        for node in nodes(spot.root):
            if node.type == "new_expression" and len(argument_nodes(node)) == 1:
                end = argument_nodes(node)[0].end_byte
                yield "turned the SDK's retries off", [Edit(end, end, ", { maxNetworkRetries: 0 }")]
                return


def same_pause(spot: Spot) -> Found:
    """Every attempt waits equally long."""
    whole = statement(spot)
    for node in nodes(whole) if whole is not None else ():
        if node.type in CALLS and _SLEEPS.match(name_of(spot, node)) and argument_nodes(node):
            yield "made every pause the same", [replace(argument_nodes(node)[-1], "1" if spot.family == "python" else "1000")]
            return
    for decorator in [*starting(spot, {"decorator"}), *([whole] if whole is not None else [])]:
        for node in nodes(decorator):
            if node.type in PAIRS and _PAUSES.match(key_of(spot, node)):
                yield f"dropped `{key_of(spot, node)}`", [take_out(spot, node)]
                return


def catch_all(spot: Spot) -> Found:
    """Every failure is taken for one that passes by itself; no handler before takes any out."""
    clause = next(starting(spot, _HANDLERS), None)
    if clause is not None and spot.family in _WIDEST:
        caught = clause.child_by_field_name("type") or clause.named_children[0]
        if caught.type == "as_pattern":
            caught = caught.named_children[0]
        siblings = clause.parent.named_children if clause.parent is not None else []
        before = [node for node in siblings if node.type == clause.type and node.start_byte < clause.start_byte]
        gone = [Edit(before[0].start_byte, clause.start_byte, "")] if before else []
        yield "caught every failure", [*gone, replace(caught, _WIDEST[spot.family])]
