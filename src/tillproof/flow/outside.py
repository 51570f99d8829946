"""What calls of things outside the repository give, where that follows from what they are handed."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

from tillproof.flow.alike import LOCATES
from tillproof.flow.by_path import is_default_path, of_call
from tillproof.flow.common_names import REGISTERING
from tillproof.flow.fixed import COMPACT
from tillproof.flow.formats import by_braces, by_sprintf
from tillproof.flow.found_by_name import imported, members_chosen, members_named, modules_named
from tillproof.flow.frames import Frame
from tillproof.flow.maps import looked_up
from tillproof.flow.program import ClassId
from tillproof.flow.read_into import read_into
from tillproof.flow.set_on import told_in_chain
from tillproof.flow.told_paths import at_path
from tillproof.flow.values import (
    Choice,
    ClassV,
    Const,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    ModuleV,
    Overlay,
    Param,
    Place,
    Record,
    Result,
    Seq,
    Text,
    Unknown,
    Value,
    before_writes,
    choice,
    class_named,
    constant,
    names,
    options,
    pattern,
    pieces,
)  # fmt: skip
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

# Calls that give back a copy of their first argument, with the fields that they name changed.
_COPIES = ("dataclasses.replace", "copy.replace", "attr.evolve", "attrs.evolve", "msgspec.structs.replace")
_DICTIONARIES = ("dict", "collections.OrderedDict")
# Calls that put an address and a path below it together.
_JOINS = ("urllib.parse.urljoin", "requests.compat.urljoin", "urlparse.urljoin", "six.moves.urllib.parse.urljoin", "werkzeug.urls.url_join")
_DEFAULTS = ("wp_parse_args",)
_MERGES = ("array_merge", "array_replace", "array_merge_recursive", "array_replace_recursive")
_FIND = ("getattr", "importlib.import_module", "require", "import")
# Functions of packages that give what a dotted text names.
_IMPORTS = ("django.utils.module_loading.import_string", "werkzeug.utils.import_string", "pydoc.locate")
_PAIR = 2
_FEW_PIECES = 40
_CONTAINER = re.compile(r"(^|_)(app|container|ci|di|locator)$", re.IGNORECASE)
# What texts become that are written down: `"/charges".strip("/")`.
_SPELT: dict[str, Callable[..., str]] = {
    "strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip, "lower": str.lower, "upper": str.upper,
    "trim": lambda text, *_: text.strip(), "toLowerCase": lambda text, *_: text.lower(), "toUpperCase": lambda text, *_: text.upper(),
}  # fmt: skip
# The same, of functions that are handed the text.
_SPELT_BY: dict[str, Callable[..., str]] = {
    "ltrim": str.lstrip, "rtrim": str.rstrip, "trim": str.strip, "strtolower": str.lower, "strtoupper": str.upper,
    "untrailingslashit": lambda text: text.rstrip("/"), "trailingslashit": lambda text: text.rstrip("/") + "/",
}  # fmt: skip
# Python's enumerations that are made by a call: `Enum("State", "open paid shipped")`.
_ENUMERATIONS = ("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag")
_INJECTOR = re.compile(r"(^|_|[a-z])(injector|container|module_?ref|di|locator)$", re.IGNORECASE)
# Calls of packages that hand over an object of the class that they are told, wherever they are written.
_INJECTS = ("inject.attr", "inject.instance", "inject.attr_dto", "svcs.get")
_PICKS = ("find", "findLast")
# Methods of PHP's collections that give the list that they are called on, in another order, with fewer elements, or as an array.
_KEEPS_LIST = (
    "all", "toArray", "values", "filter", "reject", "unique", "sort", "sortBy", "sortByDesc", "reverse", "take", "skip", "slice", "keyBy",
    "collect", "whereNotNull",
)  # fmt: skip
# and those that give what stands under a key
_OF_KEY = ("get", "pull")
_COLLECTS = ("collect", "Illuminate.Support.collect")
ONE_OF = frozenset(["reset", "current", "end", "array_shift", "array_pop"])
"""PHP's functions that give one element of the list that they are handed."""
_GIVES_BACK = ("map", "transform", "array_map", "flatMap", "then", "transaction", "$transaction", "functools.reduce")
# What Yii, and Craft with it, keeps one of for a request.
_OF_MODULES = (".Plugin.getInstance", ".Module.getInstance", ".BasePlugin.getInstance")
# Functions of PHP and of frameworks that say something of a class instead of handing out an object of it.
_ABOUT_CLASSES = (
    "_exists", "_parents", "_implements", "_uses", "_methods", "_vars", "_class", "classname", "basename", "dispatch", "event", "dump",
)  # fmt: skip


