"""PHP: grammar to IR, with the HTML that stands between PHP."""

import tree_sitter_php
from tree_sitter import Node

from tillproof.ir.body import Param
from tillproof.ir.declarations import Export
from tillproof.ir.ops import ARG_POSITIONAL, ARG_SPREAD, Kind, Op
from tillproof.languages import mending, rules
from tillproof.languages import php_control as control
from tillproof.languages import php_names as names
from tillproof.languages.base import Spec
from tillproof.languages.php_control import holder, names_member
from tillproof.languages.php_names import dotted, of_type, parts, variable
from tillproof.languages.walker import Rule, Walker

QUERY = """
[(function_definition) (method_declaration) (anonymous_function) (arrow_function) (property_hook)] @function
[(class_declaration) (interface_declaration) (trait_declaration) (enum_declaration) (anonymous_class)] @class
[(namespace_use_declaration) (include_expression) (include_once_expression) (require_expression) (require_once_expression)] @import
"""
FUNCTIONS = frozenset({"function_definition", "method_declaration", "anonymous_function", "arrow_function", "property_hook"})
MAX_HTML = 2000
_FUNCTION_NAMES = ("name", "qualified_name", "relative_name")
ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\", "\\'": "'", '\\"': '"', "\\$": "$"}


# --- parameters and bodies


def enter(w: Walker, node: Node) -> None:
    """Parameters and body of a function, method, closure or property hook."""
    documented, returned = names.documented_types(names.docblock(node))
    params = parts(node.child_by_field_name("parameters"))
    for child in params:
        _parameter(w, child, documented)
    if node.type == "property_hook" and not params and names.function_name(node).endswith(".set"):
        w.parameter(Param("value"), None, node)
    w.build.returns = dotted(w.text(node.child_by_field_name("return_type"))) or returned
    body = node.child_by_field_name("body")
    if body is None:
        return
    if body.type == "compound_statement":
        w.visit(body)
    else:
        w.leave(Op.RETURN, w.value(body), body)


def _parameter(w: Walker, node: Node, documented: dict[str, str]) -> None:
    if not node.type.endswith("_parameter"):
        return
    name = variable(node.child_by_field_name("name")) or variable(next(iter(of_type(node, "by_ref")), None)).lstrip("&$ ")
    kind = "rest" if node.type == "variadic_parameter" else ""
    written = names.more_telling(dotted(w.text(node.child_by_field_name("type"))), documented.get(name, ""))
    decorators = [(names.attribute_name(a), names.first_argument(a)) for a in names.attributes(node)]
    value = w.parameter(Param(name, written, kind, decorators), node.child_by_field_name("default_value"), node)
    if node.type == "property_promotion_parameter":
        w.emit(Op.SET_FIELD, [w.name("this", node), w.string(name), value], node)


# --- declarations


def _scoped(w: Walker, name: str) -> str:
    return f"{w.scope[-1]}.{name}" if w.scope else name


def _decorate(w: Walker, node: Node, kind: int, number: int) -> None:
    """One row per attribute, and per annotation of the docblock, of a function (0) or class (1)."""
    if number < 0:
        return
    _attributes(w, node, kind, number)
    comment = names.docblock(node)
    for name, argument in names.annotations(comment) if comment is not None else []:
        value = w.call(w.name(name, comment), [ARG_POSITIONAL, w.const(Kind.STRING, argument, comment)], comment)
        w.emit(Op.DECORATE, [kind, number, value], comment)


def _attributes(w: Walker, node: Node, kind: int, number: int) -> None:
    for attribute in names.attributes(node):
        value = w.name(names.attribute_name(attribute), attribute)
        arguments = attribute.child_by_field_name("parameters")
        if arguments is not None:
            value = w.call(value, _arguments(w, arguments), attribute)
        w.emit(Op.DECORATE, [kind, number, value], attribute)


