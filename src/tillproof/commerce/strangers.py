"""Messages of payment systems that no pack knows: told by what they are called, and by what they do to orders and payments."""

import re
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.browser_paid import paid_on_the_way
from tillproof.commerce.browser_returns import SHOWS, without_goods
from tillproof.commerce.entries import Entry
from tillproof.commerce.entry_styles.webhook_client import STYLE as WEBHOOK_CLIENT
from tillproof.commerce.lexicon import snake, under_way
from tillproof.commerce.names import written
from tillproof.commerce.plain_ends import ends_plainly, sends_on
from tillproof.commerce.purse_names import holds_balance, is_purse
from tillproof.commerce.recognition import HOOK, MANAGES, called, words_of
from tillproof.commerce.told_states import chosen_state
from tillproof.flow.program import Fn
from tillproof.flow.proofs import Happening
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Inbound, Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_PAYS = re.compile(
    r"(^|_)(pay|payments?|payins?|paid|checkout|billing|invoices?|transactions?|ipn|deposits?|top_?ups?|donations?|stk|gateways?)(_|$)"
)
# How payment systems like to be called.
_BRANDS = re.compile(r"(^|_)(pay(?!load|out|roll|ee|er|s?_|s?$)[a-z]+|[a-z]{2,}pay)(_|$)")
# What calls back besides: whoever signs people in, sends parcels or carries words; and money that leaves.
_OTHERS = re.compile(
    r"(^|_)(o?auth2?|login|log_?in|sign_?in|sign_?up|sso|saml|oidc|telegram|whatsapp|slack|discord|bots?|sms|e?mails?|chat|ship\w*|tracking"
    r"|courier|delivery|kyc|identity|calendar|deploy|media|upload|refunds?|payouts?|disburs\w+|withdraw\w*|b2c)(_|$)"
)
# How those like to be called that send parcels.
_CARRIES = re.compile(r"parcel|courier|freight|logisti|cargo|^(e?ship|fedex|dhl|ups)|post$|express$")
# Events that are held and visited, and not told of.
_OCCASIONS = re.compile(
    r"(^|_)(create|add|new|update|edit|delete|remove|(un)?register|join|leave|attend|book|list|get|find|fetch|cancel|publish|search|enrol\w*)"
    r"_([a-z]+_)?events?(?=_|$)"
)
_SERVER = re.compile(r"(web)?hooks?|ipn|notif|listener", re.IGNORECASE)
_HOOKS = re.compile(r"(^|_)((web)?_?hooks?|ipn)(_|$)")  # what customers are notified of is no message of anybody's
_NOTIFIES = re.compile(r"(^|_)(notify|notification)(_|$)")
_BACK = re.compile(
    r"(^|_)(callback|return|returned|success|successful|complete|completed|result|confirm|confirmation|verify|response|redirect"
    r"|wc_api)(_|$)"  # WooCommerce keeps these addresses for the systems of its gateways
)
_RETURNS = re.compile(r"(^|_)(return|returned|success|successful|thank_you|thanks)(_|$)")
_SENDS_ON = (frozenset(["location", "href"]), frozenset(["header", "Location"]))  # by a script, by a header
# The words of such a name that tell of no system.
_PLAIN = re.compile(
    r"api|apis|rest|v\d+|web|www|https?|admin|public|private|apps?|src|source|libs?|servers?|back_?end|front_?end|back|front|end|main|index"
    r"|core|base|common|shared|controllers?|routes?|routers?|views?|viewset|handlers?|services?|modules?|models?|middlewares?|actions?"
    r"|plugins?|includes?|class|classes|functions?|pages?|utils?|helpers?|integrations?|providers?|(web)?hooks?|ipns?|notif\w*|call_?backs?"
    r"|call|events?|listeners?|receive\w*|incoming|inbound|process\w*|handle\w*|update\w*|checks?|set|get|post|put|new|tests?|testing|local"
    r"|pay|paying|payments?|paid|payins?|checkouts?|billing|bills?|invoices?|transactions?|trans|txn|deposits?|top|ups?|donat\w*|gateways?"
    r"|orders?|purchases?|bookings?|subscriptions?|wallets?|charges?|carts?|shop(s|ping)?|stores?|sales?|e?commerce|merchants?|customers?|users?"
    r"|clients?|products?|return\w*|success\w*|complete\w*|results?|confirm\w*|verif\w*|response|status|redirect\w*|cancel\w*|fail\w*"
    r"|errors?|done|thanks?|finish\w*|validat\w*|push|cards?|banks?|money|mobile|online|crypto|qr|links?|sessions?|requests?|query|php|html"
    r"|json|self|this|that|from|with|woocommerce|ajax|nopriv|init|action|data|file|files|include|require|account|accounts|credits?|tickets?"
    r"|create\w*|capture\w*|authori\w+|refund\w*|initiat\w*|retrieve\w*|delete\w*|list|show|fetch\w*|generate|send|save|build|make|submit|start"
    r"|execute|report|anonymous|external|internal|dispatch|abstract\w*|config|settings|database|system|auth|token|secret|sandbox|live|default|amount|price"
    r"|django|flask|fastapi|express|laravel|symfony|codeigniter|next|nest|react|node|wordpress|prestashop|magento|opencart|medusa|shopify"
)
_CREDENTIAL = re.compile(
    r"_?(live_|test_|sandbox_|prod_|production_)?(api|secret|merchant|public|private|consumer|client|store|webhook|callback|key|token|user_?name"
    r"|pass|salt|short_?code|base|sandbox|env|mode|access|app|auth)(_|$)"
)
_FILLED = re.compile(r"\{[^}]*\}|<[^>]*>|:\w+|\[[^\]]*\]|\(\?P?<?\w*>?[^)]*\)")
_VERSION = re.compile(r"(?<=[a-z]{3})v?\d+$")
_NUMBERED = re.compile(r"(?<=[a-z]{4})\d(?=_|$)")  # `result2`
_SIGNATURE = re.compile(r"(^|_)(sign(ature)?|hmac|sig)(_|$)")
_SHORT = 4
_PLUGIN = 2  # of a namespace: whose plugin it is, and what that is called
_MOST_FILES = 40
_NEAR = 2
_MAKES_DIGESTS = frozenset(
    ["md5", "sha1", "hash", "hash_hmac", "openssl_digest", "hmac", "createhmac", "createhash", "hashlib", "sha256", "sha512"]
)
"""The words of which one stands where a digest is made."""
_AN_ORDER = re.compile(r"(^|_)(orders?|payments?|transactions?|invoices?|bookings?|donations?|deposits?|purchases?|txn)(_|$)")
_WRITES = ("order.paid", "order.write", "record.write", "record.create", "fulfil", "sql")
_NOBODY = "unknown"
_READING = frozenset(("GET", "HEAD"))
_NOBODYS = frozenset(("DELETE", "PATCH"))
"""Methods by which no system tells of anything, and no browser comes back."""


