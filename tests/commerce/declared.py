"""A schema of files that a test writes, in a form that tests can read: one line per column."""

from pathlib import Path

from tests.commerce.small_models import write
from tillproof.commerce.schema.schema import Schema
from tillproof.commerce.schema.tables import Column, Table
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.indexing import index_tree
from tillproof.flow.modules import Modules
from tillproof.flow.program import Program
from tillproof.source.aliases import import_aliases
from tillproof.source.cache import Cache
from tillproof.source.discover import discover


def schema_of(root: Path, files: dict[str, str]) -> Schema:
    write(root, files)
    tree = discover(root)
    indexed = index_tree(tree.root, tree.files, frozenset(), Cache(None, tree.root), lambda _: None)
    program = Program({file.path: file for file in tree.files}, indexed.indices, indexed.sources)
    return Schema(program, Evaluator(program, Modules(program, import_aliases(tree))), tree.root)


def declared(root: Path, files: dict[str, str], entity: str) -> Table:
    """The table of an entity, which must be there."""
    table = schema_of(root, files).table(entity)
    assert table is not None, f"no table for {entity}"
    return table


def shown(table: Table) -> list[str]:
    """``name kind flags @line``, then the unique constraints and the checks."""
    rows = [_column(table, column) for column in table.columns.values()]
    rows += [f"unique {','.join(u.columns)}{' where ' + u.where if u.where else ''} @{u.line}" for u in table.uniques]
    return rows + [f"check {c.text} @{c.line}" for c in table.checks]


def _column(table: Table, column: Column) -> str:
    guard = table.non_negative(column.name)
    flags = [
        flag
        for flag, there in (
            ("unsigned", column.unsigned), ("null", column.nullable), ("unique", column.unique), ("primary", column.primary),
            ("version", column.version), (f"={column.default}", column.default is not None), (f"min={column.minimum}", column.minimum),
            (f">=0@{guard[1] if guard else ''}", guard),
        )
        if there
    ]  # fmt: skip
    return f"{column.name} {column.kind} {' '.join(flags)}".rstrip() + f" @{column.line}"
