"""What the readers of configuration formats have in common."""

import msgspec

MAX_DEPTH = 100
# In characters; more than that is nobody's key, and would be repeated in each entry below it.
MAX_KEY = 500


class ConfigEntry(msgspec.Struct, frozen=True):
    """One literal value. ``key`` is dotted, with numbers for the elements of lists; ``line`` is 1-based, where the value begins."""

    key: str
    value: str
    line: int


class MalformedError(Exception):
    """The rest of the file cannot be understood; the message says why and where."""
