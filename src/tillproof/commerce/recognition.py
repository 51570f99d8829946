"""Is an entry point one that a provider calls, and which provider's? The signs, weighed."""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tillproof.commerce.entries import Entry
from tillproof.commerce.entry_styles.webhook_client import STYLE as WEBHOOK_CLIENT
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import speaks_of
from tillproof.commerce.operations import STARTS
from tillproof.commerce.reach import Closure, header
from tillproof.commerce.request_fields import fields_of, of_parameter
from tillproof.flow.program import Fn
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Inbound, Provider, Verifier

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

HOOK = re.compile(r"(web)?hooks?|ipn|notif|callback|events?$|listener", re.IGNORECASE)
MANAGES = re.compile(
    r"(?<![a-z])(((un|de|re)?_?register|registration|(un)?install|set_?up|re_?build|re_?create)_([a-z]+_)?|(create|delete|remove|enable|disable)_)"
    r"(web)?hooks?(?![a-z])"
    r"|(?<![a-z])(web)?hooks?_((un|de|re)?_?register|registration|(un)?install|set_?up|re_?build|re_?create|enable|disable)(?![a-z])"
)
_BROWSERS = re.compile(r"success|fail(ure|ed)?|surl|furl|return|cancel|back|redirect|complete|thanks?")
_SERVERS = ("push", "notify", "notification", "ipn", "callback", "webhook")
"""What an address ends in that no browser is sent to."""
_BELOW_HOOKS = re.compile(r"(?:web)?hooks?[/._-]([\w./-]+?)/?$", re.IGNORECASE)
_SIGNED_HEADER = re.compile(r"(http_)?x[-_][\w-]+[-_](signature|sign|hmac)([-_]\w+)?")
_PLATFORM_HOOK = re.compile(r"hook[A-Z]")
NOTES = frozenset(["set_flashdata", "keep_flashdata", "addFlash", "setFlash", "setFlashdata", "flash", "add_flash"])
"""Calls that leave a note for the next page to show."""
_SENDS = frozenset(["redirect", "redirectToRoute", "RedirectResponse", "redirect_to", "redirect_url"])
_HOOKS = re.compile(r"(?<![a-z])(web)?hooks?(?![a-z])|(?<![a-z])ipns?(?![a-z])")
_REFUSED = re.compile(r"40[0-8]|41\d|422")
_HANDLER = re.compile(r"(lambda|main)?_?handler|main|default", re.IGNORECASE)
_LONGEST = 120  # lines of a statement before the function in it
_NAMING = 2  # parts of a path that tell of a function: its folder, its file
_KEPT = re.compile(r"\s*(?:export\s+)?(?:const|let|var|(?:module\.)?exports\.)\s*(\w+)\s*(?::[^=]*)?=\s*[\w.$]+\(")
_VERBS = ("get", "post", "put", "dispatch", "__invoke")
_NAMED_DEPTH, _UNNAMED_DEPTH = 5, 2
_ENOUGH = 3
_ENOUGH_UNNAMED = 4
_FEW_FIELDS = 2
_EVERYDAY = ("checkout.com",)  # a word that shops have for other things does not name them
_CALLING = ("payment", "platform", "shipping", "warehouse", "marketplace")  # systems whose messages a route is named after
_TELLING = 8  # letters of an event's name that is more than a plain word
_KNOWN_BY = 3  # so many events that no other provider has


