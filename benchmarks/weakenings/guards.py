"""Ways to open a guard: its condition no longer stops anything, or the statement that refuses is gone."""

import re

from tree_sitter import Node

from weakenings.spots import (
    CALLS,
    COMPOUND,
    EXPRESSIONS,
    FALSE,
    FUNCTIONS,
    NOTHING,
    NULL,
    TRUE,
    Edit,
    Found,
    Spot,
    argument_nodes,
    condition,
    name_of,
    nodes,
    replace,
    spans,
    starting,
    statement,
)

_LEAVING = {"return_statement", "raise_statement", "throw_statement", "throw_expression", "break_statement", "continue_statement"}
_REFUSING = re.compile(r"^(abort\w*|exit|die|wp_die|throw_if|throw_unless|wp_send_json\w*|status_header|assert\w*)$", re.IGNORECASE)
_BOUNDING = {"min", "max"}
_BLOCKS = {"block", "statement_block", "compound_statement"}
_GROUPS = {"parenthesized_expression", "boolean_operator", "binary_expression"}
_AND = {"and", "&&"}


def open_guard(spot: Spot) -> Found:
    """The condition that the line is part of becomes what lets everything through."""
    asking = [node for node in nodes(spot.root) if (c := condition(node)) is not None and spans(spot, c)]
    if asking:
        yield "took the condition away", _opened(spot, asking[-1])
        return
    refusing = statement(spot, EXPRESSIONS)
    if refusing is not None and refusing.type == "expression_statement" and refusing.named_children:
        call = refusing.named_children[0]
        if call.type in CALLS and (_REFUSING.match(name_of(spot, call)) or re.match(r"(assert|ensure|check|require)", name_of(spot, call))):
            yield f"dropped `{name_of(spot, call)}`", [replace(refusing, NOTHING[spot.family])]
            return
    for node in nodes(spot.root):
        if node.type == "assert_statement" and spans(spot, node):
            yield "dropped the assertion", [replace(node, NOTHING[spot.family])]
            return


def open_later(spot: Spot) -> Found:
    """What the line finds out is no longer asked: the conditions of its function that speak of the names it sets are opened."""
    set_here = statement(spot, {"expression_statement", "lexical_declaration", "variable_declaration"})
    target = _target(set_here) if set_here is not None else None
    if set_here is None or target is None:
        return
    names = set(re.findall(r"[A-Za-z_]\w+", spot.text(target))) - {"this", "self"}
    functions = [node for node in nodes(spot.root) if node.type in FUNCTIONS and spans(spot, node)]
    edits = []
    for node in nodes(functions[-1] if functions else spot.root):
        asked = condition(node)
        if asked is not None and node.start_byte >= set_here.end_byte and names & set(re.findall(r"\w+", spot.text(asked))):
            edits += _opened(spot, node)
    if edits:
        yield "asked no more what it found", edits


def forget(spot: Spot) -> Found:
    """What was kept is not found again, and nobody asks whether it was."""
    whole = statement(spot)
    inner = whole.named_children[0] if whole is not None and whole.named_children else None
    value = (inner.child_by_field_name("right") or inner.child_by_field_name("value")) if inner is not None else None
    if value is not None:
        asked = [edit for _, edits in open_later(spot) for edit in edits]
        yield "found nothing kept", [replace(value, NULL[spot.family]), *asked]


def successes_only(spot: Spot) -> Found:
    """Of the answers that a condition lets return, only the good ones still do: a refusal goes on to the next attempt."""
    for node in nodes(spot.root):
        asked = condition(node)
        if asked is None or not spans(spot, asked) or not _leaves(spot, node):
            continue
        name = re.search(r"\$?[A-Za-z_]\w*(?=\.|\s*\)|->)", spot.text(asked))
        then = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        if name is None or then is None or "return" not in spot.text(then):
            continue
        inner = asked.named_children[0] if asked.type == "parenthesized_expression" else asked
        good = f"200 === wp_remote_retrieve_response_code({name[0]})" if spot.family == "php" else f"{name[0]}.ok"
        yield "returned good answers only", [replace(inner, good)]
        return


def unbounded(spot: Spot) -> Found:
    """The smaller of a wish and a bound becomes the wish."""
    for call in starting(spot, CALLS):
        if name_of(spot, call) in _BOUNDING and len(argument_nodes(call)) == 2:
            yield f"took `{name_of(spot, call)}` away", [replace(call, spot.text(argument_nodes(call)[0]))]
            return


