"""The moment at which an order counts as paid: the policy of the walk behind fulfil-on-redirect."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce import told_states
from tillproof.commerce.balances import enough_and_taken, is_zero
from tillproof.commerce.callees import makes
from tillproof.commerce.changed_whole import changed_whole, may_change_whole
from tillproof.commerce.charged_at_once import confirms_at_once
from tillproof.commerce.claims import (
    bought_with,
    claimed,
    credited,
    may_be_bought_with,
    may_be_credited,
    may_be_topped_up,
    said_to_have_paid,
    topped_up,
)
from tillproof.commerce.entities import ORDER
from tillproof.commerce.granted import granted
from tillproof.commerce.kept_outcomes import kept_where_proven
from tillproof.commerce.lent_fields import only_shown, takes_over
from tillproof.commerce.lexicon import snake
from tillproof.commerce.named_states import begun_as_named, state_named, state_open
from tillproof.commerce.names import written
from tillproof.commerce.owed import LATER, begins_paying, chooses_paid, comes_after, costs_nothing, goes_out, paid_before, said_by
from tillproof.commerce.own_stores import stored
from tillproof.commerce.pretended import is_tried_out, names_pretence
from tillproof.commerce.proof import SenderPolicy
from tillproof.commerce.requests import Source
from tillproof.commerce.said_paid import (
    Said,
    is_sent,
    only_placed,
    record_pays,
    says_paid,
    statement_pays,
    strongest,
    waits,
)
from tillproof.commerce.search_terms import chosen_apart, is_search_term
from tillproof.commerce.touches import text_of, without_address
from tillproof.commerce.whole_bodies import parts_by_sender, set_by_sender
from tillproof.commerce.worked_out import follows_from_sums
from tillproof.flow.chained import step_after
from tillproof.flow.fixed import THIS
from tillproof.flow.outside import wrapped
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Proof
from tillproof.flow.shape import shape
from tillproof.flow.values import (
    Const,
    Ctx,
    External,
    FunctionV,
    Instance,
    Member,
    Param,
    Value,
    leaves,
    options,
    pattern,
)  # fmt: skip
from tillproof.ir.body import entries
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Effect, Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_WRITES = ("record.create", "record.write", "order.write", "user.write")
_PREPARES = ("prepare",)
_NEW = re.compile(rf"(\w+_)?({ORDER})s?")
"""What is made for a customer; others write their own invoices and payments down."""
_EQUALITY = ("==", "===", "!=", "!==")
_AGAINST_ZERO = ("==", "===", "<=", ">", "!=", "!==")
_MIRRORED = {">=": "<=", "<": ">"}
_ENROLS = re.compile(r"enroll?(_|$)|assign_|start_|enable_|issue_|activate_account")
_ORDER = re.compile(r"(^|_)orders?(_id|$)")
_METHOD = re.compile(r"pay|method|gateway|mode")
_STATE = re.compile(r"stat(e|us)$")


class PaidPolicy(SenderPolicy):
    """Proof: the provider's own word that money came, or that there is nothing to pay. Effect: ``paid``, where our records say so; where
    the browser ``returns`` from paying, also where somebody gets what he has bought."""

    def __init__(self, model: "Model", returns: bool = False) -> None:
        super().__init__(model, frozenset())
        self.returns = returns
        self.ignored: dict[tuple[Fn, int], None] = {}
        self.tests: dict[tuple[Fn, int], bool] = {}
        self._tested: set[tuple[Fn, int]] = set()
        self.named: dict[tuple[Fn, int], None] = {}
        self.credited: dict[tuple[Fn, int], None] = {}
        self.topped: dict[tuple[Fn, int], None] = {}
        self.granted: dict[tuple[Fn, int], None] = {}
        self._pays: dict[Fn, bool] = {}
        self._begins: dict[Fn, bool] = {}

    def asked_and_used(self, fn: Fn, i: int, operation: Operation, ctx: Ctx | None) -> bool:
        """What was asked confirms nothing when the answer is thrown away, nor when only ids and addresses of it are read."""
        told = operation.op == "payment.retrieve" or operation.declines == "answered"
        told = told or confirms_at_once(self.model, fn, i, operation, ctx)  # it may be left pending, or want another step of the buyer's
        if super().asked_and_used(fn, i, operation, ctx) and (not told or self.model.answers.of(fn, i, ctx, operation.envelope).looked_at):
            if told:
                self._hold_to_tests(fn, i, ctx, operation.envelope)
            return True
        if operation.confirms:
            self.ignored[fn, i] = None
        return False

    def proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """Asking proves nothing where every test of the answer is known: then it is they that prove."""
        means = self.tests.get((fn, i))
        if means is None:
            found = super().proof(fn, i, ctx)
            return None if (fn, i) in self._tested else found
        self._note(fn, i, ctx, "what the provider answers says so", "answer", refetch=True)
        return Proof("boolean" if means else "denies")

    def _call_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        return Proof("boolean") if is_tried_out(self.model, fn, i) else super()._call_proof(fn, i, ctx)

    def _strange_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """Of a payment system that no pack knows, too, the answer must say so where every test of it is seen."""
        found = super()._strange_proof(fn, i, ctx)
        asked = self.proofs.get((fn, i)) if found is not None else None
        if asked is not None and asked.refetch:
            self._hold_to_tests(fn, i, ctx, ())
        return found

    def _hold_to_tests(self, fn: Fn, i: int, ctx: Ctx | None, envelope: tuple[str, ...]) -> None:
        """Where every test of an answer is known it is they that prove, and the asking no more."""
        if (found := self.model.answers.of(fn, i, ctx, envelope).all_tests) is not None:
            self._tested.add((fn, i))
            self.tests |= found

    def matters(self, fn: Fn) -> bool:
        return any(fn == tested for tested, _ in self.tests) or super().matters(fn)

    def _of_visitor(self, source: Source) -> bool:
        """Of what a browser sends only a signature says more than who its user is."""
        return source.kind == "session" or (source.kind == "headers" and "sign" not in (source.key or "").lower())

    def _comparison_proof(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        found = super()._comparison_proof(fn, i, ctx) or self._paid_before(fn, i, ctx) or self.owes_nothing(fn, i, ctx)
        return found or (Proof("boolean") if kept_where_proven(self.model, self, fn, i) else None)

    def owes_nothing(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """A comparison by which no payment system has anything to say: nothing is to be paid, not yet, or not to one."""
        found = self._paid_from_balance(fn, i, ctx) or self._nothing_to_pay(fn, i, ctx) or self._given_away(fn, i, ctx)
        return found or self._paid_on_delivery(fn, i) or self._only_pretended(fn, i, ctx)

    def _only_pretended(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """A shop that is configured to have no payment system at all, to be tried out, takes no money from anybody."""
        return Proof("boolean") if is_tried_out(self.model, fn, i) or names_pretence(self.model, fn, i, ctx) else None

    def _paid_on_delivery(self, fn: Fn, i: int) -> Proof | None:
        """A way of paying by which nothing is paid yet: ``payment_method == 'cod'``. An order may be accepted on it."""
        body = self.model.program.body(fn)
        if body.op[i] != Op.BINARY or body.text(body.args(i)[0]) not in _EQUALITY:
            return None
        for side, other in (body.args(i)[1:3], body.args(i)[2:0:-1]):
            const = body.const(other)
            if const is None or const[0] != Kind.STRING or not LATER.fullmatch(snake(const[1])):
                continue
            return Proof("boolean") if _METHOD.search(snake(written(self.model.program, fn, side))) else None
        return None

    def _paid_from_balance(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        held = enough_and_taken(self.model, fn, i)
        if held is None or self._from_sender(self.model.evaluator.value(fn, held, ctx)):
            return None
        self._note(fn, i, ctx, "what the customer has with the shop is enough, and is taken", "equality")
        body = self.model.program.body(fn)
        return Proof("denies" if is_zero(body, body.args(i)[2]) else "boolean")  # that there is nothing, or that there is enough

    def _paid_before(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """An order of ours that is paid or sent already owes nothing."""
        side = paid_before(self.model, fn, i, ctx)
        return Proof("boolean") if side is not None and not self._from_sender(self.model.evaluator.value(fn, side, ctx)) else None

    def _nothing_to_pay(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """A total of the server's own that is zero needs no payment."""
        body = self.model.program.body(fn)
        if body.op[i] != Op.BINARY:
            return None
        operator, left, right = body.text(body.args(i)[0]), *body.args(i)[1:3]
        if is_zero(body, left):
            left, right, operator = right, left, _MIRRORED.get(operator, operator)
        if operator not in _AGAINST_ZERO or not is_zero(body, right):
            return None
        name = snake(written(self.model.program, fn, left).rpartition(".")[2]).removeprefix("get_")
        if not self.model.words.money(name) or self.model.requests.sources_in(self.model.evaluator.value(fn, left, ctx), 20):
            return None
        return Proof("boolean")

    def _given_away(self, fn: Fn, i: int, ctx: Ctx | None) -> Proof | None:
        """What is given away by its own kind, and not because the sender says so, owes nothing."""
        side = costs_nothing(self.model, fn, i, ctx)
        return Proof("boolean") if side is not None and not self._from_sender(self.model.evaluator.value(fn, side, ctx)) else None

    def pays_somewhere(self, fn: Fn) -> bool:
        """Whether a function may mark something as paid, for some caller: by what it writes itself, or by what is handed to it."""
        if fn not in self._pays:
            body = self.model.program.body(fn)
            self._pays[fn] = any(
                op in (Op.SET_FIELD, Op.CALL) and (self.effect(fn, i, None) or self._may_be_handed(fn, i)) for i, op in enumerate(body.op)
            )
        return self._pays[fn]

    def later(self, fn: Fn, i: int, ctx: Ctx | None) -> list[tuple[FunctionV, bool]]:
        """The jobs that a call queues, and the methods of ours that a framework's own runs, `serializer.save()`, when they may mark
        something as paid."""
        handed = self.model.handovers.targets(fn, i, ctx)
        found = [(h.target, h.called) for h in handed if self._pays_behind(h.target) or self._leads_to_paying(fn, i, ctx)]
        return found or [(own, False) for own in self.model.inherited.targets(fn, i, ctx) if self._pays_behind(own)]

    def _pays_behind(self, target: FunctionV) -> bool:
        return any(self.pays_somewhere(near) for near in self.model.reach.of([target]).functions)

    def _leads_to_paying(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a task is a step of a chain before one that may mark something as paid: it may be what asks the provider."""
        after = step_after(self.model.evaluator, fn, i) if self.model.program.language(fn.file) == "python" else None
        if after is None:
            return False
        pays = any(self._pays_behind(h.target) for h in self.model.handovers.targets(fn, after, ctx))
        return pays or self._leads_to_paying(fn, after, ctx)

    def begins_somewhere(self, fn: Fn) -> bool:
        """Whether a function may make an order in a state that somebody else names, or set its payment's state to one."""
        if fn not in self._begins:
            body = self.model.program.body(fn)
            calls = (i for i, op in enumerate(body.op) if op in (Op.CALL, Op.NEW)) if self.model.vocabulary.order(fn) else ()
            self._begins[fn] = any(
                state_named(self.model, fn, i, None)
                or state_open(self.model, fn, i)
                or begun_as_named(self.model, fn, i, None, handed=True)
                or may_change_whole(self.model, fn, i)
                or ((self._states_given(fn, i) or self._is_whole(fn, i)) and self._makes_order(fn, i))
                for i in calls
            ) or any(op == Op.SET_FIELD and state_named(self.model, fn, i, None) for i, op in enumerate(body.op))
        return self._begins[fn]

    def _states_given(self, fn: Fn, i: int) -> bool:
        """Whether a call is given a state, by name or in a record, that is no constant."""
        body = self.model.program.body(fn)
        given = list(body.call(i)[1])
        for _, row in body.call(i)[1]:
            if body.op[row] == Op.RECORD:
                given += entries(body, row)
        return any(self.model.words.has("status_fields", k) and body.op[v] not in (Op.CONST, Op.CALL) for k, v in given if k)

    def _is_whole(self, fn: Fn, i: int) -> bool:
        """Whether a call may be given a request's body as it came: ``create({ user, ...req.body })``, ``create(req.body)``."""
        body = self.model.program.body(fn)
        given = [v for _, row in body.call(i)[1] for v in (row, *(body.args(row) if body.op[row] == Op.RECORD else ())) if v >= 0]
        return any(body.op[v] in (Op.SPREAD, Op.NAME) or (body.op[v] == Op.FIELD and body.name(v) == "body") for v in given)

    def _makes_order(self, fn: Fn, i: int) -> bool:
        spelt = written(self.model.program, fn, self.model.program.body(fn).args(i)[0])
        return any(_NEW.fullmatch(snake(part)) for part in spelt.split("."))

    def _may_be_handed(self, fn: Fn, i: int) -> bool:
        """Whether a status is written that a caller chooses."""
        body = self.model.program.body(fn)
        if body.op[i] == Op.SET_FIELD:
            status = self.model.words.has("status_fields", body.name(i)) or self.model.words.has("paid_fields", body.name(i))
            if status:
                return _open(self.model.evaluator.value(fn, body.args(i)[2]))
            return bool(body.params) and (may_be_topped_up(self.model, fn, i) or may_be_credited(self.model, fn, i))
        if body.params and any(may(self.model, fn, i) for may in (may_be_bought_with, may_be_topped_up, may_be_credited)):
            return True
        if not body.params or not self.model.vocabulary.status(fn):
            return False
        got = self.model.recogniser.effect(fn, i)
        return (
            got is not None
            and got[0].effect in (*_WRITES, "order.paid")
            and any(_open(self.model.evaluator.value(fn, a)) for _, a in body.call(i)[1])
        )

    def is_written(self, fn: Fn, i: int) -> bool:
        """Whether a record says paid here, and not only a telling name."""
        body = self.model.program.body(fn)
        if (fn, i) in self.named:
            return True
        got = self.model.recogniser.effect(fn, i) if body.op[i] == Op.CALL else None
        return body.op[i] == Op.SET_FIELD or (got is not None and got[0].effect in (*_WRITES, "sql", "order.paid"))

    def _find_effect(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        body = self.model.program.body(fn)
        op = body.op[i]
        if op not in (Op.SET_FIELD, Op.CALL):
            return self._made_as_sent(fn, i, ctx) if op == Op.NEW else None
        said: Said
        if op == Op.SET_FIELD:
            said = says_paid(self.model, body.name(i), self.model.state_codes.set_to(fn, i, ctx), self._holder(fn, body.args(i)[0]))
            if said and (only_shown(self.model, fn, i, ctx) or self._sums_say_so(fn, i, ctx) or takes_over(body, i)):
                return None
            if said and (is_search_term(self.model, fn, i, ctx) or self._of_written_object(fn, body.args(i)[0], ctx)):
                return None
        else:
            kept = stored(self.model, fn, i, ctx)
            told = ((k, v) for k, v in kept.fields.items() if v is not None) if kept is not None else ()
            said = strongest(says_paid(self.model, k, v, kept.entity if kept else "") for k, v in told) or self._call_pays(fn, i, ctx)
        if not (said := said or self._by_sender(fn, i, ctx)):
            return None
        if chooses_paid(self.model, fn, i, ctx) or goes_out(self.model, fn, i, ctx) or comes_after(self.model, fn, i, ctx):
            return None
        if op == Op.CALL and ((not self.returns and self._only_placed(fn, i, ctx)) or begins_paying(self.model, fn, i, ctx)):
            return None
        return "paid" if said == "sure" or self._speaks_of_paying(fn, ctx) else None

    def _of_written_object(self, fn: Fn, holder: int, ctx: Ctx | None) -> bool:
        """Whether an object of PHP is none but one that is written down here, ``(object) ['id' => $id]``, and no row of anything."""
        if self.model.program.language(fn.file) != "php":
            return False
        return all(self.model.records.is_plain(o) for o in options(self.model.evaluator.value(fn, holder, ctx)))

    def _by_sender(self, fn: Fn, i: int, ctx: Ctx | None) -> Said:
        """Whether the sender's own word makes that something is paid, or somebody who comes back from paying gets what he has bought."""
        calls = self.model.program.body(fn).op[i] == Op.CALL
        if state_named(self.model, fn, i, ctx) or (
            calls and (begun_as_named(self.model, fn, i, ctx) or changed_whole(self.model, fn, i, ctx))
        ):
            self.named[fn, i] = None
            return "sure"
        if claimed(self.model, fn, i, ctx, self._from_sender) or said_to_have_paid(self.model, fn, i, ctx, self._from_sender):
            return "sure"
        if calls and bought_with(self.model, fn, i, ctx, self._from_sender):
            return "sure"
        if credited(self.model, fn, i, ctx, self._from_sender):
            self.credited[fn, i] = None
        elif topped_up(self.model, fn, i, ctx, self._from_sender):
            self.topped[fn, i] = None
        elif self.returns and granted(self.model, fn, i, ctx):
            self.granted[fn, i] = None
        else:
            return ""
        return "sure"

    def _made_as_sent(self, fn: Fn, i: int, ctx: Ctx | None) -> str | None:
        """``paid`` where a new order is an object that takes the request's body over: ``new Order({ ...req.body, user })``."""
        name = written(self.model.program, fn, self.model.program.body(fn).args(i)[0]).rpartition(".")[2].rpartition("\\")[2]
        if not (self._makes_order(fn, i) and self._takes_over(fn, i, ctx, name)):
            return None
        self.named[fn, i] = None
        return "paid"

    def _only_placed(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call makes an order that is said to be placed and nothing more: whoever orders has not paid by that."""
        kept = stored(self.model, fn, i, ctx)
        got = self.model.recogniser.effect(fn, i, ctx) if kept is None else None
        made = kept.kind == "create" if kept is not None else got is not None and got[0].effect == "record.create"
        given: dict[str, Value] = {}
        for key, v in self.model.program.body(fn).call(i)[1] if kept is None and made else ():
            value = self.model.evaluator.value(fn, v, ctx)
            got_of = shape(self.model.evaluator, value)
            given.update({key: value} if key.isidentifier() else {**got_of.may, **got_of.must})
        return made and only_placed(self.model, kept.fields if kept is not None else given)

    def _sums_say_so(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        touch = self.model.records.touch(fn, i, ctx)
        return touch is not None and follows_from_sums(self.model, touch, self.model.program.body(fn).name(i))

    def _speaks_of_paying(self, fn: Fn, ctx: Ctx | None) -> bool:
        """Whether a function, or one on the way to it, names anything of paying."""
        around = [fn, *(c.caller for c in (ctx.chain() if ctx else ()) if c.call >= 0)]
        return any(self.model.vocabulary.paying(f) for f in around)

    def _holder(self, fn: Fn, obj: int) -> str:
        """What a record is called: by its class where a method of its own writes it."""
        named = written(self.model.program, fn, obj).rpartition(".")[2]
        owner = self.model.program.owner(fn) if named in THIS else None
        return named if owner is None else self.model.program.cls(owner).name

    def _call_pays(self, fn: Fn, i: int, ctx: Ctx | None) -> Said:
        model = self.model
        body = model.program.body(fn)
        if self._says_itself(fn, i, ctx) or model.operations.at(fn, i, ctx) is not None:
            return ""
        callee = body.args(i)[0]
        name = body.called(i)
        got = model.recogniser.effect(fn, i, ctx)
        if got is not None and got[0].effect == "order.paid":
            return "sure" if self._not_open(got[0], fn, i, ctx) else ""
        spelt = written(model.program, fn, callee)
        if body.op[callee] == Op.FIELD and name.startswith("set") and name != "set" and len(body.call(i)[1]) == 1:
            field = name[3:].lstrip("_")
            return says_paid(
                self.model, field, model.evaluator.value(fn, body.call(i)[1][0][1], ctx), self._holder(fn, body.args(callee)[0])
            )
        if (got is not None and got[0].effect == "sql") or name in _PREPARES:
            # The statement comes first, or after the connection: ``mysqli_query($db, "UPDATE …")``.
            texts = (t for _, a in body.call(i)[1][:2] for t in statements(model.evaluator.value(fn, a, ctx)))
            return strongest(statement_pays(model, t) for t in texts) or self._bound_pays(fn, i, ctx)
        if got is not None and got[0].effect in _WRITES and got[0].writes:
            return self._put_into_state(got[0], fn, i, ctx)
        told = told_states.transitions(model, fn, i, ctx) if got is not None else ()
        if said := strongest(says_paid(model, "state", t, "payment") for t in told):
            return said
        if got is not None and got[0].effect in _WRITES:
            holder = self._entity(fn, i, ctx, spelt)
            given = chosen_apart(model, fn, i, ctx)
            said = strongest(
                says_paid(model, k, v, holder) if k.isidentifier() else record_pays(model, v, self._kind(v) or holder, 0) for k, v in given
            )
            said = said or (self._bound_pays(fn, i, ctx) if got[0].items else "")  # `UpdateExpression: 'SET #s = :paid'`
            if said or got[0].effect != "record.create":
                return said
            if any(self._asked_state(k, v, holder, 0) for k, v in given) or self._takes_over(fn, i, ctx, holder):
                self.named[fn, i] = None
                return "sure"
        if model.recogniser.of_sdk(fn, i, ctx) or model.recogniser.is_missing(fn, i, ctx) or model.recogniser.of_controller(fn, i, ctx):
            return ""
        invoiced = name == "create" and "invoice" in spelt.lower() and any(self._is_of_an_order(fn, a, 0) for _, a in body.call(i)[1])
        if invoiced and self._states_itself(fn, i, ctx):
            return ""
        if invoiced or ((got is None or got[0].effect not in _WRITES) and self._fulfils(fn, i, ctx)):
            return "loose" if _ENROLS.match(snake(name)) and not invoiced else "sure"
        return ""

    def _put_into_state(self, effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> Said:
        """What the state says that a platform's function is told."""
        states = list(told_states.by_platform(self.model, effect, fn, i, ctx))
        if any(sure for *_, sure in states) or self._names_order(effect, fn, i, ctx):
            return "sure"
        return strongest(says_paid(self.model, n, v, effect.entity) for n, v, _ in states)

    def _names_order(self, effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether the sender names the order that a platform's function puts into the state which the shop has chosen for this way to pay:
        who only confirms his own order to pay it later does not name it."""
        arguments = self.model.program.body(fn).call(i)[1]
        chosen = [arguments[int(p)][1] for p in effect.chooses.values() if p.isdigit() and int(p) < len(arguments)]
        touch = self.model.records.touch(fn, i, ctx) if chosen else None
        if touch is None or not told_states.chosen_state(self.model, touch):
            return False
        sent = [s for v in chosen for s, _ in self.model.requests.sources_in(self.model.evaluator.value(fn, v, ctx))]
        return bool(sent) and all(s.kind in ("body", "query", "path") for s in sent)

    def _fulfils(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call's name says that goods or rights are handed over; an object that is made does nothing by itself."""
        body = self.model.program.body(fn)
        return self.model.words.fulfils(body.called(i)) and not makes(self.model.evaluator.value(fn, body.args(i)[0], ctx))

    def _states_itself(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a new record says in what state it is: a bill that is made "sent" or "draft" is still to be paid."""
        touch = self.model.records.touch(fn, i, ctx)
        states = (v for name, v in touch.fields.items() if v is not None and self.model.words.says_state(name)) if touch is not None else ()
        return any(text_of(o) is not None for v in states for o in options(v))

    def _says_itself(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a call lands in a function of ours, or in what a package has made of one: its body says what is done."""
        evaluator = self.model.evaluator
        if self.model.recogniser.is_ours(fn, i, ctx):
            return True
        return bool(wrapped(evaluator, evaluator.value(fn, self.model.program.body(fn).args(i)[0], ctx)))

    def _takes_over(self, fn: Fn, i: int, ctx: Ctx | None, holder: str) -> bool:
        """Whether a new order takes the request's body over whole, what says that it is paid with it: ``create({ user, ...req.body })``."""
        if not _NEW.fullmatch(snake(holder)):
            return False
        parts = parts_by_sender(self.model, holder, fn, i, ctx)
        names = (*set_by_sender(self.model, holder, fn, i, ctx), *(name.replace(".", "_") for name in parts))  # `payment.status`
        return any(self.model.words.has("paid_fields", name) for name in names)

    def _asked_state(self, key: str, value: Value, holder: str, depth: int) -> bool:
        """Whether a new order begins in the state that its sender names: ``Order(status=data.status)``."""
        if key.isidentifier():
            words = self.model.words
            states = words.has("status_fields", key) or words.has("paid_fields", key)
            return states and _NEW.fullmatch(snake(holder)) is not None and is_sent(self.model, value)
        if depth > 1 or isinstance(value, Const):
            return False
        got = shape(self.model.evaluator, value)
        kind = self._kind(value) or holder
        fields = without_address({**got.may, **got.must})
        return any(self._asked_state(k, v, kind, depth + 1) for k, v in fields.items())

    def _entity(self, fn: Fn, i: int, ctx: Ctx | None, spelt: str) -> str:
        """The kind of the records that a call writes: by how it is spelt, or by the table that is handed to its chain."""
        named = _entity_in(spelt)
        if self.model.words.entity(named):
            return named
        touch = self.model.records.touch(fn, i, ctx)
        return touch.entity if touch is not None and touch.entity else named

    def _kind(self, value: Value) -> str:
        """The class of an object that is written as it is."""
        return next((self.model.program.cls(o.cls).name for o in options(value) if isinstance(o, Instance)), "")

    def _is_of_an_order(self, fn: Fn, i: int, depth: int) -> bool:
        """Whether what an invoice is made of names an order: where it is made for one, the order is paid."""
        body = self.model.program.body(fn)
        if i < 0 or depth > 4:
            return False
        if body.op[i] in (Op.NAME, Op.FIELD, Op.CONST) and _ORDER.search(snake(body.name(i))):
            return True
        if body.op[i] == Op.CALL:
            below = [v for _, v in body.call(i)[1]]
        else:
            below = body.args(i) if body.op[i] in (Op.RECORD, Op.LIST, Op.INDEX) else []
        return any(self._is_of_an_order(fn, b, depth + 1) for b in below)

    def _bound_pays(self, fn: Fn, i: int, ctx: Ctx | None) -> Said:
        """Whether that something is paid is bound to a placeholder of the statement that runs here."""
        touch = self.model.records.touch(fn, i, ctx) if self.model.vocabulary.status(fn) else None
        if touch is None or touch.kind not in ("write", "create", "upsert"):
            return ""
        told = {k: v for k, v in touch.fields.items() if v is not None and any(isinstance(o, Const) for o in options(v))}
        return "" if waits(self.model, told) else strongest(says_paid(self.model, k, v, touch.entity) for k, v in told.items())

    def _not_open(self, effect: Effect, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """``update_status('failed')`` is the same call and pays nothing, nor does a state that waits for the payment."""
        arguments = [self.model.evaluator.value(fn, a, ctx) for _, a in self.model.program.body(fn).call(i)[1]]
        place = next((int(p) for n, p in effect.writes.items() if p.isdigit() and _STATE.search(n)), -1)
        found = [o for a in arguments[max(place, 0) : max(place, 0) + 1] for o in options(a)]
        set_to = [told_states.setting(self.model, o) for o in found]
        if any(map(told_states.UNSETTLED.search, set_to)) and not any(s and not told_states.UNSETTLED.search(s) for s in set_to):
            return False  # what is no setting is the state that was made for it when there was none
        kept = place >= 0 and found and not any(isinstance(o, (Const, Member, External)) or self._from_sender(o) for o in found)
        if kept and not any(told_states.state_kept(self.model, o) for o in found):
            return False  # a state that the shop's settings choose, under a name that does not say which
        texts = [t for o in found if (t := said_by(o)) is not None]
        return not texts or not all(self.model.words.has("open_values", t) or self.model.words.has("dead_values", t) for t in texts)


def _open(value: Value) -> bool:
    """Whether a value, or a field of it, is a parameter."""
    return any(isinstance(leaf, Param) or (isinstance(leaf, Instance) and leaf.origin is not None) for leaf in leaves(value, 60))


def statements(value: Value) -> list[str]:
    """The texts that a value may be, with what is not known left blank."""
    return [t for o in options(value) if (t := pattern(o)) != "{}"]


def _entity_in(spelt: str) -> str:
    """The part of a chain that names the record: ``prisma.order.update`` is about ``order``."""
    parts = [p for p in spelt.split(".") if p not in ("objects", "this", "self", "query", "model", "db", "prisma")]
    return parts[-2] if len(parts) > 1 else ""