@dataclass(frozen=True, slots=True)
class Signs:
    """What an entry point and the functions near it show. ``named``: its route or name speaks of webhooks, or the path of its file does,
    ``filed``, and of a payment provider, or its route takes what becomes of such a provider's payments; ``handed``: it is a method to
    which a platform hands what came for a provider's class, and by whose answer it acts. ``reading``: providers whose verifier is handed a
    whole message. ``asking``: providers that are asked for a payment; ``starting``: those at whom one is begun;
    ``handing``: methods of a platform that are handed what came;
    ``fetching``: for the very event. ``browsed``: it is opened by a browser, or asks for a visitor who has signed in. ``signed_in``: the
    latter alone. ``visited``: it asks the visitor's own session for his order. ``manages``: its name or route says that it has a webhook
    registered or deleted at the provider, which is a matter of our own. ``unnamed``: it has no path of its own that could say anything, as
    a cloud function has none, and takes no other than public calls. ``posted``: strangers may post to it. ``unit``: what it is deployed
    with. ``told``: providers that are told its address as the one for their messages. ``titled``: its name, in words, where that says that
    it takes messages: ``shiprocket_webhook`` at ``/shipping/updates``."""

    route: str
    file: str
    named: bool
    filed: str
    handed: bool
    headers: frozenset[str]
    texts: frozenset[str]
    sent: frozenset[str]
    asked: frozenset[str]
    verifying: frozenset[str]
    reading: frozenset[str]
    asking: frozenset[str]
    starting: frozenset[str]
    handing: frozenset[str]
    fetching: frozenset[str]
    files: frozenset[str]
    browsed: bool
    signed_in: bool
    visited: bool
    manages: bool
    unnamed: bool
    posted: bool
    unit: str
    told: frozenset[str]
    titled: str


def called(model: "Model", entry: Entry) -> str:
    """What an entry point is called: by its class where its own name is the HTTP method alone, as in ``WebhookView.post``; by its folder
    and file where the platform gives it its name, as that of a cloud function: ``stripe-webhook/app.py``."""
    fn = entry.target.fn
    name = model.program.name(fn) or _kept_as(model, fn) or ("" if (entry.route or "/") != "/" else kept_in(model, entry))
    if entry.style == "file" and not entry.route and _HANDLER.fullmatch(name):
        return " ".join(fn.file.rpartition(".")[0].split("/")[-_NAMING:])
    if entry.style == "class" and entry.methods == ("NONE",) and _PLATFORM_HOOK.match(name):
        return name[len("hook") :]  # one of the platform's own, which it calls in its own process
    return model.program.qualified(fn) if name in _VERBS else name


def _kept_as(model: "Model", fn: Fn) -> str:
    """The variable or export that keeps what a function without a name is handed to: ``exports.paid = onRequest(async (req) => …)``."""
    function = model.program.function(fn)
    found = _KEPT.match(model.program.line_text(fn.file, function.line)) if function is not None else None
    return found[1] if found is not None else ""


def filed_under(model: "Model", entry: Entry) -> str:
    """The end of the path of a file that is there for a payment provider's messages, ``webhooks/yookassa.py``, ``stripe_webhook.py``, where
    a stranger sends one; else nothing."""
    if entry.role != "public" or set(entry.methods) <= {"GET", "HEAD", "NONE"}:
        return ""
    path = "/".join(entry.target.fn.file.lower().rpartition(".")[0].split("/")[-_NAMING:])
    paying = (p.id for p in model.knowledge.providers.values() if p.kind == "payment")
    return path if _HOOKS.search(path) and any(speaks_of(path, name) for name in paying) else ""


def kept_in(model: "Model", entry: Entry) -> str:
    """The variable or export of a module in whose statement a function without a name is written, lines below it perhaps:
    ``export const donate = createServerFn()`` … ``.handler(async ({ data }) => …)``."""
    function = model.program.function(entry.target.fn)
    if function is None or model.program.name(entry.target.fn):
        return ""
    above = (model.program.line_text(entry.target.fn.file, line) for line in range(function.line, max(function.line - _LONGEST, 0), -1))
    first = next((text for text in above if text and (text[0].isalpha() or text[0] in "_$")), "")
    found = _KEPT.match(first)
    return found[1] if found is not None else ""


def told_states(model: "Model", entry: Entry, closure: Closure) -> str:
    """The route that is named after a payment provider, ``/yookassa_payment``, and takes nothing but messages: strangers post what became
    of a payment, good or bad, and it asks nothing of any provider; else nothing."""
    route = (entry.route or "").lower()
    if entry.role != "public" or entry.methods != ("POST",) or closure.operations or not closure.compared:
        return ""
    paying = (p.id for p in model.knowledge.providers.values() if p.kind == "payment")
    if not any(speaks_of(route, name) for name in paying):
        return ""
    said = {kind for kind in ("paid_values", "dead_values") for text in closure.compared if model.words.has(kind, text)}
    return route if len(said) > 1 else ""


