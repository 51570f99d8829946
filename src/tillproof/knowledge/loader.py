"""Loads the knowledge packs: those that come with tillproof, then those of the user, which extend or override them.

Parsing a hundred YAML files takes a while, so the built-in packs are kept in one compiled file in the user's cache directory. It is
found stale by the names, sizes and modification times of the packs and of the grammar, so an edited YAML file counts at once. The cache
may be absent or unwritable; then the YAML is parsed.
"""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tillproof.knowledge.facades import spelt_out
from tillproof.knowledge.schema import Framework, Lexicon, Provider, Published
from tillproof.settings import default_cache_dir

if TYPE_CHECKING:
    from tillproof.knowledge.pack_reader import PackFile

_HERE = Path(__file__).parent
_FOLDERS = ("providers", "platforms", "frameworks")
_LEXICON = "lexicon.yaml"
_PUBLISHED = "published.yaml"
_GRAMMAR = (*sorted((_HERE / "schema").glob("*.py")), *(_HERE / name for name in ("pack_reader.py", "loader.py", "facades.py")))
_Grammar = type[Provider] | type[Framework] | type[Lexicon] | type[Published]
_Record = Provider | Framework | Lexicon | Published


class PackError(Exception):
    """A built-in pack is broken. The message lists every problem as "file:line: key: what is wrong and the mend"."""


class Knowledge(msgspec.Struct, kw_only=True, eq=False):
    """All packs by id, in its order. ``hash`` changes whenever any of them does. ``problems`` are those of user packs that were skipped.

    Equal only to itself, so that what is made of all packs (tables, patterns, words) can be kept by it.
    """

    lexicon: Lexicon
    published: Published
    providers: dict[str, Provider] = {}
    frameworks: dict[str, Framework] = {}
    hash: str = ""
    problems: list[str] = []


class _Compiled(msgspec.Struct):
    """What the cache file holds: ``key`` tells which state of the YAML files ``knowledge`` was made from."""

    key: str
    knowledge: Knowledge


def load(extra: Sequence[Path] = ()) -> Knowledge:
    """Load the built-in packs, then ``extra``: pack files, or folders that are searched for ``*.yaml`` and ``*.yml``.

    A user pack with a known id is merged into that pack key by key: lists grow, mappings merge, all else is replaced. A call or endpoint
    that it claims for an operation is taken from the operations that had it. A file named ``lexicon.yaml`` adds words to the lexicon, one
    named ``published.yaml`` adds test numbers.
    A broken user pack is skipped and told of in ``problems``.

    Raises PackError when a built-in pack is broken.
    """
    built_in = _built_in()
    if not extra:
        return built_in
    knowledge = Knowledge(
        lexicon=built_in.lexicon,
        published=built_in.published,
        providers=dict(built_in.providers),
        frameworks=dict(built_in.frameworks),
        hash=built_in.hash,
    )
    digest = hashlib.blake2b(knowledge.hash.encode(), digest_size=16)
    for path in _pack_files(extra, knowledge.problems):
        try:
            raw = path.read_bytes()
        except OSError as error:
            knowledge.problems.append(f"{path}:1: pack: cannot be read ({error.strerror}); mend its permissions or remove it")
            continue
        digest.update(str(len(raw)).encode() + b":" + raw)
        _add_user_pack(knowledge, path, raw)
    knowledge.hash = digest.hexdigest()
    return knowledge


def _built_in() -> Knowledge:
    state, paths = _state()
    return _of_state(state, paths)


@lru_cache(maxsize=1)
def _of_state(key: str, names: tuple[str, ...]) -> Knowledge:
    """The built-in packs, read once per state of their files; nobody changes them afterwards."""
    cached = _cache_file()
    compiled = _read_compiled(cached)
    if compiled is not None and compiled.key == key:
        return compiled.knowledge
    knowledge = _parse_built_in([Path(name) for name in names])
    _write_compiled(cached, _Compiled(key, knowledge))
    return knowledge


def _state() -> tuple[str, tuple[str, ...]]:
    """What tells whether a file of the built-in packs or of their grammar has changed, and the packs' files in their order.

    Asked at every review: folders are listed with the files' states, since a path for each of some hundred files takes longer than a small
    review's own work.
    """
    packs = [entry for folder in _FOLDERS for entry in os.scandir(_HERE / folder) if entry.name.endswith(".yaml")]
    packs.sort(key=lambda entry: entry.name.rpartition(".")[0])
    own = [_HERE / name for name in (_LEXICON, _PUBLISHED)]
    states = [(str(path), path.stat()) for path in own] + [(entry.path, entry.stat()) for entry in packs]
    digest = hashlib.blake2b(digest_size=16)
    for name, stat in (*states, *((str(path), path.stat()) for path in _GRAMMAR)):
        digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest(), tuple(name for name, _ in states)


