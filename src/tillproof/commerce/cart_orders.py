"""Where a cart becomes an order and is emptied by a later statement: two requests at once both find it full, and make two orders."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.effects import Effect
from tillproof.commerce.entities import ORDER
from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.repeats import Repeat
from tillproof.commerce.touches import Touch, text_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, FunctionV, Seq, Value, options
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_CART = re.compile(r"(\w+_)?(cart|basket|shopping_?bag|carrito|panier|keranjang)s?(_?(item|line|product|entry|detail|line_item)s?)?")
_ORDER = re.compile(rf"(\w+_)?({ORDER})s?")
# What shops call an order as well; where nothing is called one, it is what is made of the cart.
_ORDER_TOO = re.compile(r"(\w+_)?(invoice|transaction|transaksi|checkout|bill|faktur|rechnung|facture|factura|fatura)s?")
_ITEMS = re.compile(r"(cart_?|line_?)?(items?|products?|lines|entries)")
_OVER = re.compile(
    r"converted|ordered|complete[d]?|checked_?out|closed|inactive|purchased|placed|processed|archived|submitted|used|disabled"
)
_ACTIVE = re.compile(r"(is_?)?(active|open|enabled)|(is_?)?(ordered|checked_?out|completed|converted|purchased)|status|state")
_WHOSE = re.compile(r"(\w+_)?(cart|basket|user|customer|account|profile|order|member)s?(_\w+)?")
_KEYS = re.compile(r"(\w+_)?(cart|basket|checkout|quote|idempotency|request|session)(_\w+)?")
_KNOWN_AGAIN = re.compile(r"idempoten", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CartOrder:
    """``made``: where the order is created; ``emptied``: where the cart is no longer what it was. ``kept``: why two requests do not both
    make an order of the same cart, or empty."""

    entry: Entry
    made: Effect
    emptied: Effect
    kept: str


class CartOrders:
    """Found once. ``kept``: why the database keeps something from happening twice, or empty."""

    def __init__(self, model: "Model", kept: Callable[[Repeat], str]) -> None:
        self.model = model
        self._kept_by_rows = kept

    @cached_property
    def all(self) -> list[CartOrder]:
        """One for each line that makes an order of a cart, behind the routes of customers."""
        found: dict[tuple[Fn, int], CartOrder] = {}
        for entry in self.model.handlers.of_customers:
            both = self.made_of_cart(entry)
            if both is None or (both[0].fn, both[0].instr) in found:
                continue
            made, emptied = both
            if not any(_KNOWN_AGAIN.search(t) for fn in self._near(entry, made) for t in self.model.vocabulary.tokens(fn)):
                found[made.fn, made.instr] = CartOrder(entry, made, emptied, self._kept(entry, made, emptied))
        return list(found.values())

    def made_of_cart(self, entry: Entry) -> tuple[Effect, Effect] | None:
        """Where a run makes an order, and where it empties the cart of which it does."""
        effects = [e for e in self.model.effects.of(entry.target) if e.touch is not None and e.certain]
        created = [e for e in effects if e.touch is not None and e.touch.kind == "create"]
        found = (e for called in (_ORDER, _ORDER_TOO) for e in created if e.touch is not None and called.fullmatch(e.touch.entity))
        made = next(found, None)
        emptied = next((e for e in effects if e.touch is not None and self._empties(e, e.touch)), None) if made is not None else None
        return (made, emptied) if made is not None and emptied is not None and self.model.repeats.together(made, emptied) else None

    def _near(self, entry: Entry, made: Effect) -> list[Fn]:
        return list(dict.fromkeys([*(g.fn for g in entry.chain if isinstance(g, FunctionV)), *(p.fn for p in made.way)]))

    def _empties(self, effect: Effect, touch: Touch) -> bool:
        """Whether a cart is deleted, emptied or marked as over."""
        if not _CART.fullmatch(touch.entity):
            return False
        if touch.kind == "flush":
            return self._emptied_before(effect)
        if touch.kind in ("write", "upsert"):
            return any(self._is_over(name, value) for name, value in touch.fields.items())
        return touch.kind == "delete"

    def _is_over(self, name: str, value: Value | None) -> bool:
        field, found = snake(name), options(value) if value is not None else ()
        if _ITEMS.fullmatch(field):
            return bool(found) and all(isinstance(o, Seq) and not o.items for o in found)
        if not _ACTIVE.fullmatch(field):
            return False
        texts = [text_of(o) for o in found]
        return any(
            (t is not None and _OVER.fullmatch(snake(t))) or (isinstance(o, Const) and _is_flag(field, o))
            for o, t in zip(found, texts, strict=True)
        )

    def _emptied_before(self, effect: Effect) -> bool:
        """Whether the items of what is saved were set to none in the same function: ``cart.items = []``."""
        body = self.model.program.body(effect.fn)
        return any(
            op == Op.SET_FIELD
            and _ITEMS.fullmatch(snake(body.name(i)))
            and body.op[body.args(i)[2]] == Op.LIST
            and not body.args(body.args(i)[2])
            for i, op in enumerate(body.op[: effect.instr])
        )

    # --- what keeps two requests apart

    def _kept(self, entry: Entry, made: Effect, emptied: Effect) -> str:
        """Why the second of two requests makes no order."""
        for effect in (made, emptied):
            guard = next((g for g in self.model.repeats.guards(effect, entry.target) if g.atomic), None)
            if guard is not None:
                return guard.atomic
        if kept := self._kept_by_rows(Repeat(made, "money", ())) or self._unique(made):
            return kept
        if any(self.model.regions.lock(place) for place in made.way):
            return "it runs under a lock"
        if any(self._locks(fn) for fn in dict.fromkeys(p.fn for e in (made, emptied) for p in e.way)):
            return "the customer's cart is locked while it is read"
        return self._refused(emptied)

    def _unique(self, made: Effect) -> str:
        touch = made.touch
        found = self.model.schema.unique(touch.entity, tuple(touch.fields), touch.fn.file) if touch is not None else None
        named = found is not None and any(_KEYS.fullmatch(snake(c)) for c in found.columns)
        return f"the database refuses a second order of the same cart ({found.file}:{found.line})" if found is not None and named else ""

    def _locks(self, fn: Fn) -> bool:
        """Whether a function, or one that it calls, reads a row of the customer's under a lock."""
        for near in (fn, *self.model.reach.callees(fn)):
            body = self.model.program.body(near)
            for i, op in enumerate(body.op):
                touch = self.model.records.touch(near, i, None) if op == Op.CALL else None
                if touch is not None and touch.locked and (not touch.entity or _WHOSE.fullmatch(touch.entity)):
                    return True
        return False

    def _refused(self, emptied: Effect) -> str:
        if emptied.touch is None:
            return ""
        table = self.model.schema.table(emptied.touch.entity, emptied.fn.file)
        if table is not None and table.version is not None:
            return "the write is refused when the cart has changed since it was read"
        if self.model.records.serial.refuses(emptied.place, table is not None and table.documents):
            return "the transaction is refused when another has changed the cart in between"
        return ""


def _is_flag(field: str, value: Const) -> bool:
    """Whether a flag says that the cart is over: no longer active, or already ordered."""
    if field in ("status", "state"):
        return False
    return value.falsy if re.search(r"active|open|enabled", field) else not value.falsy
