"""JavaScript, TypeScript and JSX: grammar to IR. One table for the three grammars; TypeScript only adds node kinds."""

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Node

from tillproof.ir.ops import ARG_POSITIONAL, ARG_SPREAD, Kind, Op
from tillproof.languages import mending, rules
from tillproof.languages.base import Spec
from tillproof.languages.javascript_classes import class_body, class_declaration, class_expression, decorate, enum_declaration, field
from tillproof.languages.javascript_control import (
    do_statement,
    for_in_statement,
    for_statement,
    labeled_statement,
    leave_loop,
    switch_statement,
    try_statement,
)
from tillproof.languages.javascript_modules import (
    DEFAULT,
    FUNCTIONS,
    class_bases,
    class_name,
    exports_of,
    exposed,
    first,
    function_name,
    imports_of,
    named,
    required,
    unquoted,
)
from tillproof.languages.javascript_patterns import annotation, bind, elements, parameters
from tillproof.languages.walker import Rule, Walker

QUERY = """
(function_declaration) @function
(generator_function_declaration) @function
(function_expression) @function
(generator_function) @function
(arrow_function) @function
(method_definition) @function
(class_declaration) @class
(class) @class
(import_statement) @import
(export_statement) @export
(assignment_expression left: (member_expression object: (identifier) @_e) (#any-of? @_e "module" "exports")) @export
(assignment_expression left: (member_expression object: (member_expression object: (identifier) @_m)) (#eq? @_m "module")) @export
((variable_declarator value: (call_expression function: (identifier) @_r)) @import (#eq? @_r "require"))
((variable_declarator value: (member_expression object: (call_expression function: (identifier) @_r))) @import (#eq? @_r "require"))
(variable_declarator value: (await_expression (call_expression function: (import)))) @import
(variable_declarator value: (member_expression object: (parenthesized_expression (await_expression)))) @import
"""
TYPED_QUERY = """
(abstract_class_declaration) @class
(interface_declaration) @class
(enum_declaration) @class
"""
LOGIC = {"&&": "and", "||": "or", "??": "coalesce"}


def enter(w: Walker, node: Node) -> None:
    parameters(w, node)
    w.build.returns = annotation(w, node.child_by_field_name("return_type"))
    body = node.child_by_field_name("body")
    if body is not None and body.type != "statement_block":  # an arrow's expression
        w.leave(Op.RETURN, w.value(body), body)
    else:
        w.visit(body)


def top(w: Walker, root: Node) -> None:
    w.block(root.named_children)


# --- declarations


def function_declaration(w: Walker, node: Node) -> int:
    return w.store(function_name(node), w.function_value(node), node)


def declarator(w: Walker, node: Node) -> int:
    """A module that is required under a name is an import, and is not stored."""
    value_node, type_node = node.child_by_field_name("value"), node.child_by_field_name("type")
    if value_node is None and type_node is None:
        return -1
    if required(value_node) is not None and imports_of(node):
        return -1
    value = w.value(value_node)
    if type_node is not None:
        value = w.emit(Op.CAST, [w.string(annotation(w, type_node)), value], node)
    bind(w, node.child_by_field_name("name"), value)
    return -1


def export_statement(w: Walker, node: Node) -> int:
    """What is exported without a name of its own is stored as ``default``."""
    declaration, value_node = node.child_by_field_name("declaration"), node.child_by_field_name("value")
    if declaration is not None:
        decorate(w, [c for c in node.named_children if c.type == "decorator"], 1, w.classes.get(declaration.start_byte, -1))
        return w.visit(declaration)
    if value_node is None and node.child_by_field_name("source") is None:  # export = value
        value_node = next((c for c in named(node) if c.type != "export_clause"), None)
    if value_node is not None and value_node.type != "identifier":
        w.store(DEFAULT, w.value(value_node), value_node)
    return -1


def import_alias(w: Walker, node: Node) -> int:
    alias, value = named(node)[:2]
    w.store(w.text(alias), w.value(value), node)
    return -1


