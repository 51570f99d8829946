"""Models of small trees, on real files."""

import re
from functools import lru_cache
from pathlib import Path

from tillproof.commerce.model import Model
from tillproof.commerce.triggers import words
from tillproof.flow.indexing import index_tree
from tillproof.flow.program import Program
from tillproof.knowledge.loader import Knowledge, load
from tillproof.source.cache import Cache
from tillproof.source.discover import discover
from tillproof.source.files import Tree


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    return load()


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def files_of(shop: str) -> dict[str, str]:
    """A small tree that is written down as one text, each file behind a line ``=== path``."""
    named = (part.partition("\n") for part in re.split("^=== ", shop, flags=re.MULTILINE)[1:])
    return {name.strip(): text for name, _, text in named}


def model_of(root: Path, files: dict[str, str]) -> tuple[Model, Tree]:
    """Writes the files below ``root`` and reads them as a review does, up to the provider operations."""
    write(root, files)
    tree = discover(root)
    indexed = index_tree(tree.root, tree.files, words(knowledge()), Cache(None, tree.root), lambda _: None)
    program = Program({file.path: file for file in tree.files}, indexed.indices, indexed.sources)
    return Model(program, [], knowledge(), {}, tree), tree
