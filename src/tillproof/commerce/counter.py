"""On which side of the counter somebody stands who has signed in: whether he buys, or keeps the books of those who sell.

Whoever buys acts for himself: his session says who he is. Whoever sells names the customer for whom he acts, asks for a right over orders
that customers may hold too, or works in what is named for the shop's own people. Where code alone does not say it, it is asked.
"""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.entries import Entry
from tillproof.commerce.lexicon import snake
from tillproof.commerce.request_fields import fields_of
from tillproof.commerce.role_rights import asks_right, is_open, texts_of
from tillproof.flow.program import Fn
from tillproof.flow.values import Text, options, pattern
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Operation

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SHOPS = re.compile(
    r"(^|[/._-])(admin\w*|back_?office|staff|merchants?|sellers?|vendors?|cashiers?|pos|erp|crm|managers?|operators?)([/._-]|$)",
    re.IGNORECASE,
)
_FOR = re.compile(r"(customer|client|contact|supplier|vendor|patient|tenant|lead|donor|student|debtor)_?(ids?|pk|uuid|guid|no|number)")
_FOR_IN_ROUTE = re.compile(
    r"[{<(:]\??P?<?(\w+:)?(customer|client|contact|supplier|vendor|patient|donor|debtor)_?(id|pk|uuid)?\b", re.IGNORECASE
)
_BUYS = re.compile(r"(^|_)(cart|basket|checkout|check_out|place_order|storefront|shop_front|buy|purchase)(_|$)")
_POLICY = re.compile(r"authori[sz]e|can|cannot|allows|denies|(check|require|has)_(permission|access|ability)")
_CUSTOMERS = ("customer", "client")
_BOUGHT = ("order", "invoice", "booking", "payment", "transaction", "subscription", "cart")
_SIGNS_IN = re.compile(
    r"(\w+_)?(users?|accounts?|login|logins|username|pass(word|wd|code)?\w*|auth\w*|members?|owner|token|otp|session|firebase\w*|clerk\w*"
    r"|google\w*|oauth\w*|uid|sub)(_(id|uid|pk|hash))?"
)
"""What ties a record to somebody who can sign in."""
_MOST_ENTRIES = 6


class Doubt(NamedTuple):
    """What leaves open who somebody is, by file and line, and the question that would settle it."""

    file: str
    line: int
    question: str


class Counter:
    """Asked of entries that customers may call, once something was found behind them."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._known: dict[tuple[Fn, str | None], Doubt | None] = {}

    def behind(self, fn: Fn) -> Doubt | None:
        """The question that stands before a finding in a function: one of each entry that strangers or customers may call."""
        entries = [e for e in self.model.entries_to(fn) if e.role in ("public", "customer", "platform")]
        if not entries or len(entries) > _MOST_ENTRIES:
            return None
        found = [self.of(e) for e in entries]
        return found[0] if all(found) else None

    def of(self, entry: Entry) -> Doubt | None:
        """The question whether who calls an entry buys at all; None where he does, or where anybody may call."""
        key = (entry.target.fn, entry.route)
        if key not in self._known:
            hears = any(h.entry is entry for h in self.model.handlers.all)  # what comes from a provider is no act of either
            self._known[key] = self._of(entry) if entry.role == "customer" and not hears else None
        return self._known[key]

    def _of(self, entry: Entry) -> Doubt | None:
        if (right := self._by_right(entry)) is not None:
            return right
        if self._buys(entry):
            return None
        guard = entry.role_because or (*entry.place, "the guard")
        named = next((m[2] for text in (entry.route or "", entry.target.fn.file) if (m := _SHOPS.search(text))), None)
        if named is not None:
            question = f"Does `{guard[2]}` let the shop's own people alone pass? What lies behind it is named `{named}`."
            return Doubt(guard[0], guard[1], question)
        chosen = _FOR_IN_ROUTE.search(entry.route or "")
        if chosen is not None:
            return self._acts_for(entry, chosen[2].lower())
        field = next((f for f in fields_of(self.model, entry) if _FOR.fullmatch(snake(f.rpartition(".")[2]))), None)
        return self._acts_for(entry, field) if field is not None else self._by_customers(entry.target.fn.file)

    def _by_customers(self, file: str) -> Doubt | None:
        """Whether customers are kept as records without any way to sign in, and nothing that they buy is tied to who has: then whoever has
        signed in keeps records of them."""
        schema = self.model.schema
        kept = next((t for kind in _CUSTOMERS if (t := schema.table(kind, file)) is not None), None)
        if kept is None or kept.open or not kept.columns:
            return None
        scope = self.model.evaluator.scope
        bases = scope.foreign_bases(kept.model) if kept.model is not None else []
        bought = (t for kind in _BOUGHT if (t := schema.table(kind, file)) is not None)
        columns = [c.name for t in (kept, *bought) for c in t.columns.values()]
        if any("user" in b.lower() for b in bases) or any(_SIGNS_IN.fullmatch(snake(c)) for c in columns):
            return None
        question = (
            "Who signs in here: the shop's own people, or customers? Customers are kept here, and nothing ties one to who has signed in."
        )
        return Doubt(kept.file, kept.line, question)

    def _acts_for(self, entry: Entry, named: str) -> Doubt:
        function = self.model.program.function(entry.target.fn)
        line = function.line if function else 1
        question = (
            f"Who signs in here: the shop's own people, who keep books on their customers, or a customer? The request names the `{named}` "
            "for whom it acts."
        )
        return Doubt(entry.target.fn.file, line, question)

    def _buys(self, entry: Entry) -> bool:
        """Whether an entry is a step of buying: by how it is called, or because a payment is begun behind it."""
        program = self.model.program
        spelt = (entry.route or "", program.qualified(entry.target.fn), entry.target.fn.file.rpartition("/")[2])
        if any(_BUYS.search(snake(re.sub(r"[^\w]+", "_", text))) for text in spelt):
            return True
        begun = ("payment.create", "checkout.create")
        return any(isinstance(k.thing, Operation) and k.thing.op in begun for _, _, k in self.model.handlers.closure(entry).operations)

    def _by_right(self, entry: Entry) -> Doubt | None:
        """A right that is demanded and that customers may hold as well as staff, or a policy that nobody can read here."""
        for value in entry.chain:
            texts = [*texts_of(value), *(pattern(o).partition(":")[2] for o in options(value) if isinstance(o, Text))]
            right = next((t.rpartition(":")[2] for t in texts if is_open(t.rpartition(":")[2]) or is_open(t)), None)
            if right is not None:
                return self._held(value.at, right)
        body = self.model.program.body(entry.target.fn)
        for i, op in enumerate(body.op):
            if op == Op.CALL and _POLICY.fullmatch(snake(body.called(i).rpartition(".")[2])) and body.call(i)[1]:
                right = asks_right(self.model.evaluator, entry.target.fn, i)
                if right is not None:
                    return self._held((entry.target.fn.file, body.line[i]), right)
        return None

    def _held(self, place: tuple[str, int], right: str) -> Doubt:
        return Doubt(*place, f"Who holds the right `{right}`: the shop's own people alone, or customers for what is their own too?")