def is_unnamed(entry: Entry) -> bool:
    """Whether strangers call an entry point that has no path of its own, or one that only says in which file it stands."""
    return entry.role == "public" and (not entry.route or entry.style in ("file", "server")) and entry.methods != ("NONE",)


def signs_of(model: "Model", entry: Entry, closure: Closure) -> Signs:
    """The signs of an entry point, from no further away than its name warrants."""
    route, name = entry.route or "", called(model, entry)
    filed = filed_under(model, entry) or told_states(model, entry, closure)
    told = model.handlers.told.to(entry, "message") if entry.role == "public" else frozenset()
    named = bool(HOOK.search(route) or HOOK.search(name) or filed or told or entry.style == WEBHOOK_CLIENT)
    deepest = _NAMED_DEPTH if named else _UNNAMED_DEPTH
    passed = _passed_by_all(model, entry)

    def near(fn: Fn) -> bool:
        return closure.functions.get(fn, 99) <= deepest and fn not in passed

    texts = frozenset(t for t, (fn, _) in closure.texts.items() if near(fn)) | _headers_given(model, entry.target.fn)
    return Signs(
        route, entry.target.fn.file, named, filed, named and _is_answering(model, entry.target.fn),
        frozenset(header(t) for t in texts), texts, _sent(model, entry) if named else frozenset(), texts & closure.compared,
        frozenset(k.provider.id for fn, _, k in closure.verifiers if near(fn)),
        frozenset(k.provider.id for fn, _, k in closure.verifiers if near(fn) and _of_messages(k.thing)),
        frozenset(k.provider.id for fn, _, k in closure.operations if getattr(k.thing, "op", "") == "payment.retrieve"),
        frozenset(k.provider.id for fn, _, k in closure.operations if getattr(k.thing, "op", "") in STARTS and near(fn)),
        model.handlers.handing_words & model.vocabulary.tokens(entry.target.fn),
        frozenset(k.provider.id for fn, _, k in closure.operations if getattr(k.thing, "resource", "") == "Event" and near(fn)),
        frozenset({entry.target.fn.file, *(fn.file for fn, depth in closure.functions.items() if depth <= _UNNAMED_DEPTH)}),
        set(entry.methods) <= {"GET", "HEAD"} or entry.role == "customer" or _tells_visitor(model, entry.target.fn, f"{route} {name}"),
        entry.role == "customer",
        _is_visited(model, entry.target.fn),
        set(entry.methods) == {"DELETE"} or any(MANAGES.search(words_of(text)) for text in (route, name)),
        is_unnamed(entry),
        entry.role == "public" and _is_posted(model, entry),
        model.program.unit(entry.target.fn.file),
        told,
        title if _HOOKS.search(title := words_of(name)) else "",
    )  # fmt: skip


def _sent(model: "Model", entry: Entry) -> frozenset[str]:
    """The last words of what an entry point reads of its request, also where no text says so: ``const { RtnCode } = req.body``."""
    return frozenset(key.rpartition(".")[2] for key in fields_of(model, entry))


def _headers_given(model: "Model", fn: Fn) -> frozenset[str]:
    """The headers that a handler is handed as parameters of its own: ``@Headers('x-razorpay-signature') signature: string``."""
    given = (source for number in range(len(model.program.body(fn).params)) for source in of_parameter(model, fn, number))
    return frozenset(source.key for source in given if source.kind == "headers" and source.key)


def _is_posted(model: "Model", entry: Entry) -> bool:
    """Whether something may be posted to an entry point; not where all that it reads itself of any request stands in the address, where no
    system writes what it tells of."""
    if "POST" in entry.methods or "ANY" not in entry.methods:
        return "POST" in entry.methods
    fn = entry.target.fn
    body = model.program.body(fn)
    places = (i for i, op in enumerate(body.op) if op in (Op.FIELD, Op.INDEX, Op.CALL))
    kinds = {source.kind for i in places if (source := model.requests.source(model.evaluator.value(fn, i))) is not None}
    return "query" not in kinds or not kinds.isdisjoint(("body", "raw"))


