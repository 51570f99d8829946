"""JavaScript and TypeScript: classes, interfaces and enums, with their members."""

from tree_sitter import Node

from tillproof.ir.ops import Kind, Op
from tillproof.languages.javascript_modules import class_name, function_name, named, unquoted
from tillproof.languages.javascript_patterns import annotation, is_property
from tillproof.languages.walker import Walker


def class_declaration(w: Walker, node: Node) -> int:
    """The class is stored under its name; its fields and methods are stored as ``Class.member``."""
    decorate(w, [c for c in node.named_children if c.type == "decorator"], 1, w.classes.get(node.start_byte, -1))
    value = w.emit(Op.CLASS, [w.classes.get(node.start_byte, -1)], node)
    w.store(class_name(node), value, node)
    class_members(w, node)
    return value


def class_expression(w: Walker, node: Node) -> int:
    value = w.emit(Op.CLASS, [w.classes.get(node.start_byte, -1)], node)
    class_members(w, node)
    return value


def class_members(w: Walker, node: Node) -> None:
    w.scope.append(class_name(node))
    w.visit(node.child_by_field_name("body"))
    w.scope.pop()


def class_body(w: Walker, node: Node) -> int:
    waiting: list[Node] = []  # TypeScript's grammar puts a method's decorators before it
    for child in named(node):
        if child.type == "decorator":
            waiting.append(child)
            continue
        if child.type == "method_definition":
            method(w, child, waiting)
        else:
            decorate_field(w, child, waiting)
            w.visit(child)
        waiting = []
    return -1


def method(w: Walker, node: Node, decorators: list[Node]) -> None:
    own = [c for c in node.named_children if c.type == "decorator"]
    decorate(w, decorators + own, 0, w.functions.get(node.start_byte, -1))
    name = function_name(node)
    w.store(_member(w, name), w.function_value(node), node)
    params = node.child_by_field_name("parameters") if name == "constructor" else None
    for param in named(params):
        if is_property(param):
            _typed_field(w, w.text(param.child_by_field_name("pattern")), param)


def decorate_field(w: Walker, node: Node, before: list[Node]) -> None:
    """The decorators of a field, those that stand before it and those that are part of it."""
    own = [c for c in node.named_children if c.type == "decorator"]
    if before or own:
        name = w.string(_member(w, unquoted(node.child_by_field_name("name") or node.child_by_field_name("property"))))
        for child in before + own:
            if child.named_children:
                w.emit(Op.DECORATE, [2, name, w.value(child.named_children[0])], child)


def decorate(w: Walker, decorators: list[Node], kind: int, number: int) -> None:
    for child in decorators:
        if number >= 0 and child.named_children:
            w.emit(Op.DECORATE, [kind, number, w.value(child.named_children[0])], child)


def field(w: Walker, node: Node) -> int:
    """A field of a class or interface; one without value is stored all the same, for its type."""
    _typed_field(w, unquoted(node.child_by_field_name("name") or node.child_by_field_name("property")), node)
    return -1


def _typed_field(w: Walker, name: str, node: Node) -> None:
    type_node = node.child_by_field_name("type")
    value = w.value(node.child_by_field_name("value"))
    if type_node is not None:
        value = w.emit(Op.CAST, [w.string(annotation(w, type_node)), value], node)
    w.store(_member(w, name), value, node)


def _member(w: Walker, name: str) -> str:
    return ".".join([*w.scope, name])


def enum_declaration(w: Walker, node: Node) -> int:
    """An enum is a class whose members are constants; those without value count up."""
    name = class_name(node)
    w.store(name, w.emit(Op.CLASS, [w.classes.get(node.start_byte, -1)], node), node)
    following = 0
    for item in named(node.child_by_field_name("body")):
        value_node = item.child_by_field_name("value")
        value = w.value(value_node) if value_node is not None else w.const(Kind.NUMBER, str(following), item)
        following = int(w.text(value_node)) + 1 if value_node is not None and w.text(value_node).isdecimal() else following + 1
        w.store(f"{name}.{unquoted(item.child_by_field_name('name') or item)}", value, item)
    return -1
