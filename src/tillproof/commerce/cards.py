"""Where the code speaks of a payment card's own data: its files and functions, and the classes that have fields for it."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.lexicon import CardPart, field_name, snake
from tillproof.commerce.names import written
from tillproof.commerce.other_cards import OtherCards
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Choice, Const, Instance, Missing, Mix, Overlay, Record, Result, Text, Value
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.shown import Piece

STARS = re.compile(r"[*#xX•●·]{4}[ -]?[*#xX•●·]{4}|[*•●]{4,}")
"""What stands in a text for the digits that are left out."""

# A text that holds none of these, in lower case, names no card field of the lexicon.
_HINTS = (
    b"cv", b"ccn", b"cc_", b"cc-n", b"cccid", b"track1", b"track2", b"track_1", b"track_2", b"magstripe", b"tarjeta", b"cartao", b"swipe",
    b"kartennummer", b"primary_account", b"seguridad", b"seguranca",
)  # fmt: skip
_CARD_HINTS = (b"card_", b"card-n", b"cardn", b"cards", b"cardv", b"cardc")
_HINT = re.compile(b"|".join(re.escape(h) for h in (*_HINTS, *_CARD_HINTS)))
_WORD = re.compile(rb"[A-Za-z_][\w-]*")
_LETTERS = frozenset(b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_HARMLESS = rb"(?i)(?:token|vault|alias|masked|last_?(?:4|four))\w*[`'\"]?\s+as\s+[`'\"]?"
"""A column that nobody can pay with elsewhere, read under another name."""
_NESTED = 2
_SENT = ("body", "query", "raw", "path")
_ANSWER = re.compile(r"(^|_)(resp|response|result|answer|reply)$")
_FIELD = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^\n]*?\))?[ \t]+|#\[[^\n]*?\][ \t]*)*(?:(?:public|private|protected|readonly|static|final|var|const|declare"
    r"|override)[ \t]+)*"
    r"(?:\??[\w\\|<>\[\]]+[ \t]+)?\$?([A-Za-z_]\w*)[ \t]*[?!]?[ \t]*([:=;,)]|\Z)",
)
_TYPE_AFTER = re.compile(r"[:=][ \t]*(?:Optional\[|List\[|list\[)?([A-Za-z_][\w.]*)")
_PROMOTED = re.compile(r"(?:public|private|protected)\s+(?:readonly\s+)?(?:[\w?\\]+\s+)?\$?(\w+)")


def may_speak(text: bytes) -> bool:
    """A quick look: could a text name card data?"""
    lower = text.lower()
    return (b"card" in lower and any(h in lower for h in _CARD_HINTS)) or any(h in lower for h in _HINTS)


def _telling(text: bytes) -> Iterator[tuple[int, bytes]]:
    """The words of a text that hold a hint, and where they begin."""
    past = 0
    for hint in _HINT.finditer(text.lower()):
        if hint.start() >= past:
            at = hint.start()
            while at > past and text[at - 1] in _LETTERS:
                at -= 1
            if (word := _WORD.search(text, at)) is not None:
                past = word.end()
                yield word.start(), word[0]


class TypeField(NamedTuple):
    """A field of a class that holds card data in full. ``line``: of its declaration."""

    name: str
    part: CardPart
    file: str
    line: int
    cls: ClassId


class Cards:
    """Answers from names; what was found is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.others = OtherCards(model)
        self._speaks: dict[Fn, bool] = {}
        self._fields: dict[ClassId, list[TypeField]] = {}

    @cached_property
    def files(self) -> dict[str, list[Fn]]:
        """Analysed files that name card data, with the functions in which they do."""
        out: dict[str, list[Fn]] = {}
        for file, source in self.model.program.sources.items():
            if may_speak(source):
                offsets = [at for at, word in _telling(source) if self._is_card(word)]
                functions = self.model.program.functions_at(file, offsets) if offsets else ()
                if mine := [fn for fn in functions if not self.others.of(fn)]:
                    out[file] = mine
        return out

    def _is_card(self, word: bytes) -> bool:
        text = word.decode("ascii", "ignore")
        return bool(self.model.words.card(text.strip("-")) or (text.startswith("get") and self.model.words.card(text[3:])))

    def speaks(self, fn: Fn) -> bool:
        """Whether a function names a card's number or code for certain, so that a mere ``number`` beside it is one too."""
        if fn not in self._speaks:
            self._speaks[fn] = any(self.model.words.card(t) for t in self.model.vocabulary.tokens(fn))
        return self._speaks[fn]

    def part(self, fn: Fn, name: str) -> CardPart:
        """Which part of a card a name in a function means."""
        if self.others.of(fn):
            return ""
        plain = field_name(name).removeprefix("{}").strip("-_ ")
        found = self.model.words.card(name) or self.model.words.card(plain)
        if found and self._is_renamed(fn.file, plain):
            return ""
        return found or ("number" if self.model.words.beside_card(plain) and self.speaks(fn) else "")

    def _is_renamed(self, file: str, name: str) -> bool:
        """Whether a file reads a column that holds a token, or no more than the last digits, under a card's name:
        ``SELECT vault_token AS cardnum``."""
        source = self.model.program.sources[file]
        if b" as " not in source and b" AS " not in source:
            return False
        return re.search(_HARMLESS + name.encode() + rb"\b", source) is not None

    def is_told(self, fn: Fn, name: str) -> bool:
        """Whether a card's number stands in a provider's message about a payment: such a message holds numbers masked."""
        return self.part(fn, name) == "number" and fn in self._hearing

    @cached_property
    def _hearing(self) -> frozenset[Fn]:
        """The functions behind handlers of what a provider's server sends, as far as they know of no card's code: that no message has."""
        handlers = [h for h in self.model.handlers.all if h.kind != "redirect-return" and h.provider.kind == "payment"]
        heard = {fn for h in handlers for fn in h.closure.functions}
        return frozenset(fn for fn in heard if not any(self.model.words.card(t) == "code" for t in self.model.vocabulary.tokens(fn)))

    # --- classes

    @cached_property
    def types(self) -> dict[ClassId, list[TypeField]]:
        """The classes of the repository that have a field for card data."""
        out: dict[ClassId, list[TypeField]] = {}
        for file in self.files:
            for number in range(len(self.model.program.indices[file].classes)):
                cls = ClassId(file, number)
                if (fields := self.fields(cls)) and not self.others.are(self.model.program.cls(cls).name, {f.part for f in fields}):
                    out[cls] = fields
        return out

    def fields(self, cls: ClassId) -> list[TypeField]:
        """The card fields that a class declares itself."""
        if cls not in self._fields:
            self._fields[cls] = list(self._declared(cls)) if cls.file in self.files else []
        return self._fields[cls]

    def _declared(self, cls: ClassId) -> Iterator[TypeField]:
        declared = self.model.program.cls(cls)
        inside = [f for f in self.model.program.indices[cls.file].functions if f.start >= declared.start and f.end <= declared.end]
        at, line = declared.start, declared.line
        for raw in self.model.program.class_text(cls).split(b"\n"):
            first = at + len(raw) - len(raw.lstrip())
            around = [f.name for f in inside if f.start <= first < f.end]
            method, promoted = bool(around), bool({"__construct", "constructor"}.intersection(around))
            if _HINT.search(raw.lower()) and (not method or promoted):
                text = raw.decode("utf-8", "replace")
                for match in [_FIELD.match(text)] if not promoted else _PROMOTED.finditer(text):
                    if match and not match[1].isupper() and (part := self.model.words.card(match[1])):
                        yield TypeField(match[1], part, cls.file, line, cls)
            at, line = at + len(raw) + 1, line + 1

    def fields_below(self, cls: ClassId, depth: int = 0) -> list[TypeField]:
        """The card fields of a class, its bases, and the classes that its fields are of."""
        found: list[TypeField] = []
        for one in self.model.evaluator.scope.lineage(cls):
            found += self.fields(one)
            if depth < _NESTED:
                for inner in self._field_types(one):
                    if inner != cls:
                        found += self.fields_below(inner, depth + 1)
        return found

    def _field_types(self, cls: ClassId) -> list[ClassId]:
        """Classes of the repository that hold card data and are named as the type of a field."""
        declared = self.model.program.cls(cls)
        text = self.model.program.class_text(cls).decode("utf-8", "replace")
        out: list[ClassId] = []
        known = {self.model.program.cls(c).name for c in self.types}
        for name in dict.fromkeys(m[1] for m in _TYPE_AFTER.finditer(text)):
            if name.rpartition(".")[2] in known:
                typed = self.model.evaluator.scope.typed(cls.file, name, (cls.file, declared.line))
                if isinstance(typed, Instance):
                    out.append(typed.cls)
        return out

    # --- values

    def is_answered(self, fn: Fn, i: int) -> bool:
        """Whether card data is read off what somebody answered, ``$response->getCardNumber()``: a payment system answers with the digits
        that may be printed on a receipt. What only hands on what a request sent is no answer."""
        body = self.model.program.body(fn)
        if body.op[i] not in (Op.CALL, Op.FIELD, Op.INDEX):
            return False
        *holders, _ = ["", *written(self.model.program, fn, i).split(".")]
        if not any(_ANSWER.search(snake(name)) for name in holders):
            return False
        return not any(s.kind in _SENT for s, _ in self.model.requests.sources_in(self.model.evaluator.value(fn, i)))

    def in_piece(self, piece: "Piece") -> list[str]:
        """The names of card data that a piece shows: itself by its name, or what a record or object has in it."""
        value = self.model.shown.value(piece)
        if isinstance(value, Const) or self.is_answered(piece.fn, piece.instr):
            return []
        for name in piece.names:
            if self.part(piece.fn, name):
                return [name]
        return [] if piece.flat or self.others.of(piece.fn) else [n for n in self.within(value) if n not in piece.without]

    def within(self, value: Value, depth: int = 0) -> list[str]:
        """The names of card data in a record, or in an object of a class that has fields for it."""
        if depth > 3:
            return []
        if isinstance(value, Choice):
            return list(dict.fromkeys(n for o in value.options for n in self.within(o, depth + 1)))
        if isinstance(value, Instance):
            return [] if self._guarded(value.cls) else list(dict.fromkeys(f.name for f in self.fields_below(value.cls)))
        if not isinstance(value, (Record, Overlay, Result)):
            return []
        out: list[str] = []
        got = shape(self.model.evaluator, value)
        entries = {**got.may, **got.must}
        beside = any(self.model.words.card(k) for k in entries)
        for key, entry in entries.items():
            if self.is_masked(entry):
                continue
            if self.model.words.card(key) or (beside and self.model.words.beside_card(key)):
                out.append(key)
            elif isinstance(entry, (Record, Overlay, Instance)):
                out += self.within(entry, depth + 1)
        return out

    def is_masked(self, value: Value) -> bool:
        """Whether a value is a constant, what a call that masks or cuts gives, or stars with what is left to see."""
        if isinstance(value, (Const, Missing)):
            return True
        told = (
            [v for _, v in self.model.evaluator.arguments(value)[:1]] if isinstance(value, Result) and value.instr >= 0 else value.parts()
        )
        if isinstance(value, (Text, Mix, Result)) and any(isinstance(o, Const) and STARS.search(o.text) for o in told):
            return True
        return isinstance(value, Result) and value.instr >= 0 and self.model.shown.hides(value.fn, value.instr)

    def _guarded(self, cls: ClassId) -> bool:
        """Whether a class says itself how it is written out, without its card fields."""
        for name in ("__str__", "__repr__", "toJSON", "toString", "jsonSerialize", "__toString", "__debugInfo", "toArray"):
            method = self.model.evaluator.scope.method(cls, name)
            if method is not None and not any(self.model.words.card(t) for t in self.model.vocabulary.tokens(method)):
                return True
        return False