def answered_yes(spot: Spot) -> Found:
    """What a function returns as the answer of a comparison becomes ``true``."""
    for node in nodes(spot.root):
        if node.type == "return_statement" and spans(spot, node) and node.named_children:
            value = node.named_children[0]
            if value.type in _GROUPS | {"comparison_operator", "unary_op_expression", "not_operator"} or _is_question(spot, value):
                yield "answered yes", [replace(value, TRUE[spot.family])]
                return


def _is_question(spot: Spot, value: Node) -> bool:
    return value.type in CALLS and re.match(r"(is|has|can|in_array|hash_equals|bccomp)", name_of(spot, value)) is not None


def _target(node: Node) -> Node | None:
    inner = node.named_children[0] if node.named_children else None
    if inner is None:
        return None
    return inner.child_by_field_name("left") or inner.child_by_field_name("name")


def _opened(spot: Spot, node: Node) -> list[Edit]:
    """The edits that let everything through: what leaves never does, what wraps the effect always goes on."""
    asked = condition(node)
    assert asked is not None
    if asked.type == "parenthesized_expression" and asked.named_child_count == 1:
        asked = asked.named_children[0]
    if _leaves(spot, node):
        return [replace(asked, FALSE[spot.family])]
    parts = list(_conjuncts(asked))
    plain = [part for part in parts if not any(n.type in CALLS | {"await", "await_expression"} for n in nodes(part))]
    if len(parts) > 1 and plain:
        return [replace(part, TRUE[spot.family]) for part in plain]
    return [replace(asked, TRUE[spot.family])]


def _conjuncts(node: Node) -> list[Node]:
    """The parts of an ``and``; one that holds its effect in its second part keeps that."""
    operator = node.child_by_field_name("operator")
    if node.type in _GROUPS and operator is not None and operator.type in _AND:
        return [part for side in (node.named_children[0], node.named_children[-1]) for part in _conjuncts(side)]
    if node.type == "parenthesized_expression" and node.named_child_count == 1:
        return _conjuncts(node.named_children[0])
    return [node]


def _leaves(spot: Spot, node: Node) -> bool:
    """Whether what an ``if`` holds ends what goes on."""
    then = node.child_by_field_name("consequence") or node.child_by_field_name("body")
    if then is None or node.type in ("conditional_expression", "ternary_expression"):
        return False
    body = [child for child in (then.named_children if then.type in _BLOCKS else [then]) if child.type != "comment"]
    if not body or (node.child_by_field_name("alternative") is not None and not _last(spot, body[-1])):
        return False
    return _last(spot, body[-1])


def _last(spot: Spot, last: Node) -> bool:
    if last.type in _LEAVING or last.type == "exit_statement":
        return True
    inner = last.named_children[0] if last.type == "expression_statement" and last.named_children else None
    if inner is None:
        return False
    return inner.type in _LEAVING or (inner.type in CALLS and _REFUSING.match(name_of(spot, inner)) is not None)


def swallow(spot: Spot) -> Found:
    """What the line raises is caught and forgotten."""
    heads = [n for n in nodes(spot.root) if n.type in COMPOUND and (c := n.child_by_field_name("condition")) is not None and spans(spot, c)]
    node = heads[-1] if heads else statement(spot)
    if node is None:
        return
    text = spot.text(node)
    if spot.family == "python":
        pad = " " * node.start_point[1]
        inner = text.replace("\n", "\n    ")
        yield "swallowed what it raises", [replace(node, f"try:\n{pad}    {inner}\n{pad}except Exception:\n{pad}    pass")]
    elif node.type in ("lexical_declaration", "variable_declaration"):
        declared = node.named_children[0]
        name, value = declared.child_by_field_name("name"), declared.child_by_field_name("value")
        if name is not None and value is not None and name.type == "identifier":
            caught = f"let {spot.text(name)}; try {{ {spot.text(name)} = {spot.text(value)}; }} catch {{}}"
            yield "swallowed what it raises", [replace(node, caught)]
        elif value is not None and value.type == "await_expression":
            yield "swallowed what it raises", [Edit(value.end_byte, value.end_byte, ".catch(() => ({}))")]
    else:
        caught = " catch {}" if spot.family == "javascript" else " catch (\\Throwable $swallowed) {}"
        yield "swallowed what it raises", [replace(node, f"try {{ {text} }}{caught}")]
