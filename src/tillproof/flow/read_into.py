"""Data that a library of Python reads into an object: ``Order.model_validate(data)``, ``from_dict(Order, data)``,
``OrderSchema().load(data)``.

What comes out is an object of the class that is named, and each of its fields is what the data has under that name.
"""

import re
from typing import TYPE_CHECKING

from tillproof.flow.frames import Frame
from tillproof.flow.given_fields import is_decorated_with
from tillproof.flow.values import (
    ClassV,
    Element,
    External,
    Instance,
    Member,
    Place,
    Record,
    Result,
    Seq,
    Value,
    choice,
    names,
    options,
)
from tillproof.ir.body import returns
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.flow.evaluate import Evaluator

_BY_CLASS = frozenset([
    "model_validate", "model_validate_json", "model_validate_strings", "model_construct", "parse_obj", "parse_raw", "from_orm",
    "construct", "from_dict", "from_json", "from_attributes",
])  # fmt: skip
"""Methods that classes have from the library that they derive from, or that has decorated them."""
# Functions of libraries, with the places of the class and of the data.
_BY_FUNCTION = {
    "dacite.from_dict": (0, 1), "dacite.core.from_dict": (0, 1), "pydantic.parse_obj_as": (0, 1), "pydantic.tools.parse_obj_as": (0, 1),
    "pydantic.parse_raw_as": (0, 1), "cattrs.structure": (1, 0), "cattr.structure": (1, 0), "cattrs.Converter.structure": (1, 0),
    "cattrs.GenConverter.structure": (1, 0), "cattrs.preconf.json.make_converter.structure": (1, 0), "msgspec.convert": (1, 0),
    "msgspec.json.decode": (1, 0), "msgspec.msgpack.decode": (1, 0), "apischema.deserialize": (0, 1), "serde.from_dict": (0, 1),
    "serde.json.from_json": (0, 1), "typedload.load": (1, 0),
}  # fmt: skip
_CLASS_KEYS = ("data_class", "type", "type_", "cl", "cls")
_DATA_KEYS = ("data", "obj", "json_data")
# Objects of libraries that are made of a class, and give one of it for the data that they are handed.
_ADAPTER = re.compile(r"(pydantic\.(\w+\.)?TypeAdapter|msgspec\.json\.Decoder|msgspec\.msgpack\.Decoder)\(\)\.(validate_\w+|decode)")
_SCHEMA = re.compile(r"(?:.*\.)?\w*Schema(?:\(\))?\.(load|loads|deserialize)")
_GETTERS = ("operator.itemgetter", "operator.attrgetter")
_SPREAD = ("types.SimpleNamespace", "argparse.Namespace", "box.Box", "munch.Munch", "addict.Dict", "dotmap.DotMap")
_LISTS = re.compile(r"(.*\.)?(list|List|Sequence|Iterable|tuple|set)")


def read_into(ev: "Evaluator", callee: Value, f: Frame, i: int, at: Place) -> Value | None:
    """What a call gives that reads data into an object; None for any other call."""
    if ev.program.language(f.file) != "python":
        return None
    given = f.body.call(i)[1]
    if isinstance(callee, External) and callee.name in _SPREAD:
        return _spread(ev, f, given, at)
    if isinstance(callee, Result) and isinstance(callee.callee, External) and callee.callee.name in _GETTERS and len(given) == 1:
        asked = [v for _, v in ev.arguments(callee)]
        got = tuple(ev.index(ev.at(f, given[0][1]), key, at) for key in asked)
        return got[0] if len(got) == 1 else Seq(at, got)
    on = f.body.args(i)[0]
    if f.body.op[on] == Op.FIELD and f.body.name(on) in _BY_CLASS and given:
        kinds = [o for o in options(ev.at(f, f.body.args(on)[0])) if isinstance(_plain(o), ClassV)]
        return choice(at, [_object(ev, o, ev.at(f, given[0][1]), at) for o in kinds]) if kinds else None
    if not given or not isinstance(callee, (External, Member)):
        return None
    return _by_library(ev, callee, f, i, at)