def from_outside(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place, new: bool) -> Value | None:
    """What a call of something outside gives; None where only the call itself can stand for it."""
    arguments = f.body.call(i)[1]
    if (filled := read_into(ev, callee, f, i, at)) is not None:
        return filled
    if isinstance(callee, External):
        if (by_path := of_call(ev, callee, f, arguments, at)) is not None:
            return by_path
        if ev.program.language(f.file) == "php" and (own := _of_php(ev, callee.name, f, i, at)) is not None:
            return own
        if (found := _of_name(ev, callee, f, i, arguments, at, new)) is not None:
            return found
    if isinstance(callee, Member) and callee.name == "format" and isinstance(callee.base, Const):
        text = by_braces(callee.base, [(k, ev.at(f, v)) for k, v in arguments], at)
        if text is not None:
            return text
    if isinstance(callee, Member) and callee.name in _SPELT and isinstance(callee.base, Const) and callee.base.kind == Kind.STRING:
        given = [ev.at(f, v) for _, v in arguments]
        if all(isinstance(v, Const) for v in given):
            return Const(at, Kind.STRING, _SPELT[callee.name](callee.base.text, *(constant(v) for v in given[:1])))
    if not arguments and (told := told_in_chain(ev, callee)) is not None:
        return told
    found = _mapped(ev, callee, f, i, at) or _handed_out(ev, callee, f, i, at) or _generated(ev, callee, f, i, at)
    return found or _only_one(ev, callee, f, i, at) or _at_address(ev, callee, f, i, at)


def _at_address(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place) -> Overlay | None:
    """``strapi.service('api::order.order')``: what a platform hands out by the path of a file, our functions in it before its own."""
    arguments = f.body.call(i)[1]
    if not isinstance(callee, (Member, External)) or len(arguments) != 1 or f.body.op[arguments[0][1]] != Op.CONST:
        return None
    address = constant(ev.at(f, arguments[0][1])) or ""
    if address and isinstance(callee, Member):
        address = _in_two_steps(ev, callee.base, address)
    ours = ev.scope.addressed(callee.name.rpartition(".")[2], address, f.fn.file) if address else ()
    return Overlay(at, Result(at, callee, f.fn, i, f.ctx, False), tuple((k, v, True) for k, v in ours)) if ours else None


def _in_two_steps(ev: "Evaluator", before: Value, address: str) -> str:
    """``strapi.plugin('shop').service('orders')``: an address whose first part the call before it was given."""
    if not isinstance(before, Result) or before.instr < 0 or not isinstance(before.callee, (Member, External)):
        return address
    given = [constant(value) for _, value in ev.arguments(before)]
    return f"{before.callee.name.rpartition('.')[2]}::{given[0]}.{address}" if len(given) == 1 and given[0] else address


def _only_one(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place) -> Value | None:
    """The one object that a framework keeps of a module of ours: ``Plugin::getInstance()``, asked of a class that derives from its own; or
    Python's list of those that derive from a class, ``Gateway.__subclasses__()``."""
    on = f.body.args(i)[0]
    if f.body.op[on] == Op.FIELD and f.body.name(on) == "__subclasses__":
        bases = [o.cls for o in options(ev.at(f, f.body.args(on)[0])) if isinstance(o, ClassV)]
        below = tuple(ClassV(at, c) for base in bases for c in ev.scope.subclasses(base))
        return Seq(at, below) if below else None
    if not isinstance(callee, External) or not callee.name.endswith(_OF_MODULES) or f.body.op[on] != Op.FIELD:
        return None
    asked = [o for o in options(ev.at(f, f.body.args(on)[0])) if isinstance(o, ClassV)]
    return choice(at, [Instance(at, o.cls) for o in asked]) if asked else None


