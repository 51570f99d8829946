"""The test world in code: how a literal is chosen there, and where a mode or a switch is set to it."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from tillproof.commerce.addresses import in_comment
from tillproof.commerce.lexicon import snake
from tillproof.commerce.modes_in_name import opens_nothing
from tillproof.commerce.unset_modes import left_unset
from tillproof.commerce.written_parts import offsets
from tillproof.flow.choosing import Condition, chosen, conditions_of, words_of
from tillproof.flow.defuse import DefUse
from tillproof.flow.program import Fn
from tillproof.flow.slots import names_around
from tillproof.flow.values import names
from tillproof.ir.body import Body
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Provider
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# ``always``: whatever is configured. ``stand-in``: where nothing else is configured. ``default``: a default that people override in a form
# or table. ``chosen``: a condition on the environment decides. ``named``: it is called the one for tests. ``settings``: a settings file has
# it. ``unused``: nothing is seen to take it.
How = Literal["always", "stand-in", "default", "chosen", "named", "settings", "unused"]

_READS = re.compile(
    r"(?:get_?)?(?:env|environ|config|configuration|conf|setting|option|param|parameter|property|value|prop|field)s?"
    r"(?:_?(?:value|data|item|key|or_default|var|string|bool|or))?|get|getattr|fetch|default|str|string|bool|boolean|read|load",
    re.IGNORECASE,
)
_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_DEFAULTS = ("default", "initial", "default_value", "fallback", "preset")
_CLIENT_ID = re.compile(r"(^|_)client_id$")
_DEEP = 6
_SIGNS = (
    b"client-id",
    b"clientid",
    b"client_id",
    b"sandbox",
    b"'test'",
    b"testenv",
    b"test_env",
    b'"test"',
    b"testmode",
    b"test_mode",
    b"is_test",
    b"istest",
    b"uat",
    b"playground",
    b"preprod",
    b"pre-prod",
    b".test",
    b"::test",
)
# What stands in the addresses of test worlds, and ends the names of modes.
_HOST_SIGNS = (b"sandbox", b"staging", b"test", b"uat", b"preprod", b"demo")
_TEST_HOST = re.compile(r"(?:^|[.-])(?:sandbox|staging|test|uat|pre-?prod|demo)(?=[.-])", re.IGNORECASE)
_MODE_END = re.compile(r"(?<=[a-z])_(?:env(?:ironment)?|mode|server|account|system|gateway|api|world)$")
_LIVE_SIGNS = (b"live", b"production")
_OFF = re.compile(
    rb"\w{4,30}[\"']?\s*(?::\s*bool\s*)?(?:=>|[:=])\s*(?:[\w.]*env[\w.]*\(\s*[\"'][^\n]{0,60}?,\s*)?[\"']?(?:false|0|no)\b", re.IGNORECASE
)
_ENVIRONMENT_TYPE = re.compile(r"(?:\w+_)?(?:environments?|env|modes?|platform|base_?url)", re.IGNORECASE)
# What a call is named that takes a mode to work in it.
_SHOWN = re.compile(r"(?:\w+_)?(?:placeholder|hint|help|help_text|desc|description|example|label|tooltip)")
_SETS = re.compile(r"set|with|use|init|config|create|connect|make|build|client|gateway|environment|mode|open|start|load")
_ASKS = re.compile(r"(?:^|_)(?:is|has|are|equals?|compare|in|contains|matches)(?:_|$)")
_SANDBOX_TYPE = re.compile(r"(?:\w+_)?(?:sandbox|test)_environment")
_ENVIRONMENT = ("env", "getenv", "bool")
# Kinds of systems that have a test world.
WORLDS = ("payment", "tax", "shipping", "marketplace", "warehouse")
_NEAR_NAMES = 3
# A constant of an SDK, written as a text: ``"cybersource.environment.SANDBOX"``.
_PATH = re.compile(r"(?:\w+(?:\.|::))+(\w+)")
_MADE_BY = re.compile(r"@?[\w/-]+(\(\))?\.")  # a member of something that is imported
_TYPES = ("bool", "str", "builtins.bool", "builtins.str")
# Calls that lay one record over another, and those of which the last one gives way to the first.
_MERGES = ("array_merge", "array_replace", "array_replace_recursive", "assign", "merge", "extend", "deep_merge", "deepmerge",
    "wp_parse_args", "shortcode_atts", "defaults", "defaults_deep")  # fmt: skip
_LAST_GIVES_WAY = ("wp_parse_args", "defaults", "defaultsDeep")


class CodeMark(NamedTuple):
    """A mode or switch that code sets to the test world."""

    line: int
    provider: Provider
    what: str
    how: How
    guard: tuple[str, int] | None


class CodeMarks:
    """Answers for analysed files."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._program = model.program
        self._words = model.words
        self._trials = frozenset(
            key.prefix for p in model.knowledge.providers.values() for key in p.keys if key.whole and key.mode == "test"
        )
        self._hosts = frozenset(host for p in model.knowledge.providers.values() for host in p.hosts)

    def how(self, file: str, line: int, literal: str) -> tuple[How, tuple[str, int] | None]:
        """How a literal of a file comes to be the value."""
        data = self._program.sources[file]
        places = [at for at in offsets(data, literal.encode()) if data.count(b"\n", 0, at) + 1 == line]
        if all(in_comment(data, at, data.rfind(b"\n", 0, at) + 1) for at in places):
            return "unused", None
        for fn in self._program.functions_at(file, places):
            body = self._program.body(fn)
            for i, op in enumerate(body.op):
                if op == Op.CONST and literal in body.name(i) and body.line[i] <= line <= max(body.end_line[i], line):
                    if self._is_shown(fn, body, i):
                        return "unused", None
                    how, guard = self._how(fn, i)
                    return ("default", guard) if how == "always" and self._is_settings(fn, body, i) else (how, guard)
        return "always", None

    def _is_shown(self, fn: Fn, body: Body, i: int) -> bool:
        """Whether a literal is what a form shows until somebody types: its placeholder, its description."""
        return any(_SHOWN.fullmatch(snake(name)) for name in names_around(body, self._model.evaluator.defuse(fn), i)[:1])

    def _is_settings(self, fn: Fn, body: Body, i: int) -> bool:
        """Whether a literal stands in a table of a settings module, which each deployment may override."""
        return self.may_hold_settings(self._program.files[fn.file]) and self._is_table(fn, body, i)

    def may_hold_settings(self, file: SourceFile) -> bool:
        """Whether a file's path says that it is for settings, or for the tables that hold them."""
        parts = re.findall(r"[a-z]+", file.path.lower())[-4:]
        return file.role == "migration" or any(self._words.has("settings_parts", part) for part in parts)

    def says_test(self, name: str, value: str) -> bool:
        """Whether a setting of that name and value asks for the test world."""
        plain = _bare(_last(value))
        if _CLIENT_ID.search(snake(name)) and value in self._trials:
            return True
        labels = self._words.has("test_values", _bare(name))  # `'TestEnv' => 'TestEnv'` in a list to choose from
        if self._words.has("mode_fields", name) and not labels and self._words.has("test_values", plain):
            return True
        if self._words.has("test_switches", name):
            return plain in _TRUE
        return self._words.has("live_switches", name) and plain in _FALSE

    def modes(self, file: str) -> Iterator[CodeMark]:
        """The modes and switches that a file sets to the test world."""
        spoken_of = [p for p in self._model.recogniser.usage.of(file) if self._model.knowledge.providers[p].kind in WORLDS]
        in_path = self._model.credentials.owners.of((file,), WORLDS) or self.strange(file)
        source = self._program.sources[file]
        tried = any(mark + trial.encode() + mark in source for trial in self._trials for mark in (b"'", b'"'))
        if not spoken_of and in_path is None and not tried and not self.may_hold_settings(self._program.files[file]):
            return
        lower = source.lower()
        places = [at for sign in _SIGNS for at in offsets(lower, sign)]
        places += [at for sign in _LIVE_SIGNS for at in offsets(lower, sign) if _OFF.match(source, at)]
        seen: set[int] = set()
        for fn in self._program.functions_at(file, places):
            body = self._program.body(fn)
            for i, op in enumerate(body.op):
                if op in (Op.CONST, Op.FIELD, Op.NAME, Op.NEW) and body.line[i] not in seen:
                    mark = self._mark(fn, body, i, spoken_of, in_path)
                    if mark is not None:
                        seen.add(body.line[i])
                        yield mark

    def strange(self, file: str) -> Provider | None:
        """The system that no pack knows to which the plugin connects a shop that a file is of."""
        found = self._model.connected.at(file)
        return found if found is not None and self._model.strangers.knows(found) else None

    def defaults(self, file: str) -> Iterator[tuple[int, str]]:
        """The test hosts that settings of a plugin begin with, by line."""
        source = self._program.sources[file]
        for fn in self._program.functions_at(file, [at for sign in _HOST_SIGNS for at in offsets(source.lower(), sign)]):
            body = self._program.body(fn)
            for i, op in enumerate(body.op):
                text = (body.const(i) or (0, ""))[1].strip("'\"") if op == Op.CONST else ""
                host = text.partition("://")[2].partition("/")[0] if text.startswith("http") else ""
                names = names_around(body, self._model.evaluator.defuse(fn), i)[:1] if host and _TEST_HOST.search(host) else []
                if names and snake(names[0]) in _DEFAULTS:
                    yield body.line[i], host

    def _mark(self, fn: Fn, body: Body, i: int, spoken_of: list[str], in_path: Provider | None) -> CodeMark | None:
        if not self._may_be_test(body, i):
            return None
        defuse = self._model.evaluator.defuse(fn)
        names = [*names_around(body, defuse, i)]
        default = bool(names) and snake(names[0]) in _DEFAULTS
        column = _column(body, defuse.uses(i)) if default else None
        below = [*([column] if column else []), *names[default:]]
        symbol = body.op[i] != Op.CONST
        if symbol:
            if self._is_asked(body, defuse, i):
                return None
            what, sure = f"`{_symbol(body, i)}`", True
        else:
            value = body.name(i).strip("'\"")
            name = next((n for n in below[: _NEAR_NAMES if default else 1] if self.says_test(n, value)), None)
            if name is None or opens_nothing(self._model, fn, i, names[0]):
                return None
            sure = snake(_last(value)) == "sandbox" or self._words.has("test_switches", name) or value in self._trials
            what = f"`{name}` set to {value}"
        provider = self._provider(fn, [*below, *self._set_on(fn, body, i)], spoken_of, in_path, sure)
        if provider is None:
            return None
        how, guard = self._how(fn, i)
        if how == "named":
            if any(_says_test(snake(name)) for name in self._called(fn)):
                return None  # the switch's own setter
            how = "always"  # the name is the switch itself
        if how == "stand-in" and not symbol and self._words.has("live_switches", below[0]) and not _of_environment(body, defuse, i):
            return None  # what an answer says when it says nothing
        if how == "always" and default:
            how = "default"
        if how == "always" and self._is_overridden(fn, body, i):
            if not symbol and self._words.has("live_switches", below[0]):
                return None  # what whoever calls leaves out
            how = "default"
        if how == "always" and not symbol and self._is_table(fn, body, i):
            how = "default"
        return CodeMark(body.line[i], provider, what, how, guard)

    def _may_be_test(self, body: Body, i: int) -> bool:
        """A quick look: a literal of a fitting kind, or a symbol such as ``Environment.Sandbox`` and ``SandboxEnvironment``."""
        op = body.op[i]
        if op == Op.CONST:
            kind, text = body.const(i) or (0, "")
            plain = text.strip("'\"")
            last = _last(plain)
            return (
                kind == Kind.BOOL or plain.lower() in (*_TRUE, *_FALSE) or (len(last) < 24 and self._words.has("test_values", _bare(last)))
            )
        if op in (Op.FIELD, Op.NAME) and _SANDBOX_TYPE.fullmatch(snake(body.name(i).rpartition(".")[2])) is not None:
            return True
        if op == Op.FIELD:
            base = body.args(i)[0]
            named = (
                body.op[base] in (Op.NAME, Op.FIELD) and _ENVIRONMENT_TYPE.fullmatch(snake(body.name(base).rpartition(".")[2])) is not None
            )
            return named and self._words.has("test_values", body.name(i))
        if op == Op.NAME:
            parts = body.name(i).split(".")
            return (
                len(parts) > 1 and _ENVIRONMENT_TYPE.fullmatch(snake(parts[-2])) is not None and self._words.has("test_values", parts[-1])
            )
        return _SANDBOX_TYPE.fullmatch(snake(body.name(body.args(i)[0]).rpartition(".")[2])) is not None if _named(body, i) else False

    def _is_asked(self, body: Body, defuse: DefUse, i: int) -> bool:
        """Whether a symbol is only compared with: ``$env->is(Environment::SANDBOX)``."""
        user = next(iter(defuse.uses(i)), None)
        while user is not None and body.op[user] == Op.LIST:  # env in {Environment.SANDBOX, Environment.TEST}
            user = next(iter(defuse.uses(user)), None)
        if user is None or body.op[user] in (Op.BINARY, Op.BRANCH, Op.UNARY):
            return True
        if body.op[user] != Op.CALL:
            return False
        callee = body.args(user)[0]
        name = snake(body.name(callee).rpartition(".")[2]) if body.op[callee] in (Op.NAME, Op.FIELD) else ""
        return body.op[i] != Op.NEW and (_ASKS.search(name) is not None or not _SETS.search(name))

    def _provider(self, fn: Fn, names: list[str], spoken_of: list[str], in_path: Provider | None, sure: bool) -> Provider | None:
        """Whose mode it is: by the names around it, those of the function and class, the file's path; else the one system that the file
        speaks of, if the value is a telling one."""
        owner = self._program.owner(fn)
        around = [*names, self._program.name(fn), *([self._program.cls(owner).name] if owner else [])]
        provider = self._model.credentials.owners.of(around, WORLDS) or in_path
        if provider is None and sure and len(spoken_of) == 1:
            provider = self._model.knowledge.providers[spoken_of[0]]
        return provider

    def _set_on(self, fn: Fn, body: Body, i: int) -> list[str]:
        """The packages of which an object or class is given a literal: ``client.setEnvironment('TEST')``, ``Config::$isProduction =
        false``."""
        called = (body.args(use)[0] for use in self._model.evaluator.defuse(fn).uses(i) if body.op[use] in (Op.CALL, Op.SET_FIELD))
        known = (name for holder in called for name in names(self._model.evaluator.value(fn, holder)))
        return [name.partition(".")[0].partition("(")[0].lstrip("@") for name in known if _MADE_BY.match(name)]

    def _how(self, fn: Fn, i: int) -> tuple[How, tuple[str, int] | None]:
        body = self._program.body(fn)
        defuse = self._model.evaluator.defuse(fn)
        found = chosen(body, defuse, i, lambda call: self._reads_setting(fn, call))
        if found.stand_in is not None:
            taken = self._is_parameter(body, found.stand_in)
            if taken and (self._always_given(fn, body, found.stand_in) or self._has_live_twin(body, i)):
                return "chosen", (fn.file, body.line[found.stand_in])
            return "stand-in", (fn.file, body.line[found.stand_in])
        if self._is_declared_default(body, defuse, i):
            return "stand-in", (fn.file, body.line[i])
        if (unset := next((c for c in found.conditions if left_unset(self._model, fn, c)), None)) is not None:
            return "stand-in", (fn.file, body.line[unset.instr])
        for condition in found.conditions:
            asked = (word.rpartition(".")[2] for word in words_of(body, condition.instr) if len(word) < 60)  # config('services.x.sandbox')
            if any(self._words.has("environment_words", word) for word in asked):
                return "chosen", (fn.file, body.line[condition.instr])
        if self._live_otherwise(fn, found.conditions):
            return "chosen", (fn.file, body.line[found.conditions[0].instr])
        begun = any(snake(name) in _DEFAULTS for name in names_around(body, defuse, i)[:1])  # with which a list of both begins
        offered = not begun and self._is_offered(body, defuse, i)
        if offered or self._is_called_without(body, defuse, i) or self._is_beside_live(body, defuse, i):
            return "chosen", (fn.file, body.line[i])
        names = names_around(body, defuse, i)[:_NEAR_NAMES]
        if any(_says_test(snake(name)) for name in (*names, *self._called(fn))):
            return "named", (fn.file, body.line[i])
        return "always", None

    def _is_declared_default(self, body: Body, defuse: DefUse, i: int) -> bool:
        """Whether a literal stands behind a type in what a reader of settings is told of one: ``Env(USE_SANDBOX=(bool, True))``."""
        pair = next((u for u in defuse.uses(i) if body.op[u] == Op.LIST), None)
        if pair is None or len(body.args(pair)) != 2 or body.args(pair)[1] != i:
            return False
        kind = body.args(pair)[0]
        user = next((u for u in defuse.uses(pair) if body.op[u] in (Op.CALL, Op.NEW)), None)
        return user is not None and body.op[kind] == Op.NAME and body.name(kind) in _TYPES

    def _called(self, fn: Fn) -> list[str]:
        """What a function is called, or stands under when it has no name."""
        name = self._program.name(fn)
        parent = self._program.parent(fn)
        if name or parent is None:
            return [name]
        body = self._program.body(parent)
        made = next((n for n, op in enumerate(body.op) if op == Op.FUNCTION and body.args(n)[0] == fn.number), None)
        return names_around(body, self._model.evaluator.defuse(parent), made)[:_NEAR_NAMES] if made is not None else []

    def _live_otherwise(self, fn: Fn, conditions: list[Condition]) -> bool:
        """Whether the live world is chosen by one of the conditions where it turns out the other way, whatever it asks."""
        body = self._program.body(fn)
        decided = {(c.instr, not c.truth) for c in conditions}
        for i, op in enumerate(body.op if decided else ()):
            word = body.name(i).strip("'\"").rpartition(".")[2] if op in (Op.CONST, Op.FIELD, Op.NAME) else ""
            if (
                word
                and self._words.has("live_values", word)
                and any(c in decided for c in conditions_of(body, self._model.evaluator.defuse(fn), i))
            ):
                return True
        return False

    def _is_offered(self, body: Body, defuse: DefUse, i: int) -> bool:
        """Whether the live world stands beside it: in a table of both, or in a list to choose from."""
        here = i
        for _ in range(_DEEP):
            user = next(iter(defuse.uses(here)), None)
            if user is None or body.op[user] not in (Op.RECORD, Op.LIST):
                return False
            for word in words_of(body, user):
                if self._words.has("live_values", word) or self._is_live_host(word):
                    return True
            here = user
        return False

    def _is_beside_live(self, body: Body, defuse: DefUse, i: int) -> bool:
        """Whether the same function gives the live world in the same way, so that both are served: ``$live->setMode('live')`` before
        ``$sandbox->setMode('sandbox')``."""
        user = next(iter(defuse.uses(i)), None)
        way = _given_by(body, user) if user is not None else ""
        for n, op in enumerate(body.op if way else ()):
            if n != user and op in (Op.CALL, Op.SET_FIELD) and _given_by(body, n) == way:
                handed = [v for _, v in body.call(n)[1]] if op == Op.CALL else body.args(n)[2:]
                if any((const := body.const(v)) is not None and self._words.has("live_values", const[1].strip("'\"")) for v in handed):
                    return True
        return False

    def _is_called_without(self, body: Body, defuse: DefUse, i: int) -> bool:
        """Whether the same function calls what it hands the literal to without anything of the kind as well: both worlds are offered,
        as by two links ``connect_url()`` and ``connect_url(['sandbox' => true])``."""
        here: int | None = i
        while here is not None and body.op[here] != Op.CALL:
            here = next((u for u in defuse.uses(here) if body.op[u] in (Op.RECORD, Op.CALL)), None)
        if here is None or not body.called(here):
            return False
        others = (n for n, op in enumerate(body.op) if op == Op.CALL and n != here and body.called(n) == body.called(here))
        return any(not body.call(n)[1] for n in others)

    def _is_live_host(self, text: str) -> bool:
        host = text.partition("://")[2].partition("/")[0]
        return bool(host) and host in self._hosts

    def _reads_setting(self, fn: Fn, call: int) -> bool:
        body = self._program.body(fn)
        callee = body.args(call)[0]
        if self._model.recogniser.is_("config", fn, call):
            return True
        return body.op[callee] in (Op.NAME, Op.FIELD) and _READS.fullmatch(snake(body.name(callee).rpartition(".")[2])) is not None

    def _is_parameter(self, body: Body, choice: int) -> bool:
        return body.op[choice] == Op.CHOICE and any(body.op[a] == Op.PARAM for a in body.args(choice)[1:])

    def _has_live_twin(self, body: Body, i: int) -> bool:
        """Whether an address is one parameter's default and the live world's is another's: ``sandbox_url="…", live_url="…"``. It is the
        mode that says which is taken."""
        literal = (body.const(i) or (0, ""))[1].strip("'\"")
        defaults = (a for n, op in enumerate(body.op) if op == Op.CHOICE and self._is_parameter(body, n) for a in body.args(n)[1:])
        return "://" in literal and any(
            a != i and (const := body.const(a)) is not None and self._is_live_host(const[1].strip("'\"")) for a in defaults
        )

    def _always_given(self, fn: Fn, body: Body, choice: int) -> bool:
        """Whether every caller that is seen gives the parameter, so that its default is never taken."""
        number = next(body.args(a)[0] for a in body.args(choice)[1:] if body.op[a] == Op.PARAM)
        name = body.params[number].name
        calls = self._model.callers.of(fn)
        for caller, call, _ in calls:
            given = self._program.body(caller).call(call)[1]
            shift = 1 if body.params and body.params[0].name in ("self", "cls") else 0
            if not any(k in (name, "*", "**") for k, _ in given) and sum(k == "" for k, _ in given) <= number - shift:
                return False
        return bool(calls)

    def _is_overridden(self, fn: Fn, body: Body, i: int) -> bool:
        """Whether a value stands among defaults over which what is handed over is laid: ``{ sandbox: true, ...options }``,
        ``wp_parse_args($args, ['sandbox' => true])``."""
        defuse = self._model.evaluator.defuse(fn)
        table = next((u for u in defuse.uses(i) if body.op[u] == Op.RECORD), None)
        if table is None:
            return False
        args = body.args(table)
        stands = max((n for n, v in enumerate(args[1::2]) if v == i), default=len(args))
        if any(k < 0 and n > stands for n, k in enumerate(args[::2])):
            return True
        for user in defuse.uses(table):
            below = body.args(user)
            spread = [v for k, v in zip(below[::2], below[1::2], strict=True) if k < 0] if body.op[user] == Op.RECORD else []
            if table in spread:
                return spread[-1] != table
            if body.op[user] == Op.CALL and snake(body.called(user)) in _MERGES:
                given = [v for _, v in body.call(user)[1]]
                return len(given) > 1 and (given[-1] != table or body.called(user) in _LAST_GIVES_WAY)
        return False

    def _is_table(self, fn: Fn, body: Body, i: int) -> bool:
        """Whether a value stands in a table of settings at the top of a file or class, not in a call: others may override it."""
        here = i
        defuse = self._model.evaluator.defuse(fn)
        for _ in range(8):
            user = next(iter(defuse.uses(here)), None)
            if user is None or body.op[user] in (Op.CALL, Op.NEW, Op.SET_FIELD, Op.SET_INDEX):
                return False
            if body.op[user] == Op.RETURN:
                return True
            if body.op[user] == Op.STORE:
                return body.op[here] == Op.RECORD or "." in body.name(user)
            here = user
        return False


