"""Whether what a message names is bound to a record of ours: looked up by it, compared with it, or taken from it in the first place."""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.given import given_at
from tillproof.commerce.lexicon import snake
from tillproof.commerce.payment_ids import PAYMENT_ID
from tillproof.commerce.told_answers import asked_with
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Member, Mix, Result, Seq, Text, Value, names, options, pieces
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.handled import Handler
    from tillproof.commerce.model import Model
    from tillproof.commerce.proof import Proven
    from tillproof.commerce.touches import Touch
    from tillproof.knowledge.schema import Provider

_SESSION = re.compile(r"session", re.IGNORECASE)
_NEAR = 3
_JOINS = ("+", ".")
_PIECES = 60
_EQUAL = ("==", "===", "!=", "!==", "<>", "is", "is not")
_COMPARING = ("strcmp", "hash_equals", "timingsafeequal", "compare_digest", "equals", "isequal")
_LOOKS_UP = ("where", "find", "get", "first", "load", "select", "filter", "query", "fetch", "one", "by")
_LONGEST_CHAIN = 16
_BEGIN = ("payment.create", "checkout.create")
_NOTES = ("metadata", "notes")  # where providers keep what we call the order
_REFERENCES = (
    "external_reference", "body.external_reference", "client_reference_id", "custom_id", "purchase_units[].custom_id",
    "purchase_units[].reference_id",
)  # fmt: skip
"""Where they keep its number alone."""
_ORDER = re.compile(r"(\w+_)?(order|booking|purchase|reservation)(_?(id|uuid|no|number|ref|reference|key))?", re.IGNORECASE)


def signed_at_will(model: "Model", handler: "Handler", paid: Iterable[Effect] = ()) -> bool:
    """A genuine signature over ids that the sender chose: nothing says that they are those of the order which is then marked paid.
    ``paid``: the changes after which an order counts as paid; one whose record is found by another piece of the request is not bound by
    a look-up beside it."""
    return not any(p.refetch for p in handler.walked.proofs) and _chosen(model, handler, paid)


def asked_at_will(model: "Model", handler: "Handler", paid: Iterable[Effect]) -> bool:
    """A payment is asked for by one piece of the request, and the order that is then marked paid is found by another: who has paid once
    names any order beside it."""
    asked = _asked_by(model, handler)
    found = [found_by_sent(model, effect.touch) for effect in paid if effect.touch is not None]
    return bool(asked) and bool(found) and all(keys and keys.isdisjoint(asked) for keys in found)


def asked_for_another(model: "Model", handler: "Handler", sought: frozenset[str]) -> bool:
    """Whether a record is found by pieces of the request of which the provider, asked by another piece, is told nothing, and nothing holds
    them against what it answers; no signature stands over the two."""
    asked = _asked_by(model, handler)
    if not asked or not sought or not sought.isdisjoint(asked) or not all(p.refetch for p in handler.walked.proofs):
        return False
    near = [fn for fn, depth in handler.closure.functions.items() if depth <= _NEAR]
    return not any(compares(model, fn, key.rpartition(".")[2]) for fn in near for key in sought)


def _asked_by(model: "Model", handler: "Handler") -> set[str]:
    """The pieces of the request by which the provider is asked for a payment."""
    return {key for p in handler.walked.proofs if p.refetch for _, key in sent_pieces(model, asked_with(model, p.fn, p.instr, p.ctx))}


def found_by_sent(model: "Model", touch: "Touch") -> set[str]:
    """The pieces of the request by which a changed record is found."""
    reads = [touch] if touch.keys else []
    reads += [read for o in options(touch.record) if (read := model.records.read_behind(o)) is not None] if touch.record is not None else []
    return {s.key for read in reads for v in read.keys.values() for s, _ in model.requests.sources_in(v, _PIECES) if s.key}


def _chosen(model: "Model", handler: "Handler", paid: Iterable[Effect]) -> bool:
    """Whether a signature, if there is one, is over ids that the sender chose, whatever else the provider is asked."""
    signed = [p for p in handler.walked.proofs if not p.refetch]
    if not handler.inbound.binds or not signed:
        return False
    near = [fn for fn, depth in handler.closure.functions.items() if depth <= _NEAR]
    fields = _binding(model, handler, near, signed)
    if not any(_is_signed(model, proof, field) for proof in signed for field in fields):
        return False  # the id in the signature is one that we kept
    paid = list(paid)
    if paid and all(effect.touch is not None and _kept_under(model, effect.touch, fields) for effect in paid):
        return False
    if any(_named_otherwise(model, effect.touch, fields) for effect in paid if effect.touch is not None):
        return not any(compares(model, fn, field) for fn in near for field in fields)
    return not any(_is_bound(model, fn, field) for fn in near for field in fields)