def _of_php(ev: "Evaluator", name: str, f: Frame, i: int, at: Place) -> Value | None:
    """What PHP's own functions on arrays give, and those of its platforms that read a record by a path."""
    arguments = f.body.call(i)[1]
    if name == COMPACT:
        return _compacted(ev, f, i, at)
    if name in ONE_OF and arguments:
        return ev.element(ev.at(f, arguments[0][1]), at)
    return at_path(ev, name, f, i, at)


def _compacted(ev: "Evaluator", f: Frame, i: int, at: Place) -> Record:
    """PHP's record of variables by their names: ``compact('amount', 'currency')``."""
    told = [ev.at(f, v) for _, v in f.body.call(i)[1]]
    listed = (n for t in told for n in (t.items if isinstance(t, Seq) else (t,)) if isinstance(n, Const))
    return Record(at, tuple((name, ev.read(f, i, name, at)) for name in (n.text.strip("'\"") for n in listed)))


def wrapped(ev: "Evaluator", value: Value) -> list[FunctionV]:
    """The functions of ours that run when somebody calls what a package has made of them: ``const complete = createWorkflow('complete',
    function (input) { … })``, ``const markPaid = task(async (id) => { … })``."""
    made = [o for o in options(value) if isinstance(o, Result) and o.instr >= 0 and not o.new and isinstance(o.callee, External)]
    kept = [o for o in made if isinstance(o.callee, External) and o.callee.name.rpartition(".")[2] not in REGISTERING]
    return [f for o in kept for _, given in ev.arguments(o) for f in options(given) if isinstance(f, FunctionV)]


def _got(ev: "Evaluator", f: Frame, arguments: list[tuple[str, int]], at: Place) -> Value | None:
    """``getattr(handlers, name)``, and of a setting the path that it has where nobody sets it."""
    if len(arguments) < _PAIR:
        return None
    name, asked = ev.at(f, arguments[1][1]), ev.at(f, arguments[0][1])
    if not isinstance(name, Const):
        within = [found for o in options(asked) if isinstance(o, ModuleV) for found in members_named(ev, o, name, at)]
        return choice(at, within) if within else members_chosen(ev, asked, name, at) or event_methods(ev, asked, at)
    held = ev.member(asked, name.text, at)
    unset = ev.at(f, arguments[2][1]) if len(arguments) > _PAIR and isinstance(asked, External) else None
    return choice(at, [held, unset]) if unset is not None and is_default_path(unset) else held


def _found(ev: "Evaluator", how: str, f: Frame, arguments: list[tuple[str, int]], at: Place) -> Value | None:
    """A module, or a member of something, that is found by its name."""
    if how == "getattr":
        return _got(ev, f, arguments, at)
    name = ev.at(f, arguments[0][1])
    if (text := constant(name)) is not None:
        return ev.scope.module(f.file, text, "*", at)
    loaded = modules_named(ev, f.file, name, at)
    return loaded or (Unknown(at, "a module loaded by a computed name") if how in ("require", "import") else None)


def _of_name(ev: "Evaluator", callee: External, f: Frame, i: int, arguments: list[tuple[str, int]], at: Place, new: bool) -> Value | None:
    """What a plain function gives that is known by its name."""
    if callee.name in _IMPORTS and arguments and (by_text := imported(ev, f.file, ev.at(f, arguments[0][1]), at)) is not None:
        return by_text
    if callee.name in _FIND and arguments:
        return _found(ev, callee.name, f, arguments, at)
    if -len(arguments) < (given_back := ev.gives.get(callee.name, len(arguments))) < len(arguments):
        return ev.at(f, arguments[given_back][1])
    if callee.name in _JOINS and len(arguments) == _PAIR:
        base, path = (ev.at(f, v) for _, v in arguments)
        return path if pattern(path).startswith("http") else Text(at, (base, Const(at, Kind.STRING, "/"), path))
    if callee.name in _SPELT_BY and arguments and (text := _respelt(_SPELT_BY[callee.name], [ev.at(f, v) for _, v in arguments], at)):
        return text
    if (told := _of_told_class(ev, callee, f, i, arguments, at, new)) is not None:
        return told
    if callee.name == "sprintf" and len(arguments) > 1 and (text := by_sprintf(*_spread(ev, f, arguments), at)) is not None:
        return text
    if callee.name == "Proxy" and new and arguments:
        return ev.at(f, arguments[0][1])  # whatever it adds, it stands for its target
    if callee.name in _ENUMERATIONS and (members := _enumerated([(k, ev.at(f, v)) for k, v in arguments], at)) is not None:
        return members
    if (copied := _copied(ev, callee.name, f, arguments, at)) is not None:
        return copied
    if callee.name in ev.scope.settings.folders and arguments and ev.program.language(f.file) == "php":
        path = ev.at(f, arguments[0][1])
        if isinstance(path, Const):
            return ev.scope.settings.address(callee.name, path.text.strip("'\""), f.file, at)
    return None


