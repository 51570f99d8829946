"""The languages that are analysed. ``spec_of`` loads a language module only when a file needs it."""

from functools import cache
from importlib import import_module

from tillproof.languages.base import Spec

_MODULES = {
    "python": ("python", "PYTHON"),
    "javascript": ("javascript", "JAVASCRIPT"),
    "typescript": ("javascript", "TYPESCRIPT"),
    "tsx": ("javascript", "TSX"),
    "php": ("php", "PHP"),
}
ANALYSED = frozenset(_MODULES)
FAMILY = {"python": "python", "javascript": "javascript", "typescript": "javascript", "tsx": "javascript", "php": "php"}
"""The language under which packs speak of a file's language."""


@cache
def spec_of(language: str) -> Spec:
    """The specification of an analysed language. Raises KeyError for any other."""
    module, name = _MODULES[language]
    spec: Spec = getattr(import_module(f"tillproof.languages.{module}"), name)
    return spec
