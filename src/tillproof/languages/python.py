"""Python: grammar to IR."""

from functools import partial

import tree_sitter_python
from tree_sitter import Node

from tillproof.ir.body import Param
from tillproof.ir.declarations import Export, Import
from tillproof.ir.ops import ARG_NAMED_SPREAD, ARG_POSITIONAL, ARG_SPREAD, Kind, Op
from tillproof.languages import rules
from tillproof.languages.base import Spec
from tillproof.languages.python_patterns import bind, copied, key, match_statement, scoped
from tillproof.languages.python_runners import adapted, run
from tillproof.languages.walker import Rule, Walker

QUERY = """
(function_definition) @function
(lambda) @function
(class_definition) @class
(import_statement) @import
(import_from_statement) @import
"""


def text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def name_of(node: Node) -> str:
    return text(node.child_by_field_name("name"))


def bases_of(node: Node) -> list[str]:
    bases = node.child_by_field_name("superclasses")
    return [text(c).partition("[")[0] for c in bases.named_children if c.type in ("identifier", "attribute", "subscript")] if bases else []


def imports_of(node: Node) -> list[Import]:
    """``import a.b as c`` and ``from .a import b as c``."""
    line = node.start_point[0] + 1
    out: list[Import] = []
    module_node = node.child_by_field_name("module_name")
    for child in node.children_by_field_name("name"):
        alias = child.child_by_field_name("alias")
        name = text(child.child_by_field_name("name")) if alias is not None else text(child)
        if module_node is not None:
            out.append(Import(text(alias) or name, text(module_node), name, line))
        elif alias is not None:
            out.append(Import(text(alias), name, "*", line))
        else:
            out.append(Import(name.partition(".")[0], name.partition(".")[0], "*", line))
    if module_node is not None and any(c.type == "wildcard_import" for c in node.children):
        out.append(Import("*", text(module_node), "*", line))
    return out


# --- parameters and bodies


def enter(w: Walker, node: Node) -> None:
    params = node.child_by_field_name("parameters")
    for child in params.named_children if params else []:
        _parameter(w, child)
    w.build.returns = w.text(node.child_by_field_name("return_type"))
    body = node.child_by_field_name("body")
    if node.type == "lambda":
        if body is not None:
            w.leave(Op.RETURN, w.value(body), body)
    else:
        w.visit(body)


def _parameter(w: Walker, node: Node) -> None:
    kind, default, type_node = "", node.child_by_field_name("value"), node.child_by_field_name("type")
    target = node.child_by_field_name("name") or node
    if node.type == "typed_parameter":
        target = node.named_children[0]
    if node.type in ("keyword_separator", "positional_separator", "comment"):
        return
    kind = {"list_splat_pattern": "rest", "dictionary_splat_pattern": "named-rest"}.get(target.type, "")
    name = w.text(target).lstrip("*")
    w.parameter(Param(name, w.text(type_node), kind), default, node)


def top(w: Walker, root: Node) -> None:
    w.block(root.named_children)


# --- statements


def read_name(w: Walker, node: Node) -> int:
    """A name; in the body of a class what that class has defined by then goes before what the file has: ``@http.route(_return_url)``."""
    name = w.text(node)
    own = scoped(w, name)
    return w.name(own if own in w.stored else name, node)


def function_definition(w: Walker, node: Node) -> int:
    return w.store(scoped(w, name_of(node)), w.function_value(node), node)


def class_definition(w: Walker, node: Node) -> int:
    """The class is stored under its name; what its body runs is stored under ``Class.attribute``."""
    number = w.classes.get(node.start_byte, -1)
    name = name_of(node)
    w.store(name, w.emit(Op.CLASS, [number], node), node)
    body = node.child_by_field_name("body")
    w.scope.append(name)
    w.visit(body)
    w.scope.pop()
    return -1


