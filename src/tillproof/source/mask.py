"""Takes secrets and card numbers out of any text that is shown, and leaves enough to recognise them by.

Masking too much costs a reader a second look; masking too little is a leak. So in doubt a value is masked. Text may be hostile: no
expression here can backtrack far, since each token is only tried where it begins and is consumed as a whole.
"""

import re
from collections.abc import Callable

MASKED = "…(masked)"

# Text that is masked once may, at its new borders, look like another secret. A few rounds settle it.
_ROUNDS = 4

# A credential of a known make: what it begins with, and what has to follow for it to be one.
_MAKES = (
    r"(?:sk|rk)_(?:live|test|sbox|prod)_|whsec_|shp(?:at|ca|pa|ss|ua|tka)_|xox[a-z]-|xapp-|gh[pousr]_|github_pat_|glpat-|npm_|dop_v1_"
    r"|rzp_(?:live|test)_|(?:sandbox-)?sq0[a-z]{3}-|EAAA|access_token\$(?:production|sandbox)\$|FLWSECK(?:_TEST)?-|klarna_(?:live|test)_api_"
    r"|shippo_(?:live|test)_|cfsk_ma_[a-z]{4}_|pdl_(?:live|sdbx)_apikey_|pdl_ntfset_|APP_USR-|TEST[-_](?=[A-Za-z0-9+/-]{30})|(?:PRD|SBX)-(?=[0-9a-f]{8})"
    r"|Atzr\||amzn1\.oa2-cs\.v1\.|c[ks]_(?=[0-9a-f]{40})|(?<!pk_)(?:live|test|access)_(?=[A-Za-z]*[0-9])(?=[A-Za-z0-9]{24})"
    r"|(?:live|sandbox|access)_(?=[\w-]{36})|sk_(?=[a-z0-9]{20})|sk-(?=[A-Za-z0-9_-]{20})|SG\.(?=[\w-]{16})|key-(?=[0-9a-f]{32})"
    r"|AQE(?=[A-Za-z0-9+/]{24})|AIza(?=[\w-]{30})|GOCSPX-|ya29\.|EZ[AT]K(?=[A-Za-z0-9]{20})|(?:AKIA|ASIA)(?=[A-Z0-9]{12})|SK(?=[0-9a-f]{32})"
    r"|pat-(?:na|eu)\d-|pk\.eyJ"
)
_KEY = re.compile(rf"(?<![A-Za-z0-9])({_MAKES})[A-Za-z0-9_+/=$.-]{{6,}}+")
# PayPal's client ids and secrets have no prefix, only a length.
_PAYPAL = re.compile(r"(?<![\w-])([AE])(?=[\w-]*[0-9])(?=[\w-]*[a-z])[\w-]{79}(?![\w-])")
_JWT = re.compile(r"(?<![\w-])(eyJ)[\w-]{6,}+\.[\w-]{4,}+(?:\.[\w-]*+)?")
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=\s\\:,-]*+")
_PEM_LINE = re.compile(r"(?<![A-Za-z0-9+/=-])(?=[^\W_]*[a-z])(?=[^\W_]*[A-Z])[A-Za-z0-9+/]{64}(?![A-Za-z0-9+/=])")
_URL_PASSWORD = re.compile(r"(://[^\s:/@'\"<>]{0,64}:)(?![${<%{])([^\s@/'\"<>]{1,256})(?=@)")
_AUTHORIZATION = re.compile(r"\b((?:Bearer|Basic|Token)[ \t]+)(?=[A-Za-z._~+/=-]*[0-9])[A-Za-z0-9._~+/=-]{8,}+", re.IGNORECASE)

