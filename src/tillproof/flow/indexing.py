"""Index every analysed file: declarations and trigger words, in parallel for large trees, from the cache where nothing changed."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import msgspec

from tillproof.contract import Skipped
from tillproof.ir.declarations import FileIndex
from tillproof.languages import ANALYSED, spec_of
from tillproof.languages.base import index_file
from tillproof.source.cache import Cache
from tillproof.source.files import SourceFile
from tillproof.source.text import read

_WORD = re.compile(rb"[a-z_]\w{2,}(?:-\w+)*")
_ALONE = 200
_BATCH = 120
_ROLES = ("source", "template", "migration", "config", "generated")
BROKEN_SYNTAX = "syntax errors: parts were not understood"


class Indexed(msgspec.Struct):
    """Declarations and text of every analysed file by path, and the files that could not be read or parsed whole."""

    indices: dict[str, FileIndex]
    sources: dict[str, bytes]
    skipped: list[Skipped]


def is_analysed(file: SourceFile) -> bool:
    """Whether a file's code is reviewed: its language is known and it is deployed (tests, vendored and minified files are not)."""
    return file.language in ANALYSED and file.role in _ROLES


def index_tree(root: Path, files: Sequence[SourceFile], triggers: frozenset[bytes], cache: Cache, tick: Callable[[int], None]) -> Indexed:
    """Index the files that are analysed, and say which of them could not be read or parsed whole."""
    wanted = [f for f in files if is_analysed(f)]
    digests = cache.digests(wanted)
    out = Indexed({}, {}, [])
    fresh: list[tuple[SourceFile, bytes]] = []
    for file in wanted:
        source, reason = read(root, file.path)
        if reason is not None:
            out.skipped.append(Skipped(file=file.path, reason=reason))
        if source is None:
            continue
        out.sources[file.path] = source
        kept = cache.get("index", digests[file.path] + file.path)
        if kept is not None:
            out.indices[file.path] = msgspec.msgpack.decode(kept, type=FileIndex)
        else:
            fresh.append((file, source))
    for data in _run([(f.path, f.language or "", source) for f, source in fresh], triggers, tick):
        index = msgspec.msgpack.decode(data, type=FileIndex)
        out.indices[index.path] = index
        cache.put("index", digests[index.path] + index.path, data)
    out.indices = dict(sorted(out.indices.items()))
    out.skipped += [Skipped(file=path, reason=BROKEN_SYNTAX) for path, index in out.indices.items() if index.broken]
    return out


def _run(work: list[tuple[str, str, bytes]], triggers: frozenset[bytes], tick: Callable[[int], None]) -> list[bytes]:
    if len(work) <= _ALONE:
        return _index_batch(work, triggers)
    batches = [work[n : n + _BATCH] for n in range(0, len(work), _BATCH)]
    done: list[bytes] = []
    with ProcessPoolExecutor(max_workers=min(cpu_count() or 1, 8), mp_context=get_context("fork")) as pool:
        for part in pool.map(_index_batch, batches, [triggers] * len(batches)):
            done += part
            tick(len(done))
    return done


def _index_batch(work: list[tuple[str, str, bytes]], triggers: frozenset[bytes]) -> list[bytes]:
    out = []
    for path, language, source in work:
        words = sorted(w.decode() for w in triggers.intersection(_WORD.findall(source.lower())))
        out.append(msgspec.msgpack.encode(index_file(spec_of(language), path, source, words)))
    return out