def decorated(w: Walker, node: Node) -> int:
    definition = node.child_by_field_name("definition")
    if definition is None:
        return -1
    number = (w.classes if definition.type == "class_definition" else w.functions).get(definition.start_byte, -1)
    for child in node.named_children:
        if child.type == "decorator" and number >= 0:
            w.emit(Op.DECORATE, [int(definition.type == "class_definition"), number, w.value(child.named_children[0])], child)
    return w.visit(definition)


def assignment(w: Walker, node: Node) -> int:
    right = node.child_by_field_name("right")
    left = node.child_by_field_name("left")
    type_node = node.child_by_field_name("type")
    if right is None:
        if type_node is not None and left is not None and left.type == "identifier" and w.scope:
            annotation = w.emit(Op.CAST, [w.string(w.text(type_node)), w.null(node)], node)
            w.store(scoped(w, w.text(left)), annotation, node)
        return -1
    value = w.value(right)
    if type_node is not None:
        value = w.emit(Op.CAST, [w.string(w.text(type_node)), value], node)
    bind(w, left, value)
    return value


def augmented(w: Walker, node: Node) -> int:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    operator = w.text(node.child_by_field_name("operator")).removesuffix("=")
    old, change = w.value(left), w.value(right)
    joined = operator == "+" and (rules.is_text(w, old) or rules.is_text(w, change))
    value = rules.join(w, [old, change], node) if joined else w.emit(Op.BINARY, [w.string(operator), old, change], node)
    bind(w, left, value)
    return value


def named_expression(w: Walker, node: Node) -> int:
    value = w.value(node.child_by_field_name("value"))
    return w.store(scoped(w, w.text(node.child_by_field_name("name"))), value, node)


def if_statement(w: Walker, node: Node) -> int:
    """if / elif / else: the alternatives are siblings in this grammar."""
    alternatives = node.children_by_field_name("alternative")
    clauses = [node, *(a for a in alternatives if a.type == "elif_clause")]
    arms = [(c.child_by_field_name("condition"), partial(w.visit, c.child_by_field_name("consequence"))) for c in clauses]
    last = next((a for a in alternatives if a.type == "else_clause"), None)
    return rules.chain(w, arms, partial(w.visit, last.child_by_field_name("body")) if last is not None else None)


def while_statement(w: Walker, node: Node) -> int:
    rules.while_statement("condition", "body")(w, node)
    return _loop_else(w, node)


def _loop_else(w: Walker, node: Node) -> int:
    """The else of a loop: it may run or not, since a break goes past it."""
    last = node.child_by_field_name("alternative")
    if last is not None:
        runs, after = w.build.reserve(), w.build.reserve()
        w.branch(w.emit(Op.OPAQUE, [], last), runs, after, last)
        w.build.start(runs)
        w.visit(last.child_by_field_name("body"))
        w.build.jump(after)
        w.build.start(after)
    return -1


def conditional(w: Walker, node: Node) -> int:
    parts = [c for c in node.named_children if c.type != "comment"]
    if len(parts) != 3:
        return w.children(node)
    a, b = w.fork(parts[1], lambda: w.value(parts[0]), lambda: w.value(parts[2]))
    return w.emit(Op.CHOICE, [w.string("ternary"), a, b], node)


def for_statement(w: Walker, node: Node) -> int:
    iterable = w.value(node.child_by_field_name("right"))
    left, body = node.child_by_field_name("left"), node.child_by_field_name("body")
    rules.for_each(w, iterable, lambda v: bind(w, left, w.emit(Op.ELEMENT, [v], left)), lambda: rules.each_of(w, body), node)
    return _loop_else(w, node)


def try_statement(w: Walker, node: Node) -> int:
    handlers = [c for c in node.named_children if c.type in ("except_clause", "except_group_clause")]
    final = next((c for c in node.named_children if c.type == "finally_clause"), None)
    other = next((c for c in node.named_children if c.type == "else_clause"), None)
    w.attempt(
        lambda: rules.each_of(w, node.child_by_field_name("body")),
        [lambda h=h: _except(w, h) for h in handlers],  # type: ignore[misc]
        (lambda: w.block(final.named_children)) if final else None,
        (lambda: rules.each_of(w, other.child_by_field_name("body"))) if other else None,
        final,
    )
    return -1


