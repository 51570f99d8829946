"""What a member of a class or of an object of ours is: a method, a property, what was stored in a field, or what its declaration gives."""

from typing import TYPE_CHECKING

from tillproof.flow import gathered, initialised
from tillproof.flow.components import components
from tillproof.flow.facades import behind_facade, driver_member
from tillproof.flow.given_fields import given_field
from tillproof.flow.program import TOP, ClassId, Fn
from tillproof.flow.properties import is_property, read_property
from tillproof.flow.values import ClassV, Const, External, FunctionV, Instance, Member, Overlay, Record, Result, Seq, Value, choice, names
from tillproof.ir.ops import Kind

if TYPE_CHECKING:
    from tillproof.flow.scope import Scope

_DESCRIPTIONS = ("pydantic.Field", "pydantic.fields.Field", "dataclasses.field", "sqlmodel.Field", "attr.ib", "attrs.field", "ninja.Field",
                 "sqlalchemy.orm.mapped_column", "sqlalchemy.Column", "flask_sqlalchemy.SQLAlchemy.Column")  # fmt: skip
_GIVING = ("__getattr__", "__get", "__getitem__", "offsetGet")
"""Methods that give whatever member or entry an object is asked for that it does not have."""
MOST_OVERRIDES = 20
_SETTINGS = ("pydantic_settings.BaseSettings", "pydantic.BaseSettings")
"""Classes whose fields are read from the environment: what one is declared with holds where nothing is said there."""
_DATA = ("BaseModel", "SQLModel", "Schema", "ModelSchema", "Struct")
_CODE = 3


def _declared_only(value: Value) -> bool:
    """A field that its class declares without giving it a value: null, an object of its type, or a description of the field."""
    if isinstance(value, Result) and any(n.replace("()", "") in _DESCRIPTIONS for n in names(value.callee)):
        return True
    return (isinstance(value, Const) and value.kind == Kind.NULL) or (isinstance(value, Instance) and not value.made)


def _once_each(values: list[Value]) -> list[Value]:
    """A field that is declared with the type of what is stored in it is no second value."""
    kept: list[Value] = []
    for value in values:
        of = value.cls if isinstance(value, Instance) and value.made is None else None
        if of is None or not any(isinstance(k, Instance) and k.made is None and k.cls == of for k in kept):
            kept.append(value)
    return kept


def static_member(scope: "Scope", value: ClassV, name: str, at: tuple[str, int]) -> Value:
    """A method, constant or field of one of our classes itself, or a class that it holds."""
    if name == "class" and scope.program.language(value.cls.file) == "php":
        return Member(at, value, name)
    for cls in scope.lineage(value.cls):
        if name in scope.program.methods(cls):
            return FunctionV(at, scope.program.methods(cls)[name], None, value, f"{value.known_as}.{name}" if value.known_as else "")
        stores = scope.evaluator.defuse(Fn(cls.file, TOP)).stores.get(f"{scope.program.path(cls)}.{name}")
        if stores:
            php = scope.program.language(cls.file) == "php"
            written = scope.field_writes(cls, name) if php else []  # self::$field = …: what it was declared with is only the beginning
            listed = _lists(scope, cls)
            begun = [named_constant(scope.evaluator.value(Fn(cls.file, TOP), s), name, listed) for s in stores]
            return choice(at, [*begun, *(scope.evaluator.value(fn, i) for fn, i in written)])
        if (inner := scope.program.inner(cls, name)) is not None:
            return ClassV(at, inner)
    if (behind := behind_facade(scope, value.cls, at)) is not None:
        return scope.evaluator.member(behind, name, at)
    foreign = scope.outside_bases(value.cls)
    return External(at, f"{foreign[0]}.{name}") if foreign else Member(at, value, name)


def _lists(scope: "Scope", cls: ClassId) -> bool:
    """Whether a class only lists what there is: an enumeration, or a class of nothing but constants."""
    bases = scope.bases(cls)
    return any(base.endswith(("Choices", "Enum")) for base in scope.outside_bases(cls)) or not (
        bases.own or bases.foreign or scope.program.methods(cls)
    )