def function_definition(w: Walker, node: Node) -> int:
    """A function under its name, a method under ``Class.method``."""
    name = _scoped(w, names.function_name(node)) if node.type != "function_definition" else names.function_name(node)
    _decorate(w, node, 0, w.functions.get(node.start_byte, -1))
    return w.store(name, w.function_value(node), node)


def closure(w: Walker, node: Node) -> int:
    _decorate(w, node, 0, w.functions.get(node.start_byte, -1))
    return w.function_value(node)


def class_declaration(w: Walker, node: Node) -> int:
    """The class is stored under its name; its members under ``Class.member``."""
    number = w.classes.get(node.start_byte, -1)
    _decorate(w, node, 1, number)
    name = names.class_name(node)
    value = w.store(name, w.emit(Op.CLASS, [number], node), node)
    w.scope.append(name)
    w.visit(node.child_by_field_name("body"))
    w.scope.pop()
    return value


def const_declaration(w: Walker, node: Node) -> int:
    for element in of_type(node, "const_element"):
        name, *value = parts(element)
        w.store(_scoped(w, w.text(name)), w.value(value[-1]) if value else w.null(element), element)
    return -1


def property_declaration(w: Walker, node: Node) -> int:
    kind = names.more_telling(dotted(w.text(node.child_by_field_name("type"))), names.documented_variable(names.docblock(node)))
    for element in of_type(node, "property_element"):
        _attributes(w, node, 2, w.string(_scoped(w, variable(element.child_by_field_name("name")))))
        default = element.child_by_field_name("default_value")
        value = w.value(default) if default is not None else w.null(element)
        if kind:
            value = w.emit(Op.CAST, [w.string(kind), value], element)
        w.store(_scoped(w, variable(element.child_by_field_name("name"))), value, element)
    w.block(of_type(node, "property_hook_list"))
    return -1


def enum_case(w: Walker, node: Node) -> int:
    """A case that has no value of its own is known by its name."""
    name, value = w.text(node.child_by_field_name("name")), node.child_by_field_name("value")
    w.store(_scoped(w, name), w.value(value) if value is not None else w.const(Kind.STRING, name, node), node)
    return -1


def global_declaration(w: Walker, node: Node) -> int:
    for child in of_type(node, "variable_name"):
        name = variable(child)
        w.store(name, w.emit(Op.INDEX, [w.name("GLOBALS", child), w.const(Kind.STRING, name, child)], child), child)
    return -1


def static_declaration(w: Walker, node: Node) -> int:
    value = node.child_by_field_name("value")
    w.store(variable(node.child_by_field_name("name")), w.value(value) if value is not None else w.null(node), node)
    return -1


# --- names, members, elements


def read_name(w: Walker, node: Node) -> int:
    """A constant, function or class. A bare ``exit`` is a call."""
    name = dotted(w.text(node))
    return _exit(w, [], node) if name.lower() in ("exit", "die") else w.name(name, node)


def read_variable(w: Walker, node: Node) -> int:
    return w.name(variable(node), node)


def dynamic_variable(w: Walker, node: Node) -> int:
    """``${name}`` is a variable; ``$$name`` is any."""
    inside = parts(node)
    if inside and inside[0].type == "name":
        return w.name(w.text(inside[0]), node)
    return w.emit(Op.OPAQUE, [w.value(inside[0])] if inside else [], node)


def member(w: Walker, node: Node) -> int:
    """``$a->b``, ``A::B``, ``A::$b``, and the callee of a method call; ``$a->$b`` is an element."""
    owner, name = holder(node)
    value = w.value(owner)
    if names_member(node, name):
        return w.field(value, variable(name), node)
    return w.emit(Op.INDEX, [value, w.value(name)], node)


def subscript(w: Walker, node: Node) -> int:
    inside = parts(node)
    value = w.value(inside[0] if inside else None)
    return w.emit(Op.INDEX, [value, _key(w, node, inside[1]) if len(inside) > 1 else w.null(node)], node)


