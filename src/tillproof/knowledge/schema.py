"""What a pack may say. Packs are YAML; these types are their whole grammar, and the loader names file, line and key when one is broken.

Conventions shared by every pack:

* ``language`` keys are ``python``, ``javascript`` (TypeScript too) and ``php``.
* A *call name* is dotted whatever the language writes (``->``, ``::`` and ``\\`` all become ``.``).
  ``stripe.PaymentIntent.create`` is a full name: it matches after imports and aliases are resolved.
  ``Client.*.create`` is ``Client.….create`` with any calls or members, or none, between the two.
  ``.paymentIntents.create`` (leading dot) is the end of a chain on a client object of this provider: the receiver must be built by one of
  ``clients``, or be of unknown type in a unit that uses one of ``packages``.
* A *REST name* is ``METHOD /path/{}``; ``{}`` is one path segment that may hold anything.
* A *path* into arguments is dotted keys, ``[]`` for each element of a list: ``line_items[].price_data.unit_amount``. It is looked for in
  keyword arguments and in every record argument of the call (or the body of a REST call). A bare number is a positional argument.
"""

from typing import Literal

import msgspec

SystemKind = Literal[
    "payment", "tax", "shipping", "erp", "pim", "marketplace", "platform", "warehouse", "notification", "analytics", "identity", "other"
]
Language = Literal["python", "javascript", "php"]
Role = Literal["public", "customer", "staff", "internal", "platform"]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all pack parts: immutable; an unknown key is an error, since it is most often a misspelt one."""


class KeyPrefix(Part, frozen=True):
    """How a credential of the provider begins. ``publishable`` ones may be public; the others are secrets.

    ``least``: how many characters of the kind ``chars`` follow at the least. ``whole``: nothing follows. ``shared``: other things begin
    so too; it counts only where the name of the setting, the file or its neighbours speak of the provider.
    """

    prefix: str
    kind: Literal["secret", "restricted", "publishable", "webhook", "token"] = "secret"
    mode: Literal["live", "test", "unknown"] = "unknown"
    least: int = 16
    chars: Literal["word", "hex", "base64", "any"] = "word"
    whole: bool = False
    shared: bool = False
    source: str = ""


class Idempotency(Part, frozen=True):
    """Whether requests may carry an idempotency key, and every name by which one is handed over (keyword, option key or header)."""

    supported: bool
    names: tuple[str, ...] = ()
    note: str = ""
    source: str = ""


class SdkDefault(Part, frozen=True):
    """What an SDK does by itself from version ``since`` on. Timeout in seconds, 0 when it waits for ever. None: not known.

    ``automatic_keys``: a random key per call is added by the SDK.
    ``timeout_names``/``retry_names``: names by which our code sets them: an argument, an option, a setter, a field of the package.
    ``modules``: what an import or a call of the package begins with, where that is not its name.
    """

    language: Language
    package: str
    since: str = "0"
    retries: int | None = None
    timeout: float | None = None
    automatic_keys: bool = False
    timeout_names: tuple[str, ...] = ("timeout",)
    retry_names: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    source: str = ""


class Need(Part, frozen=True):
    """A part that a request has to have. ``what``: its name for people. ``at``: paths into the arguments; one of them is enough.
    ``calls``: methods of a request builder that add it, by their last word, with the text of their first argument in brackets where that
    decides. ``stands_in``: what the provider takes when it is missing, documented; empty when nothing does.
    """

    what: str
    at: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    stands_in: str = ""


class Operation(Part, frozen=True):
    """One thing that the provider's API does, and all the ways to ask for it.

    ``repeatable``: ``natural`` (a repeat changes nothing), ``state-guarded`` (the provider refuses the second by state),
    ``needs-key`` (a repeat is a second payment).
    ``confirms``: its answer is the provider's own word on whether money moved, so a handler that asks it need not trust its caller.
    ``resource``: this provider's word for what is created or read (``PaymentIntent``).
    ``emits``: the events that follow. ``settles``: those of which any one tells that what was created is paid (the provider's own, when
    empty). ``late``: those by which alone a success is told that comes days after the first event; ``methods`` is the path to the argument
    that names the payment methods, ``delayed`` those of them that succeed late, ``unless`` an argument and value with which none does.
    ``at_once``: the answer is the outcome; no customer's browser stands between the call and the money. ``saved``: arguments that name a
    payment method kept at the provider, which a repeated call charges again.

    ``resource``: this provider's word for what is created or read (``PaymentIntent``). ``currency_without``: in which currency a sum is
    charged that names none, where the provider does not refuse it. ``needs``: the parts without which the answer is wrong or refused.
    ``partial``: names in the answer, or of the calls after it, that tell which of several items were refused though the call itself went
    well.
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
    currency_without: str = ""
    needs: tuple[Need, ...] = ()
    emits: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    methods: str = ""
    delayed: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    at_once: bool = False
    saved: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    supports_key: bool = True
    key_names: tuple[str, ...] = ()
    key_note: str = ""
    note: str = ""
    source: str = ""


