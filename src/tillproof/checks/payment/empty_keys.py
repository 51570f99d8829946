"""The key of a digest that we make ourselves may be an empty text: every library takes that, and everybody can sign with it. So can who
reads the code where it is a text that stands there, for when no other is configured."""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tillproof.commerce.effects import Place
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.proof import Proven
from tillproof.flow.facts import Condition
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Const, Ctx, External, Missing, Result, Value, options, pieces
from tillproof.ir.ops import Kind, Op

Option: TypeAlias = Callable[[Model, Value], Value | None]

_PIECES = 80
_NULL_AT_LAST = re.compile(rb"\?\?\s*null\b", re.IGNORECASE)
_DEEPEST = 6
# Where the key stands among what the maker of a digest is given, by position and by name.
_AT = {"python": (0, "key"), "javascript": (1, "key"), "php": (2, "key")}
_ASKS = ("empty", "is_null", "isset", "strlen", "mb_strlen", "trim", "len", "bool", "is_string")
_AS_BYTES = ("encode", "strip", "trim", "tostring", "from", "bytes", "str", "strval")


def empty_option(model: Model, value: Value) -> Value | None:
    """The alternative of a secret that is an empty text: written down, or the default of a setting."""
    for option in options(value):
        if isinstance(option, Const) and (option.text in ("", "''", '""') or _falls_to_null(model, option)):
            return option
        if isinstance(option, Result) and option.instr >= 0 and model.recogniser.result_is("config", option):
            default = _default(model, option)
            if isinstance(default, Const) and default.text == "" and not isinstance(default, Missing):
                return option
            if (default is None or isinstance(default, Missing)) and read_too_late(model, option):
                return option
        if (kept := _of_settings(model, option, empty_option)) is not None:
            return kept
    return None


def read_too_late(model: Model, setting: Value) -> bool:
    """Whether a setting of the environment is asked for outside the files of settings, where it is null once those are cached:
    ``env('HOOK_SECRET')`` in a controller of Laravel."""
    name = setting.callee.name if isinstance(setting, Result) and isinstance(setting.callee, External) else ""
    folders = [f.settings_once[name] for f in model.knowledge.frameworks.values() if name in f.settings_once]
    file = setting.at[0]
    return bool(folders) and model.program.language(file) == "php" and not any(f"/{file}".rfind(f"/{d}/") >= 0 for d in folders)


def _default(model: Model, setting: Result) -> Value | None:
    """What a setting falls back to: ``getenv("SECRET", "")``, ``config("SECRET", default="")``."""
    named = next((v for key, v in model.evaluator.arguments(setting) if key == "default"), None)
    return named if named is not None else model.evaluator.argument(setting, 1)


def _of_settings(model: Model, value: Value, option: Option) -> Value | None:
    """The text that every file of settings falls back to for what is asked by name, where none of them asks whether it is there:
    ``settings.HOOK_SECRET`` of ``HOOK_SECRET = os.environ.get("HOOK_SECRET", "")``."""
    kept = model.evaluator.scope.settings.declared(value) or model.made_settings.under(value)
    fallen = [found for v in kept if (found := option(model, v)) is not None]
    if not fallen or len(fallen) != len(kept):
        return None
    name = value.name.rpartition(".")[2] if isinstance(value, External) else ""
    asked = bool(name) and any(_asks(model, Fn(file, TOP), name) for file in dict.fromkeys(v.at[0] for v in kept))
    return fallen[0] if not asked else None


def _falls_to_null(model: Model, value: Const) -> bool:
    """Whether a secret is null where no setting is found, ``$settings[$key] ?? null``, which ``hash_hmac`` takes for an empty text."""
    file, line = value.at
    if value.kind != Kind.NULL or isinstance(value, Missing) or model.program.language(file) != "php":
        return False
    text = model.program.sources[file].splitlines()[line - 1 : line]
    return any(_NULL_AT_LAST.search(t) for t in text)


def written_option(model: Model, value: Value) -> Value | None:
    """The alternative of a secret that is a text of the code, used where no other is configured: ``os.getenv("SECRET", "changeme")``."""
    found, configured = None, False
    for option in options(value):
        if isinstance(option, Const) and not isinstance(option, Missing) and option.kind == Kind.STRING and option.text.strip("'\""):
            found = option
        elif isinstance(option, Result) and option.instr >= 0 and model.recogniser.result_is("config", option):
            default = _default(model, option)
            if isinstance(default, Const) and not isinstance(default, Missing) and default.kind == Kind.STRING and default.text:
                return option
            if (kept := _of_settings(model, option, written_option)) is not None:
                return kept
            configured = True
        elif (kept := _of_settings(model, option, written_option)) is not None:
            return kept
        elif any(model.recogniser.result_is("config", part) for part in pieces([option], _PIECES, model.evaluator.made_of)):
            configured = True  # one of several that a setting holds: ``json.loads(os.getenv("SECRETS"))[provider]``
    return found if configured else None


def empty_key(model: Model, proof: Proven, option: Option = empty_option) -> tuple[Place, Value] | None:
    """Where the digest is made that a proof compares, and the empty text that its key may be; None where nobody gets there without one.
    ``option``: which alternative of the key is looked for."""
    if not proof.mac:
        return None
    for made in _digests(model, proof):
        position, name = _AT[model.program.language(made.fn.file)]
        given = model.program.body(made.fn).call(made.instr)[1]
        plain = [a for k, a in given if k == ""]
        key = next((a for k, a in given if k == name), plain[position] if position < len(plain) else -1)
        shapes = list(_unwrapped(model, made.fn, made.ctx, key)) if key >= 0 else []
        if not shapes or (
            option is empty_option and (any(_asked(model, made.fn, i) for i in shapes) or _asked_above(model, made, shapes[-1]))
        ):
            continue
        empty = option(model, model.evaluator.value(made.fn, shapes[-1], made.ctx))
        if empty is not None:
            return Place(made.fn, made.instr, made.ctx), empty
    return None


