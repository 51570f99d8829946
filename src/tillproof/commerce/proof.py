"""What proves who sent a message, and what acts on it: the policy of the walk behind webhooks and returns."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.callees import makes
from tillproof.commerce.charged_at_once import is_confirmed
from tillproof.commerce.handing_on import goes_on
from tillproof.commerce.keyed_digests import SIZES, is_mac
from tillproof.commerce.lexicon import snake
from tillproof.commerce.only_noted import only_notes
from tillproof.commerce.opened import opens_with_ours
from tillproof.commerce.pack_tables import Kind as RecognisedKind
from tillproof.commerce.proof_flags import asked_flag, set_where_proven
from tillproof.commerce.recognise import Known
from tillproof.commerce.requests import Source
from tillproof.commerce.role_checks import INSISTS
from tillproof.commerce.salted import is_made_with_secret, is_of_message_alone
from tillproof.commerce.shared_secrets import is_echo, is_open, is_shared_secret
from tillproof.commerce.strange_calls import asked_again, asks_where_told, foreign_verifier, gives_truth
from tillproof.flow.asked import reads, reads_inside
from tillproof.flow.called_back import passed_on
from tillproof.flow.chained import step_before
from tillproof.flow.program import TOP, Fn
from tillproof.flow.proofs import Proof, bytewise
from tillproof.flow.shape import shape
from tillproof.flow.values import Const, Ctx, FunctionV, Mix, Result, Seq, Value, constant, leaves, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Effect, Operation, Verifier

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SEARCHES = {
    "preg_match",
    "strpos",
    "str_contains",
    "in_array",
    "includes",
    "indexof",
    "some",
    "startswith",
    "strcmp",
    "equals",
    "timingsafeequal",
    "safecompare",
    "isequal",
    "compare",
}
_READING = ("payment.retrieve", "order.read", "catalog.read", "webhook.verify", "tax.calculate", "rates.quote", "customer.create", "other")
_PROVING: tuple[RecognisedKind, ...] = ("verifies", "compares", "opens")
_RECORDS = ("record.create", "record.write", "order.write")
_FEW_PIECES = 60
_FEW_CALLS = 6
_NO_ACT = ("event", "order.note")
_LOGGER = re.compile(r"(^|_)(logs?|logger|logging|debug|trace)(_|$)")
POSSIBLE = "?"
"""Ends the kind of an effect whose receiver is not known: the name alone says so."""
CONTINUES = "continues"
"""The effect by which a middleware or decorator lets the request pass."""
_SIZES = SIZES | {"count", "sizeof"}
_EQUAL = ("==", "===", "!=", "!==", "is", "is not", "<>")


@dataclass(frozen=True, slots=True)
class Proven:
    """A proof that the walk met. ``how``: what makes it one; ``secret`` where a secret that is sent along is compared as it is.
    ``refetch``: the provider was asked instead. ``mac``: a keyed digest is compared. ``also``: other calls of the same line, by a client
    that sends everything."""

    fn: Fn
    instr: int
    ctx: Ctx | None
    what: str
    how: str
    refetch: bool = False
    mac: bool = False
    also: list[Ctx | None] = field(default_factory=list, compare=False)


def _is_size(body: Body, i: int) -> bool:
    """Whether an instruction says how long something is: ``given.length``, ``strlen($given)``."""
    if body.op[i] == Op.CALL:
        return body.called(i).lower() in _SIZES
    return body.op[i] == Op.FIELD and body.name(i).lower() in _SIZES


class SenderPolicy:
    """Proof: a verifier of the packs, a keyed digest compared, a secret compared, or the provider asked. Effect: what acts on the
    message."""

    def __init__(self, model: "Model", events: frozenset[str]) -> None:
        self.model = model
        self.events = events
        self.proofs: dict[tuple[Fn, int], Proven] = {}
        self._proof_memo: dict[tuple[Fn, int, int], Proof | None] = {}
        self._effect_memo: dict[tuple[Fn, int, int], str | None] = {}

    # --- proof

    def proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        key = (fn, i, id(ctx))
        if key not in self._proof_memo:
            self._proof_memo[key] = None
            op = self.model.program.body(fn).op[i]
            found = self._call_proof(fn, i, ctx) if op in (Op.CALL, Op.NEW) else self._comparison_proof(fn, i, ctx)
            self._proof_memo[key] = found or self._flag_proof(fn, i)
        return self._proof_memo[key]

    def _note(self, fn: Fn, i: int, ctx: Ctx | None, what: str, how: str, refetch: bool = False, mac: bool = False) -> None:
        known = self.proofs.setdefault((fn, i), Proven(fn, i, ctx, what, how, refetch, mac))
        if known.ctx is not ctx and len(known.also) < _FEW_CALLS:
            known.also.append(ctx)

    def _call_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        model = self.model
        known = model.operations.verifier_at(fn, i, ctx)
        if known is not None and isinstance(known.thing, Verifier):
            return self._verified(fn, i, ctx, known, known.thing)
        operation = model.operations.at(fn, i, ctx)
        if operation is not None and isinstance(operation.thing, Operation):
            if self.asked_and_used(fn, i, operation.thing, ctx):
                what = f"{operation.provider.name} is asked ({operation.thing.op} of {operation.thing.resource or 'it'})"
                self._note(fn, i, ctx, what, "refetch", refetch=True)
                return Proof("boolean" if model.program.language(fn.file) in operation.thing.truth else "throws")
            return None
        if not self._may_prove(fn, i) or model.recogniser.is_ours(fn, i, ctx):
            return self._caught_proof(fn, i, ctx) or self._strange_proof(fn, i, ctx)
        if model.recogniser.is_("verifies", fn, i, ctx):
            if self._signs_in(fn, i, ctx):
                return None
            self._note(fn, i, ctx, "the signed token is verified", "throws")
            return Proof("throws")
        if model.recogniser.is_("opens", fn, i, ctx) is not None or model.recogniser.is_("compares", fn, i, ctx) is not None:
            return self._key_proof(fn, i, ctx)
        callee = model.program.body(fn).args(i)[0]
        body = model.program.body(fn)
        name = body.called(i).lower()
        if name in _SEARCHES:
            around = self._arguments(fn, i, ctx) + (
                [model.evaluator.value(fn, body.args(callee)[0], ctx)] if body.op[callee] == Op.FIELD else []
            )
            if any(is_mac(self.model, a) for a in around):
                self._note(fn, i, ctx, "the keyed digest is looked for in what was sent", "search", mac=True)
                return Proof("boolean")
        return self._strange_proof(fn, i, ctx)

    def _flag_proof(self, fn: Fn, i: int) -> Proof | None:
        """A flag that other code sets once it has proven the sender. What that code does is the proof that is told of."""
        name = asked_flag(self.model, fn, i)
        return Proof("boolean") if name and set_where_proven(self.model, self, fn, name) else None

    def _key_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """A call that compares, or opens, what only somebody with a key has made."""
        arguments = self._arguments(fn, i, ctx)
        if (compares := self.model.recogniser.is_("compares", fn, i, ctx)) is None:
            if not opens_with_ours(self.model, arguments):
                return None
            self._note(fn, i, ctx, "what was sent is opened with our key", "throws", mac=True)
            return Proof("throws")
        if "verif" in compares.lower():
            self._note(fn, i, ctx, "the signature is verified", "boolean")
            return Proof("boolean")
        if any(is_of_message_alone(self.model, a) for a in arguments) or (arguments and all(is_echo(self.model, a) for a in arguments)):
            return None  # who sends the message makes that digest, too
        if any(is_mac(self.model, a) for a in arguments) or any(self._from_sender(a) and not is_open(self.model, a) for a in arguments):
            self._note(fn, i, ctx, "the keyed digest is compared in constant time", "boolean", mac=True)
            return Proof("boolean")
        return None

    def _strange_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """A payment system that no pack knows is asked, or its own code verifies what was sent."""
        asked = asked_again(self.model, fn, i, ctx)
        if asked and self._looked_at(fn, i, ctx, 0) and not asks_where_told(self.model, fn, i, ctx):
            self._note(fn, i, ctx, f"the payment system is asked (`{asked}`)", "refetch", refetch=True)
            return Proof("throws")
        if self.model.recogniser.is_ours(fn, i, ctx) or not foreign_verifier(self.model, fn, i, ctx):
            return None
        how: Literal["boolean", "throws"] = "boolean" if gives_truth(self.model, fn, i) else "throws"
        self._note(fn, i, ctx, "the signature is verified", how)
        return Proof(how)

    def _verified(self, fn: Fn, i: int, ctx: Ctx | None, known: Known, verifier: Verifier) -> Proof | None:
        self._note(fn, i, ctx, f"{known.provider.name}'s verification ({known.name.replace('()', '')})", verifier.proves)
        if verifier.proves == "wraps":
            return Proof("wraps")  # it is the function handed to it that is called for genuine messages only
        if verifier.proves in ("throws", "value"):
            return Proof("throws")
        return Proof("boolean") if verifier.proves == "boolean" else Proof("answer", verifier.genuine)

    def _caught_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """``result.isErr()``, of a result that holds what a verifier answered or why it refused."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        succeeds = self.model.recogniser.says_success(body.name(callee)) if body.op[callee] == Op.FIELD else None
        if succeeds is None:
            return None
        for option in options(self.model.evaluator.value(fn, body.args(callee)[0], ctx)):
            known = self.model.recogniser.caught(option, self.model.program.language(fn.file))
            if known is not None:
                self._note(fn, i, ctx, f"{known.provider.name}'s verification ({known.name.replace('()', '')})", "boolean")
                return Proof("boolean" if succeeds else "denies")
        return None

    def _may_prove(self, fn: Fn, i: int) -> bool:
        """Whether a call may verify or compare, by its name: a quick look before its callee is valued."""
        name, recogniser = self.model.program.body(fn).called(i), self.model.recogniser
        if not name or name.lower() in _SEARCHES:
            return True
        return any(recogniser.may_be(kind, fn, name) for kind in _PROVING)

    def _signs_in(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a verified token is the one by which visitors sign in: it says who they are, not that a provider has sent this."""
        return any(self._of_visitor(s) for v in self._arguments(fn, i, ctx) for s, _ in self.model.requests.sources_in(v, 60))

    def _of_visitor(self, source: Source) -> bool:
        """Whether a piece of a request is where browsers keep what they have signed in with."""
        key = (source.key or "").lower()
        return source.kind == "session" or (source.kind == "headers" and ("authorization" in key or "cookie" in key))

    def _arguments(self, fn: Fn, i: int, ctx: Ctx | None) -> list[Value]:
        return [self.model.evaluator.value(fn, a, ctx) for _, a in self.model.program.body(fn).call(i)[1]]

    def asked_and_used(self, fn: Fn, i: int, operation: Operation, ctx: Ctx | None) -> bool:
        """Whether asking the provider by this operation says something: an answer that nobody looks at confirms nothing."""
        insists = operation.insists and self.model.http.request(fn, i, ctx) is None  # by hand a refusal comes back like any answer
        confirms = is_confirmed(self.model, fn, i, operation, ctx)
        return confirms and (insists or self._looked_at(fn, i, ctx, 0) or self._promised(fn, i, ctx))

    def _promised(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether the answer comes to a callback, ``https.request(options, (res) => …)``, and the promise around it is looked at."""
        takes = any(isinstance(o, FunctionV) for v in self._arguments(fn, i, ctx) for o in options(v))
        made = ctx is not None and ctx.fn == fn and ctx.call >= 0 and self.model.program.body(ctx.caller).op[ctx.call] == Op.NEW
        return takes and made and ctx is not None and self._looked_at(ctx.caller, ctx.call, ctx.parent, 1)

    def _looked_at(self, fn: Fn, i: int, ctx: Ctx | None, depth: int) -> bool:
        """Whether anything is done with a value, here or by the callers that it is returned to."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        if depth > 8:
            return True
        onward, uses = passed_on(self.model.evaluator, fn, i, defuse.uses(i), ctx)
        if any(self._looked_at(*spot, depth + 1) for spot in onward):
            return True
        if depth == 0 and any(self._looked_at(fn, n, ctx, 1) for n in self.model.http.read_off(fn, i, ctx)):
            return True
        for use in uses:
            op = body.op[use]
            if op == Op.STORE:
                inside = reads_inside(self.model.program, fn, body.name(use))
                held = [(fn, n, ctx) for n in reads(body, defuse, use)] + [(inner, n, None) for inner, n in inside]
                if any(self._looked_at(*read, depth + 1) for read in held) or fn.number == TOP:
                    return True
            elif op == Op.RETURN:
                if ctx is None or ctx.fn != fn or ctx.call < 0:
                    return True
                if self._looked_at(ctx.caller, ctx.call, ctx.parent, depth + 1):
                    return True
            elif (
                op in (Op.AWAIT, Op.CAST)
                or op in (Op.FIELD, Op.INDEX, Op.CHOICE)
                or (op == Op.CALL and body.args(use)[0] == i)
                or (op == Op.CALL and body.op[body.args(use)[0]] == Op.FIELD and body.args(body.args(use)[0])[0] == i)
            ):
                if self._looked_at(fn, use, ctx, depth + 1):
                    return True
            elif op != Op.OPAQUE:
                return True
        return False

    def _comparison_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        body = self.model.program.body(fn)
        if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _EQUAL:
            return None
        kinds = {const[0] for a in body.args(i)[1:3] if (const := body.const(a)) is not None}
        if not kinds.isdisjoint((Kind.BOOL, Kind.NULL)):
            return None  # whether there is one, or what a comparison answered: not what it is
        if all(_is_size(body, a) for a in body.args(i)[1:3]):
            return None  # how long both are, before they are compared
        left, right = (self.model.evaluator.value(fn, a, ctx) for a in body.args(i)[1:3])
        if (summed := bytewise(left) or bytewise(right)) is not None:
            return self._bytewise_proof(fn, i, ctx, summed)
        if Kind.NUMBER in kinds:
            return None  # a number is no digest
        made = any(self._from_sender(sent) and is_made_with_secret(self.model, ours) for sent, ours in ((left, right), (right, left)))
        if made or is_mac(self.model, left) != is_mac(self.model, right):
            self._note(fn, i, ctx, "the keyed digest is compared with what was sent", "equality", mac=True)
            return Proof("boolean")
        if any(is_shared_secret(self.model, *pair) for pair in ((left, right), (right, left))):
            self._note(fn, i, ctx, "a shared secret is compared with what was sent", "secret")
            return Proof("boolean")
        return None

    def _bytewise_proof(self, fn: Fn, i: int, ctx: Ctx | None, compared: Mix) -> Proof | None:
        """A comparison in constant time that is written out: nothing may be left of the bytes of both that differ."""
        left, right = compared.operands
        if is_mac(self.model, left) != is_mac(self.model, right):
            self._note(fn, i, ctx, "the keyed digest is compared in constant time", "boolean", mac=True)
            return Proof("boolean")
        if any(is_shared_secret(self.model, *pair) for pair in ((left, right), (right, left))):
            self._note(fn, i, ctx, "a shared secret is compared with what was sent", "boolean")
            return Proof("boolean")
        return None

    def _from_sender(self, value: Value) -> bool:
        return self.model.requests.source(value) is not None

    # --- effects

    def effect(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        key = (fn, i, id(ctx))
        if key not in self._effect_memo:
            self._effect_memo[key] = self._find_effect(fn, i, ctx)
        return self._effect_memo[key]

    def _find_effect(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        body = self.model.program.body(fn)
        op = body.op[i]
        if op == Op.BINARY:
            return "dispatch" if self.is_dispatch(fn, i, ctx) else None
        if op == Op.RETURN:
            return "order.paid" if self._is_acted_on(fn, body.args(i)[0], ctx) else None
        if op != Op.CALL:
            return None
        if goes_on(self.model, fn, i, ctx):
            return CONTINUES
        known = self.model.operations.at(fn, i, ctx)
        if known is not None:
            thing = known.thing
            return None if isinstance(thing, Verifier) or thing.op in _READING else thing.op
        got = self.model.recogniser.effect(fn, i, ctx)
        if got is not None:
            effect, certain = got
            if self._does_nothing(effect, fn, i, ctx):
                return None
            return effect.effect if certain else effect.effect + POSSIBLE
        callee = body.args(i)[0]
        if body.op[callee] in (Op.FIELD, Op.NAME) and not self.model.recogniser.is_ours(fn, i, ctx):
            name = body.name(callee).rpartition(".")[2]
            if self.model.words.fulfils(name) and not self.model.recogniser.of_sdk(fn, i, ctx):
                made = self.model.recogniser.is_missing(fn, i, ctx) or makes(self.model.evaluator.value(fn, callee, ctx))
                return None if made else "fulfil"
        return None

    def _does_nothing(self, effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether an effect that a pack knows acts on nothing by itself."""
        if effect.effect in ("job", *_RECORDS) and self.later(fn, i, ctx):
            return True  # what the job does counts, behind the proof that it makes
        if effect.effect in _RECORDS and self.model.handovers.targets(fn, i, ctx):
            return False  # it is no note: a function of the cloud waits for it, and proves nothing
        if effect.effect in ("file.write", *_RECORDS) and self._logs(fn, i, ctx):
            return True  # by a logger of the shop's own
        if effect.effect == "file.write" and any(site.instr == i for site in self.model.logs.sites(fn)):
            return True  # into a file that is called a log
        if effect.effect in _NO_ACT or (effect.effect == "sql" and not self._writes(fn, i, ctx)):
            return True
        if self.model.recogniser.is_("inert", fn, i, ctx) or self.model.recogniser.is_("answers", fn, i, ctx):
            return True
        return effect.effect in (*_RECORDS, "record.delete", "sql") and only_notes(self.model, fn, i, ctx)

    def _logs(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a write is a logger's by the name of its class or function, and no order's or payment's."""
        if not _LOGGER.search(snake(self.model.program.qualified(fn).replace(".", "_"))):
            return False
        touch = self.model.records.touch(fn, i, ctx)
        return touch is None or not self.model.words.entity(touch.entity)

    def _is_acted_on(self, fn: Fn, answer: int, ctx: Ctx | None) -> bool:
        """Whether a handler answers its platform that money came, for the platform to settle the order."""
        acts = self.model.handlers.answering.get(fn) if answer >= 0 else None
        got = shape(self.model.evaluator, self.model.evaluator.value(fn, answer, ctx)).must if acts else {}
        said = (o for key in acts or () if key in got for o in options(got[key]))
        texts = (constant(o) or next(iter(names(o)), "").rpartition(".")[2] for o in said)
        return any(text.lower() in values for text in texts for values in (acts or {}).values())

    def later(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[FunctionV, bool]]:
        """The jobs that a call queues, when they prove the sender themselves: the message was only kept until then."""
        found = self.model.handovers.targets(fn, i, ctx)
        behind = bool(found) and self._follows_proof(fn, i, ctx)
        return [(h.target, h.called) for h in found if behind or self._proves_somewhere(h.target)]

    def _follows_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a task is a step of a chain behind one that may make the proof."""
        before = step_before(self.model.evaluator, fn, i) if self.model.program.language(fn.file) == "python" else None
        if before is None:
            return False
        proves = any(self._proves_somewhere(h.target) for h in self.model.handovers.targets(fn, before, ctx))
        return proves or self._follows_proof(fn, before, ctx)

    def _proves_somewhere(self, target: FunctionV) -> bool:
        closure = self.model.reach.of([target])
        asks = any(getattr(known.thing, "confirms", False) for _, _, known in closure.operations)
        return asks or bool(closure.verifiers) or any("compare_digest" in self.model.vocabulary.tokens(fn) for fn in closure.functions)

    def _writes(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        touch = self.model.records.touch(fn, i, ctx)
        if touch is not None:
            return touch.kind != "read"
        arguments = self.model.program.body(fn).call(i)[1]
        text = constant(self.model.evaluator.value(fn, arguments[0][1], ctx)) if arguments else None
        if text is None and arguments:
            value = self.model.evaluator.value(fn, arguments[0][1], ctx)
            text = " ".join(p.text for p in leaves(value) if isinstance(p, Const))
        return not text or any(w in text.lower() for w in ("insert", "update", "delete", "replace", "call ", "merge", "upsert"))

    def is_dispatch(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a comparison asks which event a message is."""
        body = self.model.program.body(fn)
        if body.text(body.args(i)[0]) not in (*_EQUAL, "in"):
            return False
        for a in body.args(i)[1:3]:
            const = body.const(a)
            if const is not None and const[1].strip("'\"") in self.events:
                return True
            if body.op[a] == Op.FIELD and (text := constant(self.model.evaluator.value(fn, a, ctx))) and text in self.events:
                return True
            if body.op[a] in (Op.LIST, Op.NAME) and body.text(body.args(i)[0]) == "in" and self._lists_events(fn, a, ctx):
                return True
        return False

    def _lists_events(self, fn: Fn, a: int, ctx: Ctx | None) -> bool:
        """Whether a value is a list of events."""
        listed = self.model.evaluator.value(fn, a, ctx)
        return isinstance(listed, Seq) and any(constant(item) in self.events for item in listed.items)

    def insists(self, fn: Fn, i: int, ctx: Ctx | None) -> bool | None:
        insists = INSISTS.get(self.model.program.body(fn).called(i))
        return None if insists is None or self.model.recogniser.is_ours(fn, i, ctx) else insists

    def matters(self, fn: Fn) -> bool:
        return self.model.reach.matters(fn)

    def concerns(self, fn: Fn, i: int, target: FunctionV) -> bool:
        """A plain function that is given nothing but literals, and asks for nothing itself, knows nothing of the message."""
        if (
            target.this is not None
            or self.model.program.owner(target.fn)
            or self.model.program.parent(target.fn) != Fn(target.fn.file, TOP)
        ):
            return True
        body = self.model.program.body(fn)
        return any(body.op[a] != Op.CONST for _, a in body.call(i)[1]) or self.model.reach.asks(target.fn)

    def exits(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        if self.model.recogniser.is_("exits", fn, i, ctx) is not None:
            return True
        return self.model.program.body(fn).op[i] == Op.CALL and self.model.effects.never_returns(fn, i)

    def counts(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        return self.model.program.body(fn).op[i] == Op.CALL and self.model.recogniser.is_("counts", fn, i, ctx) is not None

    def cleans(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        value = self.model.evaluator.value(fn, i, ctx)
        return isinstance(value, Result) and value.instr >= 0 and self.model.requests.cleans(value)