class Told(NamedTuple):
    """Whose message an entry point takes, of which kind, and by what this is seen."""

    provider: Provider
    inbound: Inbound
    kind: Literal["webhook", "redirect-return"]
    why: str


class Strangers:
    """Asked for each entry point that is nobody's whom a pack knows."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.systems: dict[str, Provider] = {}
        """The systems found so far, by id."""
        self._marked: dict[Entry, bool] = {}
        self._credentials: dict[str, bool] = {}
        self._called: dict[str, bool] = {}

    def told(self, entry: Entry) -> Told | None:
        """Whose payment message an entry point takes: its name says that it hears of payments, and it marks orders or payments by it."""
        if entry.role not in ("public", "customer", "internal") or entry.methods == ("NONE",) or set(entry.methods) <= _NOBODYS:
            return None
        own, whole = without_goods(self._own(entry)), self._whole(entry)
        handed = entry.style == WEBHOOK_CLIENT  # by a package that takes messages and nothing else
        named = handed or _hears(own, whole) or (_RETURNS.search(own) and self.is_marked(entry))
        hosted = self.model.connected.of(entry) if entry.role in ("public", "customer") else None
        named = named or (hosted is not None and self.knows(hosted) and self.is_marked(entry))
        signed = not named and (self.reads_signature(entry) or self._is_signed(entry))
        if not (named or signed) or MANAGES.search(own):
            return None
        if _OTHERS.search(own) and not _PAYS.search(own):
            return None
        kind: Literal["webhook", "redirect-return"] = "redirect-return" if not handed and self._comes_back(entry, own) else "webhook"
        if kind == "webhook" and entry.role == "customer" and not _HOOKS.search(own):
            return None  # no system is signed in as a customer: the page tells what the system told it
        if kind == "webhook" and not _SERVER.search(own) and self._has_visitor(entry.target.fn):
            return None
        if signed and not self._nonces.isdisjoint(self.model.vocabulary.tokens(entry.target.fn)):
            return None  # a page of ours calls it
        system = hosted if hosted is not None and self.knows(hosted) else self.named(entry)
        says = any(p.search(whole) for p in (_PAYS, _BRANDS)) or (system is not None and not self.knows(system))
        pays = signed or says or system is not None
        filled = _SERVER.search(own) is not None and self._credits(entry)
        acts = self.is_marked(entry) or (pays and (self._lets_on(entry) or (kind == "webhook" and self._writes(entry, says)))) or filled
        if not acts and not (kind == "webhook" and self._is_hook_of_payments(entry, own, system)):
            return None
        provider = system or self._system(_NOBODY, "Payment")
        inbound = next((b for b in provider.inbound if b.kind == kind), Inbound(kind=kind, proof="refetch"))
        how = "its name says so" if named else "it proves a signature over what it is sent"
        return Told(provider, inbound, kind, f"{how}, and it marks orders or payments by what it is sent")

    @cached_property
    def _nonces(self) -> frozenset[str]:
        """The calls by which platforms ask for the mark that they put into their own pages."""
        return frozenset(name.rpartition(".")[2] for f in self.model.knowledge.frameworks.values() for name in f.nonces)

    def reads_signature(self, entry: Entry) -> bool:
        """Whether an entry point reads a signature among the headers of its request: only another system signs what it sends."""
        fn = entry.target.fn
        if entry.role != "public" or not any(_SIGNATURE.search(snake(t)) for t in self.model.vocabulary.tokens(fn)):
            return False
        body, value = self.model.program.body(fn), self.model.evaluator.value
        reads = (i for i, op in enumerate(body.op) if op in (Op.PARAM, Op.FIELD, Op.INDEX, Op.CALL))
        found = (self.model.requests.source(value(fn, i)) for i in reads)
        return any(s is not None and s.kind == "headers" and _SIGNATURE.search(snake(s.key or "")) for s in found)

    def knows(self, provider: Provider) -> bool:
        """Whether a system is one that no pack knows."""
        return self.systems.get(provider.id) is provider

    def at(self, host: str) -> Provider:
        """The system that a host belongs to, by the label that names its owner."""
        name = _owner_of(host)
        return self._system(name, name.capitalize())

    def is_system(self, host: str) -> bool:
        """Whether a host is that of a system found before."""
        return _owner_of(host) in self.systems

    def returned_from(self, entry: Entry) -> Provider | None:
        """The system that the plugin around an entry point connects a shop to, or that the entry point is named after where its address,
        its name or the path of its file speaks of payments; one of which nothing is known where those folders hold several, and this
        one's file is named after none of them."""
        if (hosted := self.model.connected.of(entry)) is not None:
            return hosted
        whole = self._whole(entry)
        if not (_PAYS.search(whole) or _BRANDS.search(whole)):
            return None
        return self.named(entry) or (self._system(_NOBODY, "Payment") if _PAYS.search(words_of(entry.target.fn.file)) else None)

    def called(self, name: str) -> Provider:
        """The system of a name that code gives it."""
        return self._system(name, name.replace("_", " ").title())

    # --- what it does

    def is_marked(self, entry: Entry) -> bool:
        """Whether what an entry point is sent marks an order or payment as paid, or puts it into the state that the sender names."""
        if entry not in self._marked:
            self._marked[entry] = self._marks(entry)
        return self._marked[entry]

    def _is_signed(self, entry: Entry) -> bool:
        """Whether an entry point compares a digest that it makes with what it is sent, whatever it is called: nobody but a system that we
        share a secret with sends that."""
        near = (fn for fn, depth in self.model.handlers.closure(entry).functions.items() if depth <= _NEAR)
        return any(map(self.makes_digest, near)) and any(p.mac for p in self.model.handlers.walk(entry, frozenset()).proofs)

    def makes_digest(self, fn: Fn) -> bool:
        """A quick look: whether a function names what makes a digest."""
        return not _MAKES_DIGESTS.isdisjoint(t.lower() for t in self.model.vocabulary.tokens(fn))

    def _marks(self, entry: Entry) -> bool:
        if self.model.browser_paid.may_pay(entry) and paid_on_the_way(self.model, entry).paid:
            return True
        words = self.model.words
        if any(t.sent or any(words.has("paid_values", to) for to in t.to) for t in self.model.transitions.of(entry.target)):
            return True
        if any(e.touch is not None and chosen_state(self.model, e.touch) for e in self.model.effects.of(entry.target)):
            return True
        return any(self._takes_state(fn) for fn, depth in self.model.handlers.closure(entry).functions.items() if depth <= _NEAR)

    def _lets_on(self, entry: Entry) -> bool:
        """Whether an order goes on to be made ready, which it does when it is paid."""
        words, found = self.model.words, self.model.transitions.of(entry.target)
        return any(words.has("fulfil_values", to) and not under_way(t.touch.entity, to) for t in found for to in t.to)

    def _takes_state(self, fn: Fn) -> bool:
        """Whether a function puts a state that was sent into a field of what is called as an order or payment is, whatever its class."""
        body = self.model.program.body(fn) if self.model.vocabulary.state(fn) else None
        for i, op in enumerate(body.op) if body is not None else ():
            if body is None or op != Op.SET_FIELD or not self.model.words.says_state(body.name(i)):
                continue
            holder, _, value = body.args(i)
            spelt = words_of(written(self.model.program, fn, holder))
            source = self.model.requests.source(self.model.evaluator.value(fn, value)) if _AN_ORDER.search(spelt) else None
            if source is not None and source.kind in ("body", "query", "raw"):
                return True
        return False

    def _is_hook_of_payments(self, entry: Entry, own: str, system: Provider | None) -> bool:
        """Whether it is called a webhook and payments are spoken of there, or it asks for events that are named after them: it is one
        though nothing of what it is told is kept as yet, or what keeps it is out of sight. ``system``: whom it is named after."""
        if set(entry.methods) <= _READING:
            return False
        if not _HOOKS.search(own):  # customers are notified, too, but not by a payment system
            return _NOTIFIES.search(own) is not None and system is not None and not self.knows(system)
        packed = (self.model.knowledge.providers.get(word) for word in own.split("_"))
        if any(p is not None and p.kind != "payment" for p in packed):
            return False
        asked = self.model.handlers.closure(entry).compared
        return any(p.search(text) for text in (own, *map(words_of, asked)) for p in (_PAYS, _BRANDS))

    def _acts(self, entry: Entry) -> list[Happening]:
        return self.model.handlers.walk(entry, frozenset()).acts

    def _writes(self, entry: Entry, says: bool) -> bool:
        """Whether it writes records where orders and their states are spoken of, or leaves that to a job; where nothing else ``says`` that
        it hears of payments, to one that is given orders: services of any kind tell, and sign what they tell."""
        words = self.model.vocabulary
        acts = self._acts(entry)
        orders = [a for a in acts if words.order(a.fn) or (says and a.kind == "job")]
        return any(a.kind == "job" or (a.kind in _WRITES and words.state(a.fn)) for a in orders)

    def _credits(self, entry: Entry) -> bool:
        """Whether it raises what somebody has in his wallet by what it is sent."""
        touches = [e.touch for e in self.model.effects.of(entry.target) if e.touch is not None and e.touch.writes]
        raised = ((t, n) for t in touches for n in t.relative - (t.lowered or frozenset()))
        return any(
            holds_balance(t.entity, n) or snake(n).endswith("tokens") or (is_purse(t.entity) and self.model.words.money(n))
            for t, n in raised
        )

    def _comes_back(self, entry: Entry, own: str) -> bool:
        """Whether the customer's browser calls it, on the way back from paying: it shows a page."""
        if _SERVER.search(own):
            return False
        fn, acts = entry.target.fn, self._acts(entry)
        way = (c.caller for act in acts for c in (act.ctx.chain() if act.ctx else ()) if c.call >= 0)
        on_it = dict.fromkeys((fn, *way, *(act.fn for act in acts))) if entry.style == "hook" else (fn,)
        words = frozenset[str]().union(*map(self.model.vocabulary.tokens, on_it))
        shown = not SHOWS.isdisjoint(words) or any(words >= both for both in _SENDS_ON) or any(map(sends_on, words))
        if set(entry.methods) <= {"GET", "HEAD"} or (shown and "GET" in entry.methods and _RETURNS.search(own)):
            return True
        return shown and not ends_plainly(self.model, entry, acts, SHOWS)

    def _has_visitor(self, fn: Fn) -> bool:
        """Whether a function reads what is kept for whoever visits the shop, such as his cart: a system that calls back has no session."""
        if "session" not in {t.lower().lstrip("_") for t in self.model.vocabulary.tokens(fn)}:
            return False
        body, value = self.model.program.body(fn), self.model.evaluator.value
        reads = (i for i, op in enumerate(body.op) if op in (Op.FIELD, Op.INDEX, Op.CALL))
        return any((s := self.model.requests.source(value(fn, i))) is not None and s.kind == "session" for i in reads)

    # --- what it is called

    def _own(self, entry: Entry) -> str:
        """The words of an entry point's route and of its own name."""
        return _NUMBERED.sub("", _joined(_FILLED.sub("", entry.route or ""), called(self.model, entry)))

    def _whole(self, entry: Entry) -> str:
        """Those, with the words of its class, its file, the folders around that, and the plugin that its namespace names."""
        file = entry.target.fn.file
        path, program = PurePosixPath(file), self.model.program
        hosted = any(f.hosts_plugins for f in self.model.wiring.active.of(file))
        plugin = program.indices[file].namespace.split(".")[:_PLUGIN] if hosted else []
        return _joined(self._own(entry), program.qualified(entry.target.fn), path.stem, *reversed(path.parts[-3:-1]), *plugin)

    def named(self, entry: Entry) -> Provider | None:
        """The system that an entry point is named after, where code or settings speak of it as of one that is called or has credentials."""
        spelt = (_VERSION.sub("", w) for w in self._whole(entry).split("_"))
        words = [w for w in spelt if len(w) >= _SHORT and not _PLAIN.fullmatch(w)]
        packed = (self.model.knowledge.providers.get(w) for w in words)
        known = next((p for p in packed if p is not None and p.kind == "payment"), None)
        if known is not None:
            return known
        word = next((w for w in words if self._is_called(w)), None) or next((w for w in words if self._has_credentials(w)), None)
        return self._system(word, word.capitalize()) if word else None

    def _has_credentials(self, word: str) -> bool:
        """Whether settings of that name hold what a client of a system needs: ``NORDPAY_SECRET_KEY``, ``nordpayMerchantId``."""
        if word not in self._credentials:
            words = self.model.program.words
            starts = (f"{word.upper()}_", f"{word}_", word, word.capitalize())
            self._credentials[word] = any(_CREDENTIAL.match(snake(w[len(word) :])) for start in starts for w in words.beginning(start))
        return self._credentials[word]

    def _is_called(self, word: str) -> bool:
        """Whether an address of that name is written down, or a package of that name imported."""
        if word not in self._called:
            program = self.model.program
            files = program.mentioning(word)[:_MOST_FILES]
            address = re.compile(rb"https?://([\w-]+\.)*" + word.encode() + rb"[\w-]*\.[a-z]{2,}", re.IGNORECASE)
            imported = re.compile(rf"(^|[./@\\_-]){word}", re.IGNORECASE)
            self._called[word] = any(
                address.search(program.sources[file])
                or any(imported.search(m) and self._is_outside(file, m) for m in (i.module for i in program.indices[file].imports))
                for file in files
            )
        return self._called[word]

    def _is_outside(self, file: str, module: str) -> bool:
        """Whether an import brings in a package of others: a folder of ours is no system."""
        return not module.startswith(".") and self.model.evaluator.scope.modules.find(file, module) is None

    def _system(self, name: str, shown: str) -> Provider:
        inbound = (Inbound(kind="webhook", proof="refetch"), Inbound(kind="redirect-return", proof="refetch"))
        kind: Literal["shipping", "payment"] = "shipping" if _CARRIES.search(name) else "payment"
        made = Provider(id=name, name=shown, kind=kind, docs="", auth="unknown", inbound=inbound)
        return self.systems.setdefault(name, made)


def _owner_of(host: str) -> str:
    """The label of a host that names its owner."""
    labels = [label for label in re.split(r"[.-]", host.lower().partition(":")[0])[:-1] if not _PLAIN.fullmatch(label)]
    return max(labels, key=len, default=host.lower())


def _joined(*texts: str) -> str:
    return "_".join(dict.fromkeys(w for text in texts for w in words_of(text).split("_") if w))


def _hears(own: str, whole: str) -> bool:
    return HOOK.search(_OCCASIONS.sub("", own)) is not None or (_BACK.search(own) is not None and _PAYS.search(whole) is not None)
