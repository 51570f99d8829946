"""Which database a unit speaks to, as far as its configuration says: an unsigned type means something on MySQL alone."""

import re
from pathlib import Path

from tillproof.flow.program import Program
from tillproof.source.text import read

_SAID = (
    re.compile(rb"^\s*(?:export\s+)?DB_(?:CONNECTION|DIALECT|DRIVER|CLIENT|TYPE)\s*[=:]\s*[\"']?(\w+)", re.MULTILINE),
    re.compile(rb"^\s*(?:export\s+)?DATABASE_URL\s*[=:]\s*[\"']?(\w+)", re.MULTILINE),
    re.compile(rb"\bdialect[\"']?\s*[:=]\s*[\"'](\w+)[\"']"),
    re.compile(rb"\bclient[\"']?\s*:\s*[\"'](pg|postgres|postgresql|mysql2?|sqlite3|better-sqlite3)[\"']"),
    re.compile(rb"\bprovider\s*=\s*\"(postgresql|mysql|sqlite|cockroachdb)\""),
    re.compile(rb"env\(\s*[\"']DB_CONNECTION[\"']\s*,\s*[\"'](\w+)[\"']"),
)
_TYPEORM = re.compile(rb"\btype:\s*[\"'](postgres|mysql|mariadb|sqlite|cockroachdb|better-sqlite3)[\"']")
_POSTGRES = {"pgsql", "pg", "postgres", "postgresql", "cockroachdb", "pgx"}
_MARKS = (b"DB_CONNECTION", b"dialect", b"client", b"provider", b"DataSource", b"TypeOrm", b"createConnection")


def speaks_postgres_only(program: Program, root: Path | None, unit: str) -> bool:
    """Whether a unit's configuration names PostgreSQL and no other database. Its example of an ``.env`` decides over what code offers."""
    units = {unit, "."}
    named = _in_environment(program, root, units) or _in_code(program, units)
    return bool(named) and named <= _POSTGRES


def _in_environment(program: Program, root: Path | None, units: set[str]) -> set[str]:
    found: set[str] = set()
    for path, file in program.files.items():
        if root is not None and file.language in ("env", "prisma") and file.unit in units and file.role != "test":
            found |= _named(read(root, path)[0] or b"")
    return found


def _in_code(program: Program, units: set[str]) -> set[str]:
    found: set[str] = set()
    for path, source in program.sources.items():
        if program.unit(path) in units and any(m in source for m in _MARKS):
            found |= _named(source)
            if b"ypeorm" in source.lower() or b"DataSource" in source:
                found |= {m.decode().lower() for m in _TYPEORM.findall(source)}
    return found


def _named(text: bytes) -> set[str]:
    return {m.decode("utf-8", "replace").lower() for pattern in _SAID for m in pattern.findall(text)}
