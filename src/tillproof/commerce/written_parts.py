"""What is said of a credential that is written down, and of one that is not."""

from collections.abc import Iterator
from typing import NamedTuple

from tillproof.commerce.credentials import Credential
from tillproof.knowledge.schema import Provider
from tillproof.source.files import SourceFile

_WORDS = (
    b"secret", b"pass", b"apikey", b"api_key", b"api-key", b"token", b"_key", b"privatekey", b"private-key", b"accesskey", b"authkey",
    b"signingkey", b"transactionkey", b"merchantkey", b"encryptionkey", b"securitykey", b"signaturekey", b"hashkey",
    b"servicekey", b"salt", b"hmac", b"licensekey", b"pwd",
)  # fmt: skip


class Written(NamedTuple):
    """A credential in clear, on ``line`` of a file. ``names``: what it stands under, the nearest first. ``used``: where code takes it."""

    file: SourceFile
    line: int
    credential: Credential
    names: tuple[str, ...]
    used: tuple[str, int] | None = None


class Kept(NamedTuple):
    """A credential that code reads from the settings. ``read_at``: the line that reads it; ``from_``: how it is called there."""

    file: str
    line: int
    owner: Provider | None
    name: str
    read_at: tuple[str, int]
    from_: str


def telling(lower: bytes) -> Iterator[int]:
    """The offsets in a text in lower case at which a name may keep a credential."""
    for word in _WORDS:
        yield from offsets(lower, word)


def offsets(data: bytes, word: bytes) -> Iterator[int]:
    """Every offset at which a word stands."""
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + len(word))
