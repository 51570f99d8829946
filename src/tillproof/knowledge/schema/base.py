"""What every part of a pack has in common, and what a call does to the shop's own records."""

from typing import Literal

import msgspec

SystemKind = Literal[
    "payment", "tax", "shipping", "erp", "pim", "marketplace", "platform", "warehouse", "notification", "analytics", "identity", "other"
]
Language = Literal["python", "javascript", "php"]
Role = Literal["public", "customer", "staff", "internal", "platform"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all pack parts: immutable; an unknown key is an error, since it is most often a misspelt one."""


class Effect(Part, frozen=True):
    """What a function of the SDK, platform or framework does to the shop's own records, goods or people.

    ``effect``: ``order.paid`` (from here on the order counts as paid), ``order.write``, ``stock.write``, ``refund.record``, ``cart.write``,
    ``record.create``, ``record.write``, ``record.delete`` (a record of any kind), ``sql`` (a statement whose text decides: one that only
    reads is no effect), ``user.write``, ``file.write``, ``mail``, ``event`` (handlers of ours run), ``job`` (work is queued).
    ``order.note``: a remark on an order that changes nothing.
    ``receivers``: what the object must be: a type or base class, or a call or member that yields it. Empty: any. A receiver known to be
    something else is no effect; an unknown one is a possible effect, unless the call counts for ``known`` ones alone, since its name is
    that of many others (``write``).
    ``keys``: keys of the record that it is handed first, by all of which the call is one whatever it is called on: ``send({topic,
    messages})``.
    ``given``: base classes of what it is handed, by which the call is one whatever it is called on: ``$user->notify(new Shipped())``.
    ``abroad``: a message to whatever programs listen, each of which does its part for each message that comes.
    ``entity``/``writes``: the kind of record that is written, and its fields, each with the place of the argument that holds its value, or
    ``=`` and the value itself (``{status: "0"}``, ``{status: =processing}``).
    ``chooses``: the fields by which the record is chosen, each with the place of the argument that it must equal.
    ``counts``: the place of how many there are of an article, which the platform multiplies by its price.
    ``weighs``: the place of the sum that was paid, which the platform itself holds against what its record comes to.
    ``text``: of a function that writes to a file, the place of the argument that is written; the one beside it says to which.
    ``repeat``: what a second call with the same arguments does: ``again`` the same once more, ``same`` writes what is there already,
    ``once`` nothing, since the platform looks first.
    ``told``: its first argument is the name of the table, or the id of the record, whose own name says of what kind that is.
    ``column``: the place of the argument that names the column, whose new value stands behind it; or that holds several, with their values.
    What stands right before it chooses the row.
    ``flags``: what it is given says how it is done, and not what is written: that is in the record.
    ``items``: it works on items of a key-value store, as a record of parameters says (``TableName``, ``Key``, ``UpdateExpression``); named
    after a command that is made and then sent, it is the call that sends it.
    ``insists``: it throws where no row is what it chooses, so that what is behind it was changed.
    ``returns_error``: a failure is told by the answer alone, by its ``error`` or by what it is; nothing is raised.
    ``routine``: its first argument names a function that the database keeps, the second its parameters.
    ``also``: what the platform does along with it: ``stock.release`` (when the status that is written cancels the order),
    ``payment.booked`` (each call books money anew).
    """

    effect: str
    calls: dict[Language, tuple[str, ...]] = {}
    receivers: tuple[str, ...] = ()
    known: bool = False
    given: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    abroad: bool = False
    entity: str = ""
    writes: dict[str, str] = {}
    chooses: dict[str, str] = {}
    weighs: str = ""
    counts: str = ""
    repeat: Literal["again", "same", "once"] = "again"
    told: bool = False
    column: int = -1
    flags: bool = False
    items: bool = False
    text: int = 1
    insists: bool = False
    returns_error: bool = False
    routine: bool = False
    also: tuple[str, ...] = ()
    note: str = ""
    source: str = ""


class Kinds(Part, frozen=True):
    """How the calls of a framework are told of what kind the record is that they read or write.

    ``keys``: keys under which a record that they are given names it (``payload.update({collection: 'orders', …})``). ``texts``: patterns
    of texts that name it, which they are given first; the group is its name (``strapi.documents('api::order.order')``).
    """

    keys: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
