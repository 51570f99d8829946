"""Is a value a secret, or does it only stand where one belongs?"""

import math
import re
from collections import Counter
from itertools import pairwise

_WORDS = (
    "yours?|example|sample|placeholder|changeme|change[-_ ]?(?:me|it|this)|replace|insert|enter|put[-_]|dummy|fake|foobar|todo|fixme",
    "xxxx?|insecure|redacted|masked|hidden|secret[-_]?(?:here|key[-_]?here)|[-_]here\\b|my[-_ ]?(?:secret|key|api|token|pass)",
    "some[-_ ]?(?:secret|key|random)|test[-_]?key|super[-_ ]?secret|not[-_ ]?(?:a[-_ ])?(?:real|secret|set|used)",
    "random[-_ ]?(?:string|key|secret)|long[-_ ]?(?:random|string)|generate|default|undefined|lorem|ipsum|abc123|abcdef|123456",
    "098765|qwerty|asdf|deadbeef|secretkey|secret[-_]?token|apikey|api[-_]key|access[-_]?token|client[-_]?secret",
)
_STANDS_IN = re.compile("|".join(_WORDS), re.IGNORECASE)
# In a long random text such a short word may turn up by chance.
_SURE_WORDS = re.compile(
    r"your|example|sample|placeholder|change[-_]?me|replace|dummy|redacted|xxxx|\.\.\.|1234567|abcdefg|0{8}|insert|secret"
    r"|goes[-_]?here|[-_]here\b",
    re.IGNORECASE,
)
# What tells a reader to put something else there, and nothing that somebody lazy would take for a secret.
_TO_BE_REPLACED = re.compile(
    r"yours?|example|sample|placeholder|change[-_ ]?(?:me|it|this)|replace|insert|enter|put[-_]|todo|xxxx|redacted|masked|[-_ ]here\b",
    re.IGNORECASE,
)
_COMPUTED = re.compile(
    r"<[^>]*>|\\\\|^\$[A-Za-z_]|\$[{(]|\{\{|\}\}|%[A-Za-z_]+%|%\(|\s|\.\.\.|…|\*{3}|\w\(|#\{|^@|^env[.:(]|^process\.|^os\.|^secrets?[./]|^vault:|^arn:|^ssm:|^kms:"
    r"|^file:|^/|^\./|^!"
)
_NOT_A_SECRET = re.compile(
    r"(?:true|false|null|none|nil|yes|no|on|off|\d{1,7}|[\w.+-]+@[\w-]+\.[\w.-]+|https?://.*|v?\d+(?:\.\d+)+|[A-Za-z]:\\.*)", re.IGNORECASE
)
# Words joined by separators or humps, without a digit among them: a name.
_NAME = re.compile(r"[._-]?[A-Za-z]{2,}(?:(?:::|[-_.: /])[A-Za-z]+)*[-_]?|(?:[A-Z]?[a-z]{2,}+){2,}|[A-Z]+(?:_[A-Z]+)+")
_ALL_UPPER_NAME = re.compile(r"(?:[A-Z]+|[A-Z]\d)(?:_[A-Z0-9]+)+")  # R2_SECRET_KEY, too
# What a field has to be like: ``required|size:28|regex:/tok_…/``.
_RULES = re.compile(r"(?:required|nullable|sometimes|filled|bail|string|present)(?:_\w+)?(?::[^|]*)?(?:\|[a-z_]+(?::.*)?)+")
# What a password was digested to, with its salt: nobody logs in with that.
_DIGEST = re.compile(
    r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}|(?:pbkdf2_sha\d+|bcrypt(?:_sha256)?|scrypt|argon2)[$:].+|\$(?:argon2|scrypt|pbkdf2)\S+"
)
_OF_AN_APP = re.compile(r"(?!(.)\1{3})[a-z]{4}(?: [a-z]{4}){3}")
# The same without its spaces: no words, which hardly ever have four consonants in a row.
_OF_AN_APP_JOINED = re.compile(r"(?=[a-z]*[^aeiouy]{4})(?!(.)\1{3})[a-z]{16}")
_LEAST_VARIETY = 2.8
_VOWELS = re.compile(r"[aeiou]", re.IGNORECASE)


def is_stand_in(value: str, made: bool = False) -> bool:
    """Whether a value stands for a secret: a placeholder, a name, a call, a reference. ``made``: what stands after a known prefix, which
    is far longer than chance words."""
    if made:
        return _SURE_WORDS.search(value) is not None or len(set(value)) < 8 or _is_sequence(value)
    return (
        len(value) < 6
        or _COMPUTED.search(value) is not None
        or _NOT_A_SECRET.fullmatch(value) is not None
        or _RULES.fullmatch(value) is not None
        or _DIGEST.fullmatch(value) is not None
        or _STANDS_IN.search(value) is not None
        or _ALL_UPPER_NAME.fullmatch(value) is not None
        or _is_sequence(value)
        or len(set(value)) < 5
    )


def is_to_be_replaced(value: str) -> bool:
    """Whether a value says that another belongs in its place. What does not is a secret where it is used as one, guessed as easily as it
    may be: ``12345678``."""
    return not value.strip() or _COMPUTED.search(value) is not None or _TO_BE_REPLACED.search(value) is not None


def is_random(value: str) -> bool:
    """Whether a value looks made by a machine: no name, no words, enough of different characters."""
    if len(value) < 12 or _NAME.fullmatch(value) or is_stand_in(value):
        return False
    if not re.search(r"\d", value) and len(value) < 24:
        return False
    mixed = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return variety(value) >= _LEAST_VARIETY and (mixed >= 2 or not _VOWELS.search(value) or len(value) >= 32)


def is_password(value: str) -> bool:
    """Whether a value may be a password that people made up: more than one word in small letters; or one that Google gave an application,
    as it shows them."""
    plain = value.replace(" ", "")
    if _OF_AN_APP.fullmatch(value.strip()):
        return not (_STANDS_IN.search(plain) or _is_sequence(plain))
    return (
        len(value) >= 6
        and value.isascii()
        and not (is_stand_in(value) or _NAME.fullmatch(value))
        and not re.fullmatch(r"[a-z]+|[A-Z][a-z]+|[a-z]+\d{1,4}|\d+", value)
    )


def is_mail_password(value: str) -> bool:
    """Whether a value may be the password of a mail account: any that people make up, or Google's sixteen letters for an application."""
    joined = _OF_AN_APP_JOINED.fullmatch(value) is not None and not (_STANDS_IN.search(value) or _is_sequence(value))
    return joined or is_password(value)


def variety(value: str) -> float:
    """Shannon's entropy of the characters, in bits a character."""
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())


def _is_sequence(value: str) -> bool:
    """Whether most of a value counts up or down, or repeats its beginning."""
    codes = [ord(c) for c in value.lower()]
    steps = Counter(b - a for a, b in pairwise(codes))
    runs = steps[1] + steps[-1] + steps[0]
    half = value[: len(value) // 2]
    return len(value) >= 6 and (runs * 2 >= len(value) or (len(half) >= 6 and value.startswith(half + half)))
