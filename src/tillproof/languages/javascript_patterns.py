"""JavaScript and TypeScript: targets of assignments and parameters, and the patterns that take values apart."""

import re

from tree_sitter import Node

from tillproof.ir.body import Param
from tillproof.ir.ops import Kind, Op
from tillproof.languages.javascript_modules import first, named, text, unquoted
from tillproof.languages.walker import MAX_DEPTH, Walker

_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern", "shorthand_property_identifier"})
_PATTERNS = frozenset({"object_pattern", "array_pattern"})
_PLAIN = re.compile(r"[A-Za-z_$][\w$]*")


def annotation(w: Walker, node: Node | None) -> str:
    """A type annotation's type, without its colon."""
    return w.text(node).lstrip(":").strip()


def elements(node: Node) -> list[Node | None]:
    """The elements of an array or array pattern by position; a hole is None."""
    out: list[Node | None] = []
    empty = True
    for child in node.children:
        if child.type == ",":
            if empty:
                out.append(None)
            empty = True
        elif child.is_named and child.type != "comment":
            out.append(child)
            empty = False
    return out


def bind(w: Walker, target: Node | None, value: int) -> None:
    """Store a value in a target: a name, a member, an element, or a pattern of them."""
    if target is None or w.depth > MAX_DEPTH:
        return
    w.depth += 1
    if target.type in _NAMES:
        w.store(w.text(target), value, target)
    elif target.type == "member_expression":
        obj = w.value(target.child_by_field_name("object"))
        w.emit(Op.SET_FIELD, [obj, w.string(w.text(target.child_by_field_name("property"))), value], target)
    elif target.type == "subscript_expression":
        obj, key = w.value(target.child_by_field_name("object")), target.child_by_field_name("index")
        if key is not None and key.type == "string" and _PLAIN.fullmatch(member := unquoted(key)):  # a member by its name
            w.emit(Op.SET_FIELD, [obj, w.string(member), value], target)
        else:
            w.emit(Op.SET_INDEX, [obj, w.value(key), value], target)
    elif target.type == "object_pattern":
        _bind_object(w, target, value)
    elif target.type == "array_pattern":
        _bind_array(w, target, value)
    elif target.type in ("assignment_pattern", "object_assignment_pattern"):
        bind(w, target.child_by_field_name("left"), _or_default(w, target, value))
    elif target.named_children:  # parentheses, assertions
        bind(w, target.named_children[0], value)
    w.depth -= 1


def _or_default(w: Walker, target: Node, value: int) -> int:
    return w.emit(Op.CHOICE, [w.string("default"), value, w.value(target.child_by_field_name("right"))], target)


def _bind_object(w: Walker, target: Node, value: int) -> None:
    taken: list[str] = []
    for item in named(target):
        if item.type == "rest_pattern":
            bind(w, first(item), w.emit(Op.REST, [value, *map(w.string, taken)], item))
            continue
        key = item.child_by_field_name("key") or item.child_by_field_name("left") or item
        if key.type == "computed_property_name":
            part = w.emit(Op.INDEX, [value, w.value(key)], item)
        else:
            taken.append(unquoted(key))
            part = w.field(value, taken[-1], item)
        bind(w, item.child_by_field_name("value") if item.type == "pair_pattern" else item, part)


def _bind_array(w: Walker, target: Node, value: int) -> None:
    for position, item in enumerate(elements(target)):
        if item is None:
            continue
        if item.type == "rest_pattern":
            bind(w, first(item), w.emit(Op.REST, [value], item))
        else:
            bind(w, item, w.emit(Op.INDEX, [value, w.const(Kind.NUMBER, str(position), item)], item))


# --- parameters


def parameters(w: Walker, node: Node) -> None:
    """Declare and store the parameters of a function node."""
    single = node.child_by_field_name("parameter")
    for child in [single] if single is not None else named(node.child_by_field_name("parameters")):
        _parameter(w, child)


def _parameter(w: Walker, node: Node) -> None:
    typed = node.type in ("required_parameter", "optional_parameter")
    target = node.child_by_field_name("pattern") if typed else node
    default = node.child_by_field_name("value") if typed else None
    if target is None or target.type in ("this", "decorator"):  # a `this` parameter only declares a type
        return
    if target.type == "assignment_pattern":
        default = target.child_by_field_name("right")
        target = target.child_by_field_name("left") or target
    kind = "rest" if target.type == "rest_pattern" else ""
    if kind and target.named_children:
        target = target.named_children[0]
    pattern = target if target.type in _PATTERNS else None
    decorators = [_decorator(c) for c in node.named_children if c.type == "decorator"]
    name = "" if pattern is not None else w.text(target)
    value = w.parameter(Param(name, annotation(w, node.child_by_field_name("type")), kind, decorators), default, node)
    bind(w, pattern, value)
    if typed and name and is_property(node):
        w.emit(Op.SET_FIELD, [w.name("this", node), w.string(name), value], node)


def is_property(parameter: Node) -> bool:
    """Whether a constructor's parameter is a field of the class too: it has an access modifier or is readonly."""
    return any(c.type in ("accessibility_modifier", "override_modifier", "readonly") for c in parameter.children)


def _decorator(node: Node) -> tuple[str, str]:
    applied = node.named_children[0] if node.named_children else node
    if applied.type != "call_expression":
        return text(applied), ""
    argument = first(applied.child_by_field_name("arguments"))
    shown = unquoted(argument) if argument is not None and argument.type == "string" else text(argument)
    return text(applied.child_by_field_name("function")), shown
