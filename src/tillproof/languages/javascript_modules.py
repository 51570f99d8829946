"""JavaScript and TypeScript: what a file declares. Names of functions and classes, imports and exports, of ES modules and of CommonJS."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from tillproof.ir.declarations import Export, Import

DEFAULT = "default"
FUNCTIONS = frozenset({
    "function_declaration", "generator_function_declaration", "function_expression", "generator_function", "arrow_function",
    "method_definition",
})  # fmt: skip
_EXPORTS = re.compile(r"(?:module\.)?exports(?:\.([\w$]+))?")
_WRAPPERS = frozenset({"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression", "type_assertion"})
_VERSION = re.compile(r"(?<=[\w-])@[^/?#]*")
_REGISTRY = re.compile(r"(?:npm|jsr):/?(.+)")
# Where packages are loaded from by address: what stands before the package's own name, and before its version.
_HOSTED = re.compile(
    r"https?://(?:esm\.sh|cdn\.esm\.sh|esm\.run|unpkg\.com|cdn\.skypack\.dev|cdn\.jsdelivr\.net/npm|ga\.jspm\.io/npm:|deno\.land/x)/?"
    r"(?:v\d+/|stable/|pin/)?(?P<package>[^?#]+)"
)
_STANDARD = re.compile(r"https?://deno\.land/std(?:@[^/]*)?/(?P<path>[^?#]+)")
_ENTRY_FILE = re.compile(r"/(?:\+esm|(?:mod|index)\.m?[jt]s)$|\.ts$")
_TYPE_NAMES = frozenset({"identifier", "member_expression", "type_identifier", "nested_type_identifier", "nested_identifier"})


def text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def named(node: Node | None) -> list[Node]:
    """Named children without comments."""
    return [c for c in node.named_children if c.type != "comment"] if node is not None else []


def first(node: Node | None) -> Node | None:
    """The first named child that is no comment."""
    return next((c for c in node.named_children if c.type != "comment"), None) if node is not None else None


def unquoted(node: Node | None) -> str:
    """A property's name as it is read: ``a``, ``'a'`` and ``['a']`` are the same key."""
    return text(node).strip("[]").strip("'\"`")


def module_name(specifier: str) -> str:
    """The module that a specifier means, without where it is loaded from and in which version: ``npm:stripe@14``,
    ``https://esm.sh/stripe@14?target=deno`` and ``stripe`` are one package."""
    if ":" not in specifier:
        return specifier
    if (standard := _STANDARD.match(specifier)) is not None:
        return "@std/" + _ENTRY_FILE.sub("", standard["path"])
    if (found := _HOSTED.match(specifier)) is not None:
        return _ENTRY_FILE.sub("", _VERSION.sub("", found["package"], count=1))
    if (found := _REGISTRY.match(specifier)) is not None:
        return _VERSION.sub("", found[1], count=1)
    return specifier


# --- names


def function_name(node: Node) -> str:
    """Its own name, or that of the variable, member, key or field that it is the value of; ``default`` when it is exported namelessly."""
    name = node.child_by_field_name("name")
    return unquoted(name) if name is not None else _name_by_use(node)


def class_name(node: Node) -> str:
    """Its name; none for an interface by which a file adds to the globals, whose name goes on meaning the global itself."""
    if node.type == "interface_declaration" and _is_ambient(node):
        return ""
    return text(node.child_by_field_name("name")) or _name_by_use(node)


def _is_ambient(node: Node) -> bool:
    """Whether it stands in ``declare global { … }``."""
    block = node.parent
    return block is not None and block.type == "statement_block" and block.parent is not None and block.parent.type == "ambient_declaration"


def _name_by_use(node: Node) -> str:
    parent = node.parent
    while parent is not None and parent.type in _WRAPPERS:
        parent = parent.parent
    if parent is None:
        return ""
    if parent.type in ("variable_declarator", "public_field_definition", "field_definition", "pair"):
        key = parent.child_by_field_name("name") or parent.child_by_field_name("property") or parent.child_by_field_name("key")
        return "" if key is None or key.type in ("object_pattern", "array_pattern") else unquoted(key)
    if parent.type in ("assignment_expression", "augmented_assignment_expression", "assignment_pattern", "object_assignment_pattern"):
        return _target_name(parent.child_by_field_name("left"))
    return DEFAULT if parent.type == "export_statement" else ""