def _copied(ev: "Evaluator", callee: str, f: Frame, arguments: list[tuple[str, int]], at: Place) -> Value | None:
    """A record that is made of another one, or of what is given and what is there by default: ``wp_parse_args($given, $defaults)``."""
    if callee in _DEFAULTS and len(arguments) == _PAIR:
        return Record(at, tuple((None, ev.at(f, v)) for _, v in reversed(arguments)))
    if callee in _COPIES and arguments and arguments[0][0] == "":
        return Overlay(at, ev.at(f, arguments[0][1]), tuple((k, ev.at(f, v), True) for k, v in arguments[1:]))
    return _dictionary(ev, f, arguments, at) if callee in _DICTIONARIES else None


def _dictionary(ev: "Evaluator", f: Frame, arguments: list[tuple[str, int]], at: Place) -> Value | None:
    """The record that Python's ``dict(paid=True, **more)`` is, perhaps with what another one holds: ``dict(defaults, paid=True)``."""
    begun = [v for key, v in arguments if key in ("", "*")]
    named = [(key, ev.at(f, v)) for key, v in arguments if key not in ("", "*")]
    if not begun:
        return Record(at, tuple((None if key == "**" else key, value) for key, value in named))
    base = ev.at(f, begun[0])
    known = len(begun) == 1 and all(isinstance(o, (Record, Overlay)) for o in options(base))
    return Overlay(at, base, tuple((key, value, True) for key, value in named)) if known else None


def _enumerated(given: list[tuple[str, Value]], at: Place) -> Record | None:
    """The members of an enumeration that is made by a call: their names in one text or in a list; they count up from one."""
    told = next((v for k, v in given if k == "names"), given[1][1] if len(given) > 1 and given[1][0] == "" else None)
    if isinstance(told, Const) and told.kind == Kind.STRING:
        members = [Const(told.at, Kind.STRING, name) for name in told.text.strip("'\"").replace(",", " ").split()]
    else:
        members = [i for i in told.items if isinstance(i, Const)] if isinstance(told, Seq) else []
    numbered = ((m.text.strip("'\""), n) for n, m in enumerate(members, 1))
    return Record(at, tuple((name, Const(at, Kind.NUMBER, str(n), name)) for name, n in numbered)) if members else None


def _respelt(change: Callable[..., str], given: list[Value], at: Place) -> Value | None:
    """What a text, or each of several, becomes once it is trimmed or its case is changed; None where one of them is not known."""
    rest = [constant(v) for v in given[1:]]
    if not all(isinstance(o, Const) and o.kind == Kind.STRING for o in options(given[0])) or None in rest:
        return None
    return choice(at, [Const(at, Kind.STRING, change(constant(o), *rest)) for o in options(given[0])])


def _spread(ev: "Evaluator", f: Frame, arguments: list[tuple[str, int]]) -> tuple[Value, list[Value]]:
    """The first argument, and the values of those behind it; none where they are spread from something else."""
    plain = all(key == "" for key, _ in arguments)
    return ev.at(f, arguments[0][1]), [ev.at(f, v) for _, v in arguments[1:]] if plain else []


