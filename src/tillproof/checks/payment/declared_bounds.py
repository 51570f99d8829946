"""Bounds that stand in the declaration of a field: of a form, a serializer, a DTO, a schema, the rules of a validator."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tillproof.commerce.class_validators import unasked
from tillproof.commerce.declared_bodies import bodies, fields_of
from tillproof.commerce.declared_elsewhere import of_another_request
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn

DECLARED = re.compile(
    r"\bmin(?:_value|_range|imum)?\b(?!\(|\s*[<>])|\bge\b|\bgte?\b(?!\s*:)|(?<=[|'\"])gte?:|(?<!Math\.)\bMin\(|(?<!Math)\.(?:min|gt|gte|greater|minValue|moreThan)\("
    r"|\bIsPositive\b|\.positive\(|\bpositive\b|Positive\w*|\bnon_?negative\b|\bMinValueValidator\(|GreaterThan|\bbetween:|\bunsigned"
    r"|(?<=[|'\"])in:|\bRule::in\(|\bexclusive_?minimum\b|\bdigits(?:_between)?:|\.refine\(.{0,60}?>=?\s*[01]\b|\bNumberRange\(\s*\d"
    r"|\b(?:Typed)?ChoiceField\(|\bLiteral\[\s*\d|\bIsIn\(\s*\[\s*\d|\.(?:valid|oneOf|literal|isIn)\(\[?\s*\d|\benum['\"]?\s*:\s*\[\s*\d",
    re.IGNORECASE,
)
LISTED = re.compile(
    r"(?<=[|'\"])in:|\bRule::in\(|\bLiteral\[\s*\d|\bIsIn\(\s*\[\s*\d|\.(?:valid|oneOf|literal|isIn)\(\[?\s*\d|\benum['\"]?\s*:\s*\[\s*\d"
)
"""A declaration that lists what may be sent: whichever of it comes was named by the server."""
WHOLE = re.compile(
    r"\bisInt\(|@IsInt\(|@IsInteger\(|\.int\(\)|\.integer\(\)|['\"|]integer['\"|]|\bIntegerField\(|:\s*(?:conint\(|PositiveInt\b|int\b)|Type\.Integer\("
)
"""A declaration that takes whole numbers only."""
BROKEN = re.compile(r"['\"|]numeric['\"|]|\bis(?:Numeric|Float|Decimal)\(|\b(?:Float|Decimal)Field\(|:\s*(?:float|Decimal)\b")
"""A declaration that takes fractions."""
CHOSEN_FROM = re.compile(r"@?\bIsIn\(|\.enum\(|\.valid\(|\.oneOf\(|(?<=[|'\"])in:|\bRule::in\(|\bLiteral\[", re.IGNORECASE)
"""A declaration that lists the words that may be sent."""
_BELOW = re.compile(r"[\s'\"=:(\[,{]*(?:value\s*[:=]\s*)?-\s*\d")
_SHOWN = re.compile(r"\b(?:attrs|render_kw)\s*=\s*\{[^}]*\}")  # what the browser alone is told
_BEGINS_BODY = re.compile(r"\)\s*(?:=>|:[^{]*)?\s*\{\s*$")
_TEXTS = re.compile(r"(^|/)(lang|languages?|locales?|i18n|l10n|translations?)/", re.IGNORECASE)  # what people are shown
_LINES = 8  # of one declaration
_LONGEST = 20  # lines of a method that refuses
_TOO_LITTLE = re.compile(r"<=\s*0\b|<\s*[01]\b|\bnot\s+\w+\s*>=?\s*[01]\b")


@dataclass(frozen=True, slots=True)
class Barrier:
    """Where a client's figure is held to something, and to what. ``least``: the number that it is compared with, where it is one."""

    file: str
    line: int
    what: str
    least: str = ""


def declared_bound(model: Model, around: list[Fn], word: str, how: re.Pattern[str] = DECLARED) -> Barrier | None:
    """A bound in the declaration of a field: ``amount = IntegerField(min_value=100)``, ``@Min(1) qty``, ``'qty' => 'integer|min:1'``. Where
    the request is declared by classes that have such a field, they say it, whatever else is called so."""
    declaring = [cls for cls in bodies(model, around) if fields_of(model, cls, word)]
    if declaring:
        found = [next((n for n, text in fields_of(model, cls, word) if _says(how, text)), 0) for cls in declaring]
        if all(found):
            return Barrier(declaring[0].file, found[0], "the field is declared with bounds")
        return _refused_by_method(model, [cls.file for cls in declaring], word) if how is DECLARED else None
    units = {model.program.unit(fn.file) for fn in around}
    field = re.compile(rf"(?:(?<![\w.])|(?<=[*\]]\.)){re.escape(word)}(?!\w)['\"]?\s*(?:[:=?!,)]|=>)")
    for file in model.program.mentioning(word):
        if model.program.unit(file) not in units or _TEXTS.search(file):
            continue
        lines = model.program.sources[file].decode("utf-8", "replace").splitlines()
        for number, line in enumerate(lines):
            if (
                (named := field.search(line)) is not None
                and not line.lstrip().startswith("//")
                and _says(how, _declaration(lines, number, named.start()))
                and not of_another_request(model, around, file, number + 1, word)
                and not unasked(model, file, number + 1)
            ):
                return Barrier(file, number + 1, "the field is declared with bounds")
    files = [f for f in model.program.mentioning(word) if model.program.unit(f) in units]
    return _refused_by_method(model, files, word) if how is DECLARED else None


