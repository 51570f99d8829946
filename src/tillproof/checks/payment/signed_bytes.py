"""What a proof is made over: the bytes as sent or a body that a parser has read, with a signed time that somebody looks at or not."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.entry_styles.arguments import Arguments
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.commerce.proof import Proven
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Element, Member, Mix, Param, Record, Result, Text, Value, leaves, names, options, pieces
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Verifier

_SERIALISERS = ("json.stringify", "json.dumps", "json_encode", "wp_json_encode")
_SPELLING = ("separators", "ensure_ascii", "indent", "default", "cls")
"""Arguments by which somebody imitates the bytes that were sent; to sort the keys is what some providers ask for."""
_PARSERS = ("json.parse", "json.loads", "json_decode")
_CLOCK = re.compile(
    r"(^|\.)(time|microtime|now|date|datetime|utcnow|carbon|monotonic|current_time|dayjs|moment)(\(\))?(\.|$|\()", re.IGNORECASE
)
_KEEPS_RAW = re.compile(rb"\brawBody['\"]?\s*:\s*true\b|\.rawBody\s*=(?!=)")
_ORDER = ("<", ">", "<=", ">=")
_MOUNTS = ("use", "all", "post")
_PAGES = re.compile(r"(^|/)pages/api/")
_FORM_PARSERS = ("urlencoded", "multer")
_PIECES = 80


class Parsed(NamedTuple):
    """A body that is not as it was sent: where that is shown, and whether the parser itself is seen on the route."""

    evidence: Evidence
    seen: bool


def verifier_of(model: Model, proof: Proven) -> Verifier | None:
    """The pack's verifier that a proof calls, if it is one."""
    known = model.operations.verifier_at(proof.fn, proof.instr, proof.ctx)
    return known.thing if known is not None and isinstance(known.thing, Verifier) else None


def arguments_of(model: Model, proof: Proven) -> list[Value]:
    """The positional and named arguments of a proof that is a call."""
    body = model.program.body(proof.fn)
    if body.op[proof.instr] not in (Op.CALL, Op.NEW):
        return []
    return [model.evaluator.value(proof.fn, v, proof.ctx) for _, v in body.call(proof.instr)[1]]


# --- what is signed


def _below(model: Model, values: list[Value], most: int = 80, written: bool = True) -> Iterator[Value]:
    """Values with all that they are made of, arguments of outside calls included; ``written``: also of those that write something out."""
    waiting, seen = list(values), set[int]()
    while waiting and len(seen) < most:
        here = waiting.pop(0)
        if id(here) in seen:
            continue
        seen.add(id(here))
        yield here
        waiting += here.parts()
        if isinstance(here, Result) and here.instr >= 0 and (written or not _serialises(here)):
            waiting += [v for _, v in model.evaluator.arguments(here)]


def _compared(model: Model, proof: Proven) -> list[Value]:
    body = model.program.body(proof.fn)
    if body.op[proof.instr] == Op.BINARY:
        return [model.evaluator.value(proof.fn, a, proof.ctx) for a in body.args(proof.instr)[1:3]]
    callee = body.args(proof.instr)[0]
    around = [model.evaluator.value(proof.fn, body.args(callee)[0], proof.ctx)] if body.op[callee] == Op.FIELD else []
    return around + arguments_of(model, proof)


def signed_body(model: Model, proof: Proven) -> list[Value]:
    """What the proof takes for the message: the verifier's body argument, or all that goes into a keyed digest of ours."""
    verifier = verifier_of(model, proof)
    if verifier is None:
        return list(_below(model, _compared(model, proof))) if proof.mac else []
    given = arguments_of(model, proof)
    if not verifier.raw_body or verifier.body is None or verifier.body >= len(given):
        return []
    return list(options(given[verifier.body]))


