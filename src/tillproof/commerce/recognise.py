"""What a call means in commerce: a provider's operation, a proof of the sender, an effect, a request by raw HTTP."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tillproof.commerce.callees import asked_first, asked_for, lands, only_makes
from tillproof.commerce.entry_styles.active import Active
from tillproof.commerce.names import Table, of_an_element, root, strip, written
from tillproof.commerce.pack_effects import effect_by_packs
from tillproof.commerce.pack_tables import LANGUAGES, Kind, pack_tables
from tillproof.commerce.spoken_operations import says
from tillproof.commerce.usage import Usage
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import ClassId, Fn, Program
from tillproof.flow.set_on import after_setters
from tillproof.flow.values import (
    ClassV,
    Const,
    Ctx,
    External,
    FunctionV,
    Instance,
    Member,
    Mix,
    ModuleV,
    Result,
    Text,
    Value,
    names,
    options,
)
from tillproof.flow.values import (
    pattern as spelt,
)
from tillproof.ir.ops import Op
from tillproof.knowledge.loader import Knowledge
from tillproof.knowledge.schema import Effect, Operation, Provider, Verifier

_LONGEST_CHAIN = 8
_MADE = re.compile(r"(@[a-z0-9][\w-]*/[a-z0-9][\w.-]*?)\.[A-Z]\w*\(\)")  # of a scoped package: a workspace's own are resolved
_OF_PAGE = re.compile(r"(window|globalThis)\.(?=[A-Z])")
"""By what a page may name what a script has put there: ``window.PaystackPop.setup`` is ``PaystackPop.setup``."""
# The namespace under which a plugin keeps copies of the libraries that it needs: `EDD.Vendor.Stripe.Refund.create`.
_OWN_COPY = re.compile(r"\w[\w.]*?\.(?:Vendors?|Vendored|Vendor_?Prefixed|Dependencies|Deps|Scoped|Prefixed|Third_?Party)\.(?=[A-Z]\w*\.)")
# The name of a method that sends, where it is not called: `sender = requests.post`.
_KEPT_CLASS = re.compile(rb"(?:[:=,(\[]|\belse)[ \t]*([A-Z]\w+)[ \t]*(?=[,})\]\r\n]|if\b)")
_KEPT_SENDER = re.compile(rb"\.(get|post|put|patch|delete|request)\b(?!\s*[(<=.\[?!`])")
GETS = "getattr"
"""Python's call that finds a method by its name."""
# Variables of PHP that hold the HTTP method by whose name a client is called, and what calls, or finds, anything that is named to it.
_CHOSEN = {
    "php": frozenset(
        ["$method", "$verb", "$httpmethod", "$http_method", "$requestmethod", "$request_method", "call_user_func", "call_user_func_array"]
    ),
    "python": frozenset([GETS]),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A call that a pack knows. ``certain``: the receiver is known to be the provider's; else the unit merely uses the provider."""

    provider: Provider
    thing: Operation | Verifier
    certain: bool
    name: str


_SENDS = "send"
_ANYBODYS = ("validate", "verify", "init", "parse", "check")
"""Methods of libraries of any kind: ``schema.validate(req.body)`` asks no provider in a file that speaks of none."""
_SAID_ALONE = ("exits", "answers")
"""Kinds of which a name without any other beside it is one only where its framework is used."""
CLIENT = re.compile(r"\w*(client|axios|http|api|instance|request|fetcher)", re.IGNORECASE)
"""What a client that is called like a function is called."""


class Recogniser:
    """Tables of all packs, per language."""

    def __init__(self, program: Program, evaluator: Evaluator, knowledge: Knowledge, active: Active) -> None:
        self.program = program
        self.evaluator = evaluator
        self.knowledge = knowledge
        self.active = active
        tables = self._tables = pack_tables(knowledge)
        self.calls, self.effects, self.shared = tables.calls, tables.effects, tables.shared
        self.usage = Usage(program, knowledge)
        self._memo: dict[tuple[Fn, int, int], list[Known]] = {}
        self._sending: dict[str, frozenset[str]] = {}
        self._keeping: dict[str, bool] = {}
        self._choosing: dict[str, bool] = {}

    def of_sdk(self, fn: Fn, i: int, ctx: Ctx | None = None) -> bool:
        """Whether a call asks something of a payment provider through its SDK: whatever its name says, no record of ours is changed."""
        sdks = self._tables.sdks[self.program.language(fn.file)]
        return any(strip(name).lower().startswith(sdks) for name in self.callee_names(fn, i, ctx))

    def of_controller(self, fn: Fn, i: int, ctx: Ctx | None = None) -> bool:
        """Whether a call hands a request on to a route of the platform: its name says what was asked for, not that it was given."""
        owners = (name.rpartition(".")[0].removesuffix("()") for name in self.callee_names(fn, i, ctx) if not name.startswith("?"))
        return any("." in owner and owner.endswith("Controller") for owner in owners)

    def is_missing(self, fn: Fn, i: int, ctx: Ctx | None = None) -> bool:
        """Whether a call is of a method that a class of ours, with no base of others and no class below it, does not have: it fails when
        it is run, and does nothing that its name says."""
        if self.program.language(fn.file) != "python":
            return False
        owners = [o.base for o in options(self.evaluator.value(fn, self.program.body(fn).args(i)[0], ctx)) if isinstance(o, Member)]
        found = [one for owner in owners for one in options(owner)]
        return bool(found) and all(isinstance(o, (ClassV, Instance)) and self._is_whole(o.cls) for o in found)

    def _is_whole(self, cls: ClassId) -> bool:
        """Whether all methods of a class are seen."""
        scope = self.evaluator.scope
        return not scope.foreign_bases(cls) and not scope.subclasses(cls) and scope.method(cls, "__getattr__") is None

    def asking_words(self, language: str) -> set[str]:
        """Last words of the calls that may ask a provider for something, by SDK or raw HTTP, in lower case."""
        chosen = _CHOSEN.get(language, frozenset())
        return set(self.calls[language].words() | self.shared[language, "http"].words() | chosen)

    def sending_names(self, file: str) -> frozenset[str]:
        """The names, in lower case, under which a file imports what sends requests by being called itself: ``const rp =
        require('request-promise')``."""
        if file not in self._sending:
            table = self.shared[self.program.language(file), "http"]
            named = (
                (i.local, ".".join(p for p in (i.module, i.name) if p not in ("*", "default"))) for i in self.program.indices[file].imports
            )
            self._sending[file] = frozenset(local.lower() for local, name in named if table.find((name,)))
        return self._sending[file]

    def keeps_senders(self, file: str) -> bool:
        """Whether a file keeps a function that sends requests, to call it by another name: ``send = requests.post``."""
        if file not in self._keeping:
            language = self.program.language(file)
            table, kept = self.shared[language, "http"], _KEPT_SENDER.finditer(self.program.sources[file])
            self._keeping[file] = language != "php" and any(table.may_know(match[1].decode()) for match in kept)
        return self._keeping[file]

    def chooses_classes(self, file: str) -> bool:
        """Whether a file keeps a class of a provider's package, to make an object of whichever is chosen: ``{CAPTURE: CaptureRequest}``."""
        if file not in self._choosing:
            words = self.calls[self.program.language(file)].words() if self.program.language(file) == "python" else frozenset[str]()
            brought = {i.local for i in self.program.indices[file].imports if i.local[:1].isupper() and i.local.lower() in words}
            kept = _KEPT_CLASS.findall(self.program.sources[file]) if brought else []
            self._choosing[file] = any(name.decode() in brought for name in kept)
        return self._choosing[file]

    def _is_chosen(self, fn: Fn, callee: int) -> bool:
        """Whether a class of a package may have been put into the variable that is called."""
        body = self.program.body(fn)
        kept = body.op[callee] == Op.NAME and self.chooses_classes(fn.file)
        return kept and body.name(callee) in self.evaluator.defuse(fn).stores

    def _may_send(self, fn: Fn, name: str) -> bool:
        """Whether a plain name may be that of something that sends requests by being called itself."""
        return name.lower() in self.sending_names(fn.file) or self.keeps_senders(fn.file)

    # --- names of a callee

    def callee_names(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[str, ...]:
        """Names of what a CALL or NEW calls: by value, then as written."""
        callee = self.program.body(fn).args(i)[0]
        value = self.evaluator.value(fn, callee, ctx)
        known = (*self.sent(fn, i, ctx), *names(value), *self._by_base(value), *after_setters(value))
        if self.program.language(fn.file) == "php":
            known = (*known, *(name[copied.end() :] for name in known if (copied := _OWN_COPY.match(name))))
        elif self.program.language(fn.file) == "javascript":
            known = (*known, *(name[page.end() :] for name in known if (page := _OF_PAGE.match(name))))
        spelt = written(self.program, fn, callee)
        return known if spelt in known else (*known, "?" + spelt if "." in spelt else spelt)

    def sent(self, fn: Fn, i: int, ctx: Ctx | None) -> tuple[str, ...]:
        """The name of the command that a call sends, an object that stands for what is asked: ``client.send(new UpdateCommand({ … }))``, or
        of what makes it: ``GetPaymentRequestFactory::new($id)->create()``."""
        body = self.program.body(fn)
        if body.op[i] != Op.CALL or body.called(i) != _SENDS or not 0 < len(given := body.call(i)[1]) < 3:
            return ()
        found = options(self.evaluator.value(fn, given[0][1], ctx))
        return tuple(name for o in found if isinstance(o, Result) and (name := asked_for(o)))

    def _by_base(self, value: Value) -> Iterator[str]:
        """Names of what hangs on an object of ours that was handed over and derives from a class of others, which its own says nothing of:
        ``this.prisma.order.create`` where ``class Database extends PrismaClient``."""
        for option in options(value):
            rest: list[str] = []
            here = option
            while isinstance(here, Member):
                rest.insert(0, here.name)
                here = here.base
            if rest and isinstance(here, Instance) and here.origin is not None:
                yield from (".".join((base, *rest)) for base in self.evaluator.scope.foreign_bases(here.cls))

    def imported(self, fn: Fn, i: int) -> str:
        """A callee by the package that its root is imported from, when a pack names that package: a pack holds for a package also where the
        package's own source is in the repository. Empty otherwise."""
        head, _, rest = written(self.program, fn, self.program.body(fn).args(i)[0]).partition(".")
        for item in self.program.indices[fn.file].imports:
            if item.local == head and item.module in self._tables.packages[self.program.language(fn.file)]:
                return ".".join(p for p in (item.module, item.name if item.name not in ("*", "default") else "", rest) if p)
        return self.published(fn, i)

    def published(self, fn: Fn, i: int) -> str:
        """A callee that lies in the repository by the name under which a pack knows the package that it is imported from; else empty."""
        found = options(self.evaluator.value(fn, self.program.body(fn).args(i)[0]))
        return next((o.known_as for o in found if isinstance(o, FunctionV) and o.known_as), "")

    def of_framework(self, name: str, fn: Fn) -> bool:
        """Whether a dotted name begins with a package of a framework, and so names nothing of a provider's."""
        lower = name.lower()
        return any(lower.startswith((p.lower() + ".", p.lower() + "/")) for p in self._tables.packages[self.program.language(fn.file)])

    def is_ours(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether the callee is a function of the repository whose body says what it does: a method that keeps whatever records it is made
        for, called on a ``Repository<Order>``, does what its name says to orders, as one of an ORM does."""
        callee = self.evaluator.value(fn, self.program.body(fn).args(i)[0], ctx)
        return lands(callee) or any(isinstance(o, ModuleV) and self.evaluator.scope.run_by_call(o) for o in options(callee))

    def only_ours(self, fn: Fn, i: int, ctx: Ctx | None) -> bool:
        """Whether a plain name is that of a function of ours, whatever library has one of that name: ``async function request(path)``.
        PHP's are left out: those of tests and polyfills bear the names of what they stand for."""
        body = self.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] != Op.NAME or self.program.language(fn.file) == "php":
            return False
        found = options(self.evaluator.value(fn, callee, ctx))
        return bool(found) and all(isinstance(o, FunctionV) for o in found)

    def keeps_records(self, fn: Fn, i: int) -> bool:
        """Whether a call does to records what its name says: one of a package that a pack names, or of a keeper of any record."""
        callee = options(self.evaluator.value(fn, self.program.body(fn).args(i)[0]))
        return bool(self.imported(fn, i)) or (any(isinstance(o, FunctionV) for o in callee) and not self.is_ours(fn, i, None))

    # --- providers

    def known(self, fn: Fn, i: int, ctx: Ctx | None = None) -> list[Known]:
        """What the providers' packs know of a call; operations and verifiers, best first."""
        key = (fn, i, id(ctx))
        if key not in self._memo:
            self._memo[key] = self._find_known(fn, i, ctx)
        return self._memo[key]

    def _find_known(self, fn: Fn, i: int, ctx: Ctx | None) -> list[Known]:
        lang = self.program.language(fn.file)
        table = self.calls[lang]
        body = self.program.body(fn)
        callee = body.args(i)[0]
        spelt = body.name(callee) if body.op[callee] in (Op.FIELD, Op.NAME) else ""
        handed = ctx is not None and body.op[callee] == Op.NAME and any(p.name == spelt for p in body.params)  # whatever it is called here
        if spelt and not (handed or self._is_chosen(fn, callee)) and spelt.rpartition(".")[2].lower() not in table.words():
            return []
        if self.is_ours(fn, i, ctx):
            # a client of ours that is told a provider's command sends that
            return self._by_full_names(lang, self.sent(fn, i, ctx))
        out: list[Known] = []
        called = self.callee_names(fn, i, ctx)
        if any(self.of_framework(name, fn) for name in called):  # however it is spelt: `Order.create` of an ORM is no shop's order
            called = tuple(name for name in called if not name.startswith("?"))
        for (provider, thing), pattern, name, _ in table.find(called):
            if name.startswith("?") and _of_another_package(provider, called):
                continue
            if body.op[i] == Op.NEW and pattern.startswith(".") and pattern.rpartition(".")[2][:1].islower():
                continue  # a class of ours that bears the name of a method: ``new RefundPayment($id)``
            certain = None if of_an_element(name, pattern) else self._receiver(provider, lang, pattern, name, fn.file)
            if not certain and self._made_for(provider, lang, self.evaluator.value(fn, callee, ctx)):
                certain = True
            if not certain and ((provider.members and asked_first(body, callee)) or self._of_row(fn, callee, ctx)):
                continue
            if certain is False and pattern.rpartition(".")[2] in _ANYBODYS and not self.mentions(provider, fn.file):
                continue
            if certain is not None and not any(k.thing is thing for k in out):
                out.append(Known(provider, thing, certain, name))
        out = self._spoken(fn, i, ctx, out)
        out.sort(key=lambda k: (not k.certain, not self.mentions(k.provider, fn.file), -len(k.name)))
        if out and out[0].certain:
            out = [k for k in out if k.certain]
        return out

    def _of_row(self, fn: Fn, callee: int, ctx: Ctx | None) -> bool:
        """Whether a method stands on what hangs on a row that was read from our tables: ``$order->payments()->create([…])``."""
        here, depth = self.evaluator.value(fn, callee, ctx), 0
        while isinstance(here, (Member, Result)) and depth < _LONGEST_CHAIN:
            if isinstance(here, Result) and self.result_is("reads", here):
                return True
            here, depth = here.base if isinstance(here, Member) else here.callee, depth + 1
        return False

    def _spoken(self, fn: Fn, i: int, ctx: Ctx | None, found: list[Known]) -> list[Known]:
        """Of several operations that one call may ask for, those that its arguments speak of; else those that need no word."""
        if not any(isinstance(k.thing, Operation) and k.thing.says for k in found):
            return found
        given = [self.evaluator.value(fn, v, ctx) for _, v in self.program.body(fn).call(i)[1]]
        told = [k for k in found if isinstance(k.thing, Operation) and k.thing.says and says(self.evaluator, given, k.thing.says)]
        return told or [k for k in found if not (isinstance(k.thing, Operation) and k.thing.says)]

    def _by_full_names(self, language: str, full: Iterable[str]) -> list[Known]:
        """What packs know by dotted names as they stand, whatever is called on what."""
        found = self.calls[language].find(full)
        return [Known(provider, thing, True, name) for (provider, thing), pattern, name, _ in found if not pattern.startswith(".")]

    def _receiver(self, provider: Provider, lang: str, pattern: str, name: str, file: str) -> bool | None:
        """Whether a match's receiver is the provider's: certain, likely (False), or not at all (None)."""
        if not pattern.startswith("."):
            return True
        before = strip(root(name, pattern))
        head = before.lower()
        packages = [p.lower() for p in provider.packages.get(lang, ())]  # type: ignore[call-overload]
        clients = self._tables.clients[provider.id, lang]
        if head and (head in clients or any(head.endswith("." + c) for c in clients)):
            return True
        if head and any(
            head == p or head.startswith((p + ".", p + "/", p.replace("/", ".") + ".", p.rpartition("/")[2] + ".")) for p in packages
        ):
            return True
        if head.startswith(("?", "#", "exception")) or not head or "." not in head:
            return False if self.uses(provider, file) else None
        return None

    def _made_for(self, provider: Provider, lang: str, callee: Value) -> bool:
        """Whether a chain of calls begins with one that makes this provider's client by its name: ``Omnipay::create('PayPal_Express')``."""
        wanted = self._tables.gateways.get((provider.id, lang))
        waiting = [callee] if wanted else []
        for _ in range(_LONGEST_CHAIN):
            below = [b for here in waiting for b in options(here)]
            if any(self._makes(wanted, one) for one in below if isinstance(one, Result)):
                return True
            callees = [o.callee if isinstance(o, Result) else o for o in below]
            waiting = [c.base for c in callees if isinstance(c, Member)]
        return False

    def _makes(self, gateways: Table[bool] | None, made: Result) -> bool:
        given = self.evaluator.argument(made, 0) if made.instr >= 0 else None
        found = gateways.find(names(made.callee)) if gateways and isinstance(given, Const) else []
        return isinstance(given, Const) and any(_fits_text(given.text, text) for *_, text in found)

    def uses(self, provider: Provider, file: str) -> bool:
        """Whether the file or its unit uses a provider."""
        return self.usage.uses(provider, file)

    def mentions(self, provider: Provider, file: str) -> bool:
        """Whether the file itself speaks of a provider."""
        return self.usage.mentions(provider, file)

    def operation(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Known | None:
        """The provider operation that a call is, by SDK."""
        return next((k for k in self.known(fn, i, ctx) if isinstance(k.thing, Operation)), None)

    def named(self, fn: Fn, i: int) -> Known | None:
        """What the providers' packs know of a function of an SDK that is not called here but handed on: ``retry(stripe.Charge.create)``."""
        return next(iter(self._by_full_names(self.program.language(fn.file), names(self.evaluator.value(fn, i)))), None)

    def verifier(self, fn: Fn, i: int, ctx: Ctx | None = None) -> Known | None:
        """The proof of the sender that a call is, by SDK."""
        return next((k for k in self.known(fn, i, ctx) if isinstance(k.thing, Verifier)), None)

    def wraps(self, callee: Value, language: str) -> Known | None:
        """The proof of the sender that something of outside makes before it calls the function which it was handed."""
        for (provider, thing), _, name, _ in self.calls[language].find(names(callee)):
            if isinstance(thing, Verifier) and thing.proves == "wraps":
                return Known(provider, thing, True, name)
        return None

    def says_success(self, name: str) -> bool | None:
        """What a method of a result answers when all went well; None when it says nothing of that."""
        return self._tables.succeeds.get(name.lower())

    def caught(self, value: Value, language: str) -> Known | None:
        """The proof of the sender whose answer, or refusal, a result holds: ``fromThrowable(verify, toError)(body, signature)``."""
        made = value.callee if isinstance(value, Result) else None
        if not isinstance(made, Result) or made.instr < 0 or not self.result_is("catches", made):
            return None
        inner = self.evaluator.argument(made, 0)
        for option in options(inner) if inner is not None else ():
            bound = option.callee if isinstance(option, Result) else None
            tried = bound.base if isinstance(bound, Member) and bound.name == "bind" else option
            for (provider, thing), _, name, _ in self.calls[language].find(names(tried)):
                if isinstance(thing, Verifier):
                    return Known(provider, thing, True, name)
        return None

    def dumped(self, value: Result) -> Provider | None:
        """The provider whose whole message a call gives as it came."""
        found = self._tables.dumps[self.program.language(value.fn.file)].find(names(value.callee))
        return next((p for p, _, _, _ in found if self.uses(p, value.fn.file)), None)

    def keeps_token(self, value: Value, file: str) -> Provider | None:
        """The provider in whose account whoever sees a value, an object that his SDK gives, could do everything: its token is in it."""
        called = value.callee if isinstance(value, Result) else value
        found = self._tables.sessions[self.program.language(file)].find(names(called))
        return next((p for p, _, _, _ in found if self.uses(p, file)), None)

    def keeps_session(self, fn: Fn) -> bool:
        """Whether an SDK is given a function of ours, by its name, to keep the tokens of a session by."""
        found = self._tables.keepers.get((self.program.language(fn.file), self.program.name(fn)), ())
        return any(self.uses(p, fn.file) for p in found)

    # --- everything that frameworks share

    def may_be(self, kind: Kind, fn: Fn, name: str) -> bool:
        """Whether a callee with this last name may match a pattern of that kind: a quick look."""
        return self.shared[self.program.language(fn.file), kind].may_know(name)

    def is_(self, kind: Kind, fn: Fn, i: int, ctx: Ctx | None = None) -> str | None:
        """The pattern of that kind that a call matches, if any."""
        table = self.shared[self.program.language(fn.file), kind]
        body = self.program.body(fn)
        callee = body.args(i)[0]
        name = body.name(callee).rpartition(".")[2] if body.op[callee] in (Op.FIELD, Op.NAME) else _SENDS
        if name != _SENDS and not table.may_know(name) and (kind != "http" or not self._may_send(fn, name)):
            return None
        if kind == "http" and self.only_ours(fn, i, ctx):
            return None
        package = self.imported(fn, i)
        if package and any(not text or self.first_argument_fits(fn, i, ctx, text) for *_, text in table.find((package,))):
            return package
        for framework, pattern, name, text in table.find(self.callee_names(fn, i, ctx)):
            if not self._holds(kind, framework, pattern, fn.file):
                continue
            if not text or self.first_argument_fits(fn, i, ctx, text):
                return pattern if pattern.startswith(".") else strip(name)
        return None

    def _holds(self, kind: str, framework: str, pattern: str, file: str) -> bool:
        """Whether a name is its framework's there: a bare ``redirect`` ends the program in one, and only gives an answer in others; that a
        ``write`` or a ``status`` answers, one framework says alone."""
        says = "." in (pattern if kind == "exits" else pattern.lstrip(".")) or kind not in _SAID_ALONE
        return says or any(f.id == framework for f in self.active.of(file))

    def result_is(self, kind: str, value: Value) -> bool:
        """Whether a value is the result of a call of that kind, or that member itself."""
        if isinstance(value, Result) and value.instr >= 0:
            table = self.shared[self.program.language(value.fn.file), kind]
            hits = table.find(names(value.callee)) or self._as_spelt(table, value)
            return any(
                self._holds(kind, framework, pattern, value.fn.file)
                and (not text or self.first_argument_fits(value.fn, value.instr, value.ctx, text))
                for framework, pattern, _, text in hits
            )
        found = (value.name,) if isinstance(value, External) else names(value)
        if kind == "config":  # what the settings hold is a setting: `process.env.WEBHOOK_TOKEN`, `config.get('psp').secret`
            if isinstance(value, Member) and self.result_is(kind, value.base):
                return True
            found = tuple(name.rsplit(".", cut)[0] for name in found for cut in range(name.count(".") + 1))
        return any(not text for lang in LANGUAGES for *_, text in self.shared[lang, kind].find(found)) if found else False

    def _as_spelt(self, table: Table[str], value: Result) -> list[tuple[str, str, str, str]]:
        """What a table knows of a call as the source spells it, whatever class its object is declared to be:
        ``$this->scopeConfig->getValue()``."""
        body = self.program.body(value.fn)
        callee = body.args(value.instr)[0] if body.op[value.instr] == Op.CALL else -1
        if callee < 0 or body.op[callee] != Op.FIELD or not table.may_know(body.name(callee)) or isinstance(value.callee, FunctionV):
            return []
        return table.find((written(self.program, value.fn, callee),))

    def first_argument_fits(self, fn: Fn, i: int, ctx: Ctx | None, text: str) -> bool:
        _, arguments = self.program.body(fn).call(i)
        if not arguments:
            return False
        value = self.evaluator.value(fn, arguments[0][1], ctx)
        prepared = self.evaluator.argument(value, 0) if isinstance(value, Result) and value.instr >= 0 else None
        if isinstance(value, (Text, Mix)) and text.endswith("*"):
            return _fits_text(spelt(value), text)  # 'https://api.example.com' . $path
        return any(isinstance(v, Const) and _fits_text(v.text, text) for v in (value, prepared))

    def effect(self, fn: Fn, i: int, ctx: Ctx | None = None) -> tuple[Effect, bool] | None:
        """The effect on records, money, goods or people that a call has by its pack, and whether the receiver is certain."""
        return effect_by_packs(self, fn, i, ctx)

    def keeps_nothing(self, name: str) -> bool:
        """Whether a callee of that name makes a provider's client, is of an object of its SDK, or only makes an object."""
        return name.lower() in self._tables.makes_client or name.lower().startswith(self._tables.sdk_namespaces) or only_makes(name)

    def below(self, fn: Fn, i: int, ctx: Ctx | None) -> str:
        """The path below which a provider's client object sends what a method named after a verb asks for; empty for other calls."""
        lang = self.program.language(fn.file)
        for provider in self._tables.verbal:
            if self._tables.clients[provider.id, lang] and self.uses(provider, fn.file):
                heads = (strip(name).rpartition(".")[0].lower() for name in self.callee_names(fn, i, ctx))
                if any(head in self._tables.clients[provider.id, lang] for head in heads if head):
                    return provider.base_path
        return ""


def _of_another_package(provider: Provider, called: tuple[str, ...]) -> bool:
    """Whether what a method is called on is an object of a class of a package that is not the provider's, whatever its variable is
    called."""
    made = _MADE.match(called[0])
    return (
        made is not None and provider.id not in made[1].lower() and not any(made[1] == p for p in provider.packages.get("javascript", ()))
    )


def _fits_text(text: str, wanted: str) -> bool:
    """Whether a text is the one that a pack names, or begins with what stands before its ``*``."""
    said, wanted = text.lstrip().casefold(), wanted.casefold()
    return said == wanted or (wanted.endswith("*") and said.startswith(wanted[:-1]))