# --- assignments


def assignment(w: Walker, node: Node) -> int:
    left = node.child_by_field_name("left")
    value = w.value(node.child_by_field_name("right"))
    bind(w, left, value)
    name = exposed(left)
    if name:
        expose(w, name, value, node)
    return value


def expose(w: Walker, name: str, value: int, node: Node) -> None:
    """What CommonJS exports without a local name is stored under the exported one, where the index says that it is found."""
    if name == DEFAULT and w.build.op[value] == Op.RECORD:
        pairs = w.build.operands[w.build.at[value] : w.build.at[value + 1]]
        for key, part in zip(pairs[::2], pairs[1::2], strict=True):
            if key >= 0 and w.build.op[key] == Op.CONST and w.build.op[part] != Op.NAME:
                w.store(w.build.strings[w.build.operands[w.build.at[key] + 1]], part, node)
    elif w.build.op[value] != Op.NAME:
        w.store(name, value, node)


def augmented(w: Walker, node: Node) -> int:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = w.text(node.child_by_field_name("operator"))[:-1]
    if operator in LOGIC:
        value = rules.choose(w, LOGIC[operator], w.value(left), lambda: w.value(right), node)
    else:
        value = operation(w, operator, w.value(left), w.value(right), node)
    bind(w, left, value)
    return value


def update(w: Walker, node: Node) -> int:
    """++ and --: the value is the old one when the operator comes last."""
    argument, operator = node.child_by_field_name("argument"), node.child_by_field_name("operator")
    old = w.value(argument)
    value = operation(w, w.text(operator)[:1], old, w.const(Kind.NUMBER, "1", node), node)
    bind(w, argument, value)
    return old if operator is not None and argument is not None and operator.start_byte > argument.start_byte else value


# --- operators


class Binary(rules.Binary):
    """Binary operators, where + joins only when a side is known to be text."""

    def __call__(self, w: Walker, n: Node) -> int:
        operator = self.kind(w, n)
        if operator in LOGIC:
            return super().__call__(w, n)
        if operator in ("|", "&") and (cast_to := _cast_within(n.child_by_field_name("left"))) is not None:
            return w.value(cast_to)
        if (tagged := self._tagged(w, n, operator)) is not None:
            return tagged
        return operation(w, operator, w.value(n.child_by_field_name("left")), w.value(n.child_by_field_name("right")), n)

    def _tagged(self, w: Walker, n: Node, operator: str) -> int | None:
        """``await tag<T>`text```, in which the grammar sees two comparisons."""
        left, text = n.child_by_field_name("left"), n.child_by_field_name("right")
        if operator != ">" or text is None or text.type != "template_string" or left is None or left.type != "binary_expression":
            return None
        waits = left.child_by_field_name("left")
        if waits is None or waits.type != "await_expression" or self.kind(w, left) != "<":
            return None
        callee = w.value(first(waits))
        given = [x for part in template_parts(w, text) for x in (ARG_POSITIONAL, part)]
        return w.emit(Op.AWAIT, [w.call(callee, given, n, Op.CALL)], n)


def operation(w: Walker, operator: str, left: int, right: int, node: Node) -> int:
    if operator == "+" and (_is_text(w, left) or _is_text(w, right)):
        return rules.join(w, [left, right], node)
    return w.emit(Op.BINARY, [w.string(operator), left, right], node)


def _is_text(w: Walker, value: int) -> bool:
    op = w.build.op[value]
    return op == Op.TEXT or (op == Op.CONST and w.build.operands[w.build.at[value]] == Kind.STRING)


class Unary(rules.Not):
    """Unary operators; ! swaps the branches of a condition."""

    def __call__(self, w: Walker, n: Node) -> int:
        operator, argument = w.text(n.child_by_field_name("operator")), self.operand(n)
        if operator == "!":
            return super().__call__(w, n)
        if operator == "-" and argument is not None and argument.type == "number":
            return w.const(Kind.NUMBER, "-" + w.text(argument), n)
        return w.emit(Op.UNARY, [w.string(operator), w.value(argument)], n)

    def logic(self, w: Walker, n: Node, true: int, false: int) -> bool:
        return w.text(n.child_by_field_name("operator")) == "!" and super().logic(w, n, true, false)