def event_methods(ev: "Evaluator", value: Value, at: Place) -> Value | None:
    """The methods of an object of ours that are named after events, where which one is only known once an event has come:
    ``getattr(self, event.type.replace(".", "_"))``, ``this[handler]``, ``$this->$method``."""
    value = before_writes(value)
    if not isinstance(value, Instance):
        return None
    told = ev.event_methods.get(value.cls)
    if told is None:
        names = dict.fromkeys(n for cls in ev.scope.lineage(value.cls) for n in ev.program.methods(cls))
        told = [n for n in names if (squashed := squashed_name(n)) and any(event in squashed for event in ev.events)]
        ev.event_methods[value.cls] = told
    return choice(at, [ev.member(value, n, at) for n in told]) if told else None


def merged_entry(ev: "Evaluator", value: Value, key: Value, at: Place) -> Value | None:
    """An entry, by a key that is not known, of tables that are put together: ``array_merge(self::HANDLERS, $more)[$name]``."""
    if isinstance(value, Choice):
        found = [merged_entry(ev, o, key, at) for o in value.options if not (isinstance(o, (Seq, Record)) and not o.parts())]
        return choice(at, [f for f in found if f is not None]) if found and None not in found else None
    if not _is_merge(value):
        return None
    tables = [v for _, v in ev.arguments(value) if isinstance(v, Record) and v.entries]
    return choice(at, [ev.index(table, key, at) for table in tables]) if tables else None


def merged_element(ev: "Evaluator", value: Value, at: Place) -> Value | None:
    """An element of lists that are put together: ``foreach (array_merge($open, $closed) as $one)``. Of a list that a loop adds to there is
    no end: what stands in it is not looked for again."""
    if not _is_merge(value):
        return None
    parts = [o for key, v in ev.arguments(value) if not key for o in options(v)]
    if any(isinstance(o, Record) and o.entries for o in parts):
        return None  # entries under keys, such as headers: which one stands where is told by its key
    found = [o for o in parts if not isinstance(o, (Seq, Record)) or o.parts()]
    return choice(at, [Element(at, o, None) if _is_merge(o) else ev.element(o, at) for o in found]) if found else None


def _is_merge(value: Value) -> TypeGuard[Result]:
    return isinstance(value, Result) and isinstance(value.callee, External) and value.callee.name in _MERGES


def squashed_name(name: str) -> str:
    """A name by its letters and digits alone, as methods and the events they are named after are compared."""
    return "".join(c for c in name.lower() if c.isalnum())


def _of_told_class(
    ev: "Evaluator", callee: External, f: Frame, i: int, arguments: list[tuple[str, int]], at: Place, new: bool
) -> Value | None:
    """A class that a call is told by its name, or an object of it."""
    if (loaded := _loaded_class(ev, callee.name, f, arguments, at)) is not None:
        return loaded
    named = _named_class(ev, callee.name, f, arguments)
    return Instance(at, named, None, Result(at, callee, f.fn, i, f.ctx, new)) if named is not None else None


def _loaded_class(ev: "Evaluator", callee: str, f: Frame, arguments: list[tuple[str, int]], at: Place) -> Value | None:
    """The class that a loader of a package gives by module and name, ``get_class("checkout.views", "PaymentView")``, or several of one
    module by their names: that of ours in a module called so, else the package's own."""
    root = ev.class_loaders.get(callee, "")
    module = _spelt(ev.at(f, arguments[0][1])) if root and len(arguments) >= _PAIR else ""
    asked = ev.at(f, arguments[1][1]) if module else None
    if isinstance(asked, Seq):
        return Seq(at, tuple(_class_in(ev, root, module, _spelt(name), at) for name in asked.items))
    return _class_in(ev, root, module, name, at) if asked is not None and (name := _spelt(asked)) else None


def _class_in(ev: "Evaluator", root: str, module: str, name: str, at: Place) -> Value:
    path = f"/{module.replace('.', '/')}.py"
    own = [cls for cls in ev.program.classes_by_name.get(name, ()) if f"/{cls.file}".endswith(path)]
    return ClassV(at, own[0]) if len(own) == 1 else External(at, f"{root}.{module}.{name}")


def _spelt(value: Value) -> str:
    """What a text says that is written down; empty for any other value."""
    return (constant(value) or "").strip("'\"")