def _parse_built_in(paths: Sequence[Path]) -> Knowledge:
    from tillproof.knowledge.pack_reader import PackFile

    records: list[_Record] = []
    problems: list[str] = []
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        raw = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + raw)
        pack = PackFile(path, path.relative_to(_HERE).as_posix(), raw)
        grammar = _grammar_by_place(path) or Provider
        if not pack.check(grammar, partial=False):
            problems += pack.problems
        elif pack.data.get("id", path.stem) != path.stem:
            problems.append(f"{pack.shown}:1: id: must be the file's name; write `id: {path.stem}`")
        else:
            records.append(msgspec.convert(spelt_out(pack.data), grammar))
    if problems:
        raise PackError("\n".join(problems))
    return Knowledge(
        lexicon=next(record for record in records if isinstance(record, Lexicon)),
        published=next(record for record in records if isinstance(record, Published)),
        providers={record.id: record for record in records if isinstance(record, Provider)},
        frameworks={record.id: record for record in records if isinstance(record, Framework)},
        hash=digest.hexdigest(),
    )


def _grammar_by_place(path: Path) -> _Grammar | None:
    if path.name in (_LEXICON, _PUBLISHED):
        return Lexicon if path.name == _LEXICON else Published
    return Framework if path.parent.name == "frameworks" else None


def _pack_files(extra: Sequence[Path], problems: list[str]) -> list[Path]:
    found: list[Path] = []
    for path in extra:
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if each.suffix in (".yaml", ".yml") and each.is_file())
        elif path.is_file():
            found.append(path)
        else:
            problems.append(f"{path}:1: pack: there is no such file or folder; mend the path")
    return found


def _add_user_pack(knowledge: Knowledge, path: Path, raw: bytes) -> None:
    from tillproof.knowledge.pack_reader import PackFile

    pack = PackFile(path, str(path), raw)
    name = str(pack.data.get("id"))
    grammar = _grammar_by_place(path) or _grammar_by_content(pack, name, knowledge)
    base = _extended(knowledge, grammar, name)
    if not pack.check(grammar, partial=base is not None):
        knowledge.problems += pack.problems
        return
    data = pack.data
    if base is not None:
        before = msgspec.to_builtins(base)
        if grammar is Provider:
            _release_claimed(before, data)
        data = _merge(before, data)
    record = msgspec.convert(spelt_out(data), grammar)
    if isinstance(record, Lexicon):
        knowledge.lexicon = record
    elif isinstance(record, Published):
        knowledge.published = record
    else:
        _packs(knowledge, grammar)[name] = record


def _extended(knowledge: Knowledge, grammar: _Grammar, name: str) -> _Record | None:
    """What a user's pack adds to, if that is known."""
    if grammar is Lexicon:
        return knowledge.lexicon
    return knowledge.published if grammar is Published else _packs(knowledge, grammar).get(name)


def _packs(knowledge: Knowledge, grammar: _Grammar) -> dict[str, Any]:
    return knowledge.frameworks if grammar is Framework else knowledge.providers


def _grammar_by_content(pack: "PackFile", name: str, knowledge: Knowledge) -> _Grammar:
    """A framework pack names its language, or extends a framework that is known."""
    extends = name in knowledge.frameworks and name not in knowledge.providers
    return Framework if "language" in pack.data or extends else Provider


def _merge(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: _merge(base[key], value) if key in base else value for key, value in over.items()}}
    if isinstance(base, (list, tuple)) and isinstance(over, list):
        return [*base, *(value for value in over if value not in base)]
    return over


def _release_claimed(base: dict[str, Any], over: dict[str, Any]) -> None:
    """A name means one operation: what the user's pack claims is taken from the operations of the pack that it extends."""
    claimed = {name for operation in over.get("operations", ()) for name in _names(operation)}
    for operation in base.get("operations", ()):
        operation["rest"] = [name for name in operation["rest"] if name not in claimed]
        operation["calls"] = {language: [name for name in names if name not in claimed] for language, names in operation["calls"].items()}
    base["operations"] = [operation for operation in base.get("operations", ()) if any(_names(operation))]


def _names(operation: dict[str, Any]) -> list[str]:
    return [*operation.get("rest", ()), *(name for names in operation.get("calls", {}).values() for name in names)]


def _cache_file() -> Path:
    """One file per installation, so that two checkouts do not take turns in overwriting each other's."""
    place = hashlib.blake2b(str(_HERE).encode(), digest_size=8).hexdigest()
    return default_cache_dir() / f"knowledge-{place}.msgpack"


def _read_compiled(path: Path) -> _Compiled | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=_Compiled)
    except (OSError, msgspec.MsgspecError):
        return None


def _write_compiled(path: Path, compiled: _Compiled) -> None:
    """Written beside and then renamed, so that a reader never sees half a file. A cache that cannot be written costs time only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.msgpack.encode(compiled))
        Path(name).replace(path)
    except OSError:
        return
