"""Syntax trees of the files whose functions were lowered last; the others are parsed again when somebody asks."""

from collections import OrderedDict
from collections.abc import Mapping

from tree_sitter import Tree

from tillproof.languages import spec_of
from tillproof.languages.base import parse

_KEPT = 4_000_000
"""Bytes of source whose trees are kept at a time. A tree takes about twenty times the room of its source."""


class SyntaxTrees:
    """The trees of a program's files. What is kept is bounded, so that memory does not grow with the code base."""

    def __init__(self, sources: Mapping[str, bytes]) -> None:
        self._sources = sources
        self._trees: OrderedDict[str, Tree] = OrderedDict()
        self._bytes = 0

    def of(self, file: str, language: str) -> Tree:
        """The tree of a file, parsed if it is not among the last."""
        found = self._trees.get(file)
        if found is not None:
            self._trees.move_to_end(file)
            return found
        source = self._sources[file]
        found = self._trees[file] = parse(spec_of(language), source)
        self._bytes += len(source)
        while self._bytes > _KEPT and len(self._trees) > 1:
            oldest, _ = self._trees.popitem(last=False)
            self._bytes -= len(self._sources[oldest])
        return found
