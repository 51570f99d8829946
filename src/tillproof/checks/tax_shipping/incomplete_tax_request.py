"""``tax-shipping/incomplete-tax-request``: a tax provider is told where the goods come from, where they go, and what they are."""

from collections.abc import Iterator

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling, at, each_once
from tillproof.checks.tax_shipping.tax_requests import Part, contexts_of, parts_of, written_down
from tillproof.commerce.model import Model
from tillproof.commerce.operations import OperationSite
from tillproof.flow.program import Fn
from tillproof.flow.values import Ctx


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per request for tax, or per caller where a caller gives what it holds."""
    yield from each_once(ruling for site in model.operations.sites if site.operation.needs for ruling in _of_callers(model, site))


def _of_callers(model: Model, site: OperationSite) -> list[Ruling]:
    own = _rule(model, site, site.ctx)
    callers = contexts_of(model, site) if own.outcome == "unknown" else []
    return [_rule(model, site, ctx) for ctx in callers] or [own]


def _rule(model: Model, site: OperationSite, ctx: Ctx | None) -> Ruling:
    program = model.program
    fn, instr = _place(site, ctx)
    call = at(program, site.fn, site.instr, f"{site.provider.name} {site.operation.resource or site.operation.op}", "sink")
    ruling = Ruling("tax-shipping/incomplete-tax-request", "held", "tax-request", fn.file, program.body(fn).line[instr], [call])
    parts = parts_of(model, site, ctx)
    missing = [p for p in parts if p.at is None and not p.hidden]
    fixed = [p for p in parts if "ship-to" in p.need.what and p.values and all(written_down(model, v) for v in p.values)]
    hidden = [p for p in parts if p.hidden]
    if [p for p in missing if not p.need.stands_in] or fixed:
        return _break(ruling, site, missing, fixed)
    if hidden:
        ruling.outcome = "unknown"
        names = " and ".join(p.need.what for p in hidden)
        ruling.question = Evidence(ruling.file, ruling.line, f"Does what is handed over here hold the {names} for every order?")
        return ruling
    if missing:
        return _break(ruling, site, missing, fixed)
    ruling.evidence = [*(Evidence(*p.at, f"{p.need.what} is given", "guard") for p in parts if p.at), *ruling.evidence]
    return ruling


def _break(ruling: Ruling, site: OperationSite, missing: list[Part], fixed: list[Part]) -> Ruling:
    provider = site.provider.name
    bare = [p for p in missing if not p.need.stands_in]
    ruling.outcome, ruling.confidence = "broken", "certain"
    ruling.severity = "medium" if bare or fixed else "low"
    ruling.anchor = (ruling.file, ruling.line, ruling.line)
    names = ", ".join(p.need.what for p in missing)
    said = []
    if missing:
        said.append(f"The request for tax names no {names}.")
    if bare:
        said.append(f"{provider} then refuses it, or computes the tax of another place or of other goods.")
    said += [f"{provider} then takes {p.need.stands_in} for the {p.need.what}." for p in missing if p.need.stands_in]
    if fixed:
        said.append("The ship-to address is written down in the code, so every order is taxed as if it went to that one place.")
    ruling.title = (
        f"{provider}: every order is taxed for one address" if fixed and not bare else f"{provider}: the request for tax lacks {names}"
    )
    ruling.message = " ".join(said)
    needed = [*(p.need.what for p in bare), *(["the customer's own ship-to address"] if fixed else [])] or [p.need.what for p in missing]
    ruling.remediation = f"Send {' and '.join(needed)} with the request, from the order and the warehouse that it ships from."
    ruling.evidence += [Evidence(*p.values[0].at, f"{p.need.what} is a constant", "missing") for p in fixed]
    ruling.evidence += [Evidence(ruling.file, ruling.line, f"no {p.need.what} is given", "missing") for p in missing]
    return ruling


def _place(site: OperationSite, ctx: Ctx | None) -> tuple[Fn, int]:
    top = list(ctx.chain())[-1] if ctx is not None else None
    return (top.caller, top.call) if top is not None and top.call >= 0 else (site.fn, site.instr)


CHECK = Check(
    id="tax-shipping/incomplete-tax-request", title="A tax provider is told from where, to where and what", severity="medium", rule=rule
)
