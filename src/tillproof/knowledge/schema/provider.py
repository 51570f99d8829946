"""What a pack says of a provider: a system outside, its SDKs, its API and the messages that it sends."""

from typing import Literal

from tillproof.knowledge.schema.base import Effect, Language, Part, SystemKind


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
    ``modules``: what an import or a call of the package begins with, where that is not its name. ``marks``: texts by which a file shows
    that it runs where this holds, for what a runtime does without any import.
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
    marks: tuple[str, ...] = ()
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
    ``declines``: whether that no money came is raised as an error, or told in an answer that looks like any other and has to be read.
    ``again``: what the answer says of a payment that was confirmed before, in the place of what it says the first time.
    ``insists``: by an SDK the call comes back only when the money came, so that nobody has to look at its answer.
    ``secret``: the name in the answer of what lets whoever has it act on the one thing that was created.
    ``envelope``: names in the answer that say only that the question was understood, while what became of the payment stands below them.
    ``truth``: the languages in which the call answers true or false instead of raising.
    ``resource``: this provider's word for what is created or read (``PaymentIntent``).
    ``emits``: the events that follow. ``settles``: those of which any one tells that what was created is paid (the provider's own, when
    empty). ``late``: those by which alone a success is told that comes days after the first event; ``methods`` is the path to the argument
    that names the payment methods, ``delayed`` those of them that succeed late, ``unless`` an argument and value with which none does.
    ``names_nobody``: its answer says nothing of who pays, and nothing of what he pays with.
    ``in_browser``: a page of ours calls it in the customer's browser, so the sum is whatever he lets it be.
    ``at_once``: the answer is the outcome; no customer's browser stands between the call and the money. ``saved``: arguments that name a
    payment method kept at the provider, which a repeated call charges again. ``key_at``: the position at which an SDK's method takes the
    idempotency key as an argument of its own. ``key_without``: what the provider knows a repeat by where no key is sent.

    ``resource``: this provider's word for what is created or read (``PaymentIntent``). ``currency_without``: in which currency a sum is
    charged that names none, where the provider does not refuse it. ``needs``: the parts without which the answer is wrong or refused.
    ``money``: how this operation takes its sum, where that is not as the provider's others do. ``hundredths``: it counts hundredths of
    every currency, of those without a smaller unit too.
    ``owed``: arguments that name the sum that has to have been paid: a payment of another sum is not confirmed.
    ``from_request``: given nothing, it sends what the request holds under the names of its arguments.
    ``priced_by``: where the ids of prices stand that the provider keeps, from which it works the sum out.
    ``partial``: names in the answer, or of the calls after it, that tell which of several items were refused though the call itself went
    well.
    ``says``: where one call or address serves all operations, the words by which its arguments say that it is this one: the field of a
    GraphQL document (``productUpdate``), the method that an RPC is told (``create``).
    """

    op: str
    resource: str = ""
    repeatable: Literal["natural", "state-guarded", "needs-key"] = "natural"
    moves_money: bool = False
    confirms: bool = False
    declines: Literal["raised", "answered"] = "raised"
    again: tuple[str, ...] = ()
    insists: bool = False
    secret: str = ""
    envelope: tuple[str, ...] = ()
    truth: tuple[Language, ...] = ()
    calls: dict[Language, tuple[str, ...]] = {}
    rest: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    amount: tuple[str, ...] = ()
    priced_by: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    currency_without: str = ""
    needs: tuple[Need, ...] = ()
    emits: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    methods: str = ""
    delayed: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    names_nobody: bool = False
    in_browser: bool = False
    at_once: bool = False
    saved: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    from_request: bool = False
    money: Literal["", "minor", "decimal-string", "decimal"] = ""
    hundredths: bool = False
    supports_key: bool = True
    key_names: tuple[str, ...] = ()
    key_at: int = -1
    key_without: str = ""
    key_note: str = ""
    note: str = ""
    source: str = ""


class Verifier(Part, frozen=True, kw_only=True):
    """A call that proves who sent a message.

    ``proves``: ``throws`` (returns only when genuine), ``boolean`` (true when genuine), ``value`` (returns the genuine event, throws
    otherwise), ``answer`` (asks the provider; the answer must be compared with ``genuine``), ``wraps`` (calls the function that it is
    handed, or makes one that calls it, for genuine messages only).
    ``secret``/``body``: positions of those arguments. ``empty_secret``: what it does when the secret is empty or missing.
    ``raw_body``: the body argument must be the bytes as sent. ``says``: texts by which a request is this one wherever it goes, when where
    is not written down.
    """

    calls: dict[Language, tuple[str, ...]] = {}
    rest: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    proves: Literal["throws", "boolean", "value", "answer", "wraps"]
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
    ``names_nobody``: it says nothing of who pays, and nothing of what he pays with.
    ``events``: event names that handlers dispatch on. ``settles``: those that say money has arrived. ``kinds``: what a message may be
    about, where it says so beside the event, ``resource_type: mandates``; ``settling_kinds``: those of them that tell of payments.
    ``proof``: how the sender is authenticated. ``binds``: fields of which the signature only says that they belong together: one has
    to be that of the order in hand. ``signs``: ``paid`` when only successful payments are signed, so that no status is left to read.
    ``outcome``: where failures are told and signed as well, the names by which what came of the payment is read.
    ``routes``: words in a route that name the endpoint beside the provider's own name.
    ``typed``: fields that whoever pays fills in by himself, with whatever he likes: no payment was begun under them.
    ``tells``: decorators and signals of packages of others, as they are imported, by which a function of ours is told of such a message
    once the package has proven it; calls that are handed a record of such functions, ``.processWebhooks``.
    ``hands``: methods of a platform to which what came is handed by whoever takes it.
    ``redelivers``: for how many hours a message that was not taken is sent again, 0 when that is not known.
    ``message``: such a message about a payment, for staging tests, with the holes ``$EVENT``, ``${EVENT%.*}`` (without its last piece),
    ``$MESSAGE_ID``, ``$ORDER_ID``, ``$PAYMENT_ID``, ``$AMOUNT`` (smallest unit), ``$MAJOR_AMOUNT`` and ``$CURRENCY``; one that does not
    begin with ``{`` or ``[`` is sent as a form. ``signing``: how to sign it; without it only a recorded delivery is genuine.
    """

    kind: Literal["webhook", "ipn", "redirect-return"]
    headers: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    names_nobody: bool = False
    typed: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    settling_kinds: tuple[str, ...] = ()
    proof: Literal["hmac", "rsa", "jwt", "ipn-postback", "refetch", "basic", "none"] = "hmac"
    binds: tuple[str, ...] = ()
    signs: Literal["", "paid"] = ""
    outcome: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    tells: dict[Language, tuple[str, ...]] = {}
    hands: dict[Language, tuple[str, ...]] = {}
    redelivers: int = 0
    redelivers_source: str = ""
    message: str = ""
    signing: Signing | None = None
    source: str = ""


