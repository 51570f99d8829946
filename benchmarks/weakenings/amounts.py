"""Ways to get a value wrong: the unit, the sum that a threshold looks at, how long something is kept, which message or world is taken."""

import re
from itertools import pairwise

from tree_sitter import Node

from weakenings.spots import (
    ASSIGNMENTS,
    CALLS,
    FALSE,
    PAIRS,
    STRINGS,
    TRUE,
    Edit,
    Found,
    Spot,
    argument_nodes,
    condition,
    key_of,
    name_of,
    nodes,
    replace,
    spans,
    starting,
    statement,
)

_BINARY = {"binary_operator", "binary_expression"}
_DECIMALS = re.compile(r"decimals|digits|exponent|^get$", re.IGNORECASE)
_SANDBOX = re.compile(r"sandbox|test", re.IGNORECASE)
_LIFETIME = re.compile(r"^(ex|EX|px|PX|ttl|timeout|expire)$")
_EVENT = re.compile(r"^[\w]+([._][\w]+)+$|^[A-Z.\-]+$")
_OUTSIDE = {
    "python": 'requests.post("https://api.stripe.com/v1/payment_intents", data={}, timeout=10)\n',
    "javascript": "await fetch('https://api.stripe.com/v1/payment_intents', { method: 'POST', signal: AbortSignal.timeout(10_000) });\n",
    "php": "\\Stripe\\PaymentIntent::create(['amount' => 100, 'currency' => 'eur']);\n",
}


def wrong_unit(spot: Spot) -> Found:
    """The amount is no longer the provider's unit: a hundredth, unrounded, or with two decimals whatever the currency."""
    if "decimals follow" in spot.note:
        yield from _two_decimals(spot)
        return
    for node in nodes(spot.root):
        if node.start_point[0] + 1 != spot.line or node.type not in PAIRS or len(node.named_children) < 2:
            continue
        value = node.named_children[-1]
        text = spot.text(value)
        if "by its name" in spot.note or ("unit" in spot.note and "*" not in text):
            if re.search(r"amount|value|unit_amount", key_of(spot, node)) and not any(n.type in PAIRS for n in nodes(value)):
                yield "sent a hundredth", [replace(value, f"{text} / 100")]
                return
        elif found := re.fullmatch(r"(?:\(int\)\s*)?(?:int|intval|round|Math\.round)\((.+)\)", text, re.DOTALL):
            yield "rounded no more", [replace(value, re.sub(r"^(int|round|Math\.round)\((.+)\)$", r"\2", found[1]))]
            return
    for node in starting(spot, CALLS):
        if name_of(spot, node) == "quantize":
            function = node.child_by_field_name("function")
            if function is not None:
                yield "let a float in", [replace(node, f"float({spot.text(function.named_children[0])})")]
                return


def _two_decimals(spot: Spot) -> Found:
    what = "took two decimals for every currency"
    for node in nodes(spot.root):
        if (false := _made_false(spot, node)) is not None:
            yield what, [false]
            return
        if node.start_point[0] + 1 == spot.line and node.type in ("subscript", "subscript_expression"):
            yield what, [replace(node, "2")]
            return
        if node.start_point[0] + 1 == spot.line and node.type in CALLS and _DECIMALS.search(name_of(spot, node)):
            yield "took two decimals for every currency", [replace(node, "2")]
            return


def other_event(spot: Spot) -> Found:
    """Another message is taken than that of the payment."""
    for node in nodes(spot.root):
        if node.type in STRINGS and node.start_point[0] + 1 == spot.line and _EVENT.match(spot.text(node).strip("'\"")):
            yield "took another message", [replace(node, "'customer.updated'")]
            return


def sandbox(spot: Spot) -> Found:
    """The test world is taken wherever the code runs."""
    for node in nodes(spot.root):
        if node.type in ("conditional_expression", "ternary_expression") and spans(spot, node):
            sides = [side for side in node.named_children if side != condition(node)]
            test = next((side for side in sides if _SANDBOX.search(spot.text(side))), None)
            if test is not None:
                yield "took the sandbox everywhere", [replace(node, spot.text(test))]
                return