def _by_library(ev: "Evaluator", callee: External | Member, f: Frame, i: int, at: Place) -> Value | None:
    """What the functions and objects of libraries give."""
    known, given = names(callee), f.body.call(i)[1]
    by_name = next((places for n in known if (places := _BY_FUNCTION.get(n.replace("()", ""))) is not None), None)
    if by_name is not None:
        told, data = _argument(ev, f, given, by_name[0], _CLASS_KEYS), _argument(ev, f, given, by_name[1], _DATA_KEYS)
        return _object(ev, told, data, at) if told is not None and data is not None else data
    data = _argument(ev, f, given, 0, _DATA_KEYS) if isinstance(callee, Member) else None
    if data is None or not isinstance(callee, Member):
        return None
    if isinstance(callee.base, Result) and callee.base.instr >= 0 and any(_ADAPTER.fullmatch(n) for n in known):
        told = next((v for k, v in ev.arguments(callee.base) if k in ("", *_CLASS_KEYS)), None)
        return _object(ev, told, data, at) if told is not None else data
    if any(_SCHEMA.fullmatch(n) for n in known):
        on = f.body.args(i)[0]
        schemas = options(ev.at(f, f.body.args(on)[0])) if f.body.op[on] == Op.FIELD else ()
        made = [one for o in schemas if isinstance(o, Instance) for one in _made_after(ev, o, data, at)]
        return choice(at, made) if made else data
    return None


def _argument(ev: "Evaluator", f: Frame, given: list[tuple[str, int]], place: int, keys: tuple[str, ...]) -> Value | None:
    positional = [v for k, v in given if k == ""]
    named = next((v for k, v in given if k in keys), None)
    found = named if named is not None else positional[place] if place < len(positional) else None
    return ev.at(f, found) if found is not None else None


def _plain(kind: Value) -> Value:
    """A class without what its declared type names as its argument: ``Envelope[Order]``."""
    return kind.base if isinstance(kind, Element) and isinstance(kind.base, ClassV) else kind


def _object(ev: "Evaluator", kind: Value, data: Value, at: Place) -> Value:
    """An object of a class, or a list of such, that data has been read into; of a type of others, the data itself."""
    kind = _plain(kind)
    if isinstance(kind, ClassV):
        return Instance(at, kind.cls, None, data)
    if isinstance(kind, Element) and isinstance(kind.base, External) and _LISTS.fullmatch(kind.base.name) and kind.key is not None:
        return Seq(at, (_object(ev, kind.key, ev.element(data, at), at),))
    return data


def _made_after(ev: "Evaluator", schema: Instance, data: Value, at: Place) -> list[Value]:
    """The objects that a schema makes in the end of what it has checked: ``@post_load def make(self, data): return Order(**data)``."""
    found: list[Value] = []
    for cls in ev.scope.lineage(schema.cls):
        for fn in ev.program.methods(cls).values():
            if is_decorated_with(ev.program, fn, b"post_load"):
                body = ev.program.body(fn)
                ends = (ev.value(fn, body.args(r)[0]) for r in returns(body) if body.args(r)[0] >= 0)
                found += [Instance(at, o.cls, None, data) for end in ends for o in options(end) if isinstance(o, Instance)]
    return found


def _spread(ev: "Evaluator", f: Frame, given: list[tuple[str, int]], at: Place) -> Value | None:
    """An object that has as its members what it is made with: ``SimpleNamespace(**data)``, ``Box(data)``."""
    if len(given) == 1 and given[0][0] in ("", "**"):
        return ev.at(f, given[0][1])
    entries = tuple((None if k == "**" else k, ev.at(f, v)) for k, v in given if k)
    return Record(at, entries) if entries else None