def _key(w: Walker, node: Node, key: Node) -> int:
    """``"$a[k]"`` reads the element ``'k'``."""
    inside_string = node.parent is not None and node.parent.type in ("encapsed_string", "heredoc_body")
    return w.const(Kind.STRING, w.text(key), key) if inside_string and key.type == "name" else w.value(key)


# --- calls


def _arguments(w: Walker, node: Node | None) -> list[int]:
    """Arguments as Op.CALL has them."""
    out: list[int] = []
    for argument in of_type(node, "argument"):
        name, inside = argument.child_by_field_name("name"), parts(argument)
        if not inside:
            continue
        value = inside[-1]
        if value.type == "variadic_unpacking":
            out += [ARG_SPREAD, w.value(next(iter(parts(value)), None))]
        else:
            out += [w.string(w.text(name)) if name is not None else ARG_POSITIONAL, w.value(value)]
    return out


_FUNCTIONS = ("function_definition", "method_declaration", "anonymous_function", "arrow_function", "property_hook")


def call(w: Walker, node: Node) -> int:
    """A call; ``f(...)`` is the function itself."""
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    written = w.text(function).lower() if function is not None and function.type == "name" else ""
    if written in ("exit", "die"):
        return _exit(w, _arguments(w, arguments), node)
    if written in ("call_user_func", "call_user_func_array") and (handed := of_type(arguments, "argument")):
        return _call_of(w, handed, written.endswith("array"), node)
    if function is not None and function.type in _FUNCTION_NAMES:
        callee = w.function_name(dotted(w.text(function)), function)
    else:
        callee = w.value(function) if function is not None else member(w, node)
    if of_type(arguments, "variadic_placeholder"):
        return callee
    passed = _arguments(w, arguments)
    result = w.call(callee, passed, node)
    if written == "define" and len(passed) == 4:
        _define(w, passed[1], passed[3], node)
    if written in ("parse_str", "mb_parse_str") and len(passed) == 4 and w.build.op[passed[3]] == Op.NAME:
        # what is parsed is written into the second argument
        w.store(w.build.strings[w.build.operands[w.build.at[passed[3]]]], result, node)
    if function is None and w.text(node.child_by_field_name("name")).lower() == "bind_result":
        _bind(w, passed[1::2], result, node)
    return result


def _bind(w: Walker, variables: list[int], row: int, node: Node) -> None:
    """``$statement->bind_result($id, $state)``: the variables are the columns of the row that is fetched next."""
    for n, bound in enumerate(variables):
        if bound >= 0 and w.build.op[bound] == Op.NAME:
            column = w.emit(Op.INDEX, [row, w.const(Kind.NUMBER, str(n), node)], node)
            w.store(w.build.strings[w.build.operands[w.build.at[bound]]], column, node)


def _call_of(w: Walker, handed: list[Node], in_array: bool, node: Node) -> int:
    """``call_user_func([$a, 'b'], $x)`` is ``$a->b($x)``; ``call_user_func_array($f, $xs)`` is ``$f(...$xs)``."""
    callee, *rest = [next(iter(parts(argument)[-1:]), None) for argument in handed]
    elements = [parts(e) for e in of_type(callee, "array_element_initializer")] if callee is not None else []
    named = _written(w, callee)
    if [len(e) for e in elements] == [1, 1]:
        owner = w.value(elements[0][0])
        method = _written(w, elements[1][0])
        called = w.field(owner, method, node) if method else w.emit(Op.INDEX, [owner, w.value(elements[1][0])], node)
    elif "::" in named:
        owner_name, _, method = named.partition("::")
        called = w.field(w.name(dotted(owner_name), node), method, node)
    else:
        called = w.function_name(dotted(named), node) if named else w.value(callee)
    key = ARG_SPREAD if in_array else ARG_POSITIONAL
    return w.call(called, [p for argument in rest if argument is not None for p in (key, w.value(argument))], node)