def serialised_again(model: Model, handler: Handler, proof: Proven) -> Parsed | None:
    """The body was parsed and written out again before it was signed: never the bytes that were sent.

    Beside the bytes, where the server keeps them, it is a way out that is never taken, and that could only refuse. So it is of what the
    gateway hands over as a text, where that is signed as it came if it is one.
    """
    if _takes_kept(model, handler, proof) or _takes_unread(model, handler, proof):
        return None
    as_came = any(_is_raw(model, v) for v in signed_body(model, proof))
    for value in signed_body(model, proof):
        if not isinstance(value, Result) or value.instr < 0 or not _serialises(value):
            if (shown := _shown(model, value)) is not None:
                return shown
            continue
        given = model.evaluator.arguments(value)
        if as_came and given and all(_is_raw(model, o) for o in options(given[0][1])):
            continue
        known = handler.provider.kind == "payment" and handler.provider.id != "unknown"
        chosen = [key for key, _ in given[1:] if not known or key not in _SPELLING]
        if verifier_of(model, proof) is None and (chosen or not _whole_body(model, given[0][1] if given else value)):
            continue  # a digest over fields that the provider names, or in an order that it asks for, is another thing
        if not known and given and _is_read(given[0][1]):
            continue  # a provider that nobody knows may sign what PHP or Python writes
        parser = _parser_before(model, handler)
        return Parsed(Evidence(*value.at, "the body is serialised again here", "source"), parser is not None and parser.seen)
    return None


def _serialises(value: Result) -> bool:
    return any(n.replace("()", "").lower() in _SERIALISERS for n in names(value.callee))


def _shown(model: Model, value: Value) -> Parsed | None:
    """What Python shows of a dictionary that was read from the body: ``str(request.get_json())`` is not even JSON."""
    if not isinstance(value, Result) or value.instr < 0 or not any(n in ("str()", "str", "repr", "repr()") for n in names(value.callee)):
        return None
    given = [v for _, v in model.evaluator.arguments(value)][:1]
    parsed = [s for v in given if (s := model.requests.source(v)) is not None and s.kind == "body" and s.key is None]
    return Parsed(Evidence(*value.at, "Python's own spelling of the parsed body is signed here", "source"), True) if parsed else None


def _is_raw(model: Model, value: Value) -> bool:
    """Whether a value is the body as it came, which nothing has read."""
    source = model.requests.source(value)
    return source is not None and source.kind == "raw" and source.key is None and not _is_read(value)


def _takes_kept(model: Model, handler: Handler, proof: Proven) -> bool:
    """Whether a request's bytes, which the server keeps, are signed, whatever else would be where it kept none."""
    sources = (model.requests.source(v) for v in signed_body(model, proof))
    return any(source is not None and source.kind == "raw" for source in sources) and _kept_raw(model, handler)


def _takes_unread(model: Model, handler: Handler, proof: Proven) -> bool:
    """Whether a body is signed that the first parser on its way leaves as it came, whatever else would be done with one that was read."""
    readers = (v for guard in handler.entry.chain for v in options(guard))
    first = next((v for v in readers if any(model.recogniser.result_is(kind, v) for kind in ("raw_parsers", "json_parsers"))), None)
    if first is None or not model.recogniser.result_is("raw_parsers", first):
        return False
    signed = signed_body(model, proof) if verifier_of(model, proof) else _below(model, _compared(model, proof), written=False)
    return any(not isinstance(v, Result) and _whole_body(model, v) for v in signed)


def _kept_raw(model: Model, handler: Handler) -> bool:
    """Whether the server is told somewhere to keep a request's bytes."""
    unit = model.program.unit(handler.entry.target.fn.file)
    files = (f for f in model.program.mentioning("rawBody") if model.program.unit(f) == unit)
    return any(_KEEPS_RAW.search(model.program.sources[f]) for f in files)


def _whole_body(model: Model, value: Value) -> bool:
    source = model.requests.source(value)
    if source is None or source.key is not None:
        return False
    return source.kind == "body" or (source.kind == "raw" and _is_read(value))


def _is_read(value: Value) -> bool:
    """Whether a value is what a reader of JSON makes of a text."""
    return isinstance(value, Result) and value.instr >= 0 and any(n.replace("()", "").lower() in _PARSERS for n in names(value.callee))