def _kept_under(model: "Model", touch: "Touch", fields: tuple[str, ...]) -> bool:
    """Whether a changed record is found by the very piece of the request that was signed, kept in a column for the provider's id:
    ``UPDATE orders SET … WHERE razorpay_order_id = %s``."""
    for column, value in touch.keys.items():
        sent = [s.key for s, _ in model.requests.sources_in(value, _PIECES) if s.key]
        if PAYMENT_ID.fullmatch(snake(column).rpartition(".")[2]) and sent and all(key.rpartition(".")[2] in fields for key in sent):
            return True
    return False


def _named_otherwise(model: "Model", touch: "Touch", fields: tuple[str, ...]) -> bool:
    """Whether a changed record is found, on some way at least, by pieces of the request of which none is what was signed."""
    found = [touch] if touch.keys else []
    found += [read for o in options(touch.record) if (read := model.records.read_behind(o)) is not None] if touch.record is not None else []
    for read in found:
        sent = [s.key for value in read.keys.values() for s, _ in model.requests.sources_in(value, _PIECES) if s.key]
        if sent and not any(field in key.split(".") for key in sent for field in fields):
            return True
    return False


def _binding(model: "Model", handler: "Handler", near: list[Fn], signed: "list[Proven]") -> tuple[str, ...]:
    """The fields of which one has to be ours: as the provider calls them or, where the page sends them on under names of its own, the
    first of those that the signed text is put together from."""
    binds = handler.inbound.binds
    if any(not model.vocabulary.tokens(fn).isdisjoint(binds) for fn in near):
        return binds
    for proof in signed:
        for here in pieces(handed(model, proof), _PIECES, model.evaluator.made_of):
            sent = [s.key for part in _put_together(here) if (s := model.requests.source(part)) and s.key]
            if len(sent) > 1:
                return (sent[0].rpartition(".")[2],)
    return binds


def _put_together(value: Value) -> list[Value]:
    """What a text is put together from, in order: a template, a joined list, ``id + "|" + payment``."""
    if isinstance(value, Mix) and value.op in _JOINS:
        return [part for operand in value.operands for part in (_put_together(operand) or [operand])]
    return list(value.parts()) if isinstance(value, (Text, Seq)) else []


def signed_for_ours(model: "Model", handler: "Handler", paid: Iterable[Effect] = ()) -> "Proven | None":
    """The proof of a signature over an id of the provider that we kept with the order, or hold against it: the message is about the payment
    that was made for that order."""
    signed = [p for p in handler.walked.proofs if not p.refetch]
    if not handler.inbound.binds:
        fields = [f for b in handler.provider.inbound for f in b.binds]
        return next((p for p in signed if any(_is_ours(model, p, field) for field in fields)), None)
    paid = list(paid)
    if any(_is_visitors_last(model, e.touch) for e in paid if e.touch is not None) and any(_kept_in_session(model, p) for p in signed):
        return None  # the platform's last order and our last payment are two things of a session, and need not belong together
    return signed[0] if signed and not _chosen(model, handler, paid) else None


def _is_visitors_last(model: "Model", touch: "Touch") -> bool:
    """Whether a changed record is the order that the platform says the visitor placed last."""
    found = options(touch.record) if touch.record is not None else ()
    return bool(found) and all(isinstance(o, Result) and model.recogniser.result_is("visits", o) for o in found)


def _kept_in_session(model: "Model", proof: "Proven") -> bool:
    """Whether part of what is signed was kept in the visitor's session: ``$this->session->getPaymentId()``."""
    here = pieces(handed(model, proof), _PIECES, model.evaluator.made_of)
    asked = [p for p in here if isinstance(p, Result) and isinstance(p.callee, Member) and not model.recogniser.result_is("visits", p)]
    holders = [n.rpartition(".")[0].rpartition(".")[2] for p in asked for n in names(p.callee)]
    return any(_SESSION.search(holder) for holder in holders)


