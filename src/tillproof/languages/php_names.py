"""PHP's declarations: names, bases, imports, types, attributes and what docblocks add to them.

Every name is written with dots, without a leading one: ``\\Stripe\\PaymentIntent`` is ``Stripe.PaymentIntent``.
"""

import re

from tree_sitter import Node

from tillproof.ir.declarations import Import

SCRIPT = "include:"
"""What stands before the path in the name by which an included file is called."""
INCLUDES = frozenset({"include_expression", "include_once_expression", "require_expression", "require_once_expression"})

_LEADING = re.compile(r"(?<!\w)\\")
_ANNOTATION = re.compile(r"""@([A-Za-z_\\][\w\\]*)\([\s*]*(?:(?:path|value)\s*=\s*)?"([^"\n]*)\"""")
_PARAM = re.compile(r"@param\s+([^\s$<]+(?:<[^>$]*>)?[^\s$]*)\s+[&.]*\$(\w+)")
_RETURN = re.compile(r"@return\s+(\S+)")
_CONTAINERS = ("array", "iterable", "traversable", "iterator", "generator", "iteratoraggregate")
_HOLDS = re.compile(r"\w\[\]|<")
_ELEMENT = re.compile(r"@var\s+([^\s$*<|]+)\s+(\$\w+)")
_VAR = re.compile(r"@var\s+([^\s$*<]+(?:<[^>*]*>)?[^\s$*]*)")


def text(node: Node | None) -> str:
    """The source text of a node, empty without one."""
    return node.text.decode("utf-8", "replace") if node is not None and node.text else ""


def dotted(written: str) -> str:
    """A name or type with dots for backslashes; leading backslashes and the ``namespace\\`` prefix go."""
    return _LEADING.sub("", "".join(written.split())).removeprefix("namespace\\").replace("\\", ".")


def variable(node: Node | None) -> str:
    """The name of a variable without its dollar."""
    return text(node).lstrip("$")


def parts(node: Node | None) -> list[Node]:
    """The named children that are no comments."""
    return [c for c in node.named_children if c.type != "comment"] if node is not None else []


def of_type(node: Node | None, *types: str) -> list[Node]:
    """The named children of these kinds."""
    return [c for c in node.named_children if c.type in types] if node is not None else []


# --- functions and classes


def function_name(node: Node) -> str:
    """A function's or method's name; ``property.get`` for a property hook; empty for a closure."""
    if node.type == "property_hook":
        return f"{hooked_property(node)}.{text(of_type(node, 'name')[0]) if of_type(node, 'name') else ''}"
    return text(node.child_by_field_name("name"))


def hooked_property(node: Node) -> str:
    """The property that a hook belongs to."""
    owner = node.parent.parent if node.parent is not None else None
    if owner is not None and owner.type == "property_declaration":
        owner = next(iter(of_type(owner, "property_element")), None)
    return variable(owner.child_by_field_name("name")) if owner is not None else ""


def class_name(node: Node) -> str:
    """A class's name; an anonymous class is named after its line, so that its methods are told apart from another's."""
    return text(node.child_by_field_name("name")) or f"class@{node.start_point[0] + 1}"


def class_bases(node: Node) -> list[str]:
    """Parent, interfaces and, from the body, traits."""
    holders = of_type(node, "base_clause", "class_interface_clause") + of_type(node.child_by_field_name("body"), "use_declaration")
    return [dotted(text(name)) for holder in holders for name in of_type(holder, "name", "qualified_name", "relative_name")]


def namespace(root: Node) -> str:
    """The first namespace that the file declares, dotted."""
    for child in of_type(root, "namespace_definition"):
        return dotted(text(child.child_by_field_name("name")))
    return ""


# --- what a file imports


def imports(node: Node) -> list[Import]:
    """``use`` of classes, functions and constants, in groups or alone; include and require."""
    line = node.start_point[0] + 1
    if node.type in INCLUDES:
        path = include_path(node)
        return [Import("*", path, "*", line)] if path else []
    prefix = "".join(dotted(text(n)) + "." for n in of_type(node, "namespace_name", "qualified_name"))
    out: list[Import] = []
    for clause in of_type(node.child_by_field_name("body") or node, "namespace_use_clause"):
        names = of_type(clause, "name", "qualified_name", "namespace_name")
        if names:
            module, _, name = (prefix + dotted(text(names[0]))).rpartition(".")
            out.append(Import(text(clause.child_by_field_name("alias")) or name, module, name, line))
    return out


def include_path(node: Node) -> str:
    """The literal path, or what follows its last unknown part: ``__DIR__ . '/x.php'`` is ``x.php``. Empty when no file name is left."""
    tail = ""
    for leaf in _leaves(node):
        tail = tail + text(leaf) if leaf.type in ("string_content", "nowdoc_string", "escape_sequence") else ""
    path = tail.lstrip("/")
    return path if path and not (path.startswith(".") and "/" not in path) else ""


def _leaves(node: Node) -> list[Node]:
    """What a concatenation is made of, in order, without looking into calls and variables."""
    out: list[Node] = []
    stack = [node]
    while stack:
        top = stack.pop()
        if top.type in (*INCLUDES, "parenthesized_expression", "binary_expression", "string", "encapsed_string"):
            stack.extend(reversed(parts(top)))
        else:
            out.append(top)
    return out


# --- attributes


def attributes(node: Node) -> list[Node]:
    """The attributes of a declaration or parameter, in order."""
    groups = of_type(node.child_by_field_name("attributes"), "attribute_group")
    return [attribute for group in groups for attribute in of_type(group, "attribute")]


def attribute_name(node: Node) -> str:
    """``ORM.Column`` of ``#[ORM\\Column(…)]``."""
    return dotted(text(next(iter(of_type(node, "name", "qualified_name", "relative_name")), None)))


def first_argument(node: Node) -> str:
    """The text of an attribute's first argument, a string's without its quotes."""
    arguments = of_type(node.child_by_field_name("parameters"), "argument")
    values = parts(arguments[0]) if arguments else []
    return text(values[-1]).strip("'\"") if values else ""


# --- docblocks


def docblock(node: Node) -> Node | None:
    """The ``/** … */`` that stands right above a declaration."""
    above = node.prev_named_sibling
    return above if above is not None and above.type == "comment" and text(above).startswith("/**") else None


def annotations(comment: Node) -> list[tuple[str, str]]:
    """``@Route("/x")``: name and first string, per annotation."""
    return [(dotted(name), value) for name, value in _ANNOTATION.findall(text(comment))]


def documented_types(comment: Node | None) -> tuple[dict[str, str], str]:
    """Types of parameters by name, and the type returned, for code older than PHP's own."""
    written = text(comment)
    returned = _RETURN.search(written)
    return {name: dotted(kind) for kind, name in _PARAM.findall(written)}, dotted(returned.group(1)) if returned else ""


def more_telling(written: str, documented: str) -> str:
    """The type of a declaration: as it is written, but for a container, of which only the docblock says what it holds."""
    return documented if not written or (written.lstrip("?").lower() in _CONTAINERS and _HOLDS.search(documented)) else written


def documented_variable(comment: Node | None) -> str:
    """The type that ``@var`` gives to a property."""
    found = _VAR.search(text(comment))
    return dotted(found.group(1)) if found else ""


def documented_element(comment: Node | None, variable: str) -> str:
    """The type that ``/** @var Handler $handler */`` above a loop gives to the variable that goes through it."""
    found = _ELEMENT.search(text(comment))
    return dotted(found.group(1)) if found and found.group(2) == variable else ""
