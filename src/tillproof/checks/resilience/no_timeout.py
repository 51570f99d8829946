"""``resilience/no-timeout``: a request to a system outside ends within a bound."""

from collections.abc import Iterable, Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.resilience.systems import matters, system
from tillproof.checks.ruling import Evidence, Ruling, at
from tillproof.checks.ways import extent
from tillproof.commerce.model import Model
from tillproof.commerce.sendings import Sending, run_by_hand
from tillproof.commerce.timeouts import MADE_ELSEWHERE, Bound
from tillproof.contract import Severity
from tillproof.flow.program import Fn
from tillproof.source.kinds import is_seed

_MOST = 11
_FEW = 3


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per file that makes clients of a system; per file, library and system where requests are sent without one; per unit where
    the library's own bound is the same long one for all."""
    groups: dict[tuple[object, ...], list[tuple[Sending, Bound]]] = {}
    for one in (s for s in model.sendings.all if not is_seed(s.fn.file)):
        bound = model.timeouts.of(one)
        groups.setdefault(_key(model, one, bound), []).append((one, bound))
    for group in _joined(model, groups.values()):
        yield _rule(model, group)


def _joined(model: Model, groups: Iterable[list[tuple[Sending, Bound]]]) -> list[list[tuple[Sending, Bound]]]:
    """The groups, those whose client is handed over from out of sight with the one client of that SDK that their unit makes."""
    made: dict[tuple[str, str], list[list[tuple[Sending, Bound]]]] = {}
    rest: list[list[tuple[Sending, Bound]]] = []
    for group in groups:
        one = group[0][0]
        if one.sdk is not None and one.made is not None:
            made.setdefault((model.program.unit(one.fn.file), one.sdk.package), []).append(group)
    for group in groups:
        one = group[0][0]
        clients = made.get((model.program.unit(one.fn.file), one.sdk.package), []) if one.sdk is not None else []
        if one.made is None and len(clients) == 1:
            bound = clients[0][0][1]
            clients[0].extend((sending, bound if bound.kind == "given" else own) for sending, own in group)
        else:
            rest.append(group)
    return rest


def _key(model: Model, one: Sending, bound: Bound) -> tuple[object, ...]:
    provider = one.provider.id if one.provider else ""
    if bound.kind == "late" and one.client is not None:
        return model.program.unit(one.fn.file), provider, one.client.id, "late", run_by_hand(one.fn.file)
    if _kept_by_client(one) and one.made is not None:
        return one.made[0].file, provider, "made"
    if one.sdk is not None:
        return model.program.unit(one.fn.file), provider, one.sdk.package
    return one.fn.file, provider, one.client.id if one.client else ""


def _rule(model: Model, group: list[tuple[Sending, Bound]]) -> Ruling:
    program = model.program
    open_ = [(s, b) for s, b in group if b.kind in ("none", "off", "connect") or (b.kind == "late" and not run_by_hand(s.fn.file))]
    hidden = [(s, b) for s, b in group if b.kind == "hidden"]
    sending, bound = (open_ or hidden or group)[0]
    fn, instr = _anchor(sending, bound)
    body = program.body(fn)
    ruling = Ruling("resilience/no-timeout", "held", "outbound-call", fn.file, body.line[instr])
    if not open_ and not hidden:
        ruling.evidence = [_held(model, sending, bound)]
        return ruling
    if not open_:
        ruling.outcome = "unknown"
        where = bound.at or (fn.file, body.line[instr])
        asked = f"Is a timeout among the options that reach this {_library(sending)} request, for every caller?"
        if bound.what == MADE_ELSEWHERE:
            asked = f"Does whoever makes the {_library(sending)} object that is handed over here give it a timeout?"
        ruling.question = Evidence(where[0], where[1], asked)
        return ruling
    _break(model, ruling, open_, (fn, instr))
    return ruling


def _kept_by_client(one: Sending) -> bool:
    """Whether the bound belongs to an object that is made before requests are sent."""
    return one.made is not None and (one.sdk is not None or bool(one.client and one.client.keeps_timeout and one.client.makes))


def _anchor(sending: Sending, bound: Bound) -> tuple[Fn, int]:
    """Where the bound belongs: the making of the client that the requests share, else the request."""
    if sending.made is not None and bound.kind != "off" and _kept_by_client(sending):
        return sending.made
    return sending.fn, sending.instr


def _held(model: Model, sending: Sending, bound: Bound) -> Evidence:
    if bound.kind == "given" and bound.at is not None:
        return Evidence(bound.at[0], bound.at[1], "the request is given a bound here", "guard")
    default = model.timeouts.default(sending)
    source = f" ({default.source})" if default is not None and default.source else ""
    note = f"{_library(sending)} gives up by itself after {bound.seconds:g} s{source}"
    return at(model.program, sending.fn, sending.instr, note, "guard")


