"""The commerce model of a program: its entry points, handlers and operations, and the questions that checks ask of them."""

from functools import cached_property

from tillproof.commerce.addressed import ByAddress
from tillproof.commerce.announced import Observers
from tillproof.commerce.answers import Answers
from tillproof.commerce.arrivals import Arrivals
from tillproof.commerce.asked_for import AskedFor
from tillproof.commerce.bot_updates import BotUpdateWays
from tillproof.commerce.browser import Browser
from tillproof.commerce.browser_paid import BrowserPaid
from tillproof.commerce.cache_marks import CacheMarks
from tillproof.commerce.cancellations import Cancellations
from tillproof.commerce.card_pages import CardPages
from tillproof.commerce.card_scope import CardScope
from tillproof.commerce.card_uses import CardUses
from tillproof.commerce.cards import Cards
from tillproof.commerce.carrier_messages import CarrierMessages
from tillproof.commerce.conditions import Conditions
from tillproof.commerce.connected import Connected
from tillproof.commerce.counter import Counter
from tillproof.commerce.credentials import Credentials
from tillproof.commerce.document_rules import DocumentRules
from tillproof.commerce.effects import Effects
from tillproof.commerce.entries import Entry, find_entries
from tillproof.commerce.entry_styles.services import Services
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.error_values import ErrorValues
from tillproof.commerce.exposed import Exposed
from tillproof.commerce.failures import Failures
from tillproof.commerce.gateways import Gateways
from tillproof.commerce.goods_messages import GoodsMessages
from tillproof.commerce.handed_rows import HandedRows
from tillproof.commerce.handing_on import HandingOn
from tillproof.commerce.handlers import Handlers
from tillproof.commerce.handovers import Handovers
from tillproof.commerce.http import Requests as HttpRequests
from tillproof.commerce.inherited import Inherited
from tillproof.commerce.injection import Injection
from tillproof.commerce.kept_objects import KeptUnderMembers
from tillproof.commerce.lexicon import Words
from tillproof.commerce.listed_states import ListedStates
from tillproof.commerce.listeners import Listeners
from tillproof.commerce.loaded import Loaded
from tillproof.commerce.logs import Logs
from tillproof.commerce.made_settings import MadeSettings
from tillproof.commerce.named_bindings import NamedBindings
from tillproof.commerce.operations import Operations
from tillproof.commerce.outcomes import Outcomes
from tillproof.commerce.ownership import Ownership
from tillproof.commerce.payloads import Payloads
from tillproof.commerce.payment_places import PaymentPlace, payment_places, strange_payments
from tillproof.commerce.pieces_taken import PiecesTaken
from tillproof.commerce.promises import Promises
from tillproof.commerce.queued import Queued
from tillproof.commerce.queues import Queues
from tillproof.commerce.quiet_calls import QuietCalls
from tillproof.commerce.reach import Reach
from tillproof.commerce.recognise import Recogniser
from tillproof.commerce.record_methods import RecordMethods
from tillproof.commerce.records import Records
from tillproof.commerce.recoveries import Recoveries
from tillproof.commerce.references import References
from tillproof.commerce.refund_bounds import RefundBounds
from tillproof.commerce.refund_records import RefundRecords
from tillproof.commerce.refunds import Refunds
from tillproof.commerce.refusals import Refusals
from tillproof.commerce.regions import Regions
from tillproof.commerce.repeats import Repeats
from tillproof.commerce.requests import Requests
from tillproof.commerce.retries import Retries
from tillproof.commerce.revealing import Revealing
from tillproof.commerce.roles import Roles
from tillproof.commerce.routines import Routines
from tillproof.commerce.schema.schema import Schema
from tillproof.commerce.sendings import Sendings
from tillproof.commerce.sent_bodies import SentBodies
from tillproof.commerce.sessions import Sessions
from tillproof.commerce.shipping_news import Shipments
from tillproof.commerce.shown import Shown
from tillproof.commerce.spendings import Spendings
from tillproof.commerce.state_codes import StateCodes
from tillproof.commerce.states import States
from tillproof.commerce.stock_writes import StockWrites
from tillproof.commerce.strangers import Strangers
from tillproof.commerce.syncs import Syncs
from tillproof.commerce.takings import Takings
from tillproof.commerce.texts import Texts
from tillproof.commerce.timeouts import Timeouts
from tillproof.commerce.token_rows import TokenRows
from tillproof.commerce.told_engine import tell_engine
from tillproof.commerce.transitions import Transitions
from tillproof.commerce.unused import Unused
from tillproof.commerce.vocabulary import Vocabulary
from tillproof.commerce.written import WrittenDown
from tillproof.flow.callers import Callers
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.modules import Modules
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.values import Ctx, FunctionV, Value
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Provider
from tillproof.source.aliases import Alias
from tillproof.source.files import Tree
from tillproof.source.text import read

