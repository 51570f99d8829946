"""The review: the report that was kept when nothing has changed since, else what the pipeline makes of the files."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from tillproof.contract import Report
from tillproof.knowledge.loader import load
from tillproof.settings import Settings
from tillproof.source.cache import Cache
from tillproof.source.discover import discover

Progress = Callable[[str, int, int], None]


def review(root: Path, settings: Settings, progress: Progress | None = None) -> Report:
    """Review the code below ``root``. Reads files and the cache, writes only the cache; no network, nothing of the code is run.

    Raises FileNotFoundError when there is nothing at ``root`` and PackError when a built-in pack is broken.
    """
    tree = discover(root, settings.config.exclude)
    knowledge = load(settings.packs)
    cache = Cache(settings.cache_dir if settings.use_cache else None, tree.root, salt=knowledge.hash)
    state = f"{cache.fingerprint(tree.files)} {settings.checks} {msgspec.json.encode(settings.config).decode()} {tree.skipped}"
    kept = cache.get("report", state)
    if kept is not None:
        return msgspec.msgpack.decode(kept, type=Report)

    from tillproof.pipeline import report_on  # what it imports takes longer to load than all that an unchanged review does

    report = report_on(tree, knowledge, cache, settings, progress or _silent)
    cache.put("report", state, msgspec.msgpack.encode(report))
    cache.save()
    return report


def _silent(step: str, done: int, of: int) -> None:
    """Nobody watches."""