def _of_messages(verifier: object) -> bool:
    """Whether a verifier is handed what came as a whole, which nobody has but who is sent it, and not ids that a browser brings back."""
    return isinstance(verifier, Verifier) and (verifier.raw_body or verifier.proves in ("value", "answer"))


def _tells_visitor(model: "Model", fn: Fn, spelt: str) -> bool:
    """Whether what is called a callback leaves a note that the next page shows, and sends the browser there."""
    tokens = model.vocabulary.tokens(fn)
    called_back = {m[0].lower() for m in HOOK.finditer(spelt)} == {"callback"}
    return called_back and not NOTES.isdisjoint(tokens) and not _SENDS.isdisjoint(tokens)


def _is_answering(model: "Model", fn: Fn) -> bool:
    """Whether a method answers its platform anything on which that acts."""
    said = {t.lower() for t in model.vocabulary.tokens(fn)}
    return any(not said.isdisjoint(values) for values in model.handlers.answering.get(fn, {}).values())


def _is_visited(model: "Model", fn: Fn) -> bool:
    """Whether an entry point asks the visitor's own session for his order."""
    calls = (i for i, op in enumerate(model.program.body(fn).op) if op == Op.CALL)
    return any(model.recogniser.is_("visits", fn, i) is not None for i in calls)


def _passed_by_all(model: "Model", entry: Entry) -> frozenset[Fn]:
    """Functions that run only before the handler and let everybody through. What an application does with every request, such as noting
    the topic of those that have one, does not tell who calls this entry point; a guard that turns senders away does."""
    let_through = [closure for guard in entry.chain if not _turns_away(model, closure := model.reach.of([guard]))]
    if not let_through:
        return frozenset()
    own = model.reach.of([entry.target]).functions
    return frozenset(fn for closure in let_through for fn in closure.functions if fn not in own)


def _turns_away(model: "Model", guard: Closure) -> bool:
    """Whether what runs before a handler may refuse: it verifies, raises, or knows an answer for who is refused."""
    macs = ((fn, i) for fn, i, name in guard.unresolved if model.recogniser.may_be("macs", fn, name))
    return (
        bool(guard.verifiers) or any(_refuses(model, fn) for fn in guard.functions) or any(model.recogniser.is_("macs", *m) for m in macs)
    )


def _refuses(model: "Model", fn: Fn) -> bool:
    body = model.program.body(fn)
    compared = {a for i, op in enumerate(body.op) if op == Op.BINARY for a in body.args(i)[1:]}
    return any(
        op == Op.RAISE
        or (op == Op.CONST and body.args(i)[0] == Kind.NUMBER and i not in compared and _REFUSED.fullmatch(body.name(i)) is not None)
        for i, op in enumerate(body.op)
    )


def caller(model: "Model", signs: Signs) -> tuple[Provider, Inbound, str] | None:
    """The provider that calls an entry point, the kind of message, and the best sign of it; None when it is nobody's webhook."""
    best: tuple[tuple[int, bool], Provider, Inbound, str] | None = None
    for provider in sorted(model.knowledge.providers.values(), key=lambda p: any(b.hands for b in p.inbound)):  # who is named goes first
        for inbound in provider.inbound:
            if inbound.kind != "redirect-return":
                named = signs.named or _at_its_place(signs, provider, inbound)
                weight, why = _weigh(model, signs, provider, inbound, named=named)
                if weight < (_ENOUGH if named else _ENOUGH_UNNAMED):
                    continue
                rank = weight, speaks_of(signs.route.lower(), provider.id.partition("-")[0])  # of equals, the one that the route names
                if best is None or rank > best[0]:
                    best = (rank, provider, inbound, why)
    return best[1:] if best else None


