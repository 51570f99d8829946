"""One schema of the reviewed code: what its tables hold, whatever declares them. Nothing is read before somebody asks, and then only the
files that name what is asked for.

* ``table(entity)``: by table, model class, variable, in the singular or plural, in any style; by class or by a value of the code.
* ``column(entity, field)``, ``unique(entity, columns)``: None when the repository does not say.
* ``non_negative(table, column)``: the line by which the database refuses a value below zero.
* ``mentioning(words)``: every table that a file declares which holds one of the words; for surveys.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from tillproof.commerce.schema.changes import Change, History
from tillproof.commerce.schema.code import Code
from tillproof.commerce.schema.dialect import speaks_postgres_only
from tillproof.commerce.schema.order import migration_order, takes_back
from tillproof.commerce.schema.readers import ddl, doctypes, prisma, xml
from tillproof.commerce.schema.readers.annotated_documents import ANNOTATED_DOCUMENTS
from tillproof.commerce.schema.readers.builders import KNEX, LARAVEL
from tillproof.commerce.schema.readers.decorated import DECORATED
from tillproof.commerce.schema.readers.django import DJANGO, FIELDS
from tillproof.commerce.schema.readers.mongoose import MONGOOSE
from tillproof.commerce.schema.readers.php_entities import DOCTRINE, ELOQUENT
from tillproof.commerce.schema.readers.php_migrations import PHP_MIGRATIONS
from tillproof.commerce.schema.readers.reader import Reader
from tillproof.commerce.schema.readers.records import RECORDS
from tillproof.commerce.schema.readers.sequelize import SEQUELIZE, SEQUELIZE_MIGRATION
from tillproof.commerce.schema.readers.sqlalchemy import ALEMBIC, SQLALCHEMY
from tillproof.commerce.schema.readers.typeorm import TYPEORM
from tillproof.commerce.schema.readers.validators import PYTHON_VALIDATORS, VALIDATORS
from tillproof.commerce.schema.tables import Column, Table, Unique, column_key, key
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import ClassV, External, Instance, Member, ModuleV, Place, Result, Value, constant, options
from tillproof.source.text import read

_READERS = (
    DJANGO, FIELDS, SQLALCHEMY, ALEMBIC, ANNOTATED_DOCUMENTS, PYTHON_VALIDATORS, LARAVEL, ELOQUENT, DOCTRINE, PHP_MIGRATIONS, KNEX,
    MONGOOSE, VALIDATORS, DECORATED, TYPEORM, SEQUELIZE, SEQUELIZE_MIGRATION, RECORDS,
)  # fmt: skip
_WITH_HEIRS = (DJANGO, FIELDS, SQLALCHEMY, DECORATED)
_INNER = ("Meta", "Config")  # classes of settings inside of models, which are all called alike
_TEXT_ROLES = ("source", "migration", "generated", "config", "template")
_DOWN = re.compile(r"down|downgrade|rollback|revert|safe_?down|reverse", re.IGNORECASE)
_DOWN_FILE = re.compile(r"(?:^|[./_-])down\.sql$|/down/|rollback", re.IGNORECASE)
_DOWN_SECTION = re.compile(r"^--\s*(?:\+goose\s+down|migrate:down|\+migrate\s+down|@undo)\b.*", re.IGNORECASE | re.DOTALL | re.MULTILINE)


class Schema:
    """Answers about tables. One per review; what was read is kept."""

    def __init__(self, program: Program, evaluator: Evaluator, root: Path | None) -> None:
        self.program = program
        self.code = Code(program, evaluator)
        self.root = root
        self._changes: dict[str, list[Change]] = {}
        self._postgres: dict[str, bool] = {}
        self._fitting: dict[str, list[Reader]] = {}
        self._found: dict[str, list[Table]] = {}

    # --- questions

    def table(self, entity: "str | ClassId | Value", near: str = "") -> Table | None:
        """The table of an entity; None when the repository does not declare one. ``near``: the file that asks; its own model of that
        name, or the one that it imports, goes first, and then those of its unit."""
        if isinstance(entity, ClassId):
            named = self._named(self.program.cls(entity).name)
            return next((t for t in named if t.model == entity), None) or _best(named, self._unit(entity.file))
        if isinstance(entity, Value):
            return self._of_value(entity, near)
        named = self._named(entity)
        return _best(self._spoken_of(named, near) or named, self._unit(near))

    def nearest(self, entity: str, file: str) -> Table | None:
        """Of several tables of one name in a repository, those of its products, the one that is declared nearest to a file."""
        path = file.split("/")
        found = [t for t in self._named(entity) if t.unit == self._unit(file)]

        def shared(table: Table) -> int:
            return next((n for n, (a, b) in enumerate(zip(path, table.file.split("/"), strict=False)) if a != b), len(path))

        return max(found, key=shared, default=None)

    def column(self, entity: "str | ClassId | Value", field: str, near: str = "") -> Column | None:
        """A column of an entity; None when either is not declared here."""
        table = self.table(entity, near)
        return table.column(field) if table is not None else None

    def unique(self, entity: "str | ClassId | Value", columns: Iterable[str], near: str = "") -> Unique | None:
        """The constraint by which no two rows of an entity share these columns, with its place."""
        table = self.table(entity, near)
        return table.unique(tuple(columns)) if table is not None else None

    def non_negative(self, table: Table, column: str) -> Place | None:
        """The line by which the database refuses a value below zero. An unsigned type is none where the unit speaks to PostgreSQL, which
        has no such types: migrations make plain ones of them."""
        found = table.non_negative(column)
        declared = table.column(column)
        if found is None or declared is None or not declared.unsigned or table.non_negative(column, unsigned=False) is not None:
            return found
        return None if self.on_postgres(table.unit) else found

    def on_postgres(self, unit: str) -> bool:
        """Whether a unit's configuration names PostgreSQL and no other database."""
        if unit not in self._postgres:
            self._postgres[unit] = speaks_postgres_only(self.program, self.root, unit)
        return self._postgres[unit]

    def mentioning(self, words: Iterable[str]) -> list[Table]:
        """The tables that are declared in files which hold one of the words (in any case or style), in order of file and line."""
        wanted = [column_key(w).encode() for w in words]
        files = [f for f, text in self._squashed.items() if any(w in text for w in wanted)]
        more = [f for f in self._derived(files) if f in self._squashed]
        return sorted(self._add_up([*files, *more]), key=lambda t: (t.file, t.line, t.name))

    # --- finding

    def _of_value(self, value: Value, near: str) -> Table | None:
        for option in options(value):
            found: Table | None = None
            if isinstance(option, (ClassV, Instance)):
                found = self.table(option.cls)
            elif isinstance(option, ModuleV):
                exported = self.code.evaluator.scope.exported(option.file, "default", option.at)
                found = None if isinstance(exported, ModuleV) else self._of_value(exported, near)
            elif isinstance(option, Result):
                found = self._declared_at(option) or self._of_value(option.callee, near)
            elif isinstance(option, Member):
                found = self.table(option.name, near or option.at[0]) or self._of_value(option.base, near)
            elif isinstance(option, External):
                found = self.table(option.name.rpartition(".")[2], near or option.at[0])
            elif (text := constant(option)) is not None:
                found = self.table(text, near or option.at[0])
            if found is not None:
                return found
        return None

    def _declared_at(self, value: Result) -> Table | None:
        """The table of a model that a call makes: ``mongoose.model('Product', …)``, ``sequelize.define('product', …)``."""
        if value.instr < 0:
            return None
        for _, argument in self.code.evaluator.arguments(value)[:1]:
            text = constant(argument)
            if text is not None:
                return self.table(text, value.at[0])
        return None

    def _spoken_of(self, named: list[Table], near: str) -> list[Table]:
        """Of several tables of one name those whose model a file declares or imports: ``from orders.models import Order``."""
        models = {t.model for t in named if t.model is not None}
        if len(models) < 2 or near not in self.program.indices:
            return []
        index, scope = self.program.indices[near], self.code.evaluator.scope
        names = {self.program.cls(m).name for m in models}
        own = {m for m in models if m.file == near}
        imported = (scope.global_name(near, i.local, (near, i.line)) for i in index.imports if i.name in names)
        spoken = own | {o.cls for value in imported for o in options(value) if isinstance(o, ClassV)}
        return [t for t in named if t.model in spoken]

    def _unit(self, file: str) -> str:
        return self.program.unit(file) if file in self.program.files else ""

    def _named(self, entity: str) -> list[Table]:
        wanted = key(entity)
        if wanted not in self._found:
            self._found[wanted] = self._search(wanted) if len(wanted) > 1 else []
        return self._found[wanted]

    def _search(self, wanted: str) -> list[Table]:
        """Reads the files that speak of an entity, then those that speak of its table by another name."""
        files = self._speaking_of({wanted})
        tables = [t for t in self._add_up(files) if wanted in t.names]
        more = self._speaking_of({key(t.name) for t in tables})
        if not set(more) <= set(files):
            tables = [t for t in self._add_up([*files, *(f for f in more if f not in files)]) if wanted in t.names]
        return tables

    def _speaking_of(self, names: set[str]) -> list[str]:
        stems = [n.removesuffix("y").encode() for n in names if n]
        return [f for f, text in self._squashed.items() if any(s in text for s in stems)]

    def _derived(self, files: list[str]) -> list[str]:
        """Files with classes that derive from classes of these files: their tables have the columns that those declare."""
        classes = [
            ClassId(file, number)
            for file in files
            if file in self.program.indices
            for number, declared in enumerate(self.program.indices[file].classes)
            if declared.name not in _INNER
        ]
        found = (c.file for cls in classes for c in self.code.evaluator.scope.subclasses(cls))
        return [f for f in dict.fromkeys(found) if f not in files]

    @cached_property
    def _squashed(self) -> dict[str, bytes]:
        """Files that may declare tables, with their text in lower case without underscores, in which every style of a name is the same."""
        found: dict[str, bytes] = {}
        for path, source in self.program.sources.items():
            if self._readers(path) or path in self._heirs or any(m in source for m in ddl.MARKS):
                found[path] = source.lower().replace(b"_", b"")
        for path, text in self._texts.items():
            spaced = b" " if doctypes.is_doctype(path) else b"_"  # "name": "Sales Order"
            found[path] = text.lower().replace(b"_", b"").replace(spaced, b"")
        return found

    @cached_property
    def _texts(self) -> dict[str, bytes]:
        """SQL, Prisma, XML and JSON files, which are no code that is analysed."""
        found: dict[str, bytes] = {}
        for path, file in self.program.files.items():
            wanted = file.language in ("sql", "prisma") or path.endswith(xml.ENDINGS) or doctypes.is_doctype(path)
            if self.root is None or not wanted or file.role not in _TEXT_ROLES or _DOWN_FILE.search(path):
                continue
            text, _ = read(self.root, path)
            if text is not None and (file.language != "sql" or any(m in text for m in ddl.MARKS)):
                found[path] = text
        return found

    def _readers(self, file: str) -> list[Reader]:
        if file not in self._fitting:
            language, source = self.program.language(file), self.program.sources[file]
            self._fitting[file] = [r for r in _READERS if r.language == language and r.fits(source)]
        return self._fitting[file]

    @cached_property
    def _heirs(self) -> dict[str, list[Reader]]:
        """Files that declare nothing themselves, with classes that derive from models of other files, and who reads those."""
        found: dict[str, list[Reader]] = {}
        for path in self.program.sources:
            for reader in self._readers(path):
                if reader in _WITH_HEIRS:
                    for file in self._derived([path]):
                        if not self._readers(file) and reader not in found.setdefault(file, []):
                            found[file].append(reader)
        return {file: readers for file, readers in found.items() if readers}

    # --- reading

    def _add_up(self, files: Iterable[str]) -> list[Table]:
        history = History(self.program.unit)
        changes = [c for f in files for c in self._read(f)]
        for change in changes:
            if change.action == "declare":
                history.add(change)
        steps = [c for c in changes if c.action != "declare"]
        for change in sorted(steps, key=migration_order(steps, self.program.sources)):
            history.add(change)
        return history.tables()

    def _read(self, file: str) -> list[Change]:
        if file not in self._changes:
            self._changes[file] = []  # while it is read
            self._changes[file] = list(self._read_text(file) if file in self._texts else self._read_code(file))
        return self._changes[file]

    def _read_text(self, file: str) -> Iterator[Change]:
        text = self._texts[file].decode("utf-8", "replace")
        if file.endswith(".prisma"):
            yield from prisma.read(text, file)
        elif file.endswith(xml.ENDINGS):
            yield from xml.read(text, file)
        elif doctypes.is_doctype(file):
            yield from doctypes.read(text, file)
        else:
            yield from (change for _, change in ddl.read(_DOWN_SECTION.sub("", text), file))

    def _read_code(self, file: str) -> Iterator[Change]:
        source = self.program.sources[file]
        for reader in self._readers(file) or self._heirs.get(file, []):
            yield from reader.read(self.code, file)
        if any(m in source for m in ddl.MARKS):
            text = source.decode("latin-1")  # one character a byte: offsets stay
            for offset, change in ddl.read(text, file):
                if not takes_back(text[:offset]) and not self._goes_down(file, offset):
                    yield change

    def _goes_down(self, file: str, offset: int) -> bool:
        """Whether a place stands in a function that takes a migration back."""
        here: Fn | None = self.program.functions_at(file, [offset])[0]
        while here is not None and here.number >= 0:
            if _DOWN.fullmatch(self.program.name(here)):
                return True
            here = self.program.parent(here)
        return False


def _best(tables: list[Table], unit: str) -> Table | None:
    """Of several tables of one name, that of the unit that asks; then the one of which most is known."""
    return min(tables, key=lambda t: (t.unit != unit, t.open, -len(t.columns), t.file, t.line)) if tables else None