def _except(w: Walker, node: Node) -> None:
    parts = [c for c in node.named_children if c.type not in ("block", "comment")]
    alias = None
    types: list[str] = []
    for part in parts:
        if part.type == "as_pattern":
            alias = part.child_by_field_name("alias")
        caught_type = part.named_children[0] if part.type == "as_pattern" else part
        types += [w.text(t) for t in (caught_type.named_children if caught_type.type == "tuple" else [caught_type])]
    if len(parts) == 2 and alias is None and node.child_by_field_name("alias") is not None:
        alias = node.child_by_field_name("alias")
    caught = w.emit(Op.CAUGHT, [w.string(t) for t in types], node)
    bind(w, alias, caught)
    for child in node.named_children:
        if child.type == "block":
            w.visit(child)


def with_statement(w: Walker, node: Node) -> int:
    managers = []
    ignored: list[str] = []
    for item in (i for c in node.named_children if c.type == "with_clause" for i in c.named_children):
        value = item.child_by_field_name("value")
        ignored += _ignored(value)
        if value is not None and value.type == "as_pattern":
            managers.append(w.value(value.named_children[0]))
            bind(w, value.child_by_field_name("alias"), managers[-1])
        else:
            managers.append(w.visit(value))
    start = len(w.build.op)
    body = node.child_by_field_name("body")
    got = -1
    if ignored:
        w.attempt(lambda: rules.each_of(w, body), [lambda: _caught(w, ignored, node)], None)
    else:
        got = w.visit(body)
    w.build.regions += [(manager, start, len(w.build.op)) for manager in managers if manager >= 0]
    return got


def _ignored(manager: Node | None) -> list[str]:
    """The exceptions that a context manager takes and makes nothing of: ``with suppress(Exception): …`` is a try with an empty except."""
    called = manager.child_by_field_name("function") if manager is not None and manager.type == "call" else None
    if called is None or text(called).rpartition(".")[2] != "suppress":
        return []
    arguments = manager.child_by_field_name("arguments") if manager is not None else None
    return [text(a) for a in arguments.named_children if a.type in ("identifier", "attribute")] if arguments is not None else []


def _caught(w: Walker, types: list[str], node: Node) -> None:
    w.emit(Op.CAUGHT, [w.string(t) for t in types], node)


# --- expressions


def call(w: Walker, node: Node) -> int:
    """A call; where it only runs another, that one."""
    if (function := adapted(node)) is not None:
        return w.value(function)
    args = node.child_by_field_name("arguments")
    called, given = run(node) or (node.child_by_field_name("function"), args.named_children if args is not None else [])
    callee = w.value(called)
    out: list[int] = []
    if args is not None and args.type == "generator_expression":
        out, given = [ARG_POSITIONAL, w.value(args)], []
    for arg in given:
        if arg.type == "keyword_argument":
            value = w.value(arg.child_by_field_name("value"))
            out += [w.string(w.text(arg.child_by_field_name("name"))), value]
        elif arg.type == "list_splat":
            out += [ARG_SPREAD, w.value(arg.named_children[0])]
        elif arg.type == "dictionary_splat":
            out += [ARG_NAMED_SPREAD, w.value(arg.named_children[0])]
        elif arg.type != "comment":
            out += [ARG_POSITIONAL, w.value(arg)]
    return w.call(callee, out, node)


