"""What a pack may say. Packs are YAML; these types are their whole grammar, and the loader names file, line and key when one is broken.

Conventions shared by every pack:

* ``language`` keys are ``python``, ``javascript`` (TypeScript too) and ``php``.
* A *call name* is dotted whatever the language writes (``->``, ``::`` and ``\\`` all become ``.``).
  ``stripe.PaymentIntent.create`` is a full name: it matches after imports and aliases are resolved.
  ``.paymentIntents.create`` (leading dot) is the end of a chain on a client object of this provider: the receiver must be built by one of
  ``clients``, or be of unknown type in a unit that uses one of ``packages``.
* A *REST name* is ``METHOD /path/{}``; ``{}`` is one path segment that may hold anything.
* A *path* into arguments is dotted keys, ``[]`` for each element of a list: ``line_items[].price_data.unit_amount``. It is looked for in keyword
  arguments and in every record argument of the call (or the body of a REST call). A bare number is a positional argument.
"""

from typing import Literal

import msgspec

SystemKind = Literal[
    "payment", "tax", "shipping", "erp", "pim", "marketplace", "platform", "warehouse", "notification", "analytics", "identity", "other"
]
Language = Literal["python", "javascript", "php"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all pack parts: immutable; an unknown key is an error, since it is most often a misspelt one."""


class KeyPrefix(Part):
    """How a credential of the provider begins. ``publishable`` ones may be public; the others are secrets."""

    prefix: str
    kind: Literal["secret", "restricted", "publishable", "webhook", "token"] = "secret"
    mode: Literal["live", "test", "unknown"] = "unknown"


class Idempotency(Part):
    """Whether requests may carry an idempotency key, and every name by which one is handed over (keyword, option key or header)."""

    supported: bool
    names: tuple[str, ...] = ()
    note: str = ""
    source: str = ""


class SdkDefault(Part):
    """What an SDK does by itself from version ``since`` on. Timeout in seconds. ``automatic_keys``: a random key per call is added by the SDK."""

    language: Language
    package: str
    since: str = "0"
    retries: int | None = None
    timeout: float | None = None
    automatic_keys: bool = False
    source: str = ""


class Operation(Part):
    """One thing that the provider's API does, and all the ways to ask for it.

    ``repeatable``: ``natural`` (a repeat changes nothing), ``state-guarded`` (the provider refuses the second by state), ``needs-key`` (a repeat is a second payment).
    ``confirms``: its answer is the provider's own word on whether money moved, so a handler that asks it need not trust its caller.
    ``resource``: this provider's word for what is created or read (``PaymentIntent``).
    """

    op: str
    resource: str = ""
    repeatable: Literal["natural", "state-guarded", "needs-key"] = "natural"
    moves_money: bool = False
    confirms: bool = False
    calls: dict[Language, tuple[str, ...]] = {}
    rest: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    emits: tuple[str, ...] = ()
    supports_key: bool = True
    key_names: tuple[str, ...] = ()
    key_note: str = ""
    note: str = ""
    source: str = ""


class Verifier(Part):
    """A call that proves who sent a message.

    ``proves``: ``throws`` (returns only when genuine), ``boolean`` (true when genuine), ``value`` (returns the genuine event, throws otherwise), ``answer``
    (asks the provider; the answer must be compared with ``genuine``).
    ``secret``/``body``: positions of those arguments. ``empty_secret``: what it does when the secret is empty or missing.
    ``raw_body``: the body argument must be the bytes as sent.
    """

    calls: dict[Language, tuple[str, ...]] = {}
    rest: tuple[str, ...] = ()
    proves: Literal["throws", "boolean", "value", "answer"]
    genuine: tuple[str, ...] = ()
    secret: int | None = None
    body: int | None = None
    raw_body: bool = False
    empty_secret: dict[Language, Literal["refused", "accepted"]] = {}
    note: str = ""
    source: str = ""


class Inbound(Part):
    """A kind of message that the provider sends, how to know it, and what it means.

    ``headers``: names of the headers that carry the proof, lower case. ``fields``: request fields that only such a message has.
    ``events``: event names that handlers dispatch on. ``settles``: those that say money has arrived.
    ``proof``: how the sender is authenticated. ``routes``: words in a route that name the endpoint beside the provider's own name.
    """

    kind: Literal["webhook", "ipn", "redirect-return"]
    headers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    proof: Literal["hmac", "rsa", "jwt", "ipn-postback", "refetch", "basic", "none"] = "hmac"
    routes: tuple[str, ...] = ()
    source: str = ""


class Effect(Part):
    """What a function of the SDK or platform does to the shop's own records: ``order.paid``, ``order.write``, ``stock.write``, ``mail`` …"""

    effect: str
    calls: dict[Language, tuple[str, ...]] = {}
    note: str = ""
    source: str = ""


class Provider(Part):
    """A provider or platform pack: one external system and what talking to it means."""

    id: str
    name: str
    kind: SystemKind
    docs: str
    packages: dict[Language, tuple[str, ...]] = {}
    hosts: tuple[str, ...] = ()
    sandbox_hosts: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    protocol: Literal["rest", "graphql", "webhook", "edi", "soap", "browser-sdk", "file", "smtp"] = "rest"
    auth: Literal["api_key", "oauth", "hmac", "basic", "jwt", "ipn-postback", "none", "unknown"] = "api_key"
    keys: tuple[KeyPrefix, ...] = ()
    idempotency: Idempotency | None = None
    money: Literal["minor", "decimal-string", "decimal", "unknown"] = "unknown"
    defaults: tuple[SdkDefault, ...] = ()
    clients: dict[Language, tuple[str, ...]] = {}
    operations: tuple[Operation, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
    inbound: tuple[Inbound, ...] = ()
    effects: tuple[Effect, ...] = ()
    sources: tuple[str, ...] = ()


class Argument(Part):
    """A part of the request by position of the handler's parameter, and the members of it that hold what the sender chose."""

    body: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    session: tuple[str, ...] = ()


class Sources(Part):
    """Expressions (call names, full or leading-dot) whose value a sender chose, whatever function they stand in."""

    body: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    session: tuple[str, ...] = ()


class Routes(Part):
    """How a route is declared.

    ``style``: ``call`` (``app.post(path, …handlers)``), ``decorator`` (``@app.post(path)``), ``table`` (``path('x', view)`` entries of a list),
    ``class-decorator`` (a prefix on the class, a verb on the method), ``file`` (the path of the file is the route), ``hook`` (``add_action(name, callback)``).
    ``names``: the callables that declare it, full or leading-dot; ``verbs`` maps their last word to the HTTP method.
    ``mounts``: calls that put middleware or a sub-router before the routes that follow.
    """

    style: Literal["call", "decorator", "table", "class-decorator", "file", "hook"]
    names: tuple[str, ...] = ()
    verbs: dict[str, str] = {}
    mounts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    note: str = ""


class Framework(Part):
    """A framework pack: what a route, a request, a role, a config read or a record write looks like in it.

    ``request``: handler parameter (position as text, or a type or parameter name) → members that hold what the sender chose.
    ``staff``/``customer``: names of middleware, decorators or permission checks that restrict a route to those roles.
    ``json_parsers``/``raw_parsers``: body parsers. ``exits``: calls that never return.
    ``effects``: calls that change records, money or goods, or tell somebody. ``config``: calls and members that read configuration.
    """

    id: str
    name: str
    language: Language
    packages: tuple[str, ...] = ()
    routes: tuple[Routes, ...] = ()
    request: dict[str, Argument] = {}
    sources: Sources = Sources()
    staff: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    json_parsers: tuple[str, ...] = ()
    raw_parsers: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    http: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    sources_cited: tuple[str, ...] = ()