def _library(sending: Sending) -> str:
    if sending.client is not None:
        return sending.client.id
    return f"{sending.provider.name} SDK" if sending.provider else "SDK"


def _break(model: Model, ruling: Ruling, found: list[tuple[Sending, Bound]], anchor: tuple[Fn, int]) -> None:
    program = model.program
    sending, bound = found[0]
    fn, instr = anchor
    whom = system(sending)
    ruling.outcome, ruling.severity = "broken", _severity(model, found)
    ruling.confidence = "certain" if sending.certain and bound.kind not in ("connect", "late") and sending.client is not None else "likely"
    ruling.anchor = extent(program, fn, instr)
    if bound.kind == "off" and bound.at is not None:
        ruling.anchor = (*bound.at, bound.at[1])
    several = f"{len(found)} requests to {whom} are" if len(found) > 1 else f"A request to {whom} is"
    ruling.title = f"{several} sent without a timeout" + (f" but the library's {bound.seconds:g} s" if bound.kind == "late" else "")
    why = {
        "off": "The timeout is switched off here",
        "connect": f"Only the connection is bounded ({bound.what}), not the answer",
        "late": f"{_library(sending)} gives up by itself only after {bound.seconds:g} s, later than whoever waits for it (the buyer, the "
        f"gateway in front, a provider that sent a webhook), and nothing tells it to give up sooner",
    }.get(bound.kind, f"{_library(sending)} waits for ever unless it is told otherwise, and nothing tells it")
    ruling.message = (
        f"{why}. When {whom} accepts the connection and does not answer, the checkout or job that waits for it hangs with it, keeps its "
        f"worker and any transaction or lock that it holds, and a few such requests stop the shop."
    )
    ruling.remediation = _remedy(model, sending)
    for made in dict.fromkeys(one.made for one, _ in found if one.made is not None and _kept_by_client(one) and one.made != anchor):
        ruling.evidence.append(at(program, made[0], made[1], "another client is made without a bound", "missing"))
    for one, _ in found[: _MOST - len(ruling.evidence)]:
        ruling.evidence.append(at(program, one.fn, one.instr, f"sent by {_library(one)} without a bound", "missing"))
        ruling.evidence += [at(program, one.fn, i, "waits here", "sink") for i in model.sendings.called_on(one)[:_FEW]]


def _severity(model: Model, found: list[tuple[Sending, Bound]]) -> Severity:
    """Medium where a system that a sale depends on is among them; low for mail, analytics and what nobody can tell."""
    return "medium" if any(matters(model, sending) for sending, _ in found) else "low"


def _remedy(model: Model, sending: Sending) -> str:
    language = model.program.language(sending.fn.file)
    name = sending.client.id if sending.client else ""
    told = {
        "requests": "Pass `timeout=(3, 20)` (connect, read) to each request, or mount an adapter on the session that does.",
        "urllib": "Pass `timeout=20` to `urlopen`.",
        "http.client": "Make the connection with `timeout=20`.",
        "xmlrpc": "Hand over a `transport` whose connection has a timeout.",
        "axios": "Set `timeout: 10000` in `axios.create({ … })`, so that every request of the client has it.",
        "fetch": "Pass `signal: AbortSignal.timeout(10000)`.",
        "aiohttp": "Make the session with `timeout=aiohttp.ClientTimeout(total=20)`.",
        "node-fetch": "Pass `signal: AbortSignal.timeout(10000)`.",
        "got": "Pass `timeout: { request: 10000 }`.",
        "superagent": "Add `.timeout({ response: 5000, deadline: 15000 })`.",
        "node https": "Pass `signal: AbortSignal.timeout(10000)` to the request.",
        "cURL": "Set `CURLOPT_CONNECTTIMEOUT` to 5 and `CURLOPT_TIMEOUT` to 20.",
        "Guzzle": "Make the client with `['connect_timeout' => 3, 'timeout' => 20]`.",
    }.get(name)
    if told is None and sending.sdk is not None:
        key = sending.sdk.timeout_names[0] if sending.sdk.timeout_names else ""
        written = {"python": f"`{key}=20`", "php": f"`{key}`"}.get(language, f"`{key}`")
        told = f"Give the client a bound ({written}) where it is made." if key else "Hand the SDK an HTTP client that has a timeout."
    return (told or "Give the request a timeout.") + " Take a lost answer as an unknown outcome: ask the provider before trying again."


CHECK = Check(id="resilience/no-timeout", title="Requests to outside systems are bounded in time", severity="medium", rule=rule)