# The head of an assignment; its value is read by hand from there on.
_ASSIGNMENT = re.compile(
    r"(?P<name>pass(?:word|wd|phrase)|pass(?![a-z])|pwd|secret|api[_-]?key|(?:access|private|signing|signature|encryption|hmac|auth|merchant|webhook|client)[_-]?key"
    r"|token|credential)[\w-]{0,40}+"
    r"(?P<between>[\\\"'`\]]{0,4}+[ \t]{0,8}+(?:=>|:=|={1,3}|:|,|\(|is(?=[ \t]))[ \t]{0,8}+)(?P<quote>\\?[\"'`])?",
    re.IGNORECASE,
)
# What may stand between quotes of each kind, one that is itself inside a string among them, and without quotes.
_VALUES = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\[^\r\n])*+'),
    "'": re.compile(r"(?:[^'\\\r\n]|\\[^\r\n])*+"),
    "`": re.compile(r"[^`\r\n]*+"),
    "": re.compile(r"[^\s\"'`,;(){}\[\]<>|&]{0,1000}+(?![(\[{<])"),
}
_ESCAPED_QUOTE_VALUE = re.compile(r"[^\"'`\\\r\n]*+")
_ENV_VALUE = re.compile(r"\S*+")
# The rest of a value without quotes, of which only the beginning was looked at.
_BARE_REST = re.compile(r"[^\s\"'`,;(){}\[\]<>|&]*+")
_ENV_LINE = re.compile(r"(?:^|\n)[ \t]*(?:export[ \t]+|ENV[ \t]+|ARG[ \t]+|-[ \t]+)?[A-Z0-9_]*\Z")
_PLACEHOLDER = re.compile(
    r"(?:[<${%*#\[]|x{3,}|\.{3}|your|my[_-]|change|replace|insert|enter|example|sample|placeholder|dummy|fake|todo|none$|null$|nil$|true$|false$"
    r"|undefined$|env[.(]|process\.|os\.|password$|secret$|string$|hidden$|required\b|optional$|hashed$|test$|sk_(?:test|live)_(?:x|\.|\*))",
    re.IGNORECASE,
)
# Words joined by separators: the name of a setting or a route.
_NAME_LIKE = re.compile(r"(?=.*[_.:/|-])[_./-]?[a-z]+(?:[_.:/|-]+[a-z]+)*[_./:-]?", re.IGNORECASE)
_CARD_CODE = re.compile(
    r"(?<![A-Za-z])((?:cvv|cvc|cvn|cvv2|cvc2|security_?code)[\"']?\]?\s{0,8}(?:=>|=|:|,)\s{0,8}[\"']?)\d{3,4}(?!\d)", re.IGNORECASE
)

_DIGITS = re.compile(r"\d(?:[ -]?\d){12,}+")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_CARD_LENGTHS = range(13, 20)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def mask(text: str) -> str:
    """The text with every credential, password, card number and IBAN in it masked, and the same number of lines.

    A recognisable beginning of a credential is kept (``sk_live_…(masked)``); of a card number and an IBAN nothing is.
    Masking what is masked changes nothing.
    """
    for _ in range(_ROUNDS):
        before = text
        for step in _STEPS:
            text = step(text)
        if text == before:
            break
    return text


def is_placeholder(value: str) -> bool:
    """True for a value that stands for a secret and is none: ``<your key>``, ``changeme``, ``${KEY}``, ``sk_test_xxx``."""
    return not value or _PLACEHOLDER.match(value) is not None or len(set(value)) < 3


def is_card_number(digits: str) -> bool:
    """True for 13 to 19 digits whose check digit is right; all zeros are no card."""
    return len(digits) in _CARD_LENGTHS and _check_digit_holds(digits) and len(set(digits)) > 1


def _check_digit_holds(digits: str) -> bool:
    doubled = sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0