def _digests(model: Model, proof: Proven) -> Iterator[Result]:
    body = model.program.body(proof.fn)
    if body.op[proof.instr] in (Op.CALL, Op.NEW):
        given = [a for _, a in body.call(proof.instr)[1]]
    elif body.op[proof.instr] == Op.BINARY:
        given = list(body.args(proof.instr)[1:3])
    else:
        return
    values = [model.evaluator.value(proof.fn, a, proof.ctx) for a in given]
    for here in pieces(values, _PIECES, model.evaluator.made_of):
        if isinstance(here, Result) and here.instr >= 0 and model.recogniser.result_is("macs", here):
            yield here


def _unwrapped(model: Model, fn: Fn, ctx: Ctx | None, i: int) -> Iterator[int]:
    """A key as it is handed over, and the secret itself where that is kept, turned into bytes or rid of blanks before:
    ``key = secret.strip().encode()``, ``Buffer.from(secret)``."""
    body = model.program.body(fn)
    for _ in range(_DEEPEST):
        yield i
        if body.op[i] == Op.CALL and body.called(i).lower() in _AS_BYTES:
            callee, arguments = body.call(i)
            own = body.op[callee] == Op.FIELD and body.called(i).lower() not in ("from", "bytes")
            if not own and not arguments:
                return
            i = body.args(callee)[0] if own else arguments[0][1]
        elif body.op[i] == Op.NAME:
            stores = model.evaluator.defuse(fn, ctx).reaching(i, body.name(i)).stores
            if len(stores) != 1:
                return
            i = body.args(stores[0])[1]
        else:
            return


def _asked_above(model: Model, made: Result, secret: int) -> bool:
    """Whether a function that hands the secret on, or calls a method of the same object that reads it, asks whether there is one."""
    fn, ctx = made.fn, made.ctx
    for _ in range(_DEEPEST):
        body = model.program.body(fn)
        if body.op[secret] == Op.PARAM:
            given = model.records.chains.argument(fn, body.args(secret)[0], ctx)
            if given is None:
                return False
            fn, ctx = given[0], given[2]
            shapes = list(_unwrapped(model, fn, ctx, given[1]))
            if any(_asked(model, fn, i) for i in shapes):
                return True
            secret = shapes[-1]
        else:
            spelt = _spelt(model, fn, secret)
            above = ctx.chain() if ctx is not None and body.op[secret] == Op.FIELD else ()
            return any(c.call >= 0 and _asks(model, c.caller, spelt) for c in above)
    return False


def _asked(model: Model, fn: Fn, secret: int) -> bool:
    """Whether a function that makes a digest asks anywhere whether there is a secret: before it, or beside the comparison."""
    return _asks(model, fn, _spelt(model, fn, secret))


def _asks(model: Model, fn: Fn, spelt: str) -> bool:
    body = model.program.body(fn)
    ends = (b.end - 1 for b in body.blocks if b.end > b.start)
    return "?" not in spelt and any(body.op[i] == Op.BRANCH and _is_about(model, fn, body.args(i)[0], spelt) for i in ends)


def _is_about(model: Model, fn: Fn, condition: int, spelt: str) -> bool:
    """Whether a condition asks whether something is there: by itself, ``empty($secret)``, ``secret == null``, ``secret.length``."""
    body = model.program.body(fn)
    op, args = body.op[condition], body.args(condition)
    if op == Op.UNARY:
        return _is_about(model, fn, args[1], spelt)
    if op == Op.BINARY:
        sides = args[1:3]
        return any(body.op[s] == Op.CONST for s in sides) and any(_is_about(model, fn, s, spelt) for s in sides if body.op[s] != Op.CONST)
    if op == Op.CALL and body.called(condition).lower() in _ASKS and len(body.call(condition)[1]) == 1:
        return _is_about(model, fn, body.call(condition)[1][0][1], spelt)
    if op == Op.FIELD and body.name(condition) == "length":
        return written(model.program, fn, args[0]) == spelt
    return _spelt(model, fn, condition) == spelt


def _spelt(model: Model, fn: Fn, i: int) -> str:
    """How the source spells a value, a setting with the name that it is asked by: two settings of one object are not the same."""
    body = model.program.body(fn)
    asked = [const[1] for _, a in body.call(i)[1] if (const := body.const(a)) is not None] if body.op[i] == Op.CALL else []
    return ":".join((written(model.program, fn, i), *asked))


def asked_first(model: Model, fn: Fn, secret: int, at: int) -> bool:
    """Whether an instruction is only reached with a secret: ``if (!secret) throw …`` before it, whatever name the setting has there."""
    spelt = written(model.program, fn, secret)
    settings = _settings(model, fn, secret)
    top = Fn(fn.file, TOP)  # a file that refuses to be loaded without it
    places = [(fn, at), (top, len(model.program.body(top).op) - 1)]
    there = [(where, f) for where, i in places for f in model.effects.facts(where).at(i) if isinstance(f, Condition) and f.truth]
    return any(
        written(model.program, where, f.instr) == spelt or not settings.isdisjoint(_settings(model, where, f.instr)) for where, f in there
    )


def _settings(model: Model, fn: Fn, i: int) -> set[str]:
    """The names of the environment's settings that a value may be."""
    found = options(model.evaluator.value(fn, i))
    return {o.name for o in found if isinstance(o, External) and model.recogniser.result_is("config", o)}