def _is_ours(model: "Model", proof: "Proven", field: str) -> bool:
    """Whether a verifier is handed the field in a record, and as something that nobody sent."""
    body = model.program.body(proof.fn)
    for _, given in body.call(proof.instr)[1] if body.op[proof.instr] in (Op.CALL, Op.NEW) else ():
        held = shape(model.evaluator, model.evaluator.value(proof.fn, given, proof.ctx)).must.get(field)
        if held is not None and not isinstance(held, Const) and not model.requests.sources_in(held, _PIECES):
            return True
    return False


def all_signed(model: "Model", handler: "Handler", sought: frozenset[str]) -> bool:
    """Whether pieces of a request are all part of what a secret of ours was signed over: then they are the provider's own word."""
    signed = [p for p in handler.walked.proofs if p.mac]
    return bool(sought) and all(any(_is_signed(model, p, key.rpartition(".")[2]) for p in signed) for key in sought)


def _is_signed(model: "Model", proof: "Proven", field: str) -> bool:
    """Whether the field, as it was sent, is part of what the signature is checked over."""
    return any(_names(model, here, field) for here in pieces(handed(model, proof), _PIECES, model.evaluator.made_of))


def handed(model: "Model", proof: "Proven") -> list[Value]:
    """What a verifier or a comparison is given."""
    body = model.program.body(proof.fn)
    given = [v for _, v in body.call(proof.instr)[1]] if body.op[proof.instr] in (Op.CALL, Op.NEW) else body.args(proof.instr)[1:3]
    return [model.evaluator.value(proof.fn, v, proof.ctx) for v in given]


def _names(model: "Model", value: Value, field: str) -> bool:
    source = model.requests.source(value)
    return source is not None and source.key is not None and field in source.key.split(".")


def _made_of(model: "Model", value: Value, field: str) -> bool:
    return any(s.key is not None and field in s.key.split(".") for s, _ in model.requests.sources_in(value, _PIECES))


def _is_bound(model: "Model", fn: Fn, field: str) -> bool:
    """Whether a function compares the sent id with something of ours, or looks a record up by it."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD):
            given = [model.evaluator.value(fn, a) for _, a in body.call(i)[1]]
            if looks_up(model, fn, i, body.called(i).lower()) and any(_made_of(model, v, field) for v in given):
                return True
    return compares(model, fn, field)


def compares(model: "Model", fn: Fn, field: str) -> bool:
    """Whether a function compares the sent id with something of ours."""
    body = model.program.body(fn)
    for i, op in enumerate(body.op):
        if op == Op.BINARY and body.text(body.args(i)[0]) in _EQUAL:
            sides = body.args(i)[1:3]
        elif op == Op.CALL and body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD) and body.called(i).lower() in _COMPARING:
            sides = [a for _, a in body.call(i)[1]]
        else:
            continue
        if _is_compared(model, [model.evaluator.value(fn, a) for a in sides], field):
            return True
    return False


def _is_compared(model: "Model", sides: list[Value], field: str) -> bool:
    """Whether the sent id stands on one side and something that was not sent on the other."""
    sent = [_made_of(model, v, field) for v in sides]
    ours = [not isinstance(v, Const) and not model.requests.sources_in(v, _PIECES) for v in sides]
    return any(s and any(o for m, o in enumerate(ours) if m != n) for n, s in enumerate(sent))


def looks_up(model: "Model", fn: Fn, i: int, name: str) -> bool:
    """Whether a call searches records, rather than reads a piece of the request."""
    if model.requests.source(model.evaluator.value(fn, i)) is not None or model.operations.verifier_at(fn, i) is not None:
        return False
    return model.recogniser.is_("reads", fn, i) is not None or any(name.startswith(w) for w in _LOOKS_UP)


def looked_up_by_two(model: "Model", handler: "Handler") -> bool:
    """Whether a record is looked up by two pieces of the request at once, such as the order and the provider's reference that was stored
    with it: who makes up one of the two finds nothing."""
    for fn, depth in handler.closure.functions.items():
        body = model.program.body(fn)
        calls = (i for i, op in enumerate(body.op) if op == Op.CALL and body.op[body.args(i)[0]] == Op.FIELD)
        if depth <= 1 and any(len(_pieces(model, fn, i)) > 1 for i in calls):
            return True
    return False


def _pieces(model: "Model", fn: Fn, i: int) -> set[str]:
    """The pieces of the request that a chain of search calls is given, up to a call."""
    body = model.program.body(fn)
    out: set[str] = set()
    for _ in range(_LONGEST_CHAIN):
        if body.op[i] != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD:
            break
        callee, given = body.call(i)
        if any(body.name(callee).lower().startswith(w) for w in (*_LOOKS_UP, "and")):
            values = [model.evaluator.value(fn, v) for _, v in given]
            out |= {s.key for v in values for s, _ in model.requests.sources_in(v, 12) if s.key}
        i = body.args(callee)[0]
    return out


def compared_with_kept(model: "Model", effect: Effect, proof: "Proven") -> Atom | None:
    """The comparison on the way to an effect by which the id that the provider is asked by, as it was sent, is the one that an order of
    ours keeps: ``$order['trx_id'] !== $_GET['trx_id']`` before ``$client->status($_GET['trx_id'])``."""
    asked = set(sent_pieces(model, asked_with(model, proof.fn, proof.instr, proof.ctx)))
    for atom in (a for held in model.effects.held(effect) for a in flat(model.conditions.behind(held))):
        here = model.program.body(atom.fn)
        if here.op[atom.instr] != Op.BINARY or here.text(here.args(atom.instr)[0]) not in _EQUAL:
            continue
        same = here.text(here.args(atom.instr)[0]) in ("==", "===", "is")
        sides = here.args(atom.instr)[1:3]
        values = [model.evaluator.value(atom.fn, side, atom.ctx) for side in sides]
        for side, one, other in ((sides[0], values[0], values[1]), (sides[1], values[1], values[0])):
            sent = set(sent_pieces(model, [other]))
            if atom.truth is same and sent and sent <= asked and (_keeps(model, one) or _reads_kept(model, atom, side)):
                return atom
    return None


def sent_pieces(model: "Model", values: list[Value]) -> Iterator[tuple[str, str]]:
    """The pieces of a request, by kind and key, that values are made of; what the visitor's session keeps was not sent."""
    found = (model.requests.source(p) for p in pieces(values, _PIECES, model.evaluator.made_of))
    return ((s.kind, s.key) for s in found if s is not None and s.key and s.kind != "session")


