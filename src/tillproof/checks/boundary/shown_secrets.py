"""What a piece of a text shows of credentials: one of ours by name, one that is written down, a record or an exception that holds one."""

import re
from collections.abc import Iterator

from tillproof.commerce.hosts import is_local
from tillproof.commerce.lexicon import snake
from tillproof.commerce.logs import LogSite
from tillproof.commerce.model import Model
from tillproof.commerce.names import written
from tillproof.commerce.revealing import Revealed
from tillproof.commerce.shown import Piece
from tillproof.flow.defuse import value_operands
from tillproof.flow.facts import Condition
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import (
    CONVERSIONS,
    Const,
    Element,
    External,
    FunctionV,
    Instance,
    Member,
    Mix,
    Overlay,
    Param,
    Record,
    Result,
    Text,
    Value,
    constant,
    names,
    options,
)
from tillproof.ir.ops import Kind, Op
from tillproof.knowledge.schema import Operation

_NEAR_CALLS = 4
_IN_SESSION = "accessToken"
_LIKE_A_KEY = re.compile(r"(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[\w+/=.-]{20,}")
# Where tokens are given out, and what an answer's body is called.
_TOKENS = re.compile(
    r"(?:oauth\d?|auth|identity|connect|login)/(?:[\w.]+/)*(?:access_?)?tokens?(?:$|[/?])|/token(?:$|\?)|[?&]grant_type=|/generate_?token",
    re.IGNORECASE,
)
_OUTCOME = re.compile(r"token|ok$|status|success|error|fail|code", re.IGNORECASE)
_BODY = ("data", "body", "json", "text", "content", "getbody", "getcontents", "result")
_ENVIRONMENTS = ("process.env", "os.environ", "$_env", "$_server")
_SETTING = re.compile(
    r"(get_)?((payment|gateway|provider|merchant|store|shop|api|system|module)_)?(config|configuration|credentials?|env)(_(value|data))?"
    r"|get_((payment|gateway|provider|merchant|store|shop|api|system|module|plugin)_)?(settings?|options?)(_(value|data))?"
)
# Whose token opens that one thing of the shop's: ``/orders/7?accessToken=…``, sent to whoever ordered without signing in.
_OPENED = re.compile(r"\w*(order|cart|basket|booking|reservation|invoice|ticket)\.\w*token")
_OWN = ("user", "customer", "member", "login", "session", "jwt", "reset", "confirm", "invite", "verify", "csrf", "req", "request")


def secret(model: Model, piece: Piece) -> tuple[str, bool]:
    """The name of a credential of ours that a piece shows, and whether that is certain; empty when it shows none."""
    value = model.shown.value(piece)
    for option in options(value):
        if isinstance(option, Const):
            if kept := _written_down(model, piece, option):
                return kept, True
            continue
        if model.requests.source(option) is not None:
            continue
        spelt = next((n.lower() for n in names(option)), "")
        if spelt in _ENVIRONMENTS and not piece.flat:
            return spelt, True
        if asked := _asked_by_name(model, option):
            return asked, False
        called = tuple(n for n in (*piece.names, spelt.rpartition(".")[2], _setting(model, option)) if n)
        if (named := _named(model, piece, option, called, spelt)) is not None:
            return named
        if not piece.flat and (given := _made_with(model, option)):
            return given, False
        for record in model.payloads.fields_of(option) or ([option] if not piece.flat else []):
            if isinstance(record, (Record, Overlay)):
                key = next((k for k in model.revealing.secret_keys(record) if k not in piece.without), "")
                if key:
                    return key, True
    return "", False