def sequence(w: Walker, node: Node) -> int:
    return [w.visit(c) for c in named(node)][-1]


def cast(w: Walker, node: Node) -> int:
    """``x as T``, ``x satisfies T``, ``<T>x``; ``as const`` changes nothing."""
    parts = named(node)
    if len(parts) < 2:
        return rules.inner(w, node)
    if node.type == "type_assertion":
        value, written = w.value(parts[1]), w.text(parts[0])[1:-1]
    else:
        value, written = w.value(parts[0]), _written_type(w, node, parts[1])
    return w.emit(Op.CAST, [w.string(written), value], node)


def _written_type(w: Walker, node: Node, type_: Node) -> str:
    """The type of a cast, with the last parts of a dotted one, which the grammar leaves outside."""
    written, around = w.text(type_), node.parent
    while around is not None and around.type == "member_expression" and around.start_byte == node.start_byte:
        written += "." + w.text(around.child_by_field_name("property"))
        around = around.parent
    return written


_member, _subscript = rules.member("object", "property"), rules.subscript("object", "index")
_CASTS = ("as_expression", "satisfies_expression")


def member(w: Walker, node: Node) -> int:
    return w.value(_cast_within(node)) if _cast_within(node) else _member(w, node)


def subscript(w: Walker, node: Node) -> int:
    return w.value(_cast_within(node)) if _cast_within(node) else _subscript(w, node)


def _cast_within(node: Node | None) -> Node | None:
    """``event.data.object as Stripe.Checkout.Session``, which the grammar takes for a member of ``event.data.object as Stripe.Checkout``;
    ``x as Row["id"]`` likewise."""
    while node is not None and node.type in ("member_expression", "subscript_expression"):
        node = node.child_by_field_name("object")
    return node if node is not None and node.type in _CASTS else None


# --- values


def call(w: Walker, node: Node) -> int:
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    return _called_last(w, _without_types(function), node)


def _called_last(w: Walker, function: Node | None, node: Node) -> int:
    """A call with types in brackets, for which the grammar takes all that stands before it: ``await f<T>(x)``, ``!f<T>(x)``,
    ``a + f<T>(x)``."""
    if function is not None and function.type == "await_expression":
        return w.emit(Op.AWAIT, [_called_last(w, first(function), node)], node)
    if function is not None and function.type == "unary_expression":
        operator = w.text(function.child_by_field_name("operator"))
        inner = _called_last(w, function.child_by_field_name("argument"), node)
        return w.emit(Op.UNARY, [w.string("not" if operator == "!" else operator), inner], node)
    if function is not None and function.type == "binary_expression":
        operator, left = w.text(function.child_by_field_name("operator")), w.value(function.child_by_field_name("left"))
        return operation(w, operator, left, _called_last(w, function.child_by_field_name("right"), node), node)
    return called(w, function, node)


def _without_types(function: Node | None) -> Node | None:
    """What is awaited and called with types that end in brackets, ``await sql<Row[]>`text```: the grammar puts a mark of its own around."""
    inner = function
    while inner is not None and inner.type in ("non_null_expression", "instantiation_expression"):
        inner = first(inner)
    return inner if inner is not None and inner.type == "await_expression" else function


def called(w: Walker, function: Node | None, node: Node) -> int:
    """The call of a function with a call expression's arguments."""
    callee = w.value(function)
    arguments = node.child_by_field_name("arguments")
    out: list[int] = []
    if arguments is not None and arguments.type == "template_string":  # tag`a${b}`
        for part in template_parts(w, arguments):
            out += [ARG_POSITIONAL, part]
    else:
        for argument in named(arguments):
            spread = argument.type == "spread_element"
            out += [ARG_SPREAD if spread else ARG_POSITIONAL, w.value(first(argument) if spread else argument)]
    return w.call(callee, out, node, Op.NEW if node.type == "new_expression" else Op.CALL)