def _weigh(model: "Model", signs: Signs, provider: Provider, inbound: Inbound, *, named: bool) -> tuple[int, str]:
    weight, why = 0, ""
    if signs.named and not signs.manages and (taken := signs.handing & {w for words in inbound.hands.values() for w in words}):
        return _ENOUGH, f"it hands what came to `{min(taken)}`"
    if inbound.hands:
        return 0, ""
    if provider.id in signs.told and not signs.manages:
        weight, why = _ENOUGH, "its address is told to the provider"
    own = provider.id if provider.id in _EVERYDAY else provider.id.partition("-")[0].partition(".")[0]
    calls_us = named and not (signs.browsed or signs.visited or signs.manages) and provider.kind in _CALLING
    said_so = speaks_of(f"{signs.route}{signs.file}".lower(), own)
    in_path = calls_us and (said_so or speaks_of(signs.titled, own) or _takes_its_messages(signs, provider, inbound))
    weight += _weight_unnamed(model, signs, provider)
    used = in_path or weight > 0 or _is_spoken_of(model, signs, provider, inbound)
    read = [h for h in inbound.headers if h in signs.headers and (used or own in h)]
    if read or _is_named_in_header(signs, own):
        weight, why = weight + 4, "it reads the provider's signature header"
    # no provider signs in, or has us begin a payment: what has a message's fields there is a call of ours, its answer, or a record of one
    ours = not signs.named and (signs.signed_in or provider.id in signs.starting)
    fields = [f for f in inbound.fields if f in signs.texts or f in signs.sent] if not ours else []
    if len(fields) >= (2 if used else 3) and (used or _are_its_own(fields) or _is_known_in(model, signs.unit, provider)):
        weight, why = weight + 1 + min(len(fields), 3), why or f"it reads {fields[0]} and {fields[1]}"
    if not (used or weight):
        return 0, ""
    told = weight or (signs.named and not (signs.visited or signs.browsed))  # a page asks for `cancelled` ones of whatever it lists
    events = [e for e in inbound.events if e in signs.asked and (len(e) > _TELLING or "." in e) and (told or _is_event(e))]
    if events:
        weight, why = weight + 2 + min(len(events), 3), why or f"it asks for {events[0]}"
    if inbound.proof == "refetch" and signs.named and not signs.visited and provider.id in signs.asking:
        weight, why = weight + 4, why or "it asks the provider for what the message names"
    if signs.named and provider.id in signs.fetching:
        weight, why = weight + 4, why or "it asks the provider for the event that it is told of"
    weight, why = _with_verifier(signs, provider, inbound, weight, why)
    if in_path:
        filed = own in signs.filed
        weight += 3 if signs.handed or HOOK.search(signs.route) or filed or signs.titled or not signs.named else 1
        said = "its file says so" if filed and not HOOK.search(signs.route) and signs.filed != signs.route.lower() else "its route says so"
        said = "its name says so" if signs.titled and not said_so else said
        why = why or ("the platform hands it what came for this provider" if signs.handed else said)
    if used and signs.named and not (signs.browsed or signs.visited or signs.manages) and (event := _titled(signs.route, inbound)):
        weight, why = weight + _ENOUGH, why or f"its route is named after {event}"
    if inbound.kind == "ipn" and weight < _ENOUGH_UNNAMED:
        return 0, ""
    return weight, why


def _is_named_in_header(signs: Signs, own: str) -> bool:
    """Whether a signature is asked for in a header that bears a provider's name, which its pack need not know: ``x-omise-signature``."""
    return any(own in (text := t.lower()) and _SIGNED_HEADER.fullmatch(text) and speaks_of(text, own) for t in signs.texts)


def _are_its_own(fields: list[str]) -> bool:
    """Whether several fields are written as no shop writes its own, ``OrgAccountBalance``: words in lower case are anybody's."""
    return sum(not field.islower() for field in fields) > _FEW_FIELDS


def _is_known_in(model: "Model", unit: str, provider: Provider) -> bool:
    """Whether anything that is deployed together names a provider: other systems and shops call fields by the same words."""
    program, spoken = model.program, model.recogniser.mentions
    return any(program.unit(file) == unit and spoken(provider, file) for file in program.indices)