def _target_name(left: Node | None) -> str:
    if left is None:
        return ""
    if left.type == "member_expression":
        return DEFAULT if exposed(left) == DEFAULT else text(left.child_by_field_name("property"))
    if left.type == "subscript_expression":
        index = left.child_by_field_name("index")
        return unquoted(index) if index is not None and index.type == "string" else ""
    return text(left) if left.type in ("identifier", "shorthand_property_identifier_pattern") else ""


def class_bases(node: Node) -> list[str]:
    """What a class extends and implements, or an interface extends. Of a mixin, ``extends f(Base)``, both."""
    heritage = (c for c in node.named_children if c.type in ("class_heritage", "extends_type_clause"))
    return [base for clause in heritage for base in _bases(clause)]


def _bases(node: Node) -> Iterator[str]:
    for child in node.named_children:
        if child.type in _TYPE_NAMES:
            yield text(child)
        elif child.type == "generic_type":
            yield text(child.child_by_field_name("name"))
        elif child.type == "call_expression":
            yield text(child.child_by_field_name("function"))
            yield from (text(a) for a in named(child.child_by_field_name("arguments")) if a.type in _TYPE_NAMES)
        elif child.type in ("extends_clause", "implements_clause"):
            yield from _bases(child)


def pattern_names(node: Node | None) -> Iterator[str]:
    """The variables that a declaration's target binds."""
    pending = [node] if node is not None else []
    while pending:
        at = pending.pop()
        if at.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield text(at)
        elif at.type == "pair_pattern":
            pending += filter(None, [at.child_by_field_name("value")])
        elif at.type in ("assignment_pattern", "object_assignment_pattern"):
            pending += filter(None, [at.child_by_field_name("left")])
        elif at.type in ("object_pattern", "array_pattern", "rest_pattern"):
            pending += reversed(at.named_children)


# --- what comes in


def imports_of(node: Node) -> list[Import]:
    """Import statements, ``import x = require('m')``, and declarators whose value is a module or a member of one."""
    line = node.start_point[0] + 1
    if node.type == "variable_declarator":
        return _required_imports(node, line)
    require = next((c for c in node.named_children if c.type == "import_require_clause"), None)
    if require is not None:
        return [Import(text(first(require)), module_name(unquoted(require.child_by_field_name("source"))), "*", line)]
    module = module_name(unquoted(node.child_by_field_name("source")))
    clause = next((c for c in node.named_children if c.type == "import_clause"), None)
    if clause is None:
        return [Import("", module, "*", line)]
    out: list[Import] = []
    for child in named(clause):
        if child.type == "identifier":
            out.append(Import(text(child), module, DEFAULT, line))
        elif child.type == "namespace_import":
            out.append(Import(text(first(child)), module, "*", line))
        elif child.type == "named_imports":
            for item in named(child):
                name = unquoted(item.child_by_field_name("name"))
                out.append(Import(text(item.child_by_field_name("alias")) or name, module, name, line))
    return out


def _required_imports(node: Node, line: int) -> list[Import]:
    """``const x = require('m')`` and its kin; empty when it takes apart more than the module's names."""
    found = required(node.child_by_field_name("value"))
    target = node.child_by_field_name("name")
    if found is None or target is None:
        return []
    module, member = found
    if target.type == "identifier":
        return [Import(text(target), module, member or "*", line)]
    if target.type != "object_pattern" or member:
        return []
    out: list[Import] = []
    for item in named(target):
        if item.type == "shorthand_property_identifier_pattern":
            out.append(Import(text(item), module, text(item), line))
        elif item.type == "pair_pattern" and item.child_by_field_name("value").type == "identifier":  # type: ignore[union-attr]
            out.append(Import(text(item.child_by_field_name("value")), module, unquoted(item.child_by_field_name("key")), line))
        else:
            return []
    return out