def _named_class(ev: "Evaluator", callee: str, f: Frame, arguments: list[tuple[str, int]]) -> ClassId | None:
    """The class that a call is told of which it is to give an object: ``get_doc("Sales Order", name)``."""
    number = ev.named_classes.get(callee, len(arguments))
    text = class_told(ev, ev.at(f, arguments[number][1])) if number < len(arguments) else ""
    found = ev.program.classes_by_name.get(text, []) if text else []
    return found[0] if len(found) == 1 else None


def class_told(ev: "Evaluator", value: Value) -> str:
    """The name of a class, as a text tells it or a record that has the text: ``{"doctype": "Sales Order"}``; else empty."""
    if isinstance(value, (Record, Overlay)):
        kept = (ev.member(value, key, value.at) for key in ev.named_keys)
        value = next((v for v in kept if isinstance(v, Const)), value)
    return _spelt(value).replace(" ", "")


def _handed_out(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place) -> Value | None:
    """``$container->get(Orders::class)``, ``app(Orders::class)``, ``$container->get('shop.orders')``: an object of the class that a
    container is asked for by its name, or by one that the container was told."""
    arguments = f.body.call(i)[1]
    if not isinstance(callee, (Member, External)) or not (
        callee.name.rpartition(".")[2] in LOCATES or callee.name in _INJECTS or _hands_by_class(callee, f, arguments)
    ):
        return None
    asked = options(ev.at(f, arguments[0][1])) if arguments else ()
    made = [named.cls for o in asked if (named := class_named(o))] or [cls for o in asked if (cls := _service(ev, o, f.fn.file))]
    if len(arguments) == 1 and _hands_classes(callee):
        made = made or [o.cls for o in asked if isinstance(o, ClassV)]
    if not made and _is_container(callee):
        bound = [value for o in asked if (name := constant(o)) and (value := ev.scope.bound(name)) is not None]
        return choice(at, bound) if bound else None
    return choice(at, [Instance(at, cls) for cls in made]) if made else None


def _is_container(callee: Member | External) -> bool:
    """Whether a call by one of those names can only ask a container: ``app('gateway')``, ``$container->get('gateway')``."""
    *on, last = callee.name.split(".") if isinstance(callee, External) else (*names(callee.base)[:1], callee.name)
    return last in ("app", "resolve", "make", "makeWith") or any(_CONTAINER.search(part) for part in on)


def _hands_classes(callee: Member | External) -> bool:
    """Whether a call is given a class itself and hands over an object of it: ``container.resolve(Orders)``, ``injector.get(Orders)``,
    ``inject.attr(Orders)``. ``session.get(Order, 1)`` looks a row up."""
    *on, last = callee.name.split(".") if isinstance(callee, External) else (*names(callee.base)[:1], callee.name)
    holder = on[-1].rpartition(".")[2].replace("()", "").lstrip("?#$_") if on else ""
    return callee.name in _INJECTS or (last in ("get", "resolve", "make") and _INJECTOR.search(holder) is not None)


def _hands_by_class(callee: Member | External, f: Frame, arguments: list[tuple[str, int]]) -> bool:
    """Whether a plain function is given a class and nothing else: ``tribe(Orders::class)``, a product's own name for its container."""
    if len(arguments) != 1 or not isinstance(callee, External) or "." in callee.name or callee.name.lower().endswith(_ABOUT_CLASSES):
        return False
    given = arguments[0][1]
    return f.body.op[given] == Op.FIELD and f.body.name(given).rpartition(".")[2] == "class"


def _service(ev: "Evaluator", name: Value, file: str) -> ClassId | None:
    """The class of a service that a text names."""
    text = pattern(name)
    written = ev.scope.service(text) if "." in text and "{}" not in text else ""
    return ev.scope.modules.php_class(file, written.strip("\\").replace("\\", ".")) if written else None


def _generated(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place) -> Value | None:
    """``$this->orderFactory->create()``: an object of the class that a factory is named after, where factories are written by the framework
    and so are not in the repository."""
    if not isinstance(callee, Member) or callee.name not in ev.factories.values():
        return None
    made: list[Value] = []
    suffix = next(s for s, method in ev.factories.items() if method == callee.name)
    for option in options(callee.base):
        declared = option.type if isinstance(option, Param) else option
        named = declared.callee if isinstance(declared, Result) and declared.new else declared
        if isinstance(named, External) and named.name.endswith(suffix) and named.name != suffix:
            product = ev.scope.php_name(f.file, named.name.removesuffix(suffix), at)
            made.append(Instance(at, product.cls) if isinstance(product, ClassV) else Result(at, product, f.fn, i, f.ctx, True))
    return choice(at, made) if made else None