def string(w: Walker, node: Node) -> int:
    parts: list[int] = []
    for child in node.named_children:
        if child.type == "interpolation":
            parts.append(interpolated(w, child))
        elif child.type in ("string_content", "escape_sequence", "escape_interpolation"):
            parts.append(w.const(Kind.STRING, w.text(child), child))
    if not parts:
        return w.const(Kind.STRING, "", node)
    if len(parts) == 1 and w.build.op[parts[0]] == Op.CONST:
        return parts[0]
    return w.emit(Op.TEXT, parts, node)


def interpolated(w: Walker, node: Node) -> int:
    """``{x:.2f}`` is ``format(x, '.2f')``."""
    value = w.value(node.child_by_field_name("expression"))
    spec = text(node.child_by_field_name("format_specifier")).removeprefix(":")
    if not spec:
        return value
    return w.call(w.name("format", node), [ARG_POSITIONAL, value, ARG_POSITIONAL, w.const(Kind.STRING, spec, node)], node)


def concatenated(w: Walker, node: Node) -> int:
    return rules.join(w, [w.value(c) for c in node.named_children if c.type == "string"], node)


def sequence(w: Walker, node: Node) -> int:
    out = []
    for child in node.named_children:
        if child.type == "list_splat":
            out.append(w.emit(Op.SPREAD, [w.value(child.named_children[0])], child))
        elif child.type != "comment":
            out.append(w.value(child))
    return w.emit(Op.LIST, out, node)


def dictionary(w: Walker, node: Node) -> int:
    out: list[int] = []
    for child in node.named_children:
        if child.type == "pair":
            key = w.value(child.child_by_field_name("key"))
            out += [key, w.value(child.child_by_field_name("value"))]
        elif child.type == "dictionary_splat":
            out += [-1, w.value(child.named_children[0])]
    return w.emit(Op.RECORD, out, node)


def comprehension(w: Walker, node: Node) -> int:
    """[f(x) for x in xs if p]: a loop whose element is the body."""
    clauses = [c for c in node.named_children if c.type in ("for_in_clause", "if_clause")]
    body = node.child_by_field_name("body")
    if (copy := copied(w, body, clauses)) is not None:
        whole = w.emit(Op.RECORD, [-1, w.value(copy[0])], node)
        return w.emit(Op.CHOICE, [w.string("ternary"), whole, w.emit(Op.RECORD, [], node)], node) if copy[1] else whole
    result: list[int] = []

    def run(position: int) -> None:
        if position == len(clauses):
            if body is not None and body.type == "pair":
                key = w.value(body.child_by_field_name("key"))
                result.append(w.emit(Op.RECORD, [key, w.value(body.child_by_field_name("value"))], body))
            else:
                result.append(w.emit(Op.LIST, [w.value(body)], node))
            return
        clause = clauses[position]
        if clause.type == "if_clause":
            rules.chain(w, [(clause.named_children[0], lambda: run(position + 1))], None)
            return
        left = clause.child_by_field_name("left")
        iterable = w.value(clause.child_by_field_name("right"))
        rules.for_each(w, iterable, lambda v: bind(w, left, w.emit(Op.ELEMENT, [v], left)), lambda: run(position + 1), clause)

    run(0)
    return result[0] if result else w.null(node)


def subscript(w: Walker, node: Node) -> int:
    """``a[k]``; a slice is made from what it is taken of."""
    value = w.value(node.child_by_field_name("value"))
    keys = node.children_by_field_name("subscript")
    if len(keys) == 1 and keys[0].type == "slice":
        return w.emit(Op.OPAQUE, [value, *(w.value(bound) for bound in keys[0].named_children if bound.type != "comment")], node)
    return w.emit(Op.INDEX, [value, key(w, node)], node)


def delete(w: Walker, node: Node) -> int:
    """``del a[k], b``."""
    targets = [t for c in node.named_children for t in (c.named_children if c.type == "expression_list" else [c]) if t.type != "comment"]
    return w.call(w.name("del", node), rules.positional(w, targets), node)


def opaque(w: Walker, node: Node) -> int:
    return w.emit(Op.OPAQUE, [w.value(c) for c in node.named_children if c.type != "comment"], node)


