"""The effect on records, money, goods or people that a call has by the packs."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.callees import declared_class, is_told_what_to_make, lands
from tillproof.commerce.messages_told import is_collection
from tillproof.commerce.names import root, strip, written
from tillproof.commerce.relation_methods import is_of_relation
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, Instance, Result, before_writes, names, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Effect

if TYPE_CHECKING:
    from tillproof.commerce.recognise import Recogniser

_SUPER = "super()."
_DIGESTS = re.compile(r"createHmac|createHash|createSign|createVerify|hashlib\.|hmac\.new")
_FEEDS = "update"
_BEGINNINGS = ("insert", "update")
_COMPLETIONS = ("values", "set")


def effect_by_packs(recogniser: "Recogniser", fn: Fn, i: int, ctx: Ctx | None = None) -> tuple[Effect, bool] | None:
    """The effect on records, money, goods or people that a call has by its pack, and whether the receiver is certain."""
    lang = recogniser.program.language(fn.file)
    table = recogniser.effects[lang]
    body = recogniser.program.body(fn)
    callee = body.args(i)[0]
    if body.op[callee] in (Op.FIELD, Op.NAME) and body.name(callee).rpartition(".")[2].lower() not in table.words():
        return None
    for effect, pattern, name, _ in table.find((package,)) if (package := recogniser.imported(fn, i)) else ():
        if _effect_receiver(effect, pattern, name):
            return effect, True
    if digests(recogniser, fn, i) or _begins_statement(recogniser, fn, i, ctx):
        return None  # what a digest is made of is kept nowhere
    value = recogniser.evaluator.value(fn, callee, ctx)
    if lands(value):
        return None
    possible: tuple[Effect, bool] | None = None
    spelt = _of_bases(recogniser, fn, recogniser.callee_names(fn, i, ctx))
    if any(recogniser.keeps_nothing(name) for name in spelt):
        return None
    kind = declared_class(value)
    # `localAPI('GetInvoice', …)` pays nothing
    told = [t for t in table.find(spelt) if not t[3] or recogniser.first_argument_fits(fn, i, ctx, t[3])]
    told = [t for t in told if _holds_keys(recogniser, t[0], fn, i, ctx)]
    for effect, pattern, name, _ in told:
        if kind and effect.receivers and effect.entity and name.startswith("?") and effect.entity not in kind:
            continue  # a method of that name of a class that is declared to be something else
        if effect.receivers and pattern.startswith(".") and body.op[callee] == Op.NAME and "." not in name.lstrip("."):
            continue  # a plain function, such as PHP's `flush()`, is called on nothing
        certain = _effect_receiver(effect, pattern, name)
        if certain or (effect.given and _is_given(recogniser, effect, fn, i, ctx)):
            return effect, True
        if certain is False and possible is None and not effect.items and not effect.known:  # `update` of who knows what
            possible = effect, False
    if (
        possible is None
        or is_told_what_to_make(body, i, value)
        or _on_inert(recogniser, fn, callee, ctx)
        or recogniser.is_("loggers", fn, i, ctx) is not None
    ):
        return None
    asked = any(k.certain for k in recogniser.known(fn, i, ctx))  # `stripe.checkout.sessions.create` is no record of ours
    return None if asked else (possible[0], is_of_relation(recogniser.program, fn, body.args(callee)[0]))


def _is_given(recogniser: "Recogniser", effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call is handed an object of a class of ours that derives from one which nothing but that call takes."""
    evaluator = recogniser.evaluator
    handed = (o for _, v in recogniser.program.body(fn).call(i)[1] for o in options(evaluator.value(fn, v, ctx)))
    bases = (base for o in handed if isinstance(o, Instance) for base in evaluator.scope.foreign_bases(o.cls))
    return any(base in effect.given for base in bases)


def _holds_keys(recogniser: "Recogniser", effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call is handed a record by whose keys it is told from others of its name, where there are such keys."""
    if not effect.keys:
        return True
    given = recogniser.program.body(fn).call(i)[1]
    return bool(given) and shape(recogniser.evaluator, recogniser.evaluator.value(fn, given[0][1], ctx)).must.keys() >= set(effect.keys)


def _begins_statement(recogniser: "Recogniser", fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether a call only names the table of a statement that a later one completes: ``db.insert(orders).values({ … })``."""
    body = recogniser.program.body(fn)
    callee, given = body.call(i)
    if body.op[callee] != Op.FIELD or body.name(callee) not in _BEGINNINGS or len(given) != 1:
        return False
    uses = recogniser.evaluator.defuse(fn).uses
    completing = (c for f in uses(i) if body.op[f] == Op.FIELD and body.name(f) in _COMPLETIONS for c in uses(f))
    return any(body.op[c] == Op.CALL and effect_by_packs(recogniser, fn, c, ctx) is not None for c in completing)


def _of_bases(recogniser: "Recogniser", fn: Fn, called: tuple[str, ...]) -> tuple[str, ...]:
    """What Python's ``super().update`` may be by the classes of others that its class derives from: a view's is no record's."""
    owner = recogniser.program.owner(fn) if called and called[0].startswith(_SUPER) else None
    bases = recogniser.evaluator.scope.foreign_bases(owner) if owner is not None else []
    return tuple(f"{base}.{called[0].removeprefix(_SUPER)}" for base in bases) or called


def digests(recogniser: "Recogniser", fn: Fn, i: int) -> bool:
    """Whether a call makes, feeds or reads a digest, in one chain with the call that begins it or on what keeps it."""
    body = recogniser.program.body(fn)
    callee = body.args(i)[0]
    if _DIGESTS.search(written(recogniser.program, fn, callee)) is not None:
        return True
    if body.op[callee] != Op.FIELD or body.name(callee) != _FEEDS:
        return False
    holders = options(recogniser.evaluator.value(fn, body.args(callee)[0]))
    return any(isinstance(o, Result) and any(_DIGESTS.search(name) for name in names(o.callee)) for o in holders)


def _on_inert(recogniser: "Recogniser", fn: Fn, callee: int, ctx: Ctx | None) -> bool:
    """Whether a method is called on something on which none does anything outside: ``const seen = new Map()`` and ``seen.set(…)``."""
    body = recogniser.program.body(fn)
    if body.op[callee] != Op.FIELD:
        return False
    language = recogniser.program.language(fn.file)
    found = [before_writes(o) for o in options(recogniser.evaluator.value(fn, body.args(callee)[0], ctx))]
    return all(
        is_collection(o, language)
        or (isinstance(o, Result) and (o.new or language != "javascript") and recogniser.result_is("inert", o))  # Python writes no `new`
        for o in found
    )


def _effect_receiver(effect: Effect, pattern: str, name: str) -> bool | None:
    """Whether a call is certainly made on what its effect is had on; None where it is made on something else."""
    if effect.keys:
        return True  # by what it is handed
    if not pattern.startswith(".") or not effect.receivers:
        before = strip(root(name, pattern)) if pattern.startswith(".") else ""
        return not before.startswith(("?", "#"))
    before = strip(root(name, pattern))
    for receiver in effect.receivers:
        plain = receiver.lstrip(".").lower()
        if before.lower() == plain or before.lower().endswith("." + plain) or before.lower().startswith(plain + "."):
            return True
        if receiver.startswith(".") and before.startswith("?") and f".{before[1:].lower()}".rpartition(".")[0].endswith("." + plain):
            return True  # by how it is spelt: `tx.order`, `this.txHost.tx.order`
        if receiver.startswith(".") and before.startswith("?") and f"{before[1:].lower()}.".startswith(plain + "."):
            return True
    if not before or before.startswith(("?", "#")):
        return False
    return None