def _is_of_rows(ev: "Evaluator", listed: Seq) -> bool:
    """Whether a list is made of the elements of another one, which are not written down."""
    return any(isinstance(p, Element) and p.key is None for p in pieces([listed], _FEW_PIECES, ev.made_of))


def _column(ev: "Evaluator", f: Frame, given: list[int], at: Place) -> Value | None:
    """PHP's list of one field of each row: ``array_column($lines, 'price')``."""
    return Seq(at, (ev.index(ev.element(ev.at(f, given[0]), at), ev.at(f, given[1]), at),)) if len(given) > 1 else None


def _next(ev: "Evaluator", f: Frame, given: list[int], at: Place) -> Value | None:
    """Python's first of what comes one by one: ``next(line["price"] for line in lines)``, or what stands in for it."""
    found = [ev.element(ev.at(f, v), at) for v in given[:1]] + [ev.at(f, v) for v in given[1:2]]
    return choice(at, found) if found and ev.program.language(f.file) == "python" else None


_FROM_ROWS: "dict[str, Callable[[Evaluator, Frame, list[int], Place], Value | None]]" = {"array_column": _column, "next": _next}


def _mapped(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place) -> Value | None:
    """``xs.map(f)`` and ``array_map(f, xs)``: a list of what ``f`` returns; ``p.then(f)`` and ``db.transaction(f)``: that itself;
    ``xs.find(f)``: one of a list that is written down."""
    name = callee.name.rpartition(".")[2] if isinstance(callee, (Member, External)) else ""
    if name == "get" and isinstance(callee, Member):
        return looked_up(ev, f, i, callee, at)
    if isinstance(callee, External) and name in _FROM_ROWS:
        return _FROM_ROWS[name](ev, f, [v for _, v in f.body.call(i)[1]], at)
    if name in _PICKS and isinstance(callee, Member):
        listed = [o for o in options(before_writes(callee.base)) if isinstance(o, Seq) and not _is_of_rows(ev, o)]
        return choice(at, [v for o in listed for v in o.items]) if any(o.items for o in listed) else None
    if ev.program.language(f.file) == "php" and (kept := _collection(ev, callee, f, i, at, name)) is not None:
        return kept
    if name not in _GIVES_BACK and not (isinstance(callee, External) and callee.name in _GIVES_BACK):
        return None
    for _, argument in f.body.call(i)[1]:
        for option in options(ev.at(f, argument)):
            if isinstance(option, FunctionV):
                got = ev.returned(option, f.fn, i, f.ctx, callback=True)
                flat = name == "flatMap" and isinstance(got, Seq)
                return got if flat or not ("map" in name.lower() or name == "transform") else Seq(at, (got,))
    return None


def _collection(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place, name: str) -> Value | None:
    """What a collection of PHP gives that is begun empty, or holds what is written down: ``collect()``, ``$lines->map(…)->values()``."""
    if isinstance(callee, External) and callee.name in _COLLECTS:
        given = [ev.at(f, v) for _, v in f.body.call(i)[1]]
        return Seq(at, ()) if not given else given[0] if isinstance(before_writes(given[0]), (Seq, Record)) else None
    asked = f.body.args(i)[0]
    if name in _OF_KEY and isinstance(callee, Member) and isinstance(before_writes(callee.base), Record):
        key = constant(ev.at(f, f.body.call(i)[1][0][1])) if f.body.call(i)[1] else None
        return ev.member(callee.base, key, at) if key else None
    if name not in _KEEPS_LIST or not isinstance(callee, Member) or f.body.op[asked] != Op.FIELD:
        return None
    listed = [o for o in options(ev.at(f, f.body.args(asked)[0])) if isinstance(before_writes(o), Seq)]
    return choice(at, listed) if listed else None
