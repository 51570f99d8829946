"""Calls that write a sale down in a store that no pack knows, by what they are called: ``recordSale({ amount, currency, … })``."""

import re
from functools import lru_cache

from tillproof.commerce.entities import entity
from tillproof.commerce.lexicon import Words, snake

_RECORDING = re.compile(r"(?:record|save|store|insert|book|persist|ingest)_(\w+)")


@lru_cache(maxsize=20_000)
def recorded(words: Words, name: str) -> str:
    """The order, payment or sale that a call of that name writes down; empty when its name says no such thing."""
    match = _RECORDING.fullmatch(snake(name))
    return entity(match[1]) if match is not None and words.entity(match[1]) else ""