def _named(model: Model, piece: Piece, value: Value, called: tuple[str, ...], spelt: str) -> tuple[str, bool] | None:
    """The credential that a value is by what it is called and where it is read from, and whether that is certain."""
    configured = _is_configured(model, value) or any(spelt.startswith(e + ".") for e in _ENVIRONMENTS)
    named = next((n for n in called if model.words.secret(n)), "")
    if named and (configured or (isinstance(value, Member) and _keeps_token(model, piece, value.base))):
        return named, True
    if configured and (address := next((n for n in called if model.words.has("connection_fields", n)), "")):
        return address, False
    if not piece.flat and _keeps_token(model, piece, value):
        return _IN_SESSION, True
    return (named, False) if named and _is_ours(model, piece, value) else None


def _keeps_token(model: Model, piece: Piece, value: Value) -> bool:
    """Whether a value is an object of a provider's SDK with the shop's token in it, which is not taken out before."""
    return _IN_SESSION not in piece.without and model.recogniser.keeps_token(value, piece.fn.file) is not None


def _written_down(model: Model, piece: Piece, value: Const) -> str:
    """The name of a credential that stands in the code itself and is shown by that name; empty where the text may be anything else."""
    if value.kind != Kind.STRING or _LIKE_A_KEY.fullmatch(value.text.strip("'\"")) is None:
        return ""
    called = (*piece.names, written(model.program, piece.fn, piece.instr).rpartition(".")[2])
    return next((n for n in called if model.words.secret(n)), "")


def _made_with(model: Model, value: Value) -> str:
    """The name of the credential with which a package's object is made that is shown whole: ``print_r(new Client(getenv('API_KEY')))``."""
    if not isinstance(value, Result) or value.instr < 0 or not isinstance(value.callee, External):
        return ""
    if model.program.body(value.fn).op[value.instr] != Op.NEW:
        return ""
    for given in (o for _, v in model.evaluator.arguments(value) for o in options(v)):
        spelt = next((n.lower() for n in names(given)), "")
        if _is_configured(model, given) or any(spelt.startswith(e + ".") for e in _ENVIRONMENTS):
            named = next((n for n in (spelt.rpartition(".")[2], _setting(model, given)) if n and model.words.secret(n)), "")
            if named:
                return named
    return ""


def _setting(model: Model, value: Value) -> str:
    """The name of the setting that a call reads, the last of those that lead to it: ``getenv('SECRET_KEY')``,
    ``getValue("payment/$code/secret_key")``."""
    if not isinstance(value, Result) or value.instr < 0 or not model.recogniser.result_is("config", value):
        return ""
    given = [v for _, v in model.evaluator.arguments(value)[:1]]
    last = [constant(v.parts()[-1] if isinstance(v, Text) and v.parts() else v) or "" for v in given]
    return "".join(last).strip("'\"").rpartition("/")[2]


def _asked_by_name(model: Model, value: Value) -> str:
    """The credential that an object of any kind is asked for among its settings: ``$method->getConfig('secret_key')``."""
    if not isinstance(value, Result) or value.instr < 0 or not isinstance(value.callee, Member):
        return ""
    given = model.evaluator.arguments(value) if _SETTING.fullmatch(snake(value.callee.name)) else []
    name = (constant(given[0][1]) or "").strip("'\"") if given else ""
    return name if model.words.secret(name) and not any(word in name.lower() for word in _OWN) else ""


def shows_token(model: Model, site: LogSite, piece: Piece) -> bool:
    """Whether the answer of a server that was asked for a token is shown whole, and not because none was in it."""
    answers = [a for option in options(model.shown.value(piece)) if (a := _token_answer(model, option)) is not None]
    if not answers:
        return False
    asked_at = min((a.instr for a in answers if a.fn == site.fn), default=-1)
    asked = (f.instr for f in model.effects.facts(site.fn).at(site.instr) if isinstance(f, Condition) and f.instr > asked_at)
    return not any(_OUTCOME.search(name) for i in asked for name in named_in(model, site.fn, i))