def string(w: Walker, node: Node) -> int:
    return w.const(Kind.STRING, w.text(node)[1:-1], node)


def template(w: Walker, node: Node) -> int:
    if not any(c.type == "template_substitution" for c in node.named_children):
        return string(w, node)
    return rules.join(w, template_parts(w, node), node)


def template_parts(w: Walker, node: Node) -> list[int]:
    return [w.value(first(c)) if c.type == "template_substitution" else w.const(Kind.STRING, w.text(c), c) for c in node.named_children]


def array(w: Walker, node: Node) -> int:
    return w.emit(Op.LIST, [w.null(node) if e is None else w.value(e) for e in elements(node)], node)


def spread(w: Walker, node: Node) -> int:
    return w.emit(Op.SPREAD, [w.value(first(node))], node)


def record(w: Walker, node: Node) -> int:
    out: list[int] = []
    for item in named(node):
        if item.type == "spread_element":
            out += [-1, w.value(first(item))]
        elif item.type == "pair":
            key = item.child_by_field_name("key")
            computed = key is not None and key.type == "computed_property_name"
            out += [w.value(key) if computed else w.const(Kind.STRING, unquoted(key), key), w.value(item.child_by_field_name("value"))]
        elif item.type == "method_definition":
            out += [w.const(Kind.STRING, function_name(item), item), w.function_value(item)]
        elif item.type == "shorthand_property_identifier":
            out += [w.const(Kind.STRING, w.text(item), item), rules.read_name(w, item)]
        else:
            out += [-1, w.value(item)]
    return w.emit(Op.RECORD, out, node)


def text_constant(w: Walker, node: Node) -> int:
    return w.const(Kind.STRING, w.text(node), node)


def jsx_element(w: Walker, node: Node) -> int:
    """An element is a call of its tag, with one record of its attributes, then its children."""
    opening = node.child_by_field_name("open_tag") or node
    callee = w.name(w.text(opening.child_by_field_name("name")) or "Fragment", opening)
    attributes: list[int] = []
    for item in opening.children_by_field_name("attribute"):
        parts = named(item)
        if item.type != "jsx_attribute":
            spread_in = first(item)
            attributes += [-1, w.value(first(spread_in) if spread_in is not None and spread_in.type == "spread_element" else spread_in)]
        elif parts:
            key = text_constant(w, parts[0])
            attributes += [key, w.value(parts[1]) if len(parts) > 1 else w.const(Kind.BOOL, "true", item)]
    arguments = [ARG_POSITIONAL, w.emit(Op.RECORD, attributes, opening)]
    for child in node.named_children if opening is not node else []:
        value = -1 if child.type in ("jsx_opening_element", "jsx_closing_element") else w.visit(child)
        if value >= 0:
            arguments += [ARG_POSITIONAL, value]
    return w.call(callee, arguments, node)


def jsx_text(w: Walker, node: Node) -> int:
    return text_constant(w, node) if w.text(node).strip() else -1