_NEAR = 6
_TEMPLATES = ("blade", "twig", "html", "jinja", "ejs")


class Model:
    """Everything that rules may look at; parts are found when first asked for."""

    def __init__(
        self,
        program: Program,
        aliases: list[Alias],
        knowledge: Knowledge,
        versions: dict[str, dict[str, str | None]],
        tree: Tree | None = None,
    ) -> None:
        self.program = program
        self.tree = tree
        self.root = tree.root if tree else None
        self.knowledge = knowledge
        self.versions = versions
        self.evaluator = Evaluator(program, Modules(program, aliases))
        self.wiring = Wiring(program, self.evaluator, knowledge, self.root, versions)
        self.roles, self._demanding = Roles(self.wiring), dict[Fn, bool]()
        self.listeners = Listeners(self.wiring)
        self.exposed = self.evaluator.scope.exposed = Exposed(program, self.evaluator.scope, knowledge)
        self.evaluator.scope.shows_page = self.exposed.shows_page
        tell_engine(self.evaluator, knowledge)
        self.references = References(self.evaluator, knowledge)
        self.evaluator.referring, self.evaluator.referred = self.references.words, self.references.target
        self.evaluator.tells, self.evaluator.heard = self.listeners.tells, self.listeners.heard
        self.observers = Observers(self.wiring)
        self.queued = Queued(self)
        self.evaluator.queued = self.queued.member
        self.evaluator.answering = self._answering
        injection = Injection(self.wiring)
        self.evaluator.scope.handed_out = injection.handed_out
        self.evaluator.scope.listed_under = injection.listed_under
        self.evaluator.scope.bound = NamedBindings(self.wiring).of
        self.evaluator.scope.service = Services(self.wiring).named
        self.evaluator.scope.addressed = ByAddress(program, self.evaluator, knowledge, self.root)
        self.evaluator.scope.row_class = self._row_class
        self._members, self._loaded = KeptUnderMembers(program, self.evaluator.scope, knowledge), Loaded(self.wiring)
        self.evaluator.scope.kept, self.evaluator.scope.running = self._kept, self._loaded.in_running
        self.callers = Callers(program, self.evaluator)
        self.recogniser = Recogniser(program, self.evaluator, knowledge, self.wiring.active)
        self.http = HttpRequests(self.recogniser, self.browser.runs)
        self.words = Words(knowledge.lexicon)
        self.vocabulary = Vocabulary(program, self.words)
        self.queued.find()

    def _kept(self, cls: ClassId, name: str) -> list[ClassId]:
        return self._members(cls, name) or self._loaded.in_field(cls, name)

    def _row_class(self, value: Value) -> ClassId | None:
        return self.record_methods.class_of(value)

    def prepare(self) -> None:
        """Find what nearly every check asks for."""
        _ = self.operations, self.requests, self.handlers.all

    @cached_property
    def operations(self) -> Operations:
        return Operations(self.recogniser, self.http, self.callers)

    @cached_property
    def schema(self) -> Schema:
        """Tables and columns, as models, migrations and SQL declare them."""
        return Schema(self.program, self.evaluator, self.root)

    answers = cached_property(Answers)
    """What is asked of what calls give."""

    made_settings = cached_property(MadeSettings)
    """What functions of ours make for whoever asks for a setting."""

    sendings = cached_property(Sendings)
    """The requests that leave for systems outside."""

    sessions = cached_property(Sessions)
    """What the server keeps in a visitor's session."""

    timeouts = cached_property(Timeouts)
    """How long they may take."""

    retries = cached_property(Retries)
    """What is done again when it failed."""

    recoveries = cached_property(Recoveries)
    """What makes up for a request that failed."""

    refusals = cached_property(Refusals)
    """Whether refusals are repeated."""

    @cached_property
    def entries(self) -> list[Entry]:
        found = find_entries(self.wiring)
        return [*self.gateways.behind(found), *found]  # what lies behind one provider's class is that one's

    gateways = cached_property(Gateways)
    """The entry points of each provider's class behind one route."""

    @cached_property
    def requests(self) -> Requests:
        return Requests(self.wiring, self.entries)

    strangers = cached_property(Strangers)
    """Messages of payment systems that no pack knows."""

    @cached_property
    def texts(self) -> Texts:
        """The text of any file, code or not."""
        return Texts(self.tree, self.program.sources, self.words)

    @cached_property
    def credentials(self) -> Credentials:
        return Credentials(self.knowledge, self.words)

    written = cached_property(WrittenDown)
    """The credentials that are written down."""

    shown = cached_property(Shown)

    logs = cached_property(Logs)

    sent_bodies = cached_property(SentBodies)
    """The bodies of requests that functions send, and log."""

    payloads = cached_property(Payloads)

    @cached_property
    def payment_places(self) -> dict[Fn, PaymentPlace]:
        return payment_places(self)

    @cached_property
    def strange_payments(self) -> dict[tuple[Fn, int], Provider]:
        """The requests to payment systems that no pack knows."""
        return strange_payments(self)

    token_rows = cached_property(TokenRows)

    revealing = cached_property(Revealing)

    cards = cached_property(Cards)

    card_pages = cached_property(CardPages)

    card_scope = cached_property(CardScope)

    card_uses = cached_property(CardUses)

    unused = cached_property(Unused)

    @cached_property
    def browser(self) -> Browser:
        return Browser(self.program, self.versions)

    @cached_property
    def customer_functions(self) -> list[Fn]:
        """Functions that strangers or customers reach by a request, in order of file and place."""
        return sorted(fn for fn, roles in self._roles.items() if roles & {"public", "customer"})

    @cached_property
    def _roles(self) -> dict[Fn, set[str]]:
        found: dict[Fn, set[str]] = {}
        for entry in self.entries:
            if entry.role == "internal":
                continue
            for fn, depth in self.handlers.closure(entry).functions.items():
                if depth <= _NEAR:
                    found.setdefault(fn, set()).add(entry.role)
        return found

    def is_charged(self, field: str) -> bool:
        """Whether a field is read where payment is asked for: in code or a template that speaks of a payment provider."""
        word = field.encode()
        return any(word in text for text in self._paying_texts)

    @cached_property
    def _paying_texts(self) -> list[bytes]:
        hosts = [h.encode() for p in self.knowledge.providers.values() if p.kind == "payment" for h in (*p.hosts, *p.sandbox_hosts)]
        texts = [self.program.sources[f] for f in {fn.file for _, fn, _ in self.operations.outbound}]
        for file in self.program.files.values():
            if self.root is not None and file.role in ("template", "source") and file.language in _TEMPLATES:
                text, _ = read(self.root, file.path)
                if text is not None and any(h in text for h in hosts):
                    texts.append(text)
        return texts

    def entries_reaching(self, fn: Fn) -> int:
        """How many entry points reach a function."""
        return len(self.entries_to(fn))

    def entries_to(self, fn: Fn) -> list[Entry]:
        """The entry points that reach a function."""
        return self._reaching.get(fn, [])

    @cached_property
    def _reaching(self) -> dict[Fn, list[Entry]]:
        found: dict[Fn, list[Entry]] = {}
        for entry in self.entries:
            for fn in self.handlers.closure(entry).functions:
                found.setdefault(fn, []).append(entry)
        return found

    def staff_only(self, fn: Fn) -> bool:
        """Whether only staff (or nobody from outside) reaches a function."""
        roles = self._roles.get(fn)
        return roles is not None and not roles & {"public", "customer", "platform"}

    def demands_staff(self, fn: Fn) -> bool:
        """Whether a function turns away everybody else by itself, whoever calls it, a product's own dispatcher too."""
        if fn not in self._demanding:
            role, _ = self.roles.of(FunctionV((fn.file, 1), fn, None), (), "public")
            self._demanding[fn] = role == "staff"
        return self._demanding[fn]

    counter = cached_property(Counter)

    reach = cached_property(Reach)

    records = cached_property(Records)

    state_codes = cached_property(StateCodes)
    """What codes of states mean."""

    connected = cached_property(Connected)
    """The payment systems that plugins connect shops to."""

    record_methods = cached_property(RecordMethods)
    """What runs when a record is written."""

    inherited = cached_property(Inherited)
    """What a framework's methods run on objects of ours."""

    arrivals = cached_property(Arrivals)

    cache_marks = cached_property(CacheMarks)

    carriers = cached_property(CarrierMessages)

    goods_messages = cached_property(GoodsMessages)

    bot_updates = cached_property(BotUpdateWays)

    shipments = cached_property(Shipments)

    handovers = cached_property(Handovers)
    asked_for = cached_property(AskedFor)

    def _answering(self, fn: Fn, i: int, ctx: Ctx | None) -> list[FunctionV]:
        return self.handovers.at_once(fn, i, ctx) or self.observers.heard(fn, i, ctx)

    handed_rows = cached_property(HandedRows)

    effects = cached_property(Effects)

    promises = cached_property(Promises)

    handing_on = cached_property(HandingOn)

    conditions = cached_property(Conditions)

    states = cached_property(States)

    repeats = cached_property(Repeats)

    transitions = cached_property(Transitions)

    quiet_calls = cached_property(QuietCalls)
    """Which calls throw nothing."""

    ownership = cached_property(Ownership)
    """Whose the records are that customers change."""

    regions = cached_property(Regions)

    stock_writes = cached_property(StockWrites)

    queues = cached_property(Queues)
    """Jobs, and what becomes of those that failed for good."""

    syncs = cached_property(Syncs)
    """Runs that carry goods and orders over from one system to another."""

    spendings = cached_property(Spendings)
    """What customers spend of the balances that the shop keeps for them."""

    routines = cached_property(Routines)
    """What functions of the database do."""

    pieces_taken = cached_property(PiecesTaken)
    """Where a row that is a piece of goods is taken for a customer."""

    takings = cached_property(Takings)

    refund_records = cached_property(RefundRecords)
    """What is written down about it."""

    listed_states = cached_property(ListedStates)
    """The states that code lets a request name."""

    cancellations = cached_property(Cancellations)
    """Orders that are cancelled."""

    refunds = cached_property(Refunds)
    """Where money goes back."""

    refund_bounds = cached_property(RefundBounds)
    """What its amount is held to."""

    error_values = cached_property(ErrorValues)

    failures = cached_property(Failures)
    """What handlers of exceptions make of them."""

    outcomes = cached_property(Outcomes)
    """What callers do with answers that tell of a failure."""

    handlers = cached_property(Handlers)

    browser_paid = cached_property(BrowserPaid)

    document_rules = cached_property(DocumentRules)
