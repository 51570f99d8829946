"""Who may take a way in: read from what runs before the handler, and from the checks at its head that leave when they fail."""

import re
from collections.abc import Iterator

from tillproof.commerce.asked_roles import asked_role, compares_role, demanded_role, role_text
from tillproof.commerce.carried_out import carried_out
from tillproof.commerce.entry_styles.wiring import Wiring, plain_names
from tillproof.commerce.guard_names import MESSAGES, asked_by_name, of_message, of_others
from tillproof.commerce.guard_refusals import (
    ending_calls,
    handed_back,
    is_returned,
    is_statement,
    refuses_at,
    throws,
    throws_or_gives,
    times_let_pass,
)
from tillproof.commerce.open_ways import open_to_all
from tillproof.commerce.role_checks import INSISTS, at_head, holding, lets_others_pass, lets_owner_pass
from tillproof.commerce.role_constructors import asked_as_told, named_for_staff, shut
from tillproof.commerce.role_includes import SPEAKS_OF_ROLES, IncludedPages
from tillproof.commerce.role_metadata import Metadata
from tillproof.commerce.role_names import (
    RANK,
    STAFF_WORD,
    Because,
    Patterns,
    by_names,
    by_text,
    highest,
    lowest,
    of_buyers,
    of_shop,
    snake,
)
from tillproof.commerce.role_policies import Policies
from tillproof.commerce.role_rights import asked_right, held_by, texts_of, told
from tillproof.commerce.role_secrets import compares_secret
from tillproof.commerce.role_sessions import asked_of_session, given_by_session, of_request
from tillproof.commerce.ways_past import passes_without
from tillproof.flow.lending import after_lending
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.values import (
    ClassV,
    Const,
    External,
    FunctionV,
    Instance,
    Member,
    Mix,
    Result,
    Seq,
    Text,
    Unknown,
    Value,
    constant,
    options,
    pattern,
)  # fmt: skip
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Role

_METHODS = ("canActivate", "has_permission", "handle", "use", "__call__", "test_func", "dispatch", "intercept", "check", "authorize")
_SIGNED_IN = re.compile(
    r"(current_?)?(user|customer|member|account|admin|auth)(_?id)?|is_(authenticated|logged_in|signed_in)|logged_in|session|uid"
)
_SIGNS = re.compile(rb"createHmac|hash_hmac|\bhmac\.new|['\"][\w-]*signature\w*['\"]", re.IGNORECASE)
_GUARDING = re.compile(
    r".*(role|permission|authori[sz]e|restrict|guard|polic(y|ies)|abilit(y|ies)|privilege|permit).*"
    r"|(.*_)?(allow(s|ed)?|access|requires?|required|can)(_.*)?"
)
_OF_ROLES = re.compile(r".*(role|permission|authori[sz]e|abilit(y|ies)|privilege|polic(y|ies)|scope|right).*|(.*_)?can(_.*)?")
"""Guards that are told nothing but roles and rights; others may be told anything: ``require_http_methods(["POST"])``."""
_SHARED = re.compile(
    r"(^|_)(owner|author|self|buyer|customer)_or_\w*(admin|staff|super)|(admin|staff|superuser)_or_(\w+_)?(owner|author|self|buyer)"
)
"""Guards that let those pass whose the record is, beside staff: ``IsOwnerOrAdmin``."""
_LEVELS = 3
_KEYS = ("id", "_id", "uid", "sub", "email")


