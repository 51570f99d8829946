"""What turns a condition: which of the effects of an entry point make it no longer what it was."""

import re
from typing import TYPE_CHECKING

from tillproof.commerce.absence import Group, where_asked
from tillproof.commerce.conditions import AnyOf, Atom
from tillproof.commerce.effects import Effect, Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.order_history import asks_history
from tillproof.commerce.states import Writes
from tillproof.commerce.taken_out import is_taken_out
from tillproof.commerce.touches import Touch
from tillproof.commerce.turned_away import turned_away
from tillproof.flow.program import Fn
from tillproof.flow.values import Element, Member, names, options
from tillproof.ir.body import Body
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What a shop's own sender of mails sets on the order once the mail is out.
_SENT = re.compile(r"(get_?)?(email|mail)_?sent|(email|mail|customer)_?notified|is_?(email|mail)_?sent", re.IGNORECASE)
_BOOKINGS = re.compile(r"(tbl_?)?(accounts?|transactions?|payments?)")
_ASKS = re.compile(r"(?:is|has|was|has_been)_(\w+)")
_MARKS = re.compile(r"(?:mark|set|flag)_(?:as_|is_)?(\w+)")
_SEEKS = re.compile(r"(?:\w+_)?(?:get|find|fetch|load)_(\w+?)(?:_by_\w+)?")


