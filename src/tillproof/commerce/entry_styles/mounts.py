"""What stands above a route: routers mounted under paths, and middleware declared before it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TypeAlias

from tillproof.commerce.entry_styles.arguments import Arguments, handlers, items, path_text, unwrap
from tillproof.commerce.entry_styles.wiring import Wiring, join
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, External, FunctionV, Instance, Member, Param, Result, Text, Value, options

Key: TypeAlias = tuple[object, ...]
Order: TypeAlias = tuple[Fn, int]

# Methods that give back the router itself or a view of it: what they are called on is the router.
_SAME = {
    "use", "get", "post", "put", "patch", "delete", "del", "all", "head", "options", "route", "routes", "middleware", "prefix", "basePath",
    "register", "allowedMethods", "callback", "on", "param", "any", "withTypeProvider", "decorate", "after", "default",
}  # fmt: skip
_PREFIXES = ("prefix", "url_prefix", "basePath")
_PLUGINS = ("register",)
_GUARDS = ("dependencies", "auth", "preHandler", "onRequest")
_HANDLES = ""  # a router that stands where a handler would
_LEVELS = 3
# What only passes routes on to the application that takes it in.
_PARTS = ("APIRouter", "Blueprint", "APIBlueprint", "InferringRouter")
# How an application takes in modules that it does not name.
_FINDS_MODULES = ("import_module", "iter_modules", "walk_packages", "find_modules", "import_string", "SourceFileLoader")


@dataclass(slots=True)
class Mount:
    """A router below another (or below nothing), under a path and behind guards. ``only``: the method and path of the requests that are
    handed to it, where it stands in the place of a handler."""

    parent: Key
    prefix: str
    guards: tuple[Value, ...]
    order: Order
    replaces: bool
    only: tuple[str, str] | None = None


@dataclass(slots=True)
class _Level:
    mounts: list[Mount] = field(default_factory=list)
    uses: list[tuple[Order, str, Value]] = field(default_factory=list)
    declares: bool = False


class Mounts:
    """Routers by where they are made."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.evaluator = wiring.evaluator
        self._levels: dict[Key, _Level] = defaultdict(_Level)
        self._own: dict[Key, tuple[str, tuple[Value, ...]]] = {}
        self._waiting: list[tuple[Key, str, str, Value, Order]] = []
        self._only: dict[Order, tuple[str, str]] = {}
        self._takes_in: dict[tuple[str, str], bool] = {}

    def keys(self, value: Value, depth: int = 0) -> list[Key]:
        """The routers that a value may be."""
        out: list[Key] = []
        if depth > 12:
            return out
        for option in (unwrap(self.evaluator, o) for o in options(unwrap(self.evaluator, value))):
            if isinstance(option, Result) and option.instr >= 0:
                callee = option.callee
                if isinstance(callee, Member) and callee.name in _SAME and not isinstance(callee.base, External):
                    out += self.keys(callee.base, depth + 1)
                else:
                    key: Key = ("made", option.fn, option.instr)
                    out.append(key)
                    self._remember(key, option.fn, option.instr)
            elif isinstance(option, Instance) and option.made:
                out.append(("made", *option.made[:2]))
            elif isinstance(option, Instance):
                out.append(("one", option.cls))
            elif isinstance(option, Param):
                out.append(("given", option.fn, option.number))
            elif isinstance(option, FunctionV):
                out.append(("given", option.fn, 0))
            elif isinstance(option, External):
                out.append(("name", option.at[0], option.name))
            elif isinstance(option, Member):
                out += [("member", *key, option.name) for key in self.keys(option.base, depth + 1)]
        return out

    def _remember(self, key: Key, fn: Fn, i: int) -> None:
        """The prefix and guards that a router is made with."""
        if key in self._own:
            return
        arguments = Arguments(self.evaluator, fn, i)
        prefix = next((t for p in _PREFIXES for v in arguments.at(p) if (t := path_text(v))), "")
        self._own[key] = (prefix, tuple(g for p in _GUARDS for v in arguments.at(p) for g in items(v)))

    def declares(self, receiver: Value) -> list[Key]:
        """The routers on which a route is declared."""
        keys = self.keys(receiver)
        for key in keys:
            self._levels[key].declares = True
        return keys

    def use(self, receiver: Value, word: str, fn: Fn, i: int) -> None:
        """A ``use``, ``mount``, ``include_router`` … call: what it puts below a path is known once every route has been seen."""
        arguments = Arguments(self.evaluator, fn, i)
        positional = arguments.positional
        path = ""
        if positional and isinstance(positional[0], (Const, Text)):
            path = path_text(positional[0]) or ""
            positional = positional[1:]
        named = next((t for p in _PREFIXES for v in arguments.at(p) if (t := path_text(v))), "")
        guards = tuple(g for p in _GUARDS for k, v in arguments.all if k == p for g in items(v))
        for parent in self.keys(receiver):
            for value in (v for p in positional for v in items(p)):
                self._waiting.append((parent, named or path, word, value, (fn, i)))
                for child in self.keys(value) if guards or named else ():
                    replaces = word == "register_blueprint" and bool(named)
                    self._levels[child].mounts.append(Mount(parent, named, guards, (fn, i), replaces))

    def pass_on(self, receiver: Value, verb: str, path: str, fn: Fn, i: int) -> None:
        """``app.post('/orders', router)``: a router in the place of a handler is asked for the whole path, and by that method alone."""
        self._only[fn, i] = (verb, path)
        for parent in self.keys(receiver):
            self._waiting += [(parent, "", _HANDLES, v, (fn, i)) for p in Arguments(self.evaluator, fn, i).positional[1:] for v in items(p)]

    def give(self, parent: Key, fn: Fn, number: int, order: Order) -> None:
        """A router handed to a function of ours that declares routes on its parameter."""
        self._levels[parent].declares = True
        self._levels["given", fn, number].mounts.append(Mount(parent, "", (), order, False))

    def before(self, receiver: Value, guard: Value, order: Order) -> None:
        """A function that runs before every route of a router."""
        for key in self.keys(receiver):
            self._levels[key].uses.append((order, "", guard))

    def settle(self) -> None:
        """Tell mounted routers from middleware, now that it is known which objects declare routes."""
        for _ in range(2):
            for parent, path, _, value, order in self._waiting:
                for child in self.keys(value):
                    level = self._levels.get(child)
                    if level is None or not (level.declares or level.uses or level.mounts) or child == parent:
                        continue
                    if not any(m.order == order and m.parent == parent for m in level.mounts):
                        level.mounts.append(Mount(parent, path, (), order, False, self._only.get(order)))
                    self._levels[parent].declares = True
        for parent, path, word, value, order in self._waiting:
            routers = [k for k in self.keys(value) if k in self._levels and self._levels[k].mounts]
            if not routers and word != _HANDLES:
                before = self._hooks_of(value) if word in _PLUGINS else [value]
                self._levels[parent].uses += [(order, path, one) for one in before]
            elif routers and (path or len(self._beside(order)) > 1):
                self._guard(order, value)

    def _hooks_of(self, plugin: Value) -> list[Value]:
        """What a plugin puts before the routes of those who register it. What it declares beside, such as a guard that routes may name,
        runs before none of them by itself."""
        levels = (self._levels.get(("given", target.fn, 0)) for target, _ in handlers(self.evaluator, plugin))
        return [hook for level in levels if level is not None for _, _, hook in level.uses]

    def _beside(self, order: Order) -> list[Value]:
        return [v for _, _, _, v, o in self._waiting if o == order]

    def _guard(self, order: Order, router: Value) -> None:
        """``use('/admin', check, router)``: what stands between path and router guards the router."""
        before = []
        for value in self._beside(order):
            if value is router:
                break
            if not any(k in self._levels and self._levels[k].mounts for k in self.keys(value)):
                before.append(value)
        for key in self.keys(router):
            for mount in self._levels[key].mounts:
                if mount.order == order and not mount.guards:
                    mount.guards = tuple(before)

    def left_out(self, keys: list[Key]) -> bool:
        """Whether a route stands on a router that its application leaves out: others of the unit are taken in, this one is by nobody, and
        no other file speaks of its module."""
        return bool(keys) and all(self._is_left_out(key) for key in keys)

    def _is_left_out(self, key: Key) -> bool:
        if key[0] != "made" or not isinstance(fn := key[1], Fn) or not isinstance(instr := key[2], int) or self._levels[key].mounts:
            return False
        program = self.wiring.program
        if program.language(fn.file) != "python" or program.body(fn).called(instr) not in _PARTS:
            return False
        unit, part = program.unit(fn.file), program.body(fn).called(instr)
        if (unit, part) not in self._takes_in:
            made = ((k[1], k[2]) for k, level in self._levels.items() if level.mounts and k[0] == "made")
            mounted = [f for f, i in made if isinstance(f, Fn) and isinstance(i, int) and program.body(f).called(i) == part]
            named = any(fn.file != f.file and program.unit(f.file) == unit and program.language(f.file) == "python" for f in mounted)
            self._takes_in[unit, part] = named and not any(program.unit(f) == unit for w in _FINDS_MODULES for f in program.mentioning(w))
        stem = fn.file.rpartition("/")[2].partition(".")[0]
        module = fn.file.rpartition("/")[0].rpartition("/")[2] if stem == "__init__" else stem
        return self._takes_in[unit, part] and bool(module) and all(f == fn.file for f in program.mentioning(module))

    def above(self, keys: list[Key], order: Order, path: str, verbs: tuple[str, ...] = ()) -> list[tuple[str, tuple[Value, ...]]]:
        """(path before a route, middleware before it) for each way in which its router is mounted for requests by one of ``verbs``."""
        out: list[tuple[str, tuple[Value, ...]]] = []
        for key in keys[:_LEVELS]:
            for found in self._above(key, order, path, verbs, ()):
                if found not in out:
                    out.append(found)
        return out[:_LEVELS] if out or keys else [("", ())]

    def _above(
        self, key: Key, order: Order, below: str, verbs: tuple[str, ...], seen: tuple[Key, ...]
    ) -> list[tuple[str, tuple[Value, ...]]]:
        level = self._levels.get(key) or _Level()
        own, guards = self._own.get(key, ("", ()))
        here = (*guards, *(v for o, p, v in level.uses if _runs_before(o, order) and _covers(p, below)))
        if not level.mounts or key in seen:
            return [(own, here)]
        out = []
        mounts = [m for m in level.mounts if m.only is None or _handed(m.only, join(own, below), verbs)]
        for mount in mounts[:_LEVELS]:
            mine = "" if mount.replaces else own
            for prefix, chain in self._above(mount.parent, mount.order, join(mount.prefix, mine, below), verbs, (*seen, key)):
                out.append((join(prefix, mount.prefix, mine), (*chain, *mount.guards, *here)))
        return out


def _runs_before(use: Order, route: Order) -> bool:
    return use[0] != route[0] or use[1] < route[1]


def _handed(only: tuple[str, str], path: str, verbs: tuple[str, ...]) -> bool:
    """Whether requests by one of the verbs to a path of a router are handed to it by ``app.post('/orders', router)``."""
    verb, asked = only
    same_verb = not verbs or "ANY" in (verb, *verbs) or verb in verbs
    return same_verb and (join(asked) == join(path) or any(c in asked for c in ":*{(") or any(c in path for c in ":*{("))


def _covers(path: str, below: str) -> bool:
    """Whether middleware on a path runs for what lies below it."""
    path = path.rstrip("/*").rstrip("/")
    return not path or (below.rstrip("/") + "/").startswith(join(path) + "/")