def _written(w: Walker, node: Node | None) -> str:
    """The text of a plain string; empty for everything else."""
    inside = parts(node) if node is not None and node.type in ("string", "encapsed_string") else []
    return w.text(inside[0]) if len(inside) == 1 and inside[0].type == "string_content" else ""


def include(w: Walker, node: Node) -> int:
    """A function that includes a file runs it: a call of the script. What a file includes at its top is only declared by the import."""
    above = node.parent
    while above is not None and above.type not in _FUNCTIONS:
        above = above.parent
    path = names.include_path(node) if above is not None else ""
    return w.call(w.name(names.SCRIPT + path, node), [], node) if path else -1


def _define(w: Walker, name: int, value: int, node: Node) -> None:
    """``define('A', 1)`` also stores the constant."""
    if w.build.op[name] == Op.CONST:
        w.store(w.build.strings[w.build.operands[w.build.at[name] + 1]], value, node)


def _exit(w: Walker, arguments: list[int], node: Node) -> int:
    """``exit`` ends the run: nothing follows in its block."""
    value = w.call(w.name("exit", node), arguments, node)
    w.build.close()
    return value


def exit_statement(w: Walker, node: Node) -> int:
    return _exit(w, rules.positional(w, parts(node)), node)


def unset_statement(w: Walker, node: Node) -> int:
    return w.call(w.name("unset", node), rules.positional(w, parts(node)), node)


def new(w: Walker, node: Node) -> int:
    """``new A(…)``; an anonymous class is declared where it is made."""
    inside = [c for c in parts(node) if c.type not in ("arguments", "attribute_list")]
    anonymous = bool(inside) and inside[0].type == "anonymous_class"
    holder_of_arguments = inside[0] if anonymous else node
    callee = w.value(inside[0] if inside else None)
    return w.call(callee, _arguments(w, next(iter(of_type(holder_of_arguments, "arguments")), None)), node, Op.NEW)


# --- literals and operators


def string(w: Walker, node: Node) -> int:
    """A string, or a TEXT of its parts when values are put into it."""
    out: list[int] = []
    literal = ""
    for child in parts(node):
        if child.type in ("string_content", "escape_sequence", "nowdoc_string"):
            literal += ESCAPES.get(w.text(child), w.text(child)) if child.type == "escape_sequence" else w.text(child)
            continue
        if literal:
            out.append(w.const(Kind.STRING, literal, child))
            literal = ""
        out.append(w.value(child))
    if literal or not out:
        out.append(w.const(Kind.STRING, literal, node))
    return out[0] if len(out) == 1 and w.build.op[out[0]] == Op.CONST else w.emit(Op.TEXT, out, node)


def shell(w: Walker, node: Node) -> int:
    return w.call(w.name("shell_exec", node), [ARG_POSITIONAL, string(w, node)], node)


def array(w: Walker, node: Node) -> int:
    """LIST without keys, or with those that a list has of itself (``[0 => $a, 1 => $b]``); else RECORD, in which elements without key
    are numbered."""
    elements = of_type(node, "array_element_initializer")
    keyed = [any(c.type == "=>" for c in e.children) for e in elements]
    if any(keyed) and _counts(w, elements, keyed):
        return w.emit(Op.LIST, [w.value(parts(e)[-1]) for e in elements], node)
    out: list[int] = []
    number = 0
    for element, has_key in zip(elements, keyed, strict=True):
        inside = parts(element)
        if not inside:
            continue
        if inside[-1].type == "variadic_unpacking":
            value = w.value(next(iter(parts(inside[-1])), None))
            out += [-1, value] if any(keyed) else [w.emit(Op.SPREAD, [value], element)]
        elif not any(keyed):
            out.append(w.value(inside[-1]))
        else:
            key = w.value(inside[0]) if has_key else w.const(Kind.NUMBER, str(number), element)
            number += not has_key
            out += [key, w.value(inside[-1])]
    return w.emit(Op.RECORD if any(keyed) else Op.LIST, out, node)


