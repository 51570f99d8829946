"""What a payment plugin answers its platform: that money is there, though the provider, which was asked, may have said otherwise.

The platform takes the method's word: a cart is completed, and goods go out, on ``{ status: 'captured' }``. ``payment/fulfil-on-redirect``
rules on it, since the customer's browser is what has the method called.
"""

from collections.abc import Iterator

from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.conditions import Atom, flat
from tillproof.commerce.effects import Place
from tillproof.commerce.entries import Entry
from tillproof.commerce.model import Model
from tillproof.flow.program import Fn
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, FunctionV, Member, Result, Value, constant, names, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

_MOST_PIECES = 60
_OPEN = ("pending", "requires_more", "created", "initiated", "open", "unpaid", "waiting")
_BEGINS = ("checkout.create", "payment.create")


def believed(model: Model) -> Iterator[Ruling]:
    """One ruling per answer of a plugin by which its platform knows that money is there."""
    authorizes = {f.id: r.authorizes for f in model.knowledge.frameworks.values() for r in f.routes if r.authorizes}
    seen: set[Fn] = set()
    for entry in model.entries:
        fn = entry.target.fn
        keys = authorizes.get(entry.framework, {}).get(model.program.name(fn))
        if keys and entry.role == "platform" and fn not in seen:
            seen.add(fn)
            ruling = _rule(model, entry, keys)
            if ruling is not None:
                yield ruling


def _rule(model: Model, entry: Entry, keys: dict[str, tuple[str, ...]]) -> Ruling | None:
    fn, ctx = entry.target.fn, model.evaluator.entry_context(entry.target)
    answers = [i for i in _answers(model, fn) if _says(model, fn, i, ctx, keys)]
    asked = [(f, i, k.thing) for f, i, k in model.handlers.closure(entry).operations if isinstance(k.thing, Operation)]
    asked = [(f, i, o) for f, i, o in asked if o.confirms or o.op in _BEGINS]
    trusted = [i for i in answers if not asked and _kept_from_client(model, fn, i, ctx)]
    if not asked and (early := next((i for i in answers if _though_open(model, fn, i, ctx)), None)) is not None:
        return _broken(model, _opened(model, entry), entry, early, [], "while the session says itself that the payment is still open")
    if not answers or not (asked or trusted):
        return None
    ruling = _opened(model, entry)
    for i in trusted or answers:
        atoms = flat([a for held in model.effects.held_at(Place(fn, i, ctx)) for a in model.conditions.behind(held)])
        asks = next((a for a in atoms if a.truth is not None and _hangs_on_answer(model, a)), None)
        if asks is not None:
            ruling.evidence.append(at(model.program, asks.fn, asks.instr, "money is there only when this says so", "guard"))
        elif not any(_raises(o) for _, _, o in asked):
            return _broken(model, ruling, entry, i, [(f, n) for f, n, _ in asked])
    raising = [(f, i) for f, i, o in asked if _raises(o)]
    ruling.evidence += [at(model.program, f, i, "an error of the provider's ends the method here", "guard") for f, i in raising[:2]]
    return ruling


def _opened(model: Model, entry: Entry) -> Ruling:
    fn = entry.target.fn
    function = model.program.function(fn)
    line = function.line if function else 1
    ruling = Ruling("payment/fulfil-on-redirect", "held", "platform-answer", fn.file, line)
    told = f"{model.program.qualified(fn)}: the platform takes its answer for whether money is there"
    ruling.evidence = [Evidence(fn.file, line, told, "source")]
    return ruling


def _though_open(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether an answer is given, too, where the session's own state says that nobody has paid: ``status === 'pending'``."""
    held = [a for h in model.effects.held_at(Place(fn, i, ctx)) for a in model.conditions.behind(h)]
    return any(_asks_for_open(model, atom) for atom in flat(held))


def _asks_for_open(model: Model, atom: Atom) -> bool:
    body = model.program.body(atom.fn)
    if not atom.truth or body.op[atom.instr] != Op.BINARY or body.text(body.args(atom.instr)[0]) not in ("==", "==="):
        return False
    left, right = (model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3])
    for state, said in ((left, right), (right, left)):
        word = (constant(said) or next(iter(names(said)), "").rpartition(".")[2]).strip("'\"").lower()
        named = [o.name for o in options(state) if isinstance(o, Member)]
        if word in _OPEN and any(model.words.has("status_fields", name) for name in named):
            return True
    return False