class Verifier(Part, frozen=True, kw_only=True):
    """A call that proves who sent a message.

    ``proves``: ``throws`` (returns only when genuine), ``boolean`` (true when genuine), ``value`` (returns the genuine event, throws
    otherwise), ``answer`` (asks the provider; the answer must be compared with ``genuine``).
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


class Signing(Part, frozen=True):
    """How a provider signs its messages with a secret that we hold, so that a tester can sign one for a staging shop.

    ``secret``: the environment variable that tests keep the secret in. ``signs``: what the keyed digest is made of, with the holes
    ``{time}`` (seconds), ``{url}``, ``{id}`` (of the delivery), ``{payment}`` and ``{body}``; or ``fields``:
    paths into the message whose values are joined by colons.
    ``key``: whether the secret is taken as text or as hexadecimal digits. ``headers``: what is sent along, with the holes ``{signature}``,
    ``{time}``, ``{id}`` and ``{event}``; or ``inside``: the path at which the signature stands in the message.
    """

    secret: str
    signs: str = "{body}"
    fields: tuple[str, ...] = ()
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    key: Literal["text", "hex"] = "text"
    encoding: Literal["hex", "base64"] = "hex"
    headers: tuple[str, ...] = ()
    inside: str = ""
    source: str = ""


class Inbound(Part, frozen=True):
    """A kind of message that the provider sends, how to know it, and what it means.

    ``headers``: names of the headers that carry the proof, lower case. ``fields``: request fields that only such a message has.
    ``events``: event names that handlers dispatch on. ``settles``: those that say money has arrived.
    ``proof``: how the sender is authenticated. ``binds``: fields of which the signature only says that they belong together: one has
    to be that of the order in hand. ``signs``: ``paid`` when only successful payments are signed, so that no status is left to read.
    ``routes``: words in a route that name the endpoint beside the provider's own name.
    ``redelivers``: for how many hours a message that was not taken is sent again, 0 when that is not known.
    ``message``: such a message about a payment, for staging tests, with the holes ``$EVENT``, ``$EVENT_ID``, ``$ORDER_ID``,
    ``$PAYMENT_ID``, ``$AMOUNT`` (smallest unit), ``$MAJOR_AMOUNT`` and ``$CURRENCY``; one that does not begin with ``{`` or ``[`` is sent
    as a form. ``signing``: how to sign it; without it only a recorded delivery is genuine.
    """

    kind: Literal["webhook", "ipn", "redirect-return"]
    headers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    proof: Literal["hmac", "rsa", "jwt", "ipn-postback", "refetch", "basic", "none"] = "hmac"
    binds: tuple[str, ...] = ()
    signs: Literal["", "paid"] = ""
    routes: tuple[str, ...] = ()
    redelivers: int = 0
    redelivers_source: str = ""
    message: str = ""
    signing: Signing | None = None
    source: str = ""


class Effect(Part, frozen=True):
    """What a function of the SDK, platform or framework does to the shop's own records, goods or people.

    ``effect``: ``order.paid`` (from here on the order counts as paid), ``order.write``, ``stock.write``, ``refund.record``, ``cart.write``,
    ``record.create``, ``record.write``, ``record.delete`` (a record of any kind), ``sql`` (a statement whose text decides: one that only
    reads is no effect), ``user.write``, ``file.write``, ``mail``, ``event`` (handlers of ours run), ``job`` (work is queued).
    ``order.note``: a remark on an order that changes nothing.
    ``receivers``: what the object must be: a type or base class, or a call or member that yields it. Empty: any. A receiver known to be
    something else is no effect; an unknown one is a possible effect.
    ``entity``/``writes``: the kind of record that is written, and its fields, each with the place of the argument that holds its value, or
    ``=`` and the value itself (``{status: "0"}``, ``{status: =processing}``).
    ``repeat``: what a second call with the same arguments does: ``again`` the same once more, ``same`` writes what is there already,
    ``once`` nothing, since the platform looks first.
    ``also``: what the platform does along with it: ``stock.release`` (when the status that is written cancels the order).
    """

    effect: str
    calls: dict[Language, tuple[str, ...]] = {}
    receivers: tuple[str, ...] = ()
    entity: str = ""
    writes: dict[str, str] = {}
    repeat: Literal["again", "same", "once"] = "again"
    also: tuple[str, ...] = ()
    note: str = ""
    source: str = ""


class Provider(Part, frozen=True):
    """A provider or platform pack: one external system and what talking to it means.

    ``names``: how settings and variables call it beside its ``id``, in lower snake case: ``PP_SECRET`` is PayPal's.
    ``dumps``: calls that give a message of the provider as it came, every field of it, in one text or record.

    ``remedies``: what is to be written, by need and language: lines of code with the holes ``{{body}}``, ``{{header}}`` and ``{{refuse}}``,
    which the framework in use fills (see ``Framework.remedies``), and those that the check fills. Needs: ``verify`` (a message's sender),
    ``confirm`` (ask whether money came), ``key`` (an idempotency key), and whatever else a check asks for.

    ``receivers``: per language, packages of others, as they are imported, that take the provider's messages by themselves.
    ``gateways``: calls of a library for many systems that make a client of the one that their first argument names, which stands in
    brackets: ``Omnipay.create(PayPal_*)``.

    ``money``: how it takes and gives sums: integers of the currency's smallest unit (``minor``), texts with the currency's decimals, or
    numbers with decimals. ``currencies``: the only ones that it takes, where they are few. ``currency_case``: how its answers write codes.
    """

    id: str
    name: str
    kind: SystemKind
    docs: str
    packages: dict[Language, tuple[str, ...]] = {}
    hosts: tuple[str, ...] = ()
    sandbox_hosts: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    protocol: Literal["rest", "graphql", "webhook", "edi", "soap", "browser-sdk", "file", "smtp"] = "rest"
    auth: Literal["api_key", "oauth", "hmac", "basic", "jwt", "ipn-postback", "none", "unknown"] = "api_key"
    keys: tuple[KeyPrefix, ...] = ()
    idempotency: Idempotency | None = None
    money: Literal["minor", "decimal-string", "decimal", "unknown"] = "unknown"
    currencies: tuple[str, ...] = ()
    currency_case: Literal["upper", "lower", ""] = ""
    defaults: tuple[SdkDefault, ...] = ()
    clients: dict[Language, tuple[str, ...]] = {}
    gateways: dict[Language, tuple[str, ...]] = {}
    operations: tuple[Operation, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
    dumps: dict[Language, tuple[str, ...]] = {}
    inbound: tuple[Inbound, ...] = ()
    receivers: dict[Language, tuple[str, ...]] = {}
    effects: tuple[Effect, ...] = ()
    remedies: dict[str, dict[Language, tuple[str, ...]]] = {}
    sources: tuple[str, ...] = ()

    def things(self) -> "tuple[Operation | Verifier, ...]":
        """All that a call may be: operations, then verifiers."""
        return (*self.operations, *self.verifiers)


class Argument(Part, frozen=True):
    """A part of the request by position of the handler's parameter, and the members of it that hold what the sender chose.

    A member is a property or a method, dotted, and all that hangs on it: ``request.get`` covers ``$r->request->get('x')``. ``*`` is the
    whole parameter, or any member that is not named elsewhere.
    """

    body: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    session: tuple[str, ...] = ()


class Sources(Part, frozen=True):
    """Expressions (call names, full or leading-dot) whose value a sender chose, whatever function they stand in."""

    body: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    session: tuple[str, ...] = ()


class Hook(Part, frozen=True):
    """A platform event that runs code of ours. ``name`` may hold ``*``; of several that fit, the first counts.

    ``request``: a stranger's HTTP request can name it and choose its parameters; such a hook is an entry point. ``route``: where that
    request goes. ``role``: the least that the one who sets it off must be; ``platform`` means that the platform calls it, under the
    condition in ``note``.
    """

    name: str
    role: Role = "platform"
    request: bool = False
    route: str = ""
    note: str = ""


class Routes(Part, frozen=True):
    """How a route, or another way into our code, is declared.

    ``style``: ``call`` (``app.post(path, …handlers)``), ``decorator`` (``@app.post(path)``), ``table`` (``path('x', view)`` entries of a
    list; or records of the data ``files``, YAML mappings and XML elements with dotted keys, ``class::method`` where two keys name a
    handler), ``class-decorator`` (a prefix on the class, a verb on the method), ``file`` (the path of the file is the route), ``hook``
    (``add_action(name, callback)``), ``class`` (methods of a class derived from ``bases`` are handlers, whether or not a route to them is
    seen; below ``root`` the path of the file is the route, after the front name that a record of ``files`` gives).
    ``names``: the callables that declare it, full or leading-dot. ``verbs`` maps their last word (``class``: the method; ``file``: the
    export or method; ``*``: any public one) to the HTTP method, ``ANY`` for all, ``NONE`` when no request leads there.
    ``receivers``: what the object of a leading-dot name must be (see ``Effect``).
    ``mounts``: calls that put middleware or a sub-router before the routes that follow. ``prefixes``: calls, class decorators, keywords or
    places that put their text before the paths inside them. ``files``: patterns of paths, with ``**``; ``root``: the folder below which the
    file's path is the route. ``directive``: only files or functions that open with this text (``use server``).

    Places in the arguments: a position, a negative one from the end, ``1..`` for all from 1 on, a keyword or option key, or a path into
    arguments; ``route`` is also the argument of that call earlier in the chain. ``path``, ``handler`` and ``methods`` are places, tried in
    order; ``guards`` are the places, chained calls or class members that hold middleware or permission checks. ``without_methods``: the
    HTTP methods when none is named. ``listed``: class members that list further handlers, functions or names of methods (``class``);
    ``rows``: the calls and decorators by which a model is given to such a class: its handlers are handed that model's rows.
    ``role``: the least a caller must be when no guard stands before it. ``internal``: never reached by a request. ``platform``: called by
    the platform under the condition in ``note``.
    """

    style: Literal["call", "decorator", "table", "class-decorator", "file", "hook", "class"]
    names: tuple[str, ...] = ()
    verbs: dict[str, str] = {}
    mounts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    note: str = ""
    receivers: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    root: tuple[str, ...] = ()
    directive: str = ""
    path: str = "0"
    handler: tuple[str, ...] = ("-1",)
    methods: tuple[str, ...] = ()
    without_methods: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    role: Role = "public"


class HttpClient(Part, frozen=True, kw_only=True):
    """A library that sends HTTP requests: what bounds them, and what repeats them, when nobody says so.

    ``calls``: the calls that send. ``makes``: calls that make an object which keeps settings for the calls on it; ``keeps_timeout``: a
    bound too.
    ``timeouts``: names by which a bound is given (argument, option, chained call, field set beside, cURL option). ``connect_only``: names
    that bound the connection and leave the answer open. ``timeout_at``: call → position of the bound among its arguments.
    ``wide``: calls or fields that bound every request of the program.
    ``retries``: names by which repetition is given, likewise.
    ``tells``: how a request that failed is told: ``throws`` (4xx and 5xx too), ``connection`` (throws when no answer came), ``value``.
    ``defaults``: by version; a default without a package always holds.
    """

    id: str
    calls: tuple[str, ...]
    makes: tuple[str, ...] = ()
    keeps_timeout: bool = True
    timeouts: tuple[str, ...] = ("timeout",)
    connect_only: tuple[str, ...] = ()
    timeout_at: dict[str, int] = {}
    wide: tuple[str, ...] = ()
    retries: tuple[str, ...] = ()
    tells: Literal["throws", "connection", "value"] = "throws"
    defaults: tuple[SdkDefault, ...]


class RetryPolicy(Part, frozen=True, kw_only=True):
    """A way in which a library repeats what failed: where our code declares it, and what it does where nothing is said.

    ``names``: the call or decorator that declares it, where anything imports what one of the full names begins with; ``bases``: the class
    whose members do; ``record``: keys of an options record, all of which must be there. ``when``: names one of which must be given, and
    not be false or 0, for anything to be repeated.
    ``growth``: how the wait grows when nothing is said: ``none`` (no wait), ``fixed``, ``linear``, ``exponential``. ``jitter``: whether it
    is spread. ``bounded``: whether it ends by itself.
    Names of what changes that (an argument, a key, a member; a number is a position): ``delays`` hold the wait (a number, a list, a
    function, or one of ``kinds``), ``grows`` make it exponential when true, ``jitters`` spread it or not, ``limits`` bound it,
    ``errors`` say what is repeated; without them everything is.
    ``kinds``: texts or call names → growth, with ``+jitter`` where they spread it.
    ``repeats``: what is done again: the ``decorated`` function, the methods of the ``class``, the ``argument`` that is a function, requests
    of the ``client``, the ``task`` around the call. ``refusals``: a client's requests that were answered by 4xx are repeated too.
    """

    names: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    growth: Literal["none", "fixed", "linear", "exponential"] = "none"
    jitter: bool = False
    bounded: bool = True
    delays: tuple[str, ...] = ()
    grows: tuple[str, ...] = ()
    jitters: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    kinds: dict[str, str] = {}
    repeats: Literal["decorated", "class", "argument", "client", "task"]
    refusals: bool = False
    note: str = ""
    source: str = ""


class Queue(Part, frozen=True, kw_only=True):
    """A queue of jobs, and what becomes of one that has failed for good.

    ``marks``: words of which the file of a job holds one. ``consumes``: calls whose function argument is the job. ``in_process``: it runs
    in the same process after the answer was given, and nothing remembers it; it matters only where somebody's message is handled.
    ``keeps``: where the queue itself keeps it, for people; empty when it forgets it. ``drops``: options by which it is told not to, with
    any value but false, 0 and null.
    ``kept_by``: words of code or settings by which failed jobs are kept, or somebody is told. ``configured_in``: ends of the paths of the
    files that say so for a whole program; what becomes of failed jobs is not known where none is in the tree.
    ``remedy``: what to write.
    """

    id: str
    name: str
    marks: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    in_process: bool = False
    keeps: str = ""
    drops: tuple[str, ...] = ()
    kept_by: tuple[str, ...] = ()
    configured_in: tuple[str, ...] = ()
    remedy: str = ""
    source: str = ""


class Sum(Part, frozen=True):
    """What calls, or members that are read, say of a sum of money or do to it.

    ``does``: ``gives`` (the result is a sum of its own, in ``unit`` and as ``number``), ``keeps`` (the same sum, perhaps as another
    ``number``), ``cuts`` (whole: what is behind the point is dropped, or added to), ``rounds`` (whole, to the nearest), ``fixes`` (rounded
    to the ``decimals`` that it states, or to those at position ``places`` of the arguments, a number or a pattern like ``%.2f``),
    ``times``/``over`` (multiplied or divided by the last argument), ``adds`` (the sum of the object, the arguments or their elements),
    ``power`` (the first argument raised to the second), ``minor``/``major`` (converted to that unit by the decimals of the currency).
    The sum is the argument at position ``sum``, or the object of a leading-dot name when that is not given.
    ``unit``: ``hundredths`` is an integer of hundredths in every currency, also in those without or with other decimals.
    """

    calls: tuple[str, ...]
    does: Literal["gives", "keeps", "cuts", "rounds", "fixes", "times", "over", "adds", "power", "minor", "major"]
    unit: Literal["minor", "major", "hundredths", ""] = ""
    number: Literal["integer", "decimal", "float", "string", ""] = ""
    sum: int | None = None
    places: int | None = None
    decimals: int | None = None
    note: str = ""
    source: str = ""


class Currencies(Part, frozen=True):
    """Where a framework's currencies come from. ``own``: calls and members by which a record tells its own currency. ``default``: those
    that tell the shop's currency, which a record need not have. ``upper``: calls that know a currency's decimals by its code in upper case
    alone and take two for any other text."""

    own: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    upper: tuple[str, ...] = ()
    source: str = ""


class Handover(Part, frozen=True, kw_only=True):
    """Calls by which work runs later or elsewhere, known by their last word where the call is not ours.

    ``runs``: whose function runs: ``callee``, the task that the call is made on (``task.delay(x)``); ``object``, the method of ``methods``
    of the class that the call is made on or of its first argument, else those of others whose first parameter is of that class; or what
    was registered under a name: the argument at a position, or the first that the queue was made with (``receiver``).
    ``as_called``: the task, or the method of others, is handed the arguments as they stand. ``registers``: calls, constructors and
    decorators that register a function under the name that is their first argument (or that their queue was made with).
    """

    calls: tuple[str, ...]
    runs: str
    as_called: bool = False
    methods: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    source: str = ""


class Records(Part, frozen=True):
    """What an object-relational mapper runs by itself when a method is called on one of its records.

    ``bases``: classes of records; a method of that name which the record's own class declares runs instead of the mapper's. ``signals``:
    by the last word of a call that writes a record, the signals that it sends. ``registers``: decorators and methods of a signal that
    register a receiver; ``sends``: methods of a signal that run its receivers. ``sender``: the argument of a registration that names the
    class, ``record``: the receiver's parameter that holds the record.
    """

    bases: tuple[str, ...] = ()
    signals: dict[str, tuple[str, ...]] = {}
    registers: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    sender: str = "sender"
    record: str = "instance"
    source: str = ""


class Framework(Part, frozen=True):
    """A framework pack: what a route, a request, a role, a config read or a record write looks like in it.

    Names here are call names, with four additions. A JavaScript name begins with the module (``@nestjs/common.Controller``, ``node:``
    dropped; a default import is the module itself: ``axios.post``). The first word of a leading-dot name may be the variable itself,
    whatever its sigil: ``.em.flush`` is ``em.flush()``, ``this.em.flush()`` and ``$this->em->flush()``. Calls inside a chain are written by
    name: ``.filter.update`` is ``x.filter(…).update(…)``. ``name(text)`` is only the call whose first argument is that literal, or begins
    with what stands before a ``*``: ``file_get_contents(php://input)``.

    ``a.*.post`` is ``a.….post`` with any calls or members, or none, between the two.

    ``packages``: names in the registry and roots of imports; none means that the pack holds for the whole language. ``marks``: files or
    identifiers that show the framework in a unit without a package file.
    ``request``: handler parameter → members that hold what the sender chose. The key is a position (the method's own object not counted), a
    parameter's name, a type or base class, ``@Name`` (its decorator, attribute or default value) or ``{}`` (named in the route's path). The
    first key that fits counts, in this order: decorator, type, path, name, position.
    ``staff``/``customer``: names of middleware, decorators, base classes, permission checks or members that restrict a route to those
    roles; ``staff`` is looked at first. A text ends in ``*`` when more may follow (``can:*``).
    ``internal``: proofs that our own scheduler or queue calls. ``exempt``: marks that open a route to callers from outside. ``nonces``:
    proofs against forged forms; they say nothing about who calls.
    ``json_parsers``/``raw_parsers``: body parsers. ``exits``: calls that never return. ``answers``: calls that write or make the answer.
    ``config``: calls and members that read configuration. ``http``: calls that send a request, or make what sends it.
    ``random``: values that differ at every call, clocks included; a date type that is given a value to convert is no clock.
    ``verifies``: calls that return only when a signed token or message is genuine (they throw otherwise).
    ``macs``: calls that make or check a keyed digest. ``compares``: calls that compare in constant time.
    ``passthrough``: the result is the argument, or the object, cleaned or converted. ``gives``: plain functions that return the argument
    at that position unless code of others changes it.
    ``hooks_functions``: calls that have a function run around one of ours, which they name by a text: ``hookAfter('saveOrder', notify)``.
    ``provides``: the key of a record that names a type, to those that say what a container hands out for it.
    ``tells``: plain functions that set off the hooks of the name at that position of their arguments; what follows it is handed on.
    ``reads``: calls that fetch stored records. ``once``: calls that create only what is not there yet, atomic if the database has the
    constraint. ``transactions``/``locks``: calls, decorators or blocks. ``jobs``: calls that hand work to a queue. ``loggers``: calls that
    write to a log. ``reporters``: calls that send what they are given to a tracker of errors or of visitors' doings. ``journals``: calls
    that note beside a record what happened to it (an order note). ``revealing``: calls whose exception shows the request as sent, headers
    and all. ``forms``: base classes of objects that are filled from a request, field by field. ``inert``: types and calls that yield
    objects on which no method is an effect (``new Map()``, a digest being built).
    ``insecure``: ``option=value`` that turns the check of certificates off, and calls that do.
    ``effects``: calls that change records, money or goods, or tell somebody. A provider's operation of the same name goes first.
    ``remedies``: what is to be written in this framework, by need: lines of code. ``body``, ``header`` (of ``{{name}}``), ``refuse`` are
    expressions that fill the holes of others; ``raw`` keeps the raw body; ``load`` prices, ``lock``, ``take-stock``, ``once``,
    ``check-stock``, ``hmac``, ``compare``, ``require`` (a setting), ``key``, ``key-header``, ``timeout`` say themselves.

    ``records``: what runs when a record is written.
    ``queues``: what becomes of jobs that failed for good.
    ``sleeps``: calls that wait as long as their first argument says, in whatever unit (``setTimeout``: the second).

    ``caches``: calls that give what was kept from before, decorators that keep what a function gave, and methods (of the platform's base
    class) that the platform calls only when it has nothing kept.
    ``sums``: what calls and members say of sums of money or do to them; of several that fit, the first counts. ``currencies``: which tell a
    currency.
    """

    id: str
    name: str
    language: Language
    packages: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    routes: tuple[Routes, ...] = ()
    request: dict[str, Argument] = {}
    sources: Sources = Sources()
    staff: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    exempt: tuple[str, ...] = ()
    nonces: tuple[str, ...] = ()
    json_parsers: tuple[str, ...] = ()
    raw_parsers: tuple[str, ...] = ()
    exits: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    http: tuple[str, ...] = ()
    random: tuple[str, ...] = ()
    verifies: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    compares: tuple[str, ...] = ()
    passthrough: tuple[str, ...] = ()
    gives: dict[str, int] = {}
    tells: dict[str, int] = {}
    hooks_functions: tuple[str, ...] = ()
    provides: dict[str, tuple[str, ...]] = {}
    handovers: tuple[Handover, ...] = ()
    reads: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    loggers: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    journals: tuple[str, ...] = ()
    revealing: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    inert: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    remedies: dict[str, tuple[str, ...]] = {}

    records: Records = Records()
    sleeps: tuple[str, ...] = ()
    http_clients: tuple[HttpClient, ...] = ()
    retries: tuple[RetryPolicy, ...] = ()
    queues: tuple[Queue, ...] = ()

    caches: tuple[str, ...] = ()
    sums: tuple[Sum, ...] = ()
    currencies: Currencies = Currencies()
    sources_cited: tuple[str, ...] = ()


class Numbers(Part, frozen=True):
    """What one party publishes, and where. ``prefixes``: a number that begins so is published too."""

    of: str
    source: str
    numbers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


class Brand(Part, frozen=True):
    """How a scheme's card numbers begin (``4``, ``51-55``) and how many digits they have."""

    name: str
    ranges: tuple[str, ...]
    lengths: tuple[int, ...]


class Published(Part, frozen=True):
    """What providers publish for tests (``published.yaml``): card numbers, IBANs, bank accounts and their routing, API keys.

    Digits and letters only. ``keys``: what stands after the prefix. ``brands`` and ``iban_lengths`` (by country) say what real ones look
    like.
    """

    cards: tuple[Numbers, ...]
    ibans: tuple[Numbers, ...]
    accounts: tuple[Numbers, ...]
    keys: tuple[Numbers, ...]
    brands: tuple[Brand, ...] = ()
    iban_lengths: dict[str, int] = {}


class Lexicon(Part, frozen=True):
    """The words of commerce by which names and values are known, whatever the framework (``lexicon.yaml``).

    Names and values are put in lower snake case before they are compared: ``unitPrice``, ``unit-price`` and ``UNIT_PRICE`` are
    ``unit_price``. All entries but ``passthrough`` and ``test_words`` are regular expressions that must match the whole.

    ``*_fields``: fields, columns, variables and keys. Tax, shipping and discount fields are looked at before ``money_fields``, which takes
    most of them too; ``not_money`` is what it would take and is no amount. ``minor_fields``: a sum in the currency's smallest unit.
    ``rate_fields``: a share, not a sum. ``decimals_fields``: how many decimals a currency has, or the factor that follows from it.
    ``paid_values``: a status that says the money is here. ``fulfil_values``: a status on which goods or access go out; it means paid only
    on one of ``order_entities``. ``open_values`` and ``dead_values``: before payment, and after it failed or was undone.
    ``state_fields``: flags and times that mark one step of an order's life (``is_delivered``).
    ``supply_entities``: what the shop itself orders. ``refused_values``: states of a message that was not let through.
    ``outgoing_entities``: those on which a settled status says that we have paid somebody. ``loose_entities``: those of ``order_entities``
    that are as often kept by programs in which nobody pays. ``payment_words``: what speaks of paying.
    ``fulfil_verbs``: functions whose name says that something is paid for or handed out, but for ``not_fulfil_verbs``.
    ``stock_columns``: columns that count what can be sold; ``stock_counts`` do where the table is one of ``stock_entities`` or
    ``goods_entities``; ``reserved_columns`` count what is promised. ``not_stock_columns`` are none of them, and a table with one of
    ``not_stock_entities`` among the words of its name holds no stock. ``backorder_fields``: more may be sold than there is.
    ``staff_guards``/``customer_guards``: a shop's own guards, by name; staff first. They are evidence only where the guard cannot be read.
    ``card_*_fields``: a payment card's number, its printed code, its stripe; ``card_beside_fields`` mean that only beside one of them.
    Not those in ``not_card``. ``secret_headers`` are headers and options of a request that carry a credential; ``not_secret`` are
    ``secret_fields`` that are none of ours to another system, but of a session, a visitor or a payment.
    ``logger_names``/``log_methods``: an object whose name is one of the former writes to a log by the latter. ``redacting_verbs``:
    functions whose name says that what they return no longer shows what they were given.

    ``outcome_fields``: what a condition reads that asks whether a call went well. ``transient_errors``/``client_errors``: names of failures
    that may pass by themselves, and of those that will not; client errors are looked at first.
    ``passthrough``: call names whose result is their argument, cleaned. ``test_words``: parts of a path that mark tests and examples.
    ``secret_fields`` keep a credential, but for ``public_fields``; ``signing_fields``, ``database_fields`` and ``mail_fields`` say what for
    when no system is named. ``mode_fields`` hold one of ``test_values`` or ``live_values``; ``test_switches`` and ``live_switches`` are
    true or false. A condition with one of ``environment_words`` asks where the code runs. ``*_parts``: parts of a path that say for which
    environment a file is, ``settings_parts`` that it is one for settings. ``test_number_words`` and ``card_words``: what stands around a
    number and says that it is no card of anybody, or one. ``account_words``/``routing_words``: names of a bank account's two numbers.
    ``zero_decimal_currencies``/``three_decimal_currencies``: ISO codes of those that have no smaller unit, or a thousandth; no patterns.
    """

    money_fields: tuple[str, ...]
    not_money: tuple[str, ...]
    tax_fields: tuple[str, ...]
    shipping_fields: tuple[str, ...]
    discount_fields: tuple[str, ...]
    minor_fields: tuple[str, ...]
    rate_fields: tuple[str, ...]
    decimals_fields: tuple[str, ...]
    currency_fields: tuple[str, ...]
    quantity_fields: tuple[str, ...]
    stock_fields: tuple[str, ...]
    stock_columns: tuple[str, ...]
    stock_counts: tuple[str, ...]
    reserved_columns: tuple[str, ...]
    not_stock_columns: tuple[str, ...]
    stock_entities: tuple[str, ...]
    goods_entities: tuple[str, ...]
    not_stock_entities: tuple[str, ...]
    backorder_fields: tuple[str, ...]
    paid_fields: tuple[str, ...]
    paid_values: tuple[str, ...]
    fulfil_values: tuple[str, ...]
    open_values: tuple[str, ...]
    dead_values: tuple[str, ...]
    status_fields: tuple[str, ...]
    state_fields: tuple[str, ...]
    order_entities: tuple[str, ...]
    supply_entities: tuple[str, ...]
    refused_values: tuple[str, ...]
    outgoing_entities: tuple[str, ...]
    loose_entities: tuple[str, ...]
    payment_words: tuple[str, ...]
    fulfil_verbs: tuple[str, ...]
    not_fulfil_verbs: tuple[str, ...]
    staff_guards: tuple[str, ...]
    customer_guards: tuple[str, ...]
    card_number_fields: tuple[str, ...]
    card_code_fields: tuple[str, ...]
    card_track_fields: tuple[str, ...]
    card_beside_fields: tuple[str, ...]
    not_card: tuple[str, ...]
    secret_headers: tuple[str, ...]
    not_secret: tuple[str, ...]
    logger_names: tuple[str, ...]
    log_methods: tuple[str, ...]
    redacting_verbs: tuple[str, ...]

    outcome_fields: tuple[str, ...]
    transient_errors: tuple[str, ...]
    client_errors: tuple[str, ...]
    passthrough: dict[Language, tuple[str, ...]]
    test_words: tuple[str, ...]
    secret_fields: tuple[str, ...]
    public_fields: tuple[str, ...]
    signing_fields: tuple[str, ...]
    database_fields: tuple[str, ...]
    mail_fields: tuple[str, ...]
    mode_fields: tuple[str, ...]
    test_switches: tuple[str, ...]
    live_switches: tuple[str, ...]
    test_values: tuple[str, ...]
    live_values: tuple[str, ...]
    environment_words: tuple[str, ...]
    example_parts: tuple[str, ...]
    test_parts: tuple[str, ...]
    development_parts: tuple[str, ...]
    staging_parts: tuple[str, ...]
    production_parts: tuple[str, ...]
    settings_parts: tuple[str, ...]
    test_number_words: tuple[str, ...]
    card_words: tuple[str, ...]
    account_words: tuple[str, ...]
    routing_words: tuple[str, ...]
    zero_decimal_currencies: tuple[str, ...]
    three_decimal_currencies: tuple[str, ...]
