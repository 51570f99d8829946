"""Rights by their names: who holds ``orders.update``, ``edit-invoice``, ``can_change_orders``, and where code asks for one.

A right over the shop's own books is a right of the shop's people: whoever may change orders, invoices or stock by such a name does so for
others. What a customer does for himself (his cart, his account, what is his own) and what a paying tenant does for his team is not.
"""

import re

from tillproof.commerce.lexicon import snake
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import (
    ClassV,
    Const,
    External,
    Instance,
    Member,
    ModuleV,
    Param,
    Record,
    Seq,
    Value,
    constant,
    options,
)  # fmt: skip
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

_DOTTED = re.compile(r"[a-z][\w-]*([.:][\w-]+)+")
_NAME = re.compile(r"[A-Za-z][\w.:/ -]{3,58}")
_OF_TENANT = re.compile(
    r"billing|subscription|plan|workspace|organi[sz]ation|tenant|team|member|(^|[.:_])(own|my|self|cart|checkout)([.:_]|$)"
)
_OF_HIMSELF = re.compile(
    r"own|my|mine|self|me|cart|basket|checkout|wishlist|favou?rites?|profile|account|address(es)?|password|buy|order_own"
)
_OF_SHOP = re.compile(r"(\w+[.:])?(manage|void|refund|approve|export|fulfil\w*|administer)([.:_-]\w+)?|(admin|staff|backoffice|pos)[.:].*")
_RULES = re.compile(r"manage|administer|void|refund|approve|export|fulfil\w*|edit|update|change|modify|delete|destroy|remove|restore|write"
                    r"|issue|adjust|import|restrict|send|mark|reject")  # fmt: skip
_MAKES = re.compile(r"create|add|new|store|make|place|pay|record|cancel|view|read|list|show|index|browse|access|see|get")
_BOOKS = re.compile(
    r"(orders?|invoices?|bills?|estimates?|quotes?|quotations?|payments?|transactions?|expenses?|customers?|clients?|contacts?|suppliers?"
    r"|vendors?|products?|items?|stocks?|inventory|inventories|refunds?|notes?|credits?|sales?|purchases?|receipts?|tickets?|events?|coupons?"
    r"|discounts?|prices?|tax|taxes|reports?|settings?|users?|roles?|stores?|shops?|registers?|documents?|services?|servers?|vouchers?"
    r"|courses?|bookings?|reservations?|donations?|procurements?|instal?ments?|shipments?|warehouses?|categor(y|ies)|journals?|ledgers?)"
)
_FOR_HIMSELF = re.compile(r"orders?|bookings?|reservations?|tickets?|donations?|payments?|purchases?|reports?|documents?|items?|services?")
"""What a customer may make or see too, by a right of his own."""
_SELLER = re.compile(
    r"(event|shop|store|company|organi[sz]ation|organi[sz]er|tenant|merchant|vendor|seller|business|restaurant|venue|hotel|property|product|listing"
    r"|course|school|club|warehouse|branch|site|store_front)(_(domain_object|model|entity))?"
)
_ASKS = re.compile(
    r"((current_)?user_?)?(is_?|has_?|have_?|check_?|user_?)?(any_?)?(can|cannot|cant|may|allows?|allowed|allowed_to|denies|granted|is_granted|perms?"
    r"|permissions?|permission_to|rights?|access|access_to|privileges?|ability|abilities|authori[sz]ed?|capable|capability|can_any|module_perms)"
    r"(_to|_for|_any|_all)?"
)
_DENIES = frozenset(["cannot", "cant", "denies"])