def parsed_before(model: Model, handler: Handler, proof: Proven) -> Parsed | None:
    """A verifier that needs the bytes is given the body of a request that a parser has read: one before the route, or here, by the very
    call or member that gives the body."""
    if verifier_of(model, proof) is None or _takes_kept(model, handler, proof):
        return None
    whole = [v for v in signed_body(model, proof) if _whole_body(model, v)]
    javascript = model.program.language(proof.fn.file) == "javascript"
    for value in whole:
        if isinstance(value, Result) or not javascript:
            return Parsed(Evidence(*value.at, "the body is parsed here", "source"), True)
    return _parser_before(model, handler) if any(isinstance(v, (Member, Param)) for v in whole) else None


# --- parsers


def _parser_before(model: Model, handler: Handler) -> Parsed | None:
    """The JSON parser that reads the body of a route before anybody asks for its bytes."""
    for guard in handler.entry.chain:
        for value in options(guard):
            if model.recogniser.result_is("raw_parsers", value):
                return None
            if model.recogniser.result_is("json_parsers", value) and not _of_forms(value):
                return Parsed(Evidence(*value.at, "this parser reads the body first", "step"), True)
    if (default := _default_parser(model, handler) or _parser_of_framework(model, handler)) is not None:
        return Parsed(default, True)
    every = _parser_of_every_route(model, handler)
    return Parsed(every, False) if every is not None else None


def _of_forms(value: Value) -> bool:
    """Whether a parser reads forms alone, and leaves the JSON that providers sign as it came: ``express.urlencoded()``."""
    return isinstance(value, Result) and any(n.rpartition(".")[2] in _FORM_PARSERS for n in names(value.callee))


def _default_parser(model: Model, handler: Handler) -> Evidence | None:
    """A pages route of Next.js parses the body unless its ``config`` says that it does not."""
    fn = handler.entry.target.fn
    if not _PAGES.search(fn.file):
        return None
    config = model.evaluator.scope.exported(fn.file, "config", (fn.file, 1))
    switch = model.evaluator.member(model.evaluator.member(config, "api", (fn.file, 1)), "bodyParser", (fn.file, 1))
    if any(isinstance(o, Const) and o.falsy for o in options(switch)):
        return None
    return Evidence(fn.file, 1, "the body parser of the route is not switched off", "step")


def _parser_of_framework(model: Model, handler: Handler) -> Evidence | None:
    """The parser of a framework that parses every body by itself, unless it is told not to or somebody puts a raw parser before a route."""
    pack = model.knowledge.frameworks.get(handler.entry.framework)
    if pack is None or not pack.parses.made_by:
        return None
    factory, _, makes = pack.parses.made_by.rpartition(".")
    unit = model.program.unit(handler.entry.target.fn.file)
    made: list[Evidence] = []
    for file in sorted(f for f in model.program.mentioning(factory) if model.program.unit(f) == unit):
        for fn in model.program.functions_around(file, factory):
            body = model.program.body(fn)
            for i, op in enumerate(body.op):
                if op != Op.CALL or body.called(i) != makes:
                    continue
                if any(factory in n for n in names(model.evaluator.value(fn, body.args(i)[0]))):
                    given = (v for v in Arguments(model.evaluator, fn, i).positional if isinstance(v, Record))
                    if any(key == pack.parses.unless for record in given for key, _ in record.entries):
                        return None
                    made.append(at(model.program, fn, i, f"{pack.name} parses the body of every route", "step"))
    return made[0] if len(made) == 1 and not _has_raw_parser(model, unit) else None


def _has_raw_parser(model: Model, unit: str) -> bool:
    """Whether code of a unit makes a parser somewhere that leaves the bytes."""
    for file in (f for f in model.program.mentioning("raw") if model.program.unit(f) == unit):
        for fn in model.program.functions_around(file, "raw"):
            body = model.program.body(fn)
            if any(
                op == Op.CALL and model.recogniser.result_is("raw_parsers", model.evaluator.value(fn, i)) for i, op in enumerate(body.op)
            ):
                return True
    return False