def _counts(w: Walker, elements: list[Node], keyed: list[bool]) -> bool:
    """Whether the keys of an array literal are 0, 1, 2 … in this order; ``'0'`` is the same key as ``0``."""
    return all(
        given and len(inside := parts(e)) == 2 and w.text(inside[0]).strip("'\"") == str(n)
        for n, (e, given) in enumerate(zip(elements, keyed, strict=True))
    )


def cast(w: Walker, node: Node) -> int:
    """``(int) $x``: the brackets tell a conversion from a declared type."""
    kind = w.string(f"({w.text(node.child_by_field_name('type')).strip().lower()})")
    return w.emit(Op.CAST, [kind, w.value(node.child_by_field_name("value"))], node)


class Binary(rules.Binary):
    """As everywhere, but a concatenation, which may be hundreds of parts long, is taken apart without recursion."""

    def __call__(self, w: Walker, n: Node) -> int:
        if self.kind(w, n) != ".":
            return super().__call__(w, n)
        right: list[Node | None] = []
        left: Node | None = n
        while left is not None and left.type == "binary_expression" and self.kind(w, left) == ".":
            right.append(left.child_by_field_name("right"))
            left = left.child_by_field_name("left")
        return rules.join(w, [w.value(operand) for operand in [left, *reversed(right)]], n)


class Unary(rules.Not):
    """``!`` swaps the branches of a condition; signs do not."""

    def operand(self, n: Node) -> Node | None:
        return super().operand(n) or next(iter(parts(n)), None)  # "$a[-1]" names no fields

    def __call__(self, w: Walker, n: Node) -> int:
        operator = w.text(n.child_by_field_name("operator") or n.child(0))
        return super().__call__(w, n) if operator == "!" else w.emit(Op.UNARY, [w.string(operator), w.value(self.operand(n))], n)

    def logic(self, w: Walker, n: Node, true: int, false: int) -> bool:
        return w.text(n.child_by_field_name("operator")) == "!" and super().logic(w, n, true, false)


def boolean(w: Walker, node: Node) -> int:
    return w.const(Kind.BOOL, w.text(node).lower(), node)


def clone(w: Walker, node: Node) -> int:
    return w.emit(Op.UNARY, [w.string("clone"), w.value(next(iter(parts(node)), None))], node)


def yielded(w: Walker, node: Node) -> int:
    w.build.generator = True
    inside = parts(node)
    if inside and inside[0].type == "array_element_initializer":
        inside = parts(inside[0])
    return w.emit(Op.YIELD, [w.value(inside[-1]) if inside else w.null(node)], node)


# --- what is written to the answer


def expression_statement(w: Walker, node: Node) -> int:
    """An expression; after ``<?=`` it is written out."""
    value = rules.inner(w, node)
    if value >= 0 and w.source[max(0, node.start_byte - 40) : node.start_byte].rstrip().endswith(b"<?="):
        w.emit(Op.ECHO, [value], node)
    return value


def echo(w: Walker, node: Node) -> int:
    inside = parts(node)
    operands = parts(inside[0]) if inside and inside[0].type == "sequence_expression" else inside
    return w.emit(Op.ECHO, [w.value(o) for o in operands], node)


def html(w: Walker, node: Node) -> int:
    written = w.text(node)
    if written.strip():
        w.emit(Op.ECHO, [w.const(Kind.STRING, written[:MAX_HTML], node)], node)
    return -1


def sequence(w: Walker, node: Node) -> int:
    """``a, b``: the last one is the value."""
    values = [w.visit(c) for c in parts(node)]
    return values[-1] if values else -1


