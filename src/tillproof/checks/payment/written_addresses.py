"""A sender who is let in by his address, where the address is what he writes himself: the first of ``X-Forwarded-For``."""

import re

from tillproof.checks.ruling import Evidence, at
from tillproof.commerce.conditions import flat
from tillproof.commerce.effects import Place
from tillproof.commerce.handled import Handler
from tillproof.commerce.model import Model
from tillproof.flow.defuse import value_operands
from tillproof.flow.program import TOP, Fn
from tillproof.flow.proofs import Happening
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op

_NEAR = 4
_OF_SENDER = re.compile(
    r"remote_?addr(ess)?|(get_?)?(client|remote|real|sender|source|user|customer|caller|request|visitor)_?ip(_?addr(ess)?)?"
    r"|(get_?)?ip(_?addr(ess)?)?|x_?forwarded_?for",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\w*(allow|white|safe|trusted|permitted|valid|authori[sz]ed)\w*(ip|ips|addr\w*|ranges?|cidrs?|hosts?|networks?)\w*"
    r"|\w*ips?_?(white|allow|list|range)\w*|\w*cidr\w*|(\w*[a-z]_?)?ips|\w*ip_?addresses|\w*subnets?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?!127\.|0\.0|10\.|192\.168)\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?")
_WRITTEN = re.compile(r"(http[-_])?(x[-_]forwarded[-_]for|client[-_]ip|x[-_]client[-_]ip)", re.IGNORECASE)
"""Headers whose first address is whatever the sender says; a proxy only adds to the first, and passes the others on."""
_LOOKED_UP = re.compile(r"gethostbyname(_ex|l)?|dns_get_record|resolve4|getaddrinfo|dns_?(lookup|resolve)", re.IGNORECASE)
"""Functions that tell which addresses a host has."""
_LAST = frozenset(["pop", "at", "end", "array_pop", "array_slice", "rsplit", "rpartition", "slice", "last", "reverse", "array_reverse"])
_TRUSTS = re.compile(rb"['\"]trust proxy['\"]\s*,\s*true")


def listed_sender(model: Model, handler: Handler) -> Fn | None:
    """The function near a handler in which the address of the sender is looked up in a list."""
    written = {fn for text, (fn, _) in handler.closure.texts.items() if _ADDRESS.fullmatch(text)}
    for fn, depth in handler.closure.functions.items():
        tokens = model.vocabulary.tokens(fn) if depth <= _NEAR else frozenset()
        if any(_OF_SENDER.fullmatch(t) for t in tokens) and (
            fn in written or any(_LISTED.fullmatch(t) for t in tokens) or not tokens.isdisjoint(_kept_addresses(model, fn.file))
        ):
            return fn
    return None


def compared_sender(model: Model, act: Happening) -> tuple[Fn, int] | None:
    """The condition on the way to an effect that lets a sender through by his address: one of a list, of a host's, or one that is
    written there."""
    held = model.effects.held_at(Place(act.fn, act.instr, act.ctx))
    for atom in flat([found for fact in held for found in model.conditions.behind(fact)]):
        if atom.truth is not None and _asks_sender(model, atom.fn, atom.instr):
            tokens = model.vocabulary.tokens(atom.fn)
            if any(_LISTED.fullmatch(t) or _LOOKED_UP.fullmatch(t) for t in tokens) or _names_address(model, atom.fn):
                return atom.fn, atom.instr
    return None


def _names_address(model: Model, fn: Fn) -> bool:
    """Whether an address is written down in a function, or in what it names of its file: ``NETS = [ip_network("185.71.76.0/27")]``."""
    return _has_address(model.program.body(fn), 0, None) or not model.vocabulary.tokens(fn).isdisjoint(_kept_addresses(model, fn.file))


def _has_address(body: Body, start: int, end: int | None) -> bool:
    rows = range(start, len(body.op) if end is None else end)
    return any((const := body.const(i)) is not None and _ADDRESS.fullmatch(const[1].strip("'\"")) for i in rows)


def _kept_addresses(model: Model, file: str) -> frozenset[str]:
    """The variables at the top of a file in whose statement an address is written down."""
    top = model.program.body(Fn(file, TOP))
    stores = [i for i, op in enumerate(top.op) if op == Op.STORE]
    kept = [i for i in stores if top.op[top.args(i)[1]] != Op.ELEMENT]  # a list that is made in a loop is one statement
    begins = [0, *(i + 1 for i in kept)]
    return frozenset(top.name(i) for begin, i in zip(begins, kept, strict=False) if _has_address(top, begin, i))


def _asks_sender(model: Model, fn: Fn, i: int) -> bool:
    """Whether a condition reads the sender's address, by whatever it is called."""
    body = model.program.body(fn)
    waiting = [i]
    while waiting:
        here = waiting.pop()
        if body.op[here] in (Op.NAME, Op.FIELD) and _OF_SENDER.fullmatch(body.name(here).rpartition(".")[2]):
            return True
        waiting += [a for a in value_operands(body, here) if a < here]
    return False


def written_address(model: Model, handler: Handler) -> Evidence | None:
    """Where the address by which a sender is let in is read from what he writes himself; None where no list lets anybody in, and where
    the last address is taken, which the nearest proxy wrote."""
    listed = listed_sender(model, handler)
    if listed is None:
        return None
    for fn, depth in handler.closure.functions.items():
        body = model.program.body(fn)
        if depth > _NEAR or _takes_last(body):
            continue
        read = next((i for i in range(len(body.op)) if _WRITTEN.fullmatch(_named(body, i))), None)
        if read is not None:
            return at(model.program, fn, read, "the first address of this header is what the sender wrote there", "missing")
    return _trusted(model, listed)


def written_beside(model: Model, handler: Handler) -> Evidence | None:
    """The same of a list that is asked for beside another proof: where the header is read in the function that knows the list, or right
    behind it."""
    listed, written = listed_sender(model, handler), written_address(model, handler)
    if listed is None or written is None:
        return None
    near = [listed, *model.reach.callees(listed)]
    lines = {(fn.file, line) for fn in near for line in model.program.body(fn).line}
    return written if (written.file, written.line) in lines else None


def _named(body: Body, i: int) -> str:
    """The header, or key of PHP's ``$_SERVER``, that an instruction names."""
    if body.op[i] == Op.CONST and body.args(i)[0] == Kind.STRING:
        return body.name(i).strip("'\"")
    return body.name(i) if body.op[i] == Op.FIELD else ""


def _takes_last(body: Body) -> bool:
    """Whether a function takes something from the end of a list."""
    if any(op == Op.CALL and body.called(i).rpartition(".")[2] in _LAST for i, op in enumerate(body.op)):
        return True
    return any(op == Op.UNARY and body.text(body.args(i)[0]) == "-" for i, op in enumerate(body.op))


def _trusted(model: Model, fn: Fn) -> Evidence | None:
    """Where Express is told to believe whatever proxies are named: ``req.ip`` is then the first of them all."""
    program = model.program
    if program.language(fn.file) != "javascript" or "ip" not in model.vocabulary.tokens(fn):
        return None
    for file in program.mentioning("trust proxy"):
        source = program.sources[file]
        match = _TRUSTS.search(source) if program.unit(file) == program.unit(fn.file) else None
        if match is not None:
            what = "every proxy that is named is trusted, so that `req.ip` is what the sender wrote into X-Forwarded-For"
            return Evidence(file, source.count(b"\n", 0, match.start()) + 1, what, "missing")
    return None
