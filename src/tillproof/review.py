"""The review, on one screen: discover, index, link, model, rule, report."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from tillproof import __version__
from tillproof.checks.catalog import all_checks
from tillproof.checks.running import rule
from tillproof.commerce.boundaries import find_boundaries
from tillproof.commerce.handler_report import handler_rows
from tillproof.commerce.model import Model
from tillproof.commerce.triggers import words
from tillproof.contract import Report, Skipped
from tillproof.flow.indexing import index_tree
from tillproof.flow.program import Program
from tillproof.knowledge.loader import load
from tillproof.report.assemble import assemble
from tillproof.report.redact import redacted
from tillproof.settings import Settings
from tillproof.source.aliases import import_aliases, unit_versions
from tillproof.source.cache import Cache
from tillproof.source.discover import discover

Progress = Callable[[str, int, int], None]


def review(root: Path, settings: Settings, progress: Progress | None = None) -> Report:
    """Review the code below ``root``. Reads files and the cache, writes only the cache; no network, nothing of the code is run.

    Raises FileNotFoundError when there is nothing at ``root`` and PackError when a built-in pack is broken.
    """
    tell = progress or _silent
    tree = discover(root, settings.config.exclude)
    knowledge = load(settings.packs)
    cache = Cache(settings.cache_dir if settings.use_cache else None, tree.root, salt=knowledge.hash)
    state = (
        f"{__version__} {cache.fingerprint(tree.files)} {settings.checks} {msgspec.json.encode(settings.config).decode()} {tree.skipped}"
    )
    kept = cache.get("report", state)
    if kept is not None:
        return msgspec.msgpack.decode(kept, type=Report)

    indexed = index_tree(tree.root, tree.files, words(knowledge), cache, lambda done: tell("reading", done, len(tree.files)))
    program = Program({f.path: f for f in tree.files}, indexed.indices, indexed.sources)
    model = Model(program, import_aliases(tree), knowledge, unit_versions(tree), tree)
    rulings = rule(model, [c for c in all_checks() if not settings.checks or c.id in settings.checks], tell)
    handlers = handler_rows(model, rulings)
    boundaries = find_boundaries(model, tree, handlers)
    problems = [Skipped(file=p.partition(":")[0], reason=p) for p in knowledge.problems]
    report = assemble(tree, model, handlers, boundaries, rulings, settings, [*indexed.skipped, *problems])
    report = redacted(report, (secret for ruling in rulings for secret in ruling.hides))
    cache.put("report", state, msgspec.msgpack.encode(report))
    cache.save()
    return report


def _silent(step: str, done: int, of: int) -> None:
    """Nobody watches."""