def instance_member(scope: "Scope", value: Instance, name: str, at: tuple[str, int]) -> Value:
    """A method, property or field of an object of one of our classes."""
    method = scope.method(value.cls, name)
    if method is not None:
        return _method_value(scope, value, method, name, at)
    if value.made is not None and (given := given_field(scope, value, name)) is not None:
        return given
    stored = _stored(scope, value, name, at)
    record = isinstance(stored, Instance) or (stored is not None and _declared_only(stored))
    if value.made is None and not record and scope.exposed(value.cls, name):
        return choice(at, [Member(at, value, name), *([stored] if stored is not None else [])])
    if value.origin is not None and (handed := _handed_over(scope, value, name, stored, at)) is not None:
        return handed
    if _is_set_outside(scope, value, stored) and stored is not None:
        return choice(at, [_given_or_foreign(scope, value, name, at), stored])
    if stored is None or _declared_only(stored) or (isinstance(stored, Result) and stored.instr < 0):
        overriding = [] if value.made else scope.overrides(value.cls, name)
        if overriding:  # declared here, written in the classes derived from this one
            return choice(at, [_bound(value, fn, cls, at) for fn, cls in overriding])
    if stored is not None:
        return stored
    if kept := scope.kept(value.cls, name) or components(scope, value.cls, name):
        return choice(at, [Instance(at, cls) for cls in kept])
    if (inner := next(filter(None, (scope.program.inner(cls, name) for cls in scope.lineage(value.cls))), None)) is not None:
        return ClassV(at, inner)
    return _given_or_foreign(scope, value, name, at)


def _handed_over(scope: "Scope", value: Instance, name: str, stored: Value | None, at: tuple[str, int]) -> Value | None:
    """A field of an object that was handed over: what its class says of it is where it begins, or which type it has."""
    written = isinstance(value.origin, (Record, Overlay))
    field = scope.evaluator.member(value.origin, name, at) if written and value.origin is not None else Member(at, value, name)
    of_others = isinstance(stored, Result) and stored.instr < 0  # of a declared type: `amount: Decimal`, `stripe: StripeClient`
    if stored is None or of_others or _declared_only(stored):
        below = [(fn, cls) for fn, cls in scope.overrides(value.cls, name) if not is_property(scope, fn)]
        if below:
            return choice(at, [_bound(value, fn, cls, at) for fn, cls in below])
    if stored is None or _declared_only(stored):
        return Instance(at, stored.cls, None, field, stored.of) if isinstance(stored, Instance) and not stored.made else field
    if of_others and stored is not None:
        return field if is_message(scope, value.cls) else choice(at, [field, stored])
    default = isinstance(stored, (Const, Seq, Record)) and not _is_set_outside(scope, value, stored) and _is_data(scope, value.cls)
    return choice(at, [field, stored]) if default else None


def _is_set_outside(scope: "Scope", value: Instance, stored: Value | None) -> bool:
    """Whether what a class declares a field with holds only where the environment says nothing."""
    return isinstance(stored, Const) and not _is_address(stored) and not set(_SETTINGS).isdisjoint(scope.outside_bases(value.cls))


def _given_or_foreign(scope: "Scope", value: Instance, name: str, at: tuple[str, int]) -> Value:
    """A member that no class of ours declares: what a method gives for any, or one of a base of others."""
    if (giving := next((m for word in _GIVING if (m := scope.method(value.cls, word)) is not None), None)) is not None:
        return read_property(scope, FunctionV(at, giving, None, value))
    if (asked := driver_member(scope, value, name, at) or _accessed(scope, value, name, at)) is not None:
        return asked
    foreign = scope.outside_bases(value.cls)
    if foreign:
        return choice(at, [Member(at, Result(at, External(at, f), Fn(value.cls.file, TOP), -1, None, True), name) for f in foreign[:3]])
    return Member(at, value, name)


def accessor(name: str) -> str:
    """Under which Laravel finds the method that works out a field: ``getAvailableSpotsAttribute`` for ``available_spots``.
    See https://laravel.com/docs/eloquent-mutators#accessors-and-mutators."""
    return f"get{''.join(part[:1].upper() + part[1:] for part in name.split('_'))}Attribute"