def _parser_of_every_route(model: Model, handler: Handler) -> Evidence | None:
    """A parser that a loop puts before every route of a table, where the handler's own file is one that the table is read from."""
    if handler.entry.framework != "":
        return None
    unit = model.program.unit(handler.entry.target.fn.file)
    for file in sorted({f for word in ("bodyParser", "express") for f in model.program.mentioning(word)}):
        if model.program.unit(file) != unit:
            continue
        for fn in model.program.all_functions(file):
            if (found := _mounted_in_loop(model, fn)) is not None:
                return found
    return None


def _mounted_in_loop(model: Model, fn: Fn) -> Evidence | None:
    body = model.program.body(fn)
    if fn.number == TOP and not body.op:
        return None
    for i, op in enumerate(body.op):
        if op != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD or body.name(body.args(i)[0]) not in _MOUNTS:
            continue
        given = Arguments(model.evaluator, fn, i).positional
        if len(given) < 2 or not any(isinstance(v, Element) or _handed(model, v) for v in _below(model, [given[0]], 8)):
            continue
        for value in given[1:]:
            if model.recogniser.result_is("json_parsers", value) and not _keeps_bytes(model, value):
                return at(model.program, fn, i, "this parser is put before every route and reads the body first", "step")
    return None


def _handed(model: Model, value: Value) -> bool:
    """Whether a value is what a callback is given of each element of a list."""
    if not isinstance(value, Param) or value.number != 0 or (around := model.program.parent(value.fn)) is None:
        return False
    body = model.program.body(around)
    for i, op in enumerate(body.op):
        goes_through = op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD and body.name(body.args(i)[0]) in ("forEach", "map", "each")
        if goes_through and any(body.op[a] == Op.FUNCTION and body.args(a)[0] == value.fn.number for _, a in body.call(i)[1]):
            return True
    return False


def _keeps_bytes(model: Model, parser: Value) -> bool:
    """Whether a parser has a ``verify`` hook, which is given the bytes."""
    if not isinstance(parser, Result) or parser.instr < 0:
        return False
    return any(isinstance(v, Record) and any(k == "verify" for k, _ in v.entries) for _, v in model.evaluator.arguments(parser))


# --- time


def time_unchecked(model: Model, proof: Proven) -> Evidence | None:
    """Something of the signature header is signed in front of the body, as a time is, and nothing on the way to the proof is compared
    with the clock."""
    if not proof.mac:
        return None
    message = next((v for v in _below(model, _compared(model, proof)) if _leads_body(model, v)), None)
    if message is None:
        return None
    around = [(proof.fn, proof.ctx), *((c.caller, c.parent) for c in (proof.ctx.chain() if proof.ctx else ()) if c.call >= 0)]
    for fn, ctx in around:
        body = model.program.body(fn)
        for i, op in enumerate(body.op):
            if op == Op.BINARY and body.text(body.args(i)[0]) in _ORDER:
                sides = [model.evaluator.value(fn, a, ctx) for a in body.args(i)[1:3]]
                if any(_is_clock(v) for v in _below(model, sides)):
                    return None
    return Evidence(*message.at, "what stands in front of the body is signed with it", "source")


def _leads_body(model: Model, value: Value) -> bool:
    """Whether a text is put together from a piece of the sender's, and then the whole body."""
    pieces = value.pieces if isinstance(value, Text) else value.operands if isinstance(value, Mix) and value.op == "+" else ()
    moving = [p for p in pieces if not isinstance(p, Const)]
    if len(moving) < 2 or len(moving) == len(pieces):
        return False
    last = model.requests.source(moving[-1])
    if last is None or last.kind not in ("raw", "body") or last.key is not None:
        return False
    first = list(leaves(moving[0], 20))
    if any(model.recogniser.result_is("config", v) for v in first):
        return False
    # what a header is taken apart into may be nothing, and has places: `substr($part, 2)`
    return not any(isinstance(v, Const) for v in first) or _of_a_header(model, moving[0])


def _of_a_header(model: Model, value: Value) -> bool:
    """Whether a value is made, by whatever calls, of what a header of the request says."""
    made = pieces([value], _PIECES, model.evaluator.made_of)
    return any(source.kind == "headers" for p in made if (source := model.requests.source(p)) is not None)


def _is_clock(value: Value) -> bool:
    return isinstance(value, Result) and any(_CLOCK.search(n) for n in names(value.callee))