def _reads_kept(model: "Model", atom: Atom, side: int) -> bool:
    reads = model.states.field(atom.fn, side, atom.ctx)
    return any(PAYMENT_ID.fullmatch(r.field.removeprefix("meta:").strip("_")) and model.words.entity(r.entity) for r in reads)


def _keeps(model: "Model", value: Value) -> bool:
    """Whether a value is a payment's id among what a record of ours holds: ``$order->getCustomFields()['acme_trx_id']``."""
    here, path = value, []
    for _ in range(_LONGEST_CHAIN):
        if isinstance(here, Member):
            path.append(snake(here.name).strip("_"))
            here = here.base
        elif isinstance(here, Result) and isinstance(here.callee, Member) and snake(here.callee.name).startswith("get_"):
            here = here.callee.base
        else:
            break
    read = model.records.read_behind(here) if path else None
    return read is not None and model.words.entity(read.entity) and PAYMENT_ID.fullmatch(path[0]) is not None


def order_named_by_client(model: "Model", provider: "Provider") -> tuple[Place, str] | None:
    """Where a payment is begun under the name of an order that the client sends and that nothing there looks up or compares, and the piece
    of the request that names it: the sum is then that of something else. None when an order of ours is named, or none at all."""
    for site in model.operations.sites:
        if site.provider.id != provider.id or site.operation.op not in _BEGIN:
            continue
        for path in _NOTES:
            for ctx, value in given_at(model, site, path):
                whole = next((sent for o in options(value) if (sent := model.requests.source(o)) and sent.key and path in _NOTES[:2]), None)
                if whole is not None:
                    return Place(site.fn, site.instr, ctx), whole.key or path  # all that is kept with the payment is the sender's
                for key, held in shape(model.evaluator, value).must.items():
                    source = model.requests.source(held) if _ORDER.fullmatch(key) else None
                    if source is not None and source.key and not _is_bound(model, site.fn, source.key.rpartition(".")[2]):
                        return Place(site.fn, site.instr, ctx), source.key
        for ctx, value in ((c, v) for path in _REFERENCES for c, v in given_at(model, site, path)):
            key = next((sent.key for o in options(value) if (sent := model.requests.source(o)) is not None and sent.key), "")
            if _ORDER.fullmatch(key.rpartition(".")[2]) and not _is_bound(model, site.fn, key.rpartition(".")[2]):
                return Place(site.fn, site.instr, ctx), key
    return None