def _token_answer(model: Model, value: Value) -> Result | None:
    """The request for a token whose whole answer a value is."""
    for _ in range(_NEAR_CALLS):
        if isinstance(value, Result) and value.instr >= 0:
            request = model.http.request(value.fn, value.instr, value.ctx)
            if request is not None:
                host = request.url.partition("://")[2].partition("/")[0]
                tokens = _TOKENS.search(request.url) is not None and not (host and "{" not in host and is_local(host))
                return value if tokens else None
            value = value.callee
        elif isinstance(value, Member) and value.name.lower() in _BODY:
            value = value.base
        else:
            return None
    return None


def _is_configured(model: Model, value: Value) -> bool:
    """Whether a value is read from configuration, as the whole of what is read or as a member of it."""
    if model.recogniser.result_is("config", value):
        return True
    if isinstance(value, External) and "." in value.name:
        return _is_configured(model, External(value.at, value.name.rpartition(".")[0]))
    return False


def _is_ours(model: Model, piece: Piece, value: Value) -> bool:
    """Whether something that is called like a credential is one to another system, and not what a user of ours logs in with."""
    spelt = written(model.program, piece.fn, piece.instr).lower()
    if any(word in spelt for word in _OWN) or _OPENED.fullmatch(".".join(spelt.split(".")[-2:])):
        return False
    if "password" in spelt and not _sent_as_key(model, piece):
        return False
    if isinstance(value, Mix) and value.op in CONVERSIONS:  # ``(string) ($options['auth_token'] ?? '')``
        value = value.operands[0]
    handed = (isinstance(o, (Member, Element, Param, Instance)) or _is_argument(o) or _is_column(model, piece, o) for o in options(value))
    if not any(handed):
        return False
    return piece.fn.file in model.operations.telling_files or _asks_outside(model, piece.fn)


def _is_column(model: Model, piece: Piece, value: Value) -> bool:
    """Whether a field of a record is read, by the call that declares it in its class: ``shop_api_key = fields.Char()``."""
    read = model.program.body(piece.fn).op[piece.instr] == Op.FIELD
    return read and isinstance(value, Result) and value.fn.number == TOP and isinstance(value.callee, (External, Member))


def _sent_as_key(model: Model, piece: Piece) -> bool:
    """Whether a password stands under a name of a key or token to a system: ``{"X-Access-Key": self.acme_password}``; nobody logs in
    with it."""
    return any(model.words.secret(name) and "pass" not in name.lower() for name in piece.names)


def _is_argument(value: Value) -> bool:
    """Whether a value is what a function of PHP was called with beyond its declared parameters: ``func_get_arg(1)``."""
    return isinstance(value, Result) and isinstance(value.callee, External) and value.callee.name == "func_get_arg"


def _asks_outside(model: Model, fn: Fn) -> bool:
    """Whether a function, or what it calls, sends a request to a system that no pack knows: what it has of secrets opens that one."""
    sending = {s.fn for s in model.sendings.strange}
    if not sending:
        return False
    near = model.reach.of([FunctionV((fn.file, 1), fn, None)]).functions
    return any(f in sending and depth <= _NEAR_CALLS for f, depth in near.items())


def exception(model: Model, piece: Piece) -> Revealed | None:
    body = model.program.body(piece.fn)
    if body.op[piece.instr] in (Op.CAUGHT, Op.PARAM):
        return model.revealing.caught(piece.fn, piece.instr)
    return None


def answered(model: Model, piece: Piece) -> Operation | None:
    """The operation whose whole answer is shown, where a secret stands in it that its receiver needs: ``print(intent)``."""
    payload = model.payloads.of(piece)
    asked = payload.operation if payload is not None and payload.kind == "answer" else None
    return asked if asked is not None and asked.secret and asked.secret not in piece.without else None


def named_in(model: Model, fn: Fn, i: int) -> Iterator[str]:
    """The names below an instruction."""
    body = model.program.body(fn)
    waiting = [i]
    while waiting:
        here = waiting.pop()
        if body.op[here] in (Op.NAME, Op.FIELD):
            yield body.name(here)
        elif const := body.const(here):
            yield const[1]
        waiting += [a for a in value_operands(body, here) if a < here]