class Roles:
    """The least that callers of an entry must be."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.program = wiring.program
        self.evaluator = wiring.evaluator
        lexicon = wiring.knowledge.lexicon
        self._staff_guard = re.compile("|".join(f"(?:{p})" for p in lexicon.staff_guards))
        self._customer_guard = re.compile("|".join(f"(?:{p})" for p in lexicon.customer_guards))
        self._patterns: dict[int, Patterns] = {}
        self._read: dict[Fn, Role | None] = {}
        self._enforcing: dict[tuple[Fn, int], tuple[Role, Because] | None] = {}
        self.metadata = Metadata(wiring)
        self.pages = IncludedPages(wiring, self._head, self.patterns)
        self.policies = Policies(wiring.evaluator, lambda fn, i: self._condition(fn, i, self.patterns(fn.file)))

    def of(self, target: FunctionV, chain: tuple[Value, ...], least: Role) -> tuple[Role, Because | None]:
        """Role of a handler behind a chain, and what says so."""
        if least in ("platform", "internal"):
            return least, None
        best: tuple[Role, Because | None] = (least, None)
        patterns = self.patterns(target.fn.file)
        for role, because in self._all(target, chain, patterns):
            if RANK[role] > RANK[best[0]]:
                best = role, because
        return best

    def of_class(self, cls: ClassId, chain: tuple[Value, ...]) -> Role:
        """Role of whoever reaches the handlers that a view inherits, behind what it demands and what its bases do."""
        patterns = self.patterns(cls.file)
        found = [role for value in chain if (role := self.guard(value, patterns))]
        found += [role for role, _ in (*self._bases(cls, patterns), *self._before(cls, Fn(cls.file, TOP), patterns))]
        return max(found, key=lambda role: RANK[role], default="public")

    def _all(self, target: FunctionV, chain: tuple[Value, ...], patterns: Patterns) -> Iterator[tuple[Role, Because]]:
        chain = self.metadata.apart(chain)
        said = self.metadata.of(chain)
        asked = self.metadata.asked_on(chain)
        for value in chain:
            if not asked.isdisjoint(self.metadata.of((value,))):
                continue  # the guard that reads it says what it means: of several roles, one is enough
            within = self.metadata.guards_in(value)
            for one in within or (value,):
                asks = self.metadata.asked_by(one)
                role = self.guard(one, patterns) if asks is None else self.metadata.demand(asks, said)
                if role:
                    yield role, (*(said_by := self._wrapped(one)).at, _shown(self.wiring, said_by))
        owner = self.program.owner(target.fn)
        if owner is not None:
            yield from self._bases(owner, patterns)
            yield from self._before(owner, target.fn, patterns)
        if target.fn.number != TOP or self.program.language(target.fn.file) == "php":
            yield from self._head(target.fn, patterns)
        if target.fn.number == TOP:
            yield from self.pages.of(target.fn.file)
        elif self.program.language(target.fn.file) == "php":
            yield from self.pages.in_place_of(target.fn)

    def patterns(self, file: str) -> Patterns:
        """Staff and customer names of the frameworks that hold for a file."""
        frameworks = self.wiring.active.of(file)
        key = id(frameworks)
        if key not in self._patterns:
            internal = tuple(n for f in frameworks for n in f.internal)
            staff = tuple(n for f in frameworks for n in f.staff)
            customer = tuple(n for f in frameworks for n in f.customer)
            anyone = frozenset(n for f in frameworks for n in f.exempt)
            self._patterns[key] = Patterns(internal, staff, customer, anyone)
        return self._patterns[key]

    def _bases(self, cls: ClassId, patterns: Patterns) -> Iterator[tuple[Role, Because]]:
        declared = self.program.cls(cls)
        for base in self.evaluator.scope.foreign_bases(cls):
            role = by_names((base,), patterns, None)
            if role:
                yield role, (cls.file, declared.line, base)
        for own in self.evaluator.scope.lineage(cls)[1:]:
            role = self._by_lexicon(self.program.cls(own).name.removesuffix("Mixin"))
            if role:
                yield role, (cls.file, declared.line, self.program.cls(own).name)

    def _before(self, cls: ClassId, fn: Fn, patterns: Patterns) -> Iterator[tuple[Role, Because]]:
        """What a class-based view asks before any of its handlers runs: in its test of the user, at the head of its own ``dispatch``; a
        controller in PHP asks in its constructor."""
        language = self.program.language(cls.file)
        if language == "php" and (made := self.evaluator.scope.method(cls, "__construct")) not in (None, fn):
            for asked, because in self._head(made, patterns):
                yield "staff" if asked == "customer" and named_for_staff(self.evaluator, cls) else asked, because
        if language != "python":
            return
        for name in (self.program.cls(own).name for own in self.evaluator.scope.lineage(cls)[1:]):
            if _GUARDING.fullmatch(snake(name)) and (role := self.policies.of_member(cls)):  # a mix-in of ours
                yield role, (cls.file, self.program.cls(cls).line, name)
        test = self.evaluator.scope.method(cls, "test_func")
        if test is not None and (role := self._reads(test, patterns, 0)):
            function = self.program.function(test)
            yield role, (test.file, function.line if function else 1, "test_func")
        dispatch = self.evaluator.scope.method(cls, "dispatch")
        if dispatch is not None and dispatch != fn:
            yield from self._head(dispatch, patterns)

    # --- one guard

    def guard(self, value: Value, patterns: Patterns, depth: int = 0) -> Role | None:
        """What a guard demands of the caller; None when it is no guard, or opens the way to anyone."""
        if depth > 4 or isinstance(value, Unknown):
            return None
        text = constant(value)
        if text is not None:
            return by_text(text, patterns)
        rights = [held_by(t[3:]) for o in options(value) if isinstance(o, Text) and (t := pattern(o)).startswith("{}:")]
        if rights:  # a guard's class with the right that it is told
            return lowest(rights)
        found = [self._one(option, patterns, depth) for option in options(value)]
        return lowest(found)

    def _one(self, value: Value, patterns: Patterns, depth: int) -> Role | None:
        if isinstance(value, Seq):
            return highest(self.guard(v, patterns, depth + 1) for v in value.items)
        first = constant(self._first(value) or value) if isinstance(value, Result) else None
        by_name = by_names(plain_names(value), patterns, first)
        if isinstance(value, Result) and value.instr >= 0:
            given = [v for _, v in self.evaluator.arguments(value)]
            inner = highest(self.guard(v, patterns, depth + 1) for v in given if constant(v) is None)
            return highest(
                (self.policies.of_callback(value, given), by_name, inner, self._by_argument(plain_names(value), given, patterns))
            )
        if by_name:
            return by_name
        if isinstance(value, FunctionV):
            return self._function(value, patterns, depth)
        if isinstance(value, (ClassV, Instance)):
            made = value.made if isinstance(value, Instance) else None
            given = [self.evaluator.value(made[0], v, made[2]) for _, v in self.program.body(made[0]).call(made[1])[1]] if made else []
            own = self._class(value.cls, patterns, depth)
            by_role = self._by_argument((self.program.cls(value.cls).name,), given, patterns) if own and given else None
            return highest((told(given), by_role, own))
        if isinstance(value, (External, Member)) and (last := plain_names(value)):
            return self._by_lexicon(last[0].rpartition(".")[2])
        return None

    def _first(self, value: Result) -> Value | None:
        before = value.callee.base if isinstance(value.callee, Member) else None  # ``Auth::guard('admin')->check()``
        given = self.evaluator.argument(value, 0) if value.instr >= 0 else None
        return self._first(before) if given is None and isinstance(before, Result) else given

    def _by_argument(self, names: tuple[str, ...], arguments: list[Value], patterns: Patterns) -> Role | None:
        """``authorize('admin')``: a guard of unknown make that is told a role; that anybody may pass is none."""
        word = snake(names[0].rpartition(".")[2]) if names else ""
        if not _GUARDING.fullmatch(word):
            return self._by_lexicon(word)
        each = [v for a in arguments for v in (a.parts() if isinstance(a, Seq) else (a,))]
        each = [v for v in each if patterns.anyone.isdisjoint(plain_names(v))]
        texts = [(constant(v) or t, t) for v in each if (t := role_text(v))]
        said = [of_shop(t) or held_by(text) == "staff" for text, t in texts]
        if said and (_OF_ROLES.fullmatch(word) or any(said) or any(of_buyers(t) or held_by(text) for text, t in texts)):
            return "staff" if all(said) or told(each) == "staff" else "customer"
        return self._by_lexicon(word)

    def _by_roles(self, value: FunctionV, given: list[Value], patterns: Patterns, depth: int) -> Role | None:
        """What a guard of ours demands that is told roles and nothing else, whatever its name: ``auth('admin', 'manager')``."""
        each = [role_text(v) or "" for a in given for v in (a.parts() if isinstance(a, Seq) else (a,))]
        if not each or not all(of_shop(t) or of_buyers(t) for t in each) or not self._reads(value.fn, patterns, depth):
            return None
        return "staff" if all(map(of_shop, each)) else "customer"

    def _handed(self, value: FunctionV) -> list[Value]:
        """What was given to the function that made this one."""
        if (made := value.outer) is None or self.program.parent(value.fn) != made.fn:
            return []
        return [self.evaluator.value(made.caller, v, made.parent) for _, v in self.program.body(made.caller).call(made.call)[1]]

    def _wrapped(self, value: Value) -> Value:
        """The guard that a wrapper calls: ``asyncHandler(async (req, res, next) => …)``; else the guard itself."""
        inner = [v for v in self._handed(value) if isinstance(v, FunctionV)] if isinstance(value, FunctionV) else []
        return inner[0] if len(inner) == 1 else value

    def _insists(self, fn: Fn) -> bool:
        """Whether a function always calls one of ours first that may turn the caller away by itself."""
        body = self.program.body(fn)
        calls = [sides[0][0] for what, sides in at_head(self.program, fn, ending_calls(self.wiring, fn.file)) if what == "runs"]
        asked = (self.evaluator.value(fn, body.args(i)[0]) for i in calls)
        return any(isinstance(o, FunctionV) and throws(self.wiring, o.fn) for callee in asked for o in options(callee))

    def _function(self, value: FunctionV, patterns: Patterns, depth: int) -> Role | None:
        name = self.program.name(value.fn)
        if value.outer is not None and self.program.parent(value.fn) == value.outer.fn:
            made, given = value.outer, self._handed(value)
            if (inner := self._wrapped(value)) is not value:  # what the wrapper asks itself counts beside what it calls
                itself = (self._reads(value.fn, patterns, depth), self._by_lexicon(name or self.program.name(made.fn)))
                rights = [held_by(t) for v in given for t in texts_of(v)] if self._insists(value.fn) else []
                return highest((*itself, *(r for r in rights if r == "staff"), self.guard(inner, patterns, depth + 1)))
            if (role := self._by_roles(value, given, patterns, depth)) is not None:
                return role
            said = self._by_argument((self.program.name(made.fn),), given, patterns)
            if said:  # a permission by its name: what the guard asks beside it says whose it is
                named = said == "customer" and any(held_by(t) for a in given if (t := constant(a)) is not None)
                return highest((said, self._reads(value.fn, patterns, depth) if named else None))
            name = name or self.program.name(made.fn)
        read = self._reads(value.fn, patterns, depth)
        spelt = self._by_lexicon(name) if read != "staff" and not self._is_of_messages(value.fn) else None
        return highest((read, None if read is None and spelt and open_to_all(self.program, value.fn) else spelt))

    def _class(self, cls: ClassId, patterns: Patterns, depth: int) -> Role | None:
        for name in _METHODS:
            method = self.evaluator.scope.method(cls, name)
            if method:
                read = self._reads(method, patterns, depth)
                if read or self._is_of_messages(method):
                    return read
        asks = self.evaluator.scope.method(cls, "authenticate")  # it refuses by raising alone: an answer of nothing lets anybody pass
        refused = highest(role for role, _ in self._head(asks, patterns, 1)) if asks is not None else None
        by_base = [by_names((b,), patterns, None) for b in self.evaluator.scope.foreign_bases(cls)]
        return refused or highest((*by_base, self._by_lexicon(self.program.cls(cls).name)))

    def _by_lexicon(self, name: str) -> Role | None:
        word = snake(name).strip("_")
        if not word:
            return None
        if _SHARED.search(word):
            return "customer"
        if self._staff_guard.fullmatch(word):
            return "staff"
        return "customer" if self._customer_guard.fullmatch(word) else None

    # --- reading a guard of the repository

    def _reads(self, fn: Fn, patterns: Patterns, depth: int) -> Role | None:
        """What a guard of ours asks before it lets pass; None when it never refuses or asks nothing that is understood."""
        if fn not in self._read:
            self._read[fn] = None
            self._read[fn] = self._read_body(fn, patterns, depth)
        return self._read[fn]

    def _read_body(self, fn: Fn, patterns: Patterns, depth: int) -> Role | None:
        bodies = [
            fn,
            *(Fn(fn.file, n) for n, f in enumerate(self.program.indices[fn.file].functions) if f.parent == fn.number and fn.number >= 0),
        ]
        if times_let_pass(self.wiring, fn) > 1:
            return None  # it goes on in more than one case: whoever is missing passes too
        refuses = False
        asked: Role | None = None
        of_messages = self._is_of_messages(fn)
        for one in bodies:
            said = dict[int, Role | None]()
            body, afterwards = self.program.body(one), after_lending(self.program, one)
            copied = {v for n, op in enumerate(body.op) if op == Op.RECORD for v in body.args(n)[1::2]}  # noted for others, not asked
            for i, op in enumerate(body.op):
                refuses = refuses or (i not in afterwards and refuses_at(self.wiring, one, i))
                if (op == Op.FIELD and i not in copied) or (op == Op.NAME and not of_others(self.evaluator, one, i)):
                    said[i] = None if of_message(body, i) else asked_by_name(body.name(i), of_messages)
                elif op == Op.BINARY:
                    own = None if of_messages else compares_secret(self.evaluator, one, i)
                    said[i] = highest((compares_role(self.evaluator, one, i), own))
                elif op == Op.CALL and depth < 2:
                    callee = self.evaluator.value(one, body.args(i)[0])
                    first = self._first(result) if isinstance(result := self.evaluator.value(one, i), Result) else None
                    told = by_names(plain_names(callee), patterns, constant(first) if first is not None else None)
                    refuses = refuses or (told is not None and is_returned(self.wiring, one, i))
                    ours = [o.fn for o in options(callee) if isinstance(o, FunctionV) and o.fn != fn]
                    below = self._reads(ours[0], patterns, depth + 1) if ours else None
                    said[i] = highest((asked_of_session(self.evaluator, one, i), told, below))
                    refuses = refuses or (below is not None and (throws(self.wiring, ours[0]) or not is_statement(self.wiring, one, i)))
            staff = [i for i, role in said.items() if role == "staff"]
            if staff and passes_without(self.wiring, one, staff):
                said |= dict.fromkeys(staff, "customer")
            visitors = {i for i, role in said.items() if role == "customer"}
            parts = {part for i in visitors if body.op[i] == Op.FIELD for part in body.args(i)[:1]}  # ``request.user``
            if not staff and visitors and passes_without(self.wiring, one, sorted(visitors - parts)):
                said |= dict.fromkeys(visitors)  # who has signed in is sent on from a page for those who have not
            asked = highest((asked, *said.values()))
        body = self.program.body(fn)
        if asked == "staff" and (lets_owner_pass(body) or lets_others_pass(body, lambda i: self._says_staff(fn, i))):
            asked = "customer"
        if not refuses and self.program.language(fn.file) == "php":  # a middleware that sends everybody else away
            return highest(role for role, _ in self._head(fn, patterns))
        return asked if refuses else None

    def _is_of_messages(self, fn: Fn) -> bool:
        """Whether a guard is about the signature of what was sent, by its name, by the header that it reads or by the digest that it makes:
        it turns senders away, whoever they are."""
        around = self.program.parent(fn)
        names = [self.program.qualified(f) for f in (fn, around) if f is not None and f.number != TOP]
        function = self.program.function(fn)
        signs = function is not None and _SIGNS.search(self.program.sources[fn.file], function.start, function.end) is not None
        return signs or any(MESSAGES.search(snake(name.replace(".", "_"))) for name in names)

    def _says_staff(self, fn: Fn, i: int) -> bool:
        body = self.program.body(fn)
        if body.op[i] in (Op.FIELD, Op.NAME):  # what only reads is let pass by anyone
            return body.name(i) == "SAFE_METHODS" or STAFF_WORD.fullmatch(snake(body.name(i))) is not None
        return body.op[i] == Op.BINARY and compares_role(self.evaluator, fn, i) == "staff"

    # --- checks at the head of the handler

    def _head(self, fn: Fn, patterns: Patterns, depth: int = 0) -> Iterator[tuple[Role, Because]]:
        for least, asks in self.policies.of_forms(fn) if depth == 0 else ():
            yield least, (*self.wiring.place(asks), self.program.qualified(asks))
        for what, sides in at_head(self.program, fn, ending_calls(self.wiring, fn.file), hard=depth > 0):
            if what == "runs":
                yield from self._called(fn, sides[0][0], patterns, depth)
                continue
            if role := lowest([highest(self._condition(fn, i, patterns) for i in side) for side in shut(self.evaluator, fn, sides)]):
                yield role, self._because(fn, sides[0][0])

    def _because(self, fn: Fn, i: int) -> Because:
        line = self.program.body(fn).line[i]
        return fn.file, line, self.program.line_text(fn.file, line).strip()[:120]

    def _called(self, fn: Fn, i: int, patterns: Patterns, depth: int) -> Iterator[tuple[Role, Because]]:
        """What a call that is always made demands: a function of ours that raises or exits for everybody else, or a guard of the packs
        whose answer nobody waits for."""
        body = self.program.body(fn)
        callee, given = body.call(i)
        word = body.called(i) if body.op[callee] in (Op.NAME, Op.FIELD) else ""
        if word in INSISTS and given:
            for one in holding(body, given[0][1], INSISTS[word]):
                if role := self._condition(fn, one, patterns):
                    yield role, self._because(fn, i)
            return
        value = self.evaluator.value(fn, callee)
        own = [o.fn for o in options(value) if isinstance(o, FunctionV)]
        if depth == 0 and (inner := carried_out(self.wiring, fn, i)) is not None:
            for whole in (*own, inner):  # whoever carries it out may answer in its place
                yield from self._head(whole, patterns)
        if is_statement(self.wiring, fn, i) and (role := self.policies.insisted(fn, i)):
            yield role, self._because(fn, i)
        if not own and is_statement(self.wiring, fn, i):
            role = by_names(plain_names(value), patterns, constant(self.evaluator.value(fn, given[0][1])) if given else None)
            if role:
                yield role, self._because(fn, i)
        elif len(own) == 1 and len(options(value)) == 1 and depth < _LEVELS and (found := self._insisting(fn, i, own[0], patterns, depth)):
            yield found

    def _insisting(self, fn: Fn, i: int, asked: Fn, patterns: Patterns, depth: int) -> tuple[Role, Because] | None:
        """What a function of ours that is always called refuses all others."""
        name, refuses = self.program.name(asked), throws(self.wiring, asked)
        if (role := demanded_role(self.evaluator, fn, i, name)) and refuses:
            return role, self._because(fn, i)
        if (found := self._enforced(asked, patterns, depth + 1)) is not None:
            return found
        if role := asked_as_told(self.evaluator, fn, i, asked, ending_calls(self.wiring, asked.file)):
            return role, self._because(fn, i)
        callee = self.evaluator.value(fn, self.program.body(fn).args(i)[0])
        if refuses and handed_back(self.wiring, fn, i) and (role := self.guard(callee, patterns, 1)):
            return role, self._because(fn, i)
        by_name = self._by_lexicon(name) == "customer" and throws_or_gives(self.wiring, asked)
        return ("customer", self._because(fn, i)) if by_name else None

    def _enforced(self, fn: Fn, patterns: Patterns, depth: int) -> tuple[Role, Because] | None:
        """What a function refuses all others by not returning."""
        key = (fn, depth)
        if key not in self._enforcing:
            self._enforcing[key] = None
            if SPEAKS_OF_ROLES.search(self.program.sources[fn.file]):
                found = list(self._head(fn, patterns, depth))
                self._enforcing[key] = max(found, key=lambda f: RANK[f[0]], default=None)
        return self._enforcing[key]

    def _condition(self, fn: Fn, i: int, patterns: Patterns) -> Role | None:
        """What a condition that holds beyond the head says of the caller."""
        body = self.program.body(fn)
        if body.op[i] == Op.BINARY:
            return compares_role(self.evaluator, fn, i) or compares_secret(self.evaluator, fn, i) or asked_of_session(self.evaluator, fn, i)
        if role := asked_role(self.evaluator, fn, i) or asked_right(self.evaluator, fn, i):
            return role
        value = self.evaluator.value(fn, i)
        for option in options(value):
            if isinstance(option, (Mix, Const)):
                continue
            first = constant(self._first(option) or option) if isinstance(option, Result) else None
            role = by_names(plain_names(option), patterns, first)
            if role:
                return role
        if role := asked_of_session(self.evaluator, fn, i):
            return role
        if body.op[i] == Op.CALL:
            callee = self.evaluator.value(fn, body.args(i)[0])
            if isinstance(callee, External) and self.program.language(fn.file) == "php":
                return None  # a platform's function is what its pack says, whatever its name
            return self.guard(callee, patterns, 1)
        if body.op[i] == Op.FIELD and body.name(i) in _KEYS and given_by_session(self.evaluator, fn, body.args(i)[0]):
            return "customer"
        if body.op[i] in (Op.FIELD, Op.NAME):
            word = snake(body.name(i))
            if STAFF_WORD.fullmatch(word):
                return "staff"
            if _SIGNED_IN.fullmatch(word) and (of_request(value) or given_by_session(self.evaluator, fn, i)):
                return "customer"
        return None


def _shown(wiring: Wiring, value: Value) -> str:
    """A guard's name for people."""
    text = constant(value)
    if text is not None:
        return text
    if right := next((t[3:] for o in options(value) if isinstance(o, Text) and (t := pattern(o)).startswith("{}:")), None):
        return right
    if isinstance(value, FunctionV):
        named = value.outer.fn if value.outer and not wiring.program.name(value.fn) else value.fn
        return wiring.program.qualified(named) if wiring.program.name(named) else wiring.program.line_text(*value.at).strip()[:120]
    if isinstance(value, (ClassV, Instance)):
        return wiring.program.cls(value.cls).name
    if isinstance(value, Result) and value.instr >= 0 and any(isinstance(v, FunctionV) for _, v in wiring.evaluator.arguments(value)):
        return wiring.program.line_text(*value.at).strip()[:120]
    found = plain_names(value)
    return found[0].lstrip("?") if found else "a guard"