class Turning:
    """Which of an entry point's effects turn a condition. Effects share the way to them, and with it the conditions: each is asked once."""

    def __init__(self, model: "Model", effects: list[Effect]) -> None:
        self._model = model
        self.writes = Writes(effects)
        self._effects = effects
        self._mails = [e for e in effects if e.kind == "mail"]
        self._by: dict[Atom, list[Effect]] = {}
        self._at: dict[Place, list[Atom | AnyOf]] = {}
        self._before: dict[Fn, list[Atom | AnyOf]] = {}
        self._groups: dict[AnyOf, list[Group]] = {}

    def groups(self, any_of: AnyOf) -> list[Group]:
        """The alternatives of which one holds, as far as what each asks for is there."""
        found = self._groups.get(any_of)
        if found is None:
            found = self._groups[any_of] = where_asked(self._model.states, any_of.groups)
        return found

    def of(self, atom: Atom) -> list[Effect]:
        """The effects after which a condition is no longer what it was."""
        found = self._by.get(atom)
        if found is None:
            found = self._by[atom] = self._model.states.turned(atom, self.writes) or self._noted_as_sent(atom)
            found = self._by[atom] = (
                found
                or self._refused_again(atom)
                or self._sought_by_name(atom)
                or self._told_by_history(atom)
                or self._marked_by_name(atom)
                or (self._effects if is_taken_out(self._model, atom) else [])
            )
        return found

    def _noted_as_sent(self, atom: Atom) -> list[Effect]:
        """The mails that are sent only as long as a record says that none was: who sends them notes it there."""
        asked = bool(self._mails) and atom.truth is False and any(_SENT.fullmatch(r.field) for r in self._model.states.reads(atom))
        return self._mails if asked else []

    def _refused_again(self, atom: Atom) -> list[Effect]:
        """The bookings of a payment before which a platform's function leaves when that was booked already, or that are made only as long
        as no booking of it is found; all that follows where the platform makes an order only once."""
        states = self._model.states
        if atom.truth is None and self._model.recogniser.is_("places_once", atom.fn, atom.instr, atom.ctx) is not None:
            return self._effects
        if atom.truth is None:
            refuses = self._model.recogniser.is_("refuses_again", atom.fn, atom.instr, atom.ctx) is not None
        else:
            sought = states.existence(atom)
            refuses = sought is not None and _BOOKINGS.fullmatch(sought.entity) is not None and states.exists_means(atom) is not atom.truth
            refuses = refuses or self._is_none_of_bookings(atom)
        return [e for e in self._effects if e.touch is not None and books(self._model, e.touch)] if refuses else []

    def _is_none_of_bookings(self, atom: Atom) -> bool:
        """Whether a payment is compared with each booking that there is, and is none of them: ``$known['transid'] == $id``."""
        body = self._model.program.body(atom.fn)
        same = body.op[atom.instr] == Op.BINARY and body.text(body.args(atom.instr)[0]) in ("==", "===")
        if not same or atom.truth is not False:
            return False
        sides = (self._model.evaluator.value(atom.fn, side, atom.ctx) for side in body.args(atom.instr)[1:3])
        each = (o.base.base for s in sides for o in options(s) if isinstance(o, Member) and isinstance(o.base, Element))
        return any(_BOOKINGS.fullmatch(snake(name.rpartition(".")[2]).removeprefix("get_")) for of in each for name in names(of))

    def _told_by_history(self, atom: Atom) -> list[Effect]:
        """The platform's changes of an order's state that happen only as long as its history has none such: each adds a line to it."""
        if atom.truth is not False or not asks_history(self._model, atom):
            return []
        has = self._model.words.says_state
        return [e for e in self._effects if (t := e.touch) is not None and t.effect == "order.write" and any(map(has, t.fields))]

    def _sought_by_name(self, atom: Atom) -> list[Effect]:
        """The rows that are created only as long as a function of ours finds none, where its name alone says what it looks for:
        ``if (empty(shop_get_order_items($args)))``. What it asks is put together out of sight."""
        body = self._model.program.body(atom.fn)
        if atom.truth is not False or body.op[atom.instr] not in (Op.NAME, Op.CALL):
            return []
        at, defuse = atom.instr, self._model.evaluator.defuse(atom.fn)
        stores = defuse.reaching(at, body.name(at)).stores if body.op[at] == Op.NAME else []
        calls = [body.args(s)[1] for s in stores if body.op[s] == Op.STORE] if stores else [at]
        sought = {m[1].removesuffix("s") for c in calls if body.op[c] == Op.CALL and (m := _SEEKS.fullmatch(snake(body.called(c))))}
        made = (e for e in self._effects if e.touch is not None and e.touch.kind == "create")
        return [e for e in made if e.touch is not None and e.touch.entity.removesuffix("s") in sought]

    def _marked_by_name(self, atom: Atom) -> list[Effect]:
        """The calls that mark an object as what it was asked not to be, by methods of others that are named so:
        ``if (!$order->isPaymentProcessed()) { $order->markAsPaymentProcessed(); }``."""
        body = self._model.program.body(atom.fn)
        asked = _ASKS.fullmatch(snake(body.called(atom.instr))) if body.op[atom.instr] == Op.CALL else None
        if atom.truth is not False or asked is None or (of := _object(body, atom.instr)) == "":
            return []
        return [e for e in self._effects if e.fn == atom.fn and _marks(body, e.instr, asked[1]) and _object(body, e.instr) == of]

    def at(self, place: Place) -> list[Atom | AnyOf]:
        """The conditions that are certain at a place, as far as an effect turns them."""
        found = self._at.get(place)
        if found is None:
            held_there = (a for held in self._model.effects.held_at(place) for a in self._model.conditions.behind(held))
            certain = (*held_there, *turned_away(self._model, place))
            found = self._at[place] = [a for a in certain if self._turns(a)]
        return found

    def before(self, fn: Fn) -> list[Atom | AnyOf]:
        """The conditions on which what stands before a function hands on to it, as far as an effect turns them."""
        found = self._before.get(fn)
        if found is None:
            certain = (a for held in self._model.handing_on.before(fn) for a in self._model.conditions.behind(held))
            found = self._before[fn] = [a for a in certain if self._turns(a)]
        return found

    def _turns(self, atom: Atom | AnyOf) -> bool:
        if isinstance(atom, AnyOf):
            groups = self.groups(atom)
            return bool(groups) and all(any(self._turns(a) for a in group) for group in groups)
        return bool(self.of(atom))


def _marks(body: Body, i: int, what: str) -> bool:
    marked = _MARKS.fullmatch(snake(body.called(i))) if body.op[i] == Op.CALL else None
    return marked is not None and marked[1] == what


def _object(body: Body, i: int) -> str:
    """The variable that a method is called on; empty for anything else."""
    callee = body.args(i)[0]
    holder = body.args(callee)[0] if body.op[callee] == Op.FIELD else -1
    return body.name(holder) if holder >= 0 and body.op[holder] == Op.NAME else ""


def books(model: "Model", touch: Touch) -> bool:
    """Whether a platform books a payment anew each time that its function is called."""
    known = model.recogniser.effect(touch.fn, touch.instr, touch.ctx) if touch.effect == "order.paid" else None
    return known is not None and "payment.booked" in known[0].also