def _given_by(body: Body, user: int) -> str:
    """The method, or the field, by which an object is given a value; empty for every other use."""
    if body.op[user] == Op.SET_FIELD:
        return f".{body.name(user)}"
    return f"{body.called(user)}()" if body.op[user] == Op.CALL and body.called(user) else ""


def _last(value: str) -> str:
    """A value, or the last name of one that spells a constant."""
    spelt = _PATH.fullmatch(value)
    return spelt[1] if spelt is not None and _ENVIRONMENT_TYPE.fullmatch(snake(re.split(r"\.|::", value)[-2])) else value


def _bare(word: str) -> str:
    """A mode in lower snake case, without what says that it is one: ``TestEnv`` is `test`."""
    return _MODE_END.sub("", snake(word))


def _of_environment(body: Body, defuse: DefUse, i: int) -> bool:
    """Whether a value stands in for a variable of the environment: ``env('MIDTRANS_IS_PRODUCTION', false)``."""
    return any(body.op[u] == Op.CALL and body.called(u) in _ENVIRONMENT for u in defuse.uses(i))


def _says_test(name: str) -> bool:
    return re.search(r"(?:^|_)(?:test|sandbox|uat|staging|dev|development|playground|preprod)(?:_|$)", name) is not None


def _named(body: Body, i: int) -> bool:
    return body.op[body.args(i)[0]] in (Op.NAME, Op.FIELD)


def _symbol(body: Body, i: int) -> str:
    if body.op[i] == Op.NEW:
        return body.name(body.args(i)[0])
    base = body.args(i)[0] if body.op[i] == Op.FIELD else -1
    return f"{body.name(base)}.{body.name(i)}" if base >= 0 and body.op[base] in (Op.NAME, Op.FIELD) else body.name(i)


def _column(body: Body, users: list[int]) -> str | None:
    """The column that ``$table->string('mode')->default('sandbox')`` speaks of."""
    for user in users:
        if body.op[user] != Op.CALL or body.op[body.args(user)[0]] != Op.FIELD:
            continue
        here = body.args(body.args(user)[0])[0]
        while here >= 0 and body.op[here] in (Op.CALL, Op.FIELD):
            if body.op[here] == Op.CALL:
                given = body.call(here)[1]
                const = body.const(given[0][1]) if given else None
                if const and const[0] == Kind.STRING:
                    return const[1]
                here = body.args(here)[0]
            else:
                here = body.args(here)[0]
    return None
