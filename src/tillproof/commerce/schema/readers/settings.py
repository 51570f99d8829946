"""A column by the record of its settings, which the ORMs of JavaScript write much alike."""

from tillproof.commerce.schema.code import Code, Node
from tillproof.commerce.schema.tables import Check, Column
from tillproof.commerce.schema.types import is_unsigned, kind_of
from tillproof.ir.ops import Op

_TRUE_FOR = {
    "unsigned": ("unsigned",), "unique": ("unique", "isUnique"), "primary": ("primary", "primaryKey", "isPrimary"),
    "version": ("version",), "generated": ("asExpression", "generatedType"),
}  # fmt: skip
_MODIFIERS = ("UNSIGNED", "ZEROFILL", "BINARY")


def type_words(code: Code, node: Node) -> list[str]:
    """``DataTypes.INTEGER(11).UNSIGNED`` as words, outermost first; empty for what is no chain of members."""
    node = code.resolve(node)
    out: list[str] = []
    while code.op(node) in (Op.FIELD, Op.CALL, Op.NEW):
        if code.op(node) == Op.FIELD:
            out.append(code.program.body(node.fn).name(node.i))
        node = code.operands(node)[0]
    return out


def apply_type(code: Code, column: Column, node: Node) -> None:
    """A type as text (``'int unsigned'``), as a name (``INTEGER``) or as a chain (``DataTypes.INTEGER.UNSIGNED``)."""
    chain = type_words(code, node)
    plain = [w for w in chain if w not in _MODIFIERS]
    word = plain[0] if plain else code.text(node) or code.sql(node)
    if kind_of(word) != "other" or column.kind == "other":
        column.type, column.kind = word, kind_of(word)
    column.unsigned = column.unsigned or "UNSIGNED" in chain or is_unsigned(word)


def apply_settings(code: Code, column: Column, given: dict[str, Node]) -> None:
    """What the record of a column's settings says; what it does not say stays."""
    for key in ("type", "columnType"):
        if key in given:
            apply_type(code, column, given[key])
    for field, keys in _TRUE_FOR.items():
        if any(_says(code, given[k]) for k in keys if k in given):
            setattr(column, field, True)
    for key in ("nullable", "allowNull", "isNullable", "null"):
        if key in given:
            column.nullable = code.is_true(given[key])
    if "notNull" in given:
        column.nullable = not code.is_true(given["notNull"])
    for key in ("default", "defaultValue"):
        if key in given:
            column.default = code.default(given[key])
    if (named := code.text(given.get("name") or given.get("fieldName"))) and column.name != named:
        column.attribute, column.name = column.name, named
    if "check" in given:
        column.checks.append(Check(code.sql(given["check"]), column.file, code.line(given["check"])))
    least = given.get("min") or code.record(given.get("validate")).get("min")
    if least is not None:
        column.minimum = (code.texts(least) or code.texts(code.record(least).get("args")) or ("?",))[0]


def _says(code: Code, node: Node) -> bool:
    """True, or a name or record in its place (``unique: 'sku_per_shop'``)."""
    text = code.text(node)
    return text is None or text.lower() not in ("false", "0", "null", "undefined")