CONDITION = rules.Inner()
LOGIC = {"&&": "and", "and": "and", "||": "or", "or": "or", "??": "coalesce"}
TABLE: dict[str, Rule] = {
    "program": rules.each, "compound_statement": rules.each, "colon_block": rules.each, "expression_statement": expression_statement,
    "declaration_list": rules.each, "enum_declaration_list": rules.each, "property_hook_list": rules.each,
    "namespace_definition": rules.field_rule("body"), "namespace_use_declaration": rules.skip, "use_declaration": rules.skip,
    "function_definition": function_definition, "method_declaration": function_definition, "property_hook": function_definition,
    "anonymous_function": closure, "arrow_function": closure, "class_declaration": class_declaration,
    "interface_declaration": class_declaration, "trait_declaration": class_declaration,
    "enum_declaration": class_declaration, "anonymous_class": class_declaration,
    "const_declaration": const_declaration, "property_declaration": property_declaration, "enum_case": enum_case,
    "global_declaration": global_declaration, "static_variable_declaration": static_declaration,
    "name": read_name, "qualified_name": read_name, "relative_name": read_name, "relative_scope": read_name, "variable_name": read_variable,
    "dynamic_variable_name": dynamic_variable, "member_access_expression": member, "nullsafe_member_access_expression": member,
    "scoped_property_access_expression": member, "class_constant_access_expression": member, "subscript_expression": subscript,
    "assignment_expression": control.assignment, "reference_assignment_expression": control.assignment,
    "augmented_assignment_expression": control.augmented, "update_expression": control.update,
    "if_statement": control.if_statement, "while_statement": control.while_statement, "do_statement": control.do_statement,
    "for_statement": control.for_statement, "foreach_statement": control.foreach_statement, "switch_statement": control.switch_statement,
    "match_expression": control.match_expression, "try_statement": control.try_statement, "break_statement": control.jump(False),
    "continue_statement": control.jump(True), "return_statement": rules.leave(Op.RETURN), "throw_expression": rules.leave(Op.RAISE),
    "conditional_expression": rules.ternary("condition", "body", "alternative"), "exit_statement": exit_statement,
    "unset_statement": unset_statement, "function_call_expression": call, "member_call_expression": call,
    "nullsafe_member_call_expression": call, "scoped_call_expression": call, "object_creation_expression": new,
    "string": string, "encapsed_string": string, "heredoc": rules.field_rule("value"), "heredoc_body": string,
    "nowdoc": rules.field_rule("value"), "nowdoc_body": string, "shell_command_expression": shell, "array_creation_expression": array,
    "integer": rules.literal(Kind.NUMBER), "float": rules.literal(Kind.NUMBER), "boolean": boolean,
    "null": rules.fixed(Kind.NULL, "null"), "cast_expression": cast,
    "binary_expression": Binary("left", "right", "operator", LOGIC, (".",)), "unary_op_expression": Unary("argument"),
    "parenthesized_expression": CONDITION, "error_suppression_expression": CONDITION, "clone_expression": clone,
    "yield_expression": yielded,
    "by_ref": rules.inner, "sequence_expression": sequence, "echo_statement": echo, "print_intrinsic": echo, "text": html,
    "include_expression": include, "include_once_expression": include, "require_expression": include,
    "require_once_expression": include, "comment": rules.skip, "declare_directive": rules.skip, "goto_statement": rules.skip,
    "named_label_statement": rules.skip, "php_tag": rules.skip, "php_end_tag": rules.skip,
}  # fmt: skip


def no_exports(node: Node) -> list[Export]:
    """PHP exports every name that it declares."""
    return []


PHP = Spec(
    id="php", grammar=tree_sitter_php.language_php, query=QUERY, function_name=names.function_name, class_name=names.class_name,
    class_bases=names.class_bases, imports=names.imports, exports=no_exports, table=TABLE, function_kinds=FUNCTIONS, enter=enter,
    top=lambda w, root: w.block(root.named_children), namespace=names.namespace, mended=mending.php,
)  # fmt: skip