def required(node: Node | None) -> tuple[str, str] | None:
    """Module and member ("" for the module itself) of ``require('m')``, ``require('m').y``, ``await import('m')``; else None."""
    member = ""
    if node is not None and node.type == "member_expression":
        member = text(node.child_by_field_name("property"))
        node = node.child_by_field_name("object")
    while node is not None and node.type in ("parenthesized_expression", "await_expression", "as_expression"):
        node = first(node)
    if node is None or node.type != "call_expression" or text(node.child_by_field_name("function")) not in ("require", "import"):
        return None
    arguments = named(node.child_by_field_name("arguments"))
    return (module_name(unquoted(arguments[0])), member) if arguments and arguments[0].type == "string" else None


# --- what goes out


def exports_of(node: Node) -> list[Export]:
    """An export statement, or an assignment to ``module.exports`` or a member of it.

    What has no local name is stored under the exported one.
    """
    if node.type == "assignment_expression":
        return _commonjs(node)
    if node.parent is not None and node.parent.type not in ("program", "ERROR"):  # a namespace's, not the module's
        return []
    module = module_name(unquoted(node.child_by_field_name("source")))
    for child in node.named_children:
        if child.type == "namespace_export":
            return [Export(unquoted(first(child)), "*", module)]
        if child.type == "export_clause":
            return [_specifier(item, module) for item in named(child)]
    if module:
        return [Export("*", "*", module)]
    declaration = node.child_by_field_name("declaration")
    if declaration is not None:
        names = list(declared_names(declaration))
        return [Export(DEFAULT, names[0])] if names and is_default(node) else [Export(name, name) for name in names]
    value = node.child_by_field_name("value") or first(node)  # the latter: export = value
    return [Export(DEFAULT, text(value) if value.type == "identifier" else DEFAULT)] if value is not None else []


def _specifier(item: Node, module: str) -> Export:
    name = unquoted(item.child_by_field_name("name"))
    return Export(unquoted(item.child_by_field_name("alias")) or name, name, module)


def is_default(node: Node) -> bool:
    return any(c.type == DEFAULT for c in node.children)


def declared_names(node: Node) -> Iterator[str]:
    """The names that a declaration statement makes."""
    if node.type in ("lexical_declaration", "variable_declaration"):
        for declarator in named(node):
            yield from pattern_names(declarator.child_by_field_name("name"))
    elif node.type == "ambient_declaration":
        for child in named(node):
            yield from declared_names(child)
    elif node.type == "import_alias":
        yield text(first(node))
    else:
        yield from filter(None, [text(node.child_by_field_name("name"))])


def exposed(left: Node | None) -> str:
    """The name that an assignment to ``left`` exports: ``default`` for ``module.exports`` itself, "" when it exports nothing."""
    if left is None or left.type != "member_expression":
        return ""
    match = _EXPORTS.fullmatch(text(left))
    return (match[1] or (DEFAULT if left.text == b"module.exports" else "")) if match else ""


def _commonjs(node: Node) -> list[Export]:
    name = exposed(node.child_by_field_name("left"))
    value = node.child_by_field_name("right")
    if not name or value is None:
        return []
    if name == DEFAULT and value.type == "object":
        return list(_object_exports(value))
    passed_on = required(value)
    if passed_on is not None:
        module, member = passed_on
        whole = [Export("*", "*", module)] if name == DEFAULT and not member else []
        return [*whole, Export(name, member or (DEFAULT if whole else "*"), module)]
    return [Export(name, text(value) if value.type == "identifier" else name)]


def _object_exports(node: Node) -> Iterator[Export]:
    for item in named(node):
        if item.type == "shorthand_property_identifier":
            yield Export(text(item), text(item))
        elif item.type == "method_definition":
            yield Export(function_name(item), function_name(item))
        elif item.type == "spread_element":
            passed_on = required(first(item))
            if passed_on is not None:
                yield Export("*", "*", passed_on[0])
        elif item.type == "pair":
            key, value = unquoted(item.child_by_field_name("key")), item.child_by_field_name("value")
            passed_on = required(value)
            if passed_on is not None:
                yield Export(key, passed_on[1] or "*", passed_on[0])
            elif value is not None:
                yield Export(key, text(value) if value.type == "identifier" else key)