TABLE: dict[str, Rule] = {
    "program": rules.each, "statement_block": rules.each, "else_clause": rules.each, "expression_statement": rules.Inner(),
    "parenthesized_expression": rules.Inner(), "non_null_expression": rules.Inner(), "instantiation_expression": rules.Inner(),
    "computed_property_name": rules.inner, "lexical_declaration": rules.each, "variable_declaration": rules.each,
    "variable_declarator": declarator, "function_declaration": function_declaration, "generator_function_declaration": function_declaration,
    "class_declaration": class_declaration, "abstract_class_declaration": class_declaration, "interface_declaration": class_declaration,
    "class": class_expression, "class_body": class_body, "interface_body": class_body, "object_type": class_body,
    "public_field_definition": field, "field_definition": field, "property_signature": field,
    "class_static_block": rules.field_rule("body"),
    "enum_declaration": enum_declaration, "export_statement": export_statement, "import_alias": import_alias,
    "internal_module": rules.field_rule("body"), "module": rules.field_rule("body"), "ambient_declaration": rules.each,
    "assignment_expression": assignment, "augmented_assignment_expression": augmented, "update_expression": update,
    "if_statement": rules.if_statement("condition", "consequence", "alternative"),
    "ternary_expression": rules.ternary("condition", "consequence", "alternative"), "switch_statement": switch_statement,
    "while_statement": rules.while_statement("condition", "body"), "do_statement": do_statement, "for_statement": for_statement,
    "for_in_statement": for_in_statement, "labeled_statement": labeled_statement, "break_statement": leave_loop(False),
    "continue_statement": leave_loop(True), "try_statement": try_statement, "return_statement": rules.leave(Op.RETURN),
    "throw_statement": rules.leave(Op.RAISE), "await_expression": rules.wrap(Op.AWAIT), "yield_expression": rules.wrap(Op.YIELD),
    "binary_expression": Binary("left", "right", "operator", LOGIC, ()), "unary_expression": Unary("argument"),
    "sequence_expression": sequence,
    "as_expression": cast, "satisfies_expression": cast, "type_assertion": cast, "call_expression": call, "new_expression": call,
    "member_expression": member, "nested_identifier": rules.member("object", "property"),
    "subscript_expression": subscript, "identifier": rules.read_name, "this": rules.read_name,
    "super": rules.read_name, "import": rules.read_name, "meta_property": rules.read_name, "private_property_identifier": text_constant,
    "shorthand_property_identifier": rules.read_name, "string": string, "template_string": template, "regex": text_constant,
    "number": rules.literal(Kind.NUMBER), "true": rules.fixed(Kind.BOOL, "true"), "false": rules.fixed(Kind.BOOL, "false"),
    "null": rules.fixed(Kind.NULL, "null"), "undefined": rules.fixed(Kind.NULL, "undefined"), "array": array, "object": record,
    "spread_element": spread, "jsx_element": jsx_element, "jsx_self_closing_element": jsx_element, "jsx_expression": rules.inner,
    "jsx_text": jsx_text, "html_character_reference": text_constant, "import_statement": rules.skip, "comment": rules.skip,
    "empty_statement": rules.skip, "debugger_statement": rules.skip, "hash_bang_line": rules.skip, "html_comment": rules.skip,
    "type_alias_declaration": rules.skip, "function_signature": rules.skip, "method_signature": rules.skip, "decorator": rules.skip,
    "abstract_method_signature": rules.skip, "index_signature": rules.skip, "call_signature": rules.skip, "construct_signature": rules.skip,
    "type_annotation": rules.skip, "type_arguments": rules.skip,
}  # fmt: skip
TABLE |= dict.fromkeys(("function_expression", "generator_function", "arrow_function", "method_definition"), Walker.function_value)

JAVASCRIPT = Spec(
    id="javascript", grammar=tree_sitter_javascript.language, query=QUERY, function_name=function_name, class_name=class_name,
    class_bases=class_bases, imports=imports_of, exports=exports_of, table=TABLE, function_kinds=FUNCTIONS, enter=enter, top=top,
    mended=mending.markup,
)  # fmt: skip
TYPESCRIPT = Spec(
    id="typescript", grammar=tree_sitter_typescript.language_typescript, query=QUERY + TYPED_QUERY, function_name=function_name,
    class_name=class_name, class_bases=class_bases, imports=imports_of, exports=exports_of, table=TABLE, function_kinds=FUNCTIONS,
    enter=enter, top=top, mended=mending.types,
)  # fmt: skip
TSX = Spec(
    id="tsx", grammar=tree_sitter_typescript.language_tsx, query=QUERY + TYPED_QUERY, function_name=function_name, class_name=class_name,
    class_bases=class_bases, imports=imports_of, exports=exports_of, table=TABLE, function_kinds=FUNCTIONS,
    enter=enter, top=top, mended=mending.typed,
)  # fmt: skip