def unary(w: Walker, node: Node) -> int:
    return w.emit(Op.UNARY, [w.string(w.text(node.child_by_field_name("operator"))), w.value(node.child_by_field_name("argument"))], node)


def comparison(w: Walker, node: Node) -> int:
    """``a == b``; a chain is the and of its pairs' last."""
    operands = [c for c in node.named_children if c.type != "comment"]
    operators = [w.text(c) for c in node.children_by_field_name("operators")]
    left = w.value(operands[0])
    result = left
    for operator, right_node in zip(operators, operands[1:], strict=False):
        right = w.value(right_node)
        result = w.emit(Op.BINARY, [w.string(" ".join(operator.split())), left, right], node)
        left = right
    return result


def assert_statement(w: Walker, node: Node) -> int:
    fails, goes_on = w.build.reserve(), w.build.reserve()
    w.condition(node.named_children[0], goes_on, fails)
    w.build.start(fails)
    w.leave(Op.RAISE, -1, node)
    w.build.start(goes_on)
    return -1


LOGIC = {"and": "and", "or": "or"}
TABLE: dict[str, Rule] = {
    "module": rules.each, "block": rules.each, "expression_statement": rules.Inner(), "parenthesized_expression": rules.Inner(),
    "function_definition": function_definition, "lambda": lambda w, n: w.function_value(n), "class_definition": class_definition,
    "decorated_definition": decorated, "assignment": assignment, "augmented_assignment": augmented, "named_expression": named_expression,
    "if_statement": if_statement, "conditional_expression": conditional, "while_statement": while_statement, "for_statement": for_statement,
    "try_statement": try_statement, "with_statement": with_statement, "match_statement": match_statement,
    "return_statement": rules.leave(Op.RETURN), "raise_statement": rules.leave(Op.RAISE),
    "break_statement": rules.jump(False),
    "continue_statement": rules.jump(True), "assert_statement": assert_statement, "await": rules.wrap(Op.AWAIT),
    "yield": rules.wrap(Op.YIELD),
    "call": call, "attribute": rules.member("object", "attribute"), "subscript": subscript,
    "identifier": read_name, "string": string, "concatenated_string": concatenated,
    "list": sequence, "tuple": sequence, "set": sequence,
    "expression_list": sequence, "pattern_list": sequence, "dictionary": dictionary, "list_comprehension": comprehension,
    "set_comprehension": comprehension, "generator_expression": comprehension, "dictionary_comprehension": comprehension,
    "integer": rules.literal(Kind.NUMBER), "float": rules.literal(Kind.NUMBER), "true": rules.fixed(Kind.BOOL, "true"),
    "false": rules.fixed(Kind.BOOL, "false"), "none": rules.fixed(Kind.NULL, "null"), "unary_operator": unary,
    "not_operator": rules.Not("argument"), "boolean_operator": rules.binary("left", "right", "operator", LOGIC),
    "binary_operator": rules.binary("left", "right", "operator", {}, ["+", "%"]), "comparison_operator": comparison,
    "import_statement": rules.skip, "import_from_statement": rules.skip, "future_import_statement": rules.skip, "comment": rules.skip,
    "pass_statement": rules.skip, "global_statement": rules.skip, "nonlocal_statement": rules.skip, "type": rules.skip,
    "slice": opaque, "delete_statement": delete, "ellipsis": rules.skip, "type_alias_statement": rules.skip,
}  # fmt: skip


def no_exports(node: Node) -> list[Export]:
    """Python exports every top-level name."""
    return []


PYTHON = Spec(
    id="python", grammar=tree_sitter_python.language, query=QUERY, function_name=name_of, class_name=name_of, class_bases=bases_of,
    imports=imports_of, exports=no_exports, table=TABLE, function_kinds=frozenset({"function_definition", "lambda"}), enter=enter, top=top,
)  # fmt: skip
