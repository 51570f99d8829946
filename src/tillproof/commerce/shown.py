"""What a text shows: the pieces that are written out in full where a value is logged, stored or sent, and what is masked on the way.

The walk goes backwards from an argument through the function's own variables, texts, records and calls that only convert, and through
parameters to the arguments of a known caller. It ends at pieces: members, elements, parameters, results. What is masked, cut, hashed,
counted or compared does not show.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.cards import STARS
from tillproof.commerce.names import written
from tillproof.commerce.removed_keys import removed_keys
from tillproof.flow.filled import written_into
from tillproof.flow.program import Fn
from tillproof.flow.values import ClassV, Ctx, Value, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_DEEPEST = 24
_MOST = 60
# Calls and members that give a part, a size or a digest of what they are called on.
_CUTS = words_of(
    "slice substr substring mb_substr mb_strimwidth len strlen mb_strlen count sizeof length bool boolean boolval isset empty "
    "typeof is_null type gettype get_class array_keys keys md5 sha1 sha256 hash hash_hmac crc32 crypt password_hash createhash "
    "createhmac digest hexdigest bcrypt openssl_encrypt encrypt encryptstring has includes startswith endswith test match "
    "substr_replace str_pad padstart padend ord array_intersect_key array_diff_key"
)
# Calls that open or prove something by a key: what is in it shows, the key that it was opened with does not.
_OPENS = words_of("decode verify decrypt openssl_decrypt sodium_crypto_secretbox_open unseal unsign verify_id_token")
_SIZES = words_of("length size count bytelength")
_REPLACES = words_of("replace replaceall preg_replace str_replace sub")
_MASK = re.compile(r"[*•█]|x{2,}|\A[x#]\Z|redact|mask|filter|hidden|removed", re.IGNORECASE)
_KEYED = words_of("get input post query param params header headers value getdata getvalue get_param getpost string pop cookie server")
_MESSAGES = ("message", "stack")
_JOINS = ("+", ".", "%", "||")
_PROVING_HEADER = re.compile(r"((?:proxy-)?authorization|(?:x-)?api-?key)\s*:\s*(?:(?:bearer|basic|token)\s+)?$", re.IGNORECASE)
# Calls that make one text of several; some are methods of the list, some of what stands between.
_LISTS = ("join", "implode")
# Calls that write the fields of a record into an address or a form.
_FORMS = words_of("http_build_query build_query add_query_arg urlencode urlsearchparams stringify")
# Calls that write a text in other letters, from which anybody reads it back.
_ENCODES = words_of("b64encode urlsafe_b64encode standard_b64encode base64_encode base64encode btoa")


class Piece(NamedTuple):
    """One thing that is shown, at instruction ``instr`` of ``fn``. ``names``: what it is called, the nearest to the value first.
    ``without``: keys of it that are masked or overwritten before it is shown. ``flat``: it is put into a text as it is, which of an
    object shows no more than that it is one (but in Python)."""

    fn: Fn
    instr: int
    ctx: Ctx | None
    names: tuple[str, ...]
    without: frozenset[str] = frozenset()
    flat: bool = False


@dataclass(slots=True)
class Showing:
    """The pieces that an argument shows, and the places (function, instruction) where something was masked or cut instead."""

    pieces: list[Piece]
    masked: list[tuple[Fn, int]]


class _Step(NamedTuple):
    fn: Fn
    instr: int
    ctx: Ctx | None
    names: tuple[str, ...]
    without: frozenset[str]
    depth: int
    flat: bool = False


class Shown:
    """Answers what is shown; what was asked is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._memo: dict[tuple[Fn, int, int], Showing] = {}
        self._rules: dict[int, Callable[[_Step, Body, Showing], list[_Step]]] = {
            Op.RECORD: self._of_record,
            Op.NAME: self._of_name,
            Op.PARAM: self._of_param,
            Op.CALL: self._of_call,
            Op.NEW: self._of_call,
            Op.FIELD: self._of_field,
            Op.INDEX: self._of_index,
            Op.REST: self._of_rest,
            Op.OPAQUE: self._of_mask,
            Op.ELEMENT: self._of_piece,
            Op.CAUGHT: self._of_piece,
        }

    def of(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Showing:
        """What instruction ``i`` of a function shows when it is written out."""
        key = (fn, i, id(ctx))
        if key not in self._memo:
            self._memo[key] = self._find(fn, i, ctx)
        return self._memo[key]

    def value(self, piece: Piece) -> Value:
        """The value of a piece."""
        return self.model.evaluator.value(piece.fn, piece.instr, piece.ctx)

    def _find(self, fn: Fn, i: int, ctx: Ctx | None) -> Showing:
        out = Showing([], [])
        seen: set[tuple[Fn, int, int]] = set()
        waiting = [_Step(fn, i, ctx, (), frozenset(), 0)]
        while waiting and len(out.pieces) < _MOST:
            step = waiting.pop()
            key = (step.fn, step.instr, id(step.ctx))
            if step.instr < 0 or step.depth > _DEEPEST or key in seen:
                continue
            seen.add(key)
            below = self._below(step, out)
            waiting.extend(reversed(below))
        return out

    def _below(self, step: _Step, out: Showing) -> list[_Step]:
        """The steps that go on from one; none at a piece, a constant or a mask."""
        body = self.model.program.body(step.fn)
        if _is_starred(body, step.instr):
            return self._of_mask(step, body, out)
        rule = self._rules.get(body.op[step.instr])
        if rule is not None:
            return rule(step, body, out)
        names, flat = (*step.names, *_proving_header(body, step.instr)), step.flat or self._joins(step, body)
        return [step._replace(instr=a, names=names, depth=step.depth + 1, flat=flat) for a in _through(body, step.instr)]

    def _joins(self, step: _Step, body: Body) -> bool:
        """Whether an instruction makes a text of what it is given as it is. In Python an object is then written out."""
        return body.op[step.instr] in (Op.TEXT, Op.BINARY) and self.model.program.language(step.fn.file) != "python"

    def _of_field(self, step: _Step, body: Body, out: Showing) -> list[_Step]:
        name = body.name(step.instr)
        if name.lower() in _SIZES:
            return self._of_mask(step, body, out)
        return self._of_piece(step._replace(names=(name, *step.names)), body, out)

    def _of_index(self, step: _Step, body: Body, out: Showing) -> list[_Step]:
        const = body.const(body.args(step.instr)[1])
        named = const is not None and not const[1].isdigit()
        return self._of_piece(step._replace(names=(const[1], *step.names)) if const and named else step, body, out)

    def _of_rest(self, step: _Step, body: Body, out: Showing) -> list[_Step]:
        taken = {body.text(a) for a in body.args(step.instr)[1:]}
        return self._of_piece(step._replace(without=step.without | taken), body, out)

    def _of_mask(self, step: _Step, _: Body, out: Showing) -> list[_Step]:
        out.masked.append((step.fn, step.instr))
        return []

    def _of_piece(self, step: _Step, _: Body, out: Showing) -> list[_Step]:
        self._piece(out, step)
        return []

    def _piece(self, out: Showing, step: _Step) -> None:
        out.pieces.append(Piece(step.fn, step.instr, step.ctx, tuple(dict.fromkeys(n for n in step.names if n)), step.without, step.flat))

    def _of_record(self, step: _Step, body: Body, _: Showing) -> list[_Step]:
        args = body.args(step.instr)
        pairs = list(zip(args[::2], args[1::2], strict=True))
        keys = {const[1] for k, _ in pairs if (const := body.const(k))}
        out = []
        for k, v in pairs:
            if k < 0:
                out.append(step._replace(instr=v, without=step.without | keys, depth=step.depth + 1))
            else:
                const = body.const(k)
                out.append(_Step(step.fn, v, step.ctx, (const[1],) if const else (), frozenset(), step.depth + 1))
        return out

    def _of_name(self, step: _Step, body: Body, out: Showing) -> list[_Step]:
        """A variable is what was stored in it; what was written into it later shows too, and hides what it replaces."""
        name = body.name(step.instr)
        reach = self.model.evaluator.defuse(step.fn, step.ctx).reaching(step.instr, name)
        if not reach.stores:
            self._piece(out, step._replace(names=(name, *step.names)))
            return []
        replaced = frozenset(w.key for w in reach.writes if w.certain and w.key not in (None, "[]", "**"))
        replaced |= removed_keys(body, self.model.effects.facts(step.fn), name, step.instr)
        names, without = (*step.names, name), step.without | replaced
        found = [step._replace(instr=body.args(s)[1], names=names, without=without, depth=step.depth + 1) for s in reach.stores]
        for write in reach.writes:
            inner = () if write.key in (None, "[]", "**") else (write.key or "",)
            found.append(_Step(step.fn, write.value, step.ctx, inner, frozenset(), step.depth + 1))
        lent = written_into(self.model.evaluator, step.fn, step.instr, name, step.ctx)
        return found + [_Step(w.fn, w.value, w.ctx, (), frozenset(), step.depth + 1) for w in lent]

    def _of_param(self, step: _Step, body: Body, out: Showing) -> list[_Step]:
        number = body.args(step.instr)[0]
        given = self.model.logs.given(step.ctx, number) if step.ctx is not None and step.ctx.fn == step.fn else None
        name = body.params[number].name
        if given is None or step.ctx is None:
            self._piece(out, step._replace(names=(*step.names, name) if name not in step.names else step.names))
            return []
        return [step._replace(fn=step.ctx.caller, instr=given, ctx=step.ctx.parent, depth=step.depth + 1)]

    def _of_call(self, step: _Step, body: Body, out: Showing) -> list[_Step]:
        fn, i, ctx = step.fn, step.instr, step.ctx
        callee, arguments = body.call(i)
        named = body.op[callee] in (Op.NAME, Op.FIELD)
        word = body.name(callee).rpartition(".")[2] if named else ""
        if self.hides(fn, i):
            out.masked.append((fn, i))
            return []
        receiver = [body.args(callee)[0]] if body.op[callee] == Op.FIELD else []
        if self._is_made(fn, callee, ctx):  # an object of ours shows what it was made of
            return [_Step(fn, a, ctx, (key,) if key.isidentifier() else (), frozenset(), step.depth + 1) for key, a in arguments]
        recogniser, language = self.model.recogniser, self.model.program.language(fn.file)
        opened = word.lower() in _OPENS and len(arguments) > 1
        if (
            named
            and not opened
            and self.model.requests.is_cleaner(recogniser.callee_names(fn, i, ctx), language)
            and not recogniser.is_ours(fn, i, ctx)
        ):
            # A module or class before the dot is no value: JSON.stringify(x) shows x alone.
            objects = [r for r in receiver if not self._is_module(fn, r, ctx) or self._is_sent(fn, r, ctx)]
            return [step._replace(instr=a, depth=step.depth + 1, flat=word == "String") for a in (*objects, *(a for _, a in arguments))]
        if word in _LISTS and not recogniser.is_ours(fn, i, ctx) and (parts := [*receiver, *(a for _, a in arguments)]):
            return [step._replace(instr=a, depth=step.depth + 1) for a in parts if not self._is_module(fn, a, ctx)]
        if word.lower() in _FORMS | _ENCODES and not recogniser.is_ours(fn, i, ctx):
            return [step._replace(instr=a, depth=step.depth + 1, flat=False) for _, a in arguments]
        names = step.names
        if word.lower() in _KEYED and arguments and (const := body.const(arguments[0][1])):
            names = (const[1], *names)
        elif word.lower().startswith("get") and not arguments:
            names = (word[3:].lstrip("_"), *names)
        self._piece(out, step._replace(names=names))
        return []

    def _is_made(self, fn: Fn, callee: int, ctx: Ctx | None) -> bool:
        return any(isinstance(o, ClassV) for o in options(self.model.evaluator.value(fn, callee, ctx)))

    def _is_sent(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether what is imported is the request at hand, or a piece of it: Flask's ``request.data.decode()``."""
        return self.model.requests.source(self.model.evaluator.value(fn, i, ctx)) is not None

    def _is_module(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        body = self.model.program.body(fn)
        if body.op[i] == Op.NAME:
            return not self.model.evaluator.defuse(fn, ctx).reaching(i, body.name(i)).stores and body.name(i) not in ("this", "self")
        return body.op[i] == Op.FIELD and self._is_module(fn, body.args(i)[0], ctx)

    def hides(self, fn: Fn, i: int) -> bool:
        """Whether a call gives back what it is given masked, cut, counted or hashed, by its name or by what it puts in its place."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD):
            return False
        word = body.name(callee).rpartition(".")[2]
        if word.lower() in _CUTS or self.model.words.has("redacting_verbs", word):
            return True
        if word.lower() in _REPLACES:
            return any((const := body.const(a)) and _MASK.search(const[1].strip("'\"")) for _, a in arguments)
        return any(p in written(self.model.program, fn, callee).lower() for p in ("redact", "sanitizer"))


def _through(body: Body, i: int) -> list[int]:
    """The instructions whose values an instruction passes on."""
    op, args = body.op[i], body.args(i)
    if op in (Op.TEXT, Op.LIST):
        return args
    if op == Op.CHOICE:
        return _without_last_resort(body, args[1:])
    if op in (Op.AWAIT, Op.SPREAD, Op.YIELD):
        return args[:1]
    if op == Op.STORE or (op == Op.CAST and body.text(args[0]) not in ("bool", "boolean")):
        return args[1:2]
    if op == Op.BINARY and body.text(args[0]) in _JOINS:
        return args[1:3]
    return []


def _proving_header(body: Body, i: int) -> tuple[str, ...]:
    """The name of the header by which a request proves who sends it, where a text is the whole line of it, as cURL takes them:
    ``'Authorization: Bearer ' . $this->token``."""
    op, args = body.op[i], body.args(i)
    first = args[1] if op == Op.BINARY and body.text(args[0]) in _JOINS else args[0] if op == Op.TEXT and args else -1
    const = body.const(first) if first >= 0 else None
    line = _PROVING_HEADER.match(const[1].strip("'\"")) if const is not None else None
    return (line[1],) if line is not None else ()


def _without_last_resort(body: Body, chosen: list[int]) -> list[int]:
    """Alternatives without the exception itself where its message stands beside it, which no exception lacks: ``e.message || e``."""
    told = {name for i in chosen for name in _told_of(body, i)}
    return [i for i in chosen if body.op[i] != Op.NAME or body.name(i) not in told]


def _told_of(body: Body, i: int) -> list[str]:
    """The variables whose message is one of some alternatives."""
    if body.op[i] == Op.CHOICE:
        return [name for inner in body.args(i)[1:] for name in _told_of(body, inner)]
    holder = body.args(i)[0] if body.op[i] == Op.FIELD and body.name(i) in _MESSAGES else -1
    return [body.name(holder)] if holder >= 0 and body.op[holder] == Op.NAME else []


def _is_starred(body: Body, i: int) -> bool:
    """Whether a text is put together of stars and what is left to see: ``'**** **** **** ' . $last``, ``sprintf('#### %d', $last)``."""
    op, args = body.op[i], body.args(i)
    parts = args if op == Op.TEXT else args[1:3] if op == Op.BINARY else [v for _, v in body.call(i)[1][:1]] if op == Op.CALL else []
    return any((const := body.const(part)) is not None and STARS.search(const[1]) for part in parts)