class Provider(Part, frozen=True):
    """A provider or platform pack: one external system and what talking to it means.

    ``names``: how settings and variables call it beside its ``id``, in lower snake case: ``PP_SECRET`` is PayPal's.
    ``opens``: names, without the system's own, of ids that alone open the account: whoever has a ``merchant_id`` of it needs no key.
    ``open_names``: names, without the system's own, of what sounds like a key and is shown to anybody, in pages too.
    ``tokens``: keys under which it is told what its own form in the page gave out for a card; whoever tells it those sees no card.
    ``test_tokens``: how what is told there begins where it is of the test world: ``pm_card_visa`` pays nothing anywhere else.
    ``test_mode``: whether it has a world for tests, of which a credential may be; where it has none, every credential is live.
    ``cards``: whether anybody pays by card there; with coins, by mobile money or from a bank account alone, no card is seen by anybody.
    ``plugins``: the base classes, and members behind a dot, of code that a platform runs in its own process on orders and payments.
    ``marks``: text that only its documents have, where they are written by hand: ``ISA*00*`` of an X12 interchange.
    ``digests``: calls of an SDK that work out the keyed digest of a message, for the code at hand to compare with the one that was sent.
    ``dumps``: calls that give a message of the provider as it came, every field of it, in one text or record.
    ``sessions``: calls and members of an SDK that give an object in which a token stands by which all of the shop's account is reached.
    ``told_sessions``: functions of ours, by the names under which an SDK is given them, that it tells the tokens of a session to keep.

    ``remedies``: what is to be written, by need and language: lines of code with the holes ``{{body}}``, ``{{header}}`` and ``{{refuse}}``,
    which the framework in use fills (see ``Framework.remedies``), and those that the check fills. Needs: ``verify`` (a message's sender),
    ``confirm`` (ask whether money came), ``key`` (an idempotency key), ``refund``, and whatever else a check asks for.

    ``errors``: whether its SDKs raise what the provider refuses, or answer it with an object that has to be read.
    ``errors_hold_payment``: what it answers to a request that it refuses may hold the payment with what is known of the card.

    ``receivers``: per language, packages of others, as they are imported, that take the provider's messages by themselves.
    ``gateways``: calls of a library for many systems that make a client of the one that their first argument names, which stands in
    brackets: ``Omnipay.create(PayPal_*)``.

    ``money``: how it takes and gives sums: integers of the currency's smallest unit (``minor``), texts with the currency's decimals, or
    numbers with decimals. ``currencies``: the only ones that it takes, where they are few. ``currency_case``: how its answers write codes.

    ``members``: what its SDK offers hangs on the client as members, never behind calls: ``$user->subscriptions()->create()`` is none of it.
    ``base_path``: objects that ``clients`` make send requests by methods named after the verbs of HTTP, to paths below this one:
    ``wcapi.put("products/7", data)``.
    ``raw``: calls of the SDK by which a request is sent to any path: ``stripe.rawRequest("POST", "/v1/x")``.
    """

    id: str
    name: str
    kind: SystemKind
    docs: str
    packages: dict[Language, tuple[str, ...]] = {}
    hosts: tuple[str, ...] = ()
    sandbox_hosts: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    errors: Literal["raised", "answered"] = "raised"
    errors_hold_payment: bool = False
    opens: tuple[str, ...] = ()
    open_names: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    test_tokens: tuple[str, ...] = ()
    test_mode: bool = True
    cards: bool = True
    protocol: Literal["rest", "graphql", "webhook", "edi", "soap", "browser-sdk", "file", "smtp"] = "rest"
    auth: Literal["api_key", "oauth", "hmac", "basic", "jwt", "ipn-postback", "none", "unknown"] = "api_key"
    keys: tuple[KeyPrefix, ...] = ()
    idempotency: Idempotency | None = None
    money: Literal["minor", "decimal-string", "decimal", "unknown"] = "unknown"
    currencies: tuple[str, ...] = ()
    currency_case: Literal["upper", "lower", ""] = ""
    defaults: tuple[SdkDefault, ...] = ()
    members: bool = False
    clients: dict[Language, tuple[str, ...]] = {}
    base_path: str = ""
    raw: dict[Language, tuple[str, ...]] = {}
    gateways: dict[Language, tuple[str, ...]] = {}
    operations: tuple[Operation, ...] = ()
    verifiers: tuple[Verifier, ...] = ()
    digests: dict[Language, tuple[str, ...]] = {}
    dumps: dict[Language, tuple[str, ...]] = {}
    sessions: dict[Language, tuple[str, ...]] = {}
    told_sessions: dict[Language, tuple[str, ...]] = {}
    inbound: tuple[Inbound, ...] = ()
    receivers: dict[Language, tuple[str, ...]] = {}
    effects: tuple[Effect, ...] = ()
    remedies: dict[str, dict[Language, tuple[str, ...]]] = {}
    sources: tuple[str, ...] = ()

    def things(self) -> "tuple[Operation | Verifier, ...]":
        """All that a call may be: operations, then verifiers."""
        return (*self.operations, *self.verifiers)

    @property
    def is_told(self) -> bool:
        """Whether some call or address of the provider serves all operations, and what it is told says which."""
        return any(o.says for o in self.operations)