def _answers(model: Model, fn: Fn) -> Iterator[int]:
    body = model.program.body(fn)
    yield from (i for i, op in enumerate(body.op) if op == Op.RETURN and body.args(i) and body.args(i)[0] >= 0)


def _says(model: Model, fn: Fn, i: int, ctx: Ctx | None, keys: dict[str, tuple[str, ...]]) -> bool:
    """Whether an answer says by a constant that money is there."""
    got = shape(model.evaluator, model.evaluator.value(fn, model.program.body(fn).args(i)[0], ctx)).must
    for key, words in keys.items():
        said = [(constant(o) or next(iter(names(o)), "").rpartition(".")[2]).lower() for o in options(got[key])] if key in got else []
        if said and all(text in words for text in said):
            return True
    return False


def _kept_from_client(model: Model, fn: Fn, i: int, ctx: Ctx | None) -> bool:
    """Whether the answer names the payment by what the customer sent."""
    sources = model.requests.sources_in(model.evaluator.value(fn, model.program.body(fn).args(i)[0], ctx))
    return any(source.kind == "body" and source.key for source, _ in sources)


def _raises(operation: Operation) -> bool:
    """Whether an operation leaves the method by an error unless money is there."""
    return operation.confirms and operation.op != "payment.retrieve" and operation.declines == "raised"


def _hangs_on_answer(model: Model, atom: Atom) -> bool:
    """Whether a condition is about what a call gave that asks the provider, or asks who calls."""
    body = model.program.body(atom.fn)
    sides = [a for a in (atom.instr, *body.args(atom.instr)) if 0 <= a < len(body.op)]
    waiting: list[Value] = [model.evaluator.value(atom.fn, side, atom.ctx) for side in sides]
    seen, doors = 0, {door for framework in model.wiring.active.of(atom.fn.file) for door in framework.doors}
    while waiting and seen < _MOST_PIECES:
        here = waiting.pop()
        seen += 1
        if isinstance(here, Member) and here.name in doors:
            return True
        if isinstance(here, Result) and here.instr >= 0:
            known = model.operations.at(here.fn, here.instr, here.ctx)
            own = any(isinstance(o, FunctionV) and model.reach.of([o]).operations for o in options(here.callee))
            if own or (known is not None and isinstance(known.thing, Operation)):
                return True
            waiting.append(here.callee)
        waiting += here.parts()
    return seen >= _MOST_PIECES


def _broken(model: Model, ruling: Ruling, entry: Entry, answer: int, asked: list[tuple[Fn, int]], why: str = "") -> Ruling:
    fn = entry.target.fn
    name = model.program.qualified(fn)
    ruling.outcome, ruling.severity, ruling.confidence = "broken", "critical", "likely"
    ruling.anchor = extent(model.program, fn, answer)
    ruling.title = "The plugin tells its platform that money is there without the provider's word"
    how = (
        why or "whatever the provider answered"
        if asked or why
        else "and the provider is never asked; the payment is named by what the customer sent"
    )
    ruling.message = (
        f"{name} answers here that the payment is made, {how}: the platform completes the order on it, so a customer who has not paid, or "
        "whose payment failed or is pending, gets the goods."
    )
    ruling.remediation = (
        "Ask the provider for the payment, compare its status, amount and reference with the session's, and answer that money is there "
        "only when it says so; otherwise answer `pending` or an error."
    )
    ruling.evidence += [at(model.program, f, i, "the provider is asked here", "step") for f, i in asked[:2]]
    ruling.evidence.append(at(model.program, fn, answer, "nothing on the way here depends on what the provider answered", "missing"))
    return ruling