def held_by(*texts: str) -> Role | None:
    """Who holds a right by its name, ``orders.custom.manage``, or by a deed and what it is done to: staff, where it says so of itself;
    customers, where it is a right and does not. None when it is no right's name, or one that whoever has paid for the service may hold."""
    text = " ".join(texts)
    if not _NAME.fullmatch(text):
        return None
    plain = text.lower() if len(texts) == 1 else ""
    words = [w for w in re.split(r"[^a-z0-9]+|_", snake(text)) if w and w != "can"]
    if len(words) > 1 and any(_OF_HIMSELF.fullmatch(w) for w in words):
        return "customer"
    if _OF_TENANT.search(text.lower()):
        return None
    last = plain.rpartition(plain[max(plain.rfind("."), plain.rfind(":"))])[2] if plain else ""
    if _DOTTED.fullmatch(plain) and (_OF_SHOP.fullmatch(plain) or _OF_SHOP.fullmatch(last)):
        return "staff"
    if 2 <= len(words) <= 6 and (over := [w for w in words if _BOOKS.fullmatch(w)]):
        if any(_RULES.fullmatch(w) for w in words):
            return "staff"
        if any(_MAKES.fullmatch(w) for w in words):
            return "customer" if all(_FOR_HIMSELF.fullmatch(w) for w in over) else "staff"
    return "customer" if _DOTTED.fullmatch(plain) else None


def is_open(text: str) -> bool:
    """Whether a text names a right over orders and the like that customers may hold as well as staff: ``orders.create``."""
    words = [w for w in re.split(r"[^a-z0-9]+|_", snake(text)) if w]
    return (
        held_by(text) == "customer"
        and not any(_OF_HIMSELF.fullmatch(w) for w in words)
        and any(_MAKES.fullmatch(w) for w in words)
        and any(_BOOKS.fullmatch(w) for w in words)
    )


def texts_of(value: Value) -> list[str]:
    """The texts that name a right: constants, members of an enumeration, those in a list."""
    out: list[str] = []
    for option in options(value):
        if isinstance(option, (Seq, Record)):
            out += [t for part in option.parts() for t in texts_of(part)]
            continue
        text = (isinstance(option, Const) and option.name) or constant(option)
        if text is None and (isinstance(option, External) or (isinstance(option, Member) and not _of_record(option))):
            text = option.name.rpartition(".")[2]
        out += [text] if text else []
    return out


def _of_record(member: Member) -> bool:
    """Whether a member hangs on an object, and not on an enumeration or a table of names."""
    here: Value = member
    while isinstance(here, Member):
        here = here.base
    return not isinstance(here, (External, ModuleV, ClassV, Record))


def over_the_seller(value: Value, program: Program) -> bool:
    """Whether what somebody is asked to have authority over is what is sold, or who sells it: an event, a shop, a company. Whoever has it
    stands on the shop's side of the counter."""
    for one in options(value):
        option = one.base if isinstance(one, Member) and one.name == "class" else one  # ``Event::class``
        if isinstance(option, (ClassV, Instance)):
            name = program.cls(option.cls).name
        else:
            name = (
                option.name.removesuffix(".class").rpartition(".")[2]
                if isinstance(option, (Member, Param, External))
                else (constant(option) or "").rpartition("\\")[2]
            )
        if _SELLER.fullmatch(snake(name.lstrip("$")).removesuffix("_id")):
            return True
    return False


def told(arguments: list[Value]) -> Role | None:
    """Who holds the right that a guard is told: by one name, by several, or by a deed and what it is done to."""
    each = [t for a in arguments for t in texts_of(a)]
    roles = [role for t in each if (role := held_by(t)) is not None]
    if roles:
        return "staff" if "customer" not in roles else "customer"
    return held_by(*each) if len(each) == 2 else None


def asked_right(evaluator: Evaluator, fn: Fn, i: int) -> Role | None:
    """Who passes a condition that is true and asks for a right: ``$user->can('orders.update')``."""
    body = evaluator.program.body(fn)
    if body.op[i] != Op.CALL or body.op[body.args(i)[0]] not in (Op.NAME, Op.FIELD):
        return None
    word = snake(body.called(i).rpartition(".")[2])
    if not _ASKS.fullmatch(word) or word in _DENIES:
        return None
    return told([evaluator.value(fn, v) for _, v in body.call(i)[1]])


def asks_right(evaluator: Evaluator, fn: Fn, i: int) -> str | None:
    """The right that a call demands which customers may hold as well as staff: ``can('orders.create')``."""
    texts = [t for _, v in evaluator.program.body(fn).call(i)[1] for t in texts_of(evaluator.value(fn, v))]
    right = next((t for t in texts if is_open(t)), None)
    return right or (" ".join(texts) if len(texts) == 2 and is_open(" ".join(texts)) else None)