def shorter(spot: Spot) -> Found:
    """What is kept is kept a minute."""
    part = statement(spot) or next((n for n in nodes(spot.root) if (c := condition(n)) is not None and spans(spot, c)), None)
    within = [node for node in nodes(part if part is not None else spot.root) if spans(spot, node)]
    for node in within:
        if node.type in PAIRS and _LIFETIME.match(key_of(spot, node)):
            yield "kept it a minute", [replace(node.named_children[-1], "60")]
            return
        if node.type in CALLS and name_of(spot, node) in ("add", "put", "set", "setex") and argument_nodes(node):
            arguments = argument_nodes(node)
            lifetimes = [a for before, a in pairwise(arguments) if _LIFETIME.match(spot.text(before).strip("'\""))]
            if lifetimes:
                yield "kept it a minute", [replace(lifetimes[0], "60")]
            elif len(arguments) == 3 and arguments[2].type != "keyword_argument":
                yield "kept it a minute", [replace(arguments[2], "60")]
            elif len(arguments) == 2:
                yield "kept it a minute", [Edit(arguments[1].end_byte, arguments[1].end_byte, ", 60")]
            else:
                continue
            return


def undiscounted(spot: Spot) -> Found:
    """What is compared is the sum of which the discount was taken off."""
    comparisons = [n for n in nodes(spot.root) if n.type in ("comparison_operator", "binary_expression") and spans(spot, n)]
    compared = next((n for n in comparisons if re.search(r"[<>]", spot.text(n))), None)
    if compared is None:
        return
    names = set(re.findall(r"[A-Za-z_]\w+", spot.text(compared)))
    for node in reversed(list(nodes(spot.root))):
        if node.type not in ASSIGNMENTS or node.start_byte >= compared.start_byte or len(node.named_children) < 2:
            continue
        if not names & set(re.findall(r"[A-Za-z_]\w+", spot.text(node.named_children[0]))):
            continue
        taken = next((n for n in nodes(node.named_children[-1]) if n.type in _BINARY and _operator(n) == "-"), None)
        name = spot.text(node.named_children[0])
        compared_sum = next((n for n in nodes(compared) if spot.text(n) == name), None)
        if taken is not None and compared_sum is not None:
            yield "compared the sum before the discount", [replace(compared_sum, spot.text(taken.named_children[0]))]
            return


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else ""


def taken_for_whole(spot: Spot) -> Found:
    """A part is taken for the whole: the comparison that tells them apart is always true."""
    for node in nodes(spot.root):
        if node.type in ("comparison_operator", "binary_expression") and spans(spot, node) and re.search(r"[=<>]=?", spot.text(node)):
            if _operator(node) in ("&&", "||", "+", "-", "*"):
                continue
            chosen = (
                node.parent if node.parent is not None and node.parent.type in ("conditional_expression", "ternary_expression") else None
            )
            sides = [side for side in chosen.named_children if side != node] if chosen is not None else []
            whole_side = next((side for side in sides if "part" not in spot.text(side).lower()), None)
            if chosen is not None and whole_side is not None:
                yield "took a part for the whole", [replace(chosen, spot.text(whole_side))]
            else:
                yield "took a part for the whole", [replace(node, TRUE[spot.family])]
            return


def wait_outside(spot: Spot) -> Found:
    """A system outside is waited for before the statement."""
    part = statement(spot)
    if part is not None:
        pad = " " * part.start_point[1]
        module = [Edit(0, 0, "import requests\n")] if spot.family == "python" and b"import requests" not in spot.source else []
        yield "waited for another system first", [*module, Edit(part.start_byte, part.start_byte, _OUTSIDE[spot.family] + pad)]


def never(spot: Spot) -> Found:
    """The condition of the line is never true."""
    for node in nodes(spot.root):
        if (false := _made_false(spot, node)) is not None:
            yield "made the condition never true", [false]
            return


def _made_false(spot: Spot, node: Node) -> Edit | None:
    """The edit by which the condition of a node is never true; None when it has none on the line."""
    asked = condition(node)
    if asked is None or not spans(spot, asked):
        return None
    return replace(asked.named_children[0] if asked.type == "parenthesized_expression" else asked, FALSE[spot.family])