def _keeping_first_group(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: pattern.sub(lambda match: match[1] + MASKED, text)


def _mask_pem(text: str) -> str:
    """Masks to the end line of a private key or, where a snippet cuts it off, as far as there is nothing but key."""
    parts: list[str] = []
    done = 0
    closed = True
    while begin := _PEM_BEGIN.search(text, done):
        end = _PEM_END.search(text, begin.end()) if closed else None
        closed = end is not None
        body = _PEM_BODY.match(text, begin.end())
        stop = end.start() if end else body.end() if body else begin.end()
        hidden = text[begin.end() : stop]
        parts += (text[done : begin.end()], MASKED if hidden.strip() else "", "\n" * hidden.count("\n"))
        done = stop
    return "".join((*parts, text[done:]))


def _mask_pem_lines(text: str) -> str:
    return _PEM_LINE.sub(MASKED, text)


def _mask_assignments(text: str) -> str:
    parts: list[str] = []
    done = at = 0
    while head := _ASSIGNMENT.search(text, at):
        at = head.end()
        in_env = (
            head["between"] == "="
            and head["name"].isupper()
            and _ENV_LINE.search(text, max(0, head.start() - 80), head.start()) is not None
        )
        value = _value_at(text, at, head["quote"] or "", in_env)
        if _is_secret_value(head, value, in_env):
            parts += (text[done:at], MASKED)
            at += len(value)
            rest = None if head["quote"] else _BARE_REST.match(text, at)
            at = done = rest.end() if rest else at
    return "".join((*parts, text[done:]))


def _value_at(text: str, at: int, quote: str, in_env: bool) -> str:
    pattern = _VALUES.get(quote, _ESCAPED_QUOTE_VALUE)
    if in_env and not quote:
        pattern = _ENV_VALUE
    match = pattern.match(text, at)
    return match[0] if match else ""


def _is_secret_value(head: re.Match[str], value: str, in_env: bool) -> bool:
    if len(value) < 4 or value.endswith(MASKED) or is_placeholder(value):
        return False
    if head["quote"]:
        may_be_a_name = not head["name"].lower().startswith(("pass", "pwd")) and _NAME_LIKE.fullmatch(value)
        return not may_be_a_name and not re.search(r"\s", value)
    if in_env:
        return True
    # Without quotes it may be code, which seldom has a digit in it.
    is_argument = head["between"].strip("\\\"'`] \t") in (",", "(")
    return not is_argument and len(value) >= 6 and re.search(r"\d", value) is not None and re.search(r"[^\W\d_]", value) is not None


def _mask_ibans(text: str) -> str:
    return _IBAN.sub(lambda match: MASKED if is_iban(match[0].replace(" ", "")) else match[0], text)


def is_iban(text: str) -> bool:
    """True for 15 to 34 upper-case letters and digits whose check digits are right."""
    return 15 <= len(text) <= 34 and int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def _mask_cards(text: str) -> str:
    return _DIGITS.sub(lambda match: _mask_cards_in(match[0]), text)


def _mask_cards_in(run: str) -> str:
    """Masks within digits that stand together. A card number begins and ends with a group; an expiry date may stand beside it."""
    groups = [(match.start(), match.end()) for match in _GROUP.finditer(run)]
    parts: list[str] = []
    done = first = 0
    while first < len(groups):
        last = _card_from(run, groups, first)
        if last is None:
            first += 1
            continue
        start, end = groups[first][0], groups[last][1]
        parts += (run[done:start], MASKED)
        done, first = end, last + 1
    return "".join((*parts, run[done:]))


def _card_from(run: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins at a group."""
    digits = ""
    found = None
    for last in range(first, min(first + _CARD_LENGTHS.stop, len(groups))):
        digits += run[slice(*groups[last])]
        if len(digits) >= _CARD_LENGTHS.stop:
            break
        if is_card_number(digits):
            found = last
    return found


_STEPS: tuple[Callable[[str], str], ...] = (
    _mask_pem,
    _keeping_first_group(_KEY),
    _keeping_first_group(_JWT),
    _keeping_first_group(_PAYPAL),
    _mask_pem_lines,
    _keeping_first_group(_URL_PASSWORD),
    _keeping_first_group(_AUTHORIZATION),
    _mask_assignments,
    _keeping_first_group(_CARD_CODE),
    _mask_ibans,
    _mask_cards,
)