def _refused_by_method(model: Model, files: Iterable[str], word: str) -> Barrier | None:
    """A method that a form, a serializer or a model of Python has for a field alone, and that refuses what is too little:
    ``def clean_quantity(self)``, ``def validate_quantity(self, value)``, ``@field_validator("quantity")``."""
    own, told = re.escape(word), rf"\([^)]*['\"]{re.escape(word)}['\"]"
    begins = re.compile(rf"def (?:clean|validate)_{own}\s*\(|@(?:field_)?validator{told}|@validates{told}")
    for file in dict.fromkeys(files):
        source = model.program.sources[file]
        if model.program.language(file) != "python" or not (f"_{word}".encode() in source or b"validat" in source):
            continue  # one of the two stands in whatever ``begins`` finds
        lines = source.decode("utf-8", "replace").splitlines()
        for number in (n for n, line in enumerate(lines) if begins.search(line)):
            text = " ".join(_method(lines, number))
            if _TOO_LITTLE.search(text) and "raise " in text:
                return Barrier(file, number + 1, "the field's own method refuses what is too little")
    return None


def _method(lines: list[str], number: int) -> Iterator[str]:
    """The lines of a method, from its decorator or beginning to the next one."""
    within = False
    for line in lines[number : number + _LONGEST]:
        if line.lstrip().startswith(("def ", "async def ")):
            if within:
                return
            within = True
        yield line


def _says(how: re.Pattern[str], text: str) -> bool:
    """Whether a declaration says it, with a bound that is not below nothing, and to the server."""
    text = _SHOWN.sub("", text)
    return any(_BELOW.match(text, found.end()) is None for found in how.finditer(text))


def _declaration(lines: list[str], number: int, named: int) -> str:
    """What a line declares of the field that it names there, with the attributes before it and, while brackets are open or a chain of calls
    goes on, with what follows it. Other fields beside it speak for themselves: ``'carrier' => 'in:ups,dhl', 'price' => 'numeric'``."""
    start, end = number, number + 1
    if _BEGINS_BODY.search(lines[number]):
        return lines[number]  # a parameter: what its function does stands below
    while (above := _attribute_above(lines, start)) is not None:
        start = above
    while end < len(lines) and end - number < _LINES:
        text = " ".join(lines[number:end])
        if text.count("(") + text.count("{") <= text.count(")") + text.count("}") and not lines[end].lstrip().startswith((".", "->")):
            break
        end += 1
    return " ".join([*lines[start:number], _part(" ".join(lines[number:end]), named)])


def _part(text: str, named: int) -> str:
    """The item of a list of fields that holds a place; all of the text where its quotes do not match, or where the place is not in such a
    list: the name of a field that a call is told stays with all that the call is told and what is asked of its answer."""
    begins, opened, quote = [0], "", ""
    first, bracket, depth = None, "", 0
    for at, char in enumerate(text):
        if at == named:
            first, bracket, depth = begins[-1], opened[-1:], len(opened)
        if quote:
            quote = "" if char == quote and text[at - 1] != "\\" else quote
        elif char in "'\"`":
            quote = char
        elif char in "([{":
            opened, begins = opened + char, [*begins, at + 1]
        elif char in ")]}" and opened:
            if first is not None and bracket == "[" and len(opened) == depth:
                return text[first:at]
            opened, begins = opened[:-1], begins[:-1]
        elif char == ",":
            if first is not None and bracket in ("", "[", "{") and len(opened) == depth:
                return text[first:at]
            begins[-1] = at + 1
    return text if quote or first is None or bracket == "(" else text[first:]


def _attribute_above(lines: list[str], number: int) -> int | None:
    """Where the attribute begins that ends on the line before, be it on one line or on several."""
    closed = 0
    for start in range(number - 1, max(-1, number - 1 - _LINES), -1):
        line = lines[start]
        closed += sum(map(line.count, ")]}")) - sum(map(line.count, "([{"))
        if closed <= 0:
            return start if closed == 0 and line.lstrip().startswith(("@", "#[")) else None
    return None