def _accessed(scope: "Scope", value: Instance, name: str, at: tuple[str, int]) -> Value | None:
    """What a model of Laravel gives for a field that it works out: ``getCancellableAttribute`` for ``$order->cancellable``."""
    if scope.program.language(value.cls.file) != "php":
        return None
    method = scope.method(value.cls, accessor(name))
    return read_property(scope, FunctionV(at, method, None, value)) if method is not None else None


def _is_address(value: Const) -> bool:
    """Whether a text is where something is asked for: whatever stands in its place has the same meaning."""
    return value.kind == Kind.STRING and value.text.strip("'\"").startswith(("http://", "https://"))


def _is_data(scope: "Scope", cls: ClassId) -> bool:
    """Whether a class only says what data holds: it has no methods, or those that validate what a request is read into."""
    return not scope.program.methods(cls) or is_message(scope, cls)


def is_message(scope: "Scope", cls: ClassId) -> bool:
    """Whether a class declares what is read into it, so that its fields hold data alone."""
    return any(base.rpartition(".")[2] in _DATA for base in scope.foreign_bases(cls))


def _method_value(scope: "Scope", value: Instance, method: Fn, name: str, at: tuple[str, int]) -> Value:
    targets = [(method, value.cls)]
    if not value.made:
        targets += [(fn, cls) for fn, cls in scope.overrides(value.cls, name) if fn != method]
    out: list[Value] = []
    for fn, cls in targets[:MOST_OVERRIDES]:
        known = f"{value.known_as}.{name}" if value.known_as else ""
        bound = FunctionV(at, fn, None, value, known) if fn == method else _bound(value, fn, cls, at)
        out.append(read_property(scope, bound) if is_property(scope, fn) else bound)
    return choice(at, out)


def _bound(value: Instance, fn: Fn, cls: ClassId, at: tuple[str, int]) -> FunctionV:
    """A method of a class that stands for the one that an object is known as: there the object is one of that class."""
    return FunctionV(at, fn, None, Instance(at, cls, of=value.of))


def _stored(scope: "Scope", value: Instance, name: str, at: tuple[str, int]) -> Value | None:
    """Writes to ``this.name`` in the class and its bases, and class-level values."""
    found: list[Value] = []
    for cls in scope.lineage(value.cls):
        for fn, i in scope.field_writes(cls, name):
            found += [scope.evaluator.value(fn, i, ctx) for ctx in initialised.contexts(scope, value, fn, at)]
        stores = scope.evaluator.defuse(Fn(cls.file, TOP)).stores.get(f"{scope.program.path(cls)}.{name}")
        if stores:
            begun = [scope.evaluator.value(Fn(cls.file, TOP), s) for s in stores]
            found += begun if found else [named_constant(v, name, _lists(scope, cls)) for v in begun]
        if found:
            found = gathered.services(scope, value, cls, name, found)
            break
    if later := scope.evaluator.given_later.of(value, name):
        found = [*found, *later] if found else [Member(at, value, name), *later]  # it may be asked before it is given
    told = _once_each([v for v in found if not (isinstance(v, Const) and v.kind == Kind.NULL)])
    if found and not told:
        return Member(at, value, name)  # declared without a value: set from outside
    if len(told) == 1:
        return gathered.written_into(scope, value, name, told[0], at)
    return choice(at, told) if found else None


def named_constant(value: Value, name: str, listed: bool) -> Value:
    """A number, or a few letters, that a class keeps under a name, with that name; a longer text says enough by itself. ``listed``: the
    class lists what there is, each perhaps with what people are shown for it: ``PAID = 2, _("paid")``."""
    if listed and isinstance(value, Seq) and value.items and isinstance(value.items[0], Const):
        value = value.items[0]
    if listed and isinstance(value, Result) and isinstance(value.callee, External) and value.callee.name == "enum.auto":
        return Const(value.at, Kind.STRING, name)
    short = isinstance(value, Const) and (value.kind == Kind.NUMBER or (value.kind == Kind.STRING and 0 < len(value.text) <= _CODE))
    if short and isinstance(value, Const) and (listed or name[:1].isupper()):
        return Const(value.at, value.kind, value.text, name)
    return value