def _at_its_place(signs: Signs, provider: Provider, inbound: Inbound) -> bool:
    """Whether a route is called what a provider's pack says that such an endpoint is called, below the provider's name:
    ``/flow/confirmation``."""
    if provider.kind != "payment" or not inbound.routes:
        return False
    parts = [part for part in re.split(r"[/.]", signs.route.lower()) if part and part[0] not in "{<:["]
    own = [n for n, part in enumerate(parts) if speaks_of(part, provider.id.partition("-")[0])]
    here = parts[-1] if parts and not _BROWSERS.fullmatch(parts[-1]) else ""
    return (bool(own) and here in inbound.routes and own[0] < len(parts) - 1) or _takes_its_messages(signs, provider, inbound)


def _takes_its_messages(signs: Signs, provider: Provider, inbound: Inbound) -> bool:
    """Whether a platform keeps an address under one word of the provider's name and of what it sends: ``wc-api/klarna_push``."""
    before, _, last = signs.route.lower().rpartition("/")[2].rpartition("_")
    names = (provider.id.partition("-")[0], *provider.names)
    return last in _SERVERS and last in inbound.routes and any(speaks_of(before, name) for name in names)


def _with_verifier(signs: Signs, provider: Provider, inbound: Inbound, weight: int, why: str) -> tuple[int, str]:
    """What it adds that the provider's verification is asked: nobody but a webhook has a whole message to be verified."""
    if provider.id in signs.verifying and (signs.named or weight):
        return weight + 3, why or "it calls the provider's verification"
    if provider.id in signs.reading and inbound.kind == "webhook" and not (signs.browsed or signs.visited or signs.manages):
        return weight + _ENOUGH_UNNAMED, "it calls the provider's verification of a whole message"
    return weight, why


def _weight_unnamed(model: "Model", signs: Signs, provider: Provider) -> int:
    """What an event that no other provider has weighs in addition where there is no name to say so: its own name, ``invoice.paid``, says
    that it is one where strangers post it, or the provider is asked for payments beside it."""
    told = model.handlers.events.own[provider.id] & signs.asked
    if told and signs.unnamed and any(p.id == provider.id for p in model.handlers.paying(signs.unit)):
        return 1
    if not signs.posted or signs.browsed or signs.visited or signs.manages:
        return 0
    posted = [e for e in model.handlers.events.registering[provider.id] & signs.asked if _is_event(e)]
    return int(any(e in told for e in posted) or (bool(posted) and any(model.recogniser.uses(provider, f) for f in signs.files)))


def _is_spoken_of(model: "Model", signs: Signs, provider: Provider, inbound: Inbound) -> bool:
    """Whether the code near an entry point uses a provider, or asks for events by names that only this one gives them."""
    own = len(model.handlers.events.own[provider.id] & signs.asked)
    if own >= (1 if signs.named and not signs.browsed else _KNOWN_BY) or any(model.recogniser.uses(provider, f) for f in signs.files):
        return True
    return not signs.headers.isdisjoint(inbound.headers) and any(e in signs.asked for e in inbound.events if len(e) > _TELLING)


def _titled(route: str, inbound: Inbound) -> str | None:
    """The event after which a route below that of webhooks is named: ``/webhooks/orders-create`` takes ``orders/create``."""
    place = _BELOW_HOOKS.search(route)
    spelt = _bare(place[1]) if place is not None else ""
    return next((e for e in inbound.events if "_" in (bare := _bare(e)) and f"_{spelt}".endswith(f"_{bare}")), None)


@cache
def _bare(text: str) -> str:
    """The words of a name without what number and tense add to them."""
    return "_".join(re.sub(r"(?<=te)d$|s$", "", word) for word in words_of(text).split("_"))


def words_of(text: str) -> str:
    """The words of a name or route, in lower case."""
    return "_".join(part for piece in re.split(r"[^A-Za-z0-9]+", text) if (part := snake(piece)))


def _is_event(text: str) -> bool:
    """Whether a text can only be the name of an event: a plain word like ``confirmed`` may be a state as well."""
    return not text.islower() or any(mark in text for mark in ".:/-")
