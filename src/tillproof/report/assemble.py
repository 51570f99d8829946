"""From rulings to the report: obligations, findings, and everything that is derived from them.

The only place where text that quotes the code enters the report, and so where it is masked.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tillproof import __version__
from tillproof.checks.catalog import Check, all_checks
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.surface import Surface, surface
from tillproof.contract import (
    SCHEMA_VERSION,
    SEVERITIES,
    Because,
    Boundary,
    CheckRun,
    Finding,
    Handler,
    Obligation,
    ObligationSite,
    Report,
    Skipped,
    Step,
    Suppressed,
    Target,
    Tool,
)
from tillproof.flow.program import Program
from tillproof.report.belonging import Belonging
from tillproof.report.checklist import checklist
from tillproof.report.commit import commit_of
from tillproof.report.conditions import conditions, unheard_systems, unread_payments
from tillproof.report.excerpts import excerpts
from tillproof.report.identity import Place, identify
from tillproof.report.pci import pci_note
from tillproof.report.plan import staging_plan
from tillproof.report.plan.checkout import STOCK
from tillproof.report.resilience import resilience
from tillproof.report.suppression import suppressed
from tillproof.report.verdict import summarise
from tillproof.settings import Config, Settings
from tillproof.source.files import Tree
from tillproof.source.mask import mask

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SNIPPET_LINES = 6
_CONFIDENCE = ("certain", "likely", "possible")


def assemble(
    tree: Tree,
    model: "Model",
    handlers: Sequence[Handler],
    boundaries: Sequence[Boundary],
    rulings: Sequence[Ruling],
    settings: Settings,
    notes: Sequence[Skipped] = (),
    checks: Collection[Check] | None = None,
) -> Report:
    """The whole report, in an order that depends on nothing but the code.

    ``notes``: what was not read or not wholly understood, beside what the walk left out. ``checks``: those that ruled; by default all
    that the settings ask for.
    """
    program = model.program
    ran = [c for c in (all_checks() if checks is None else checks) if not settings.checks or c.id in settings.checks]
    ordered = sorted(rulings, key=_order)
    sorted_handlers = sorted((_masked_handler(h) for h in handlers), key=lambda h: (h.file, h.line, h.provider, h.kind))
    outside = _masked_surface(surface(model, [(r.file, r.line) for r in ordered], stock=any(r.check in STOCK for r in ordered)))
    obligations = _obligations(program, ordered, Belonging(boundaries, sorted_handlers, outside))
    made = _findings(program, ordered, obligations, {c.id: c.references for c in ran}, settings.config)
    findings, silenced = _without_suppressed(program, made, settings.config)
    ran_ids = {c.id for c in ran}
    unread = unread_payments(program, boundaries)
    unheard = unheard_systems(model.knowledge.providers, boundaries, sorted_handlers)
    return Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="tillproof", version=__version__),
        target=_target(tree, program, [*notes, *unread]),
        summary=summarise(findings, obligations, [*conditions(program, unread), *unheard]),
        boundaries=list(boundaries),
        handlers=sorted_handlers,
        obligations=obligations,
        findings=findings,
        checklist=checklist(obligations, ran_ids),
        pci=pci_note(model, boundaries, obligations),
        resilience=resilience(obligations, sorted_handlers, boundaries, ran_ids),
        test_plan=staging_plan(
            sorted_handlers, obligations, outside, boundaries, model.words, {f.obligation: SEVERITIES.index(f.severity) for f in made}
        ),
        suppressed=silenced,
        checks=_checks(ran, obligations),
        excerpts=excerpts(program, findings, obligations),
    )


def _order(ruling: Ruling) -> tuple[str, int, str, str, tuple[str, int, int], str]:
    return ruling.file, ruling.line, ruling.check, ruling.kind, ruling.anchor or ("", 0, 0), ruling.title


def _checks(ran: Collection[Check], obligations: Sequence[Obligation]) -> list[CheckRun]:
    counts = Counter((o.check, o.ruling) for o in obligations)
    return [
        CheckRun(id=c.id, title=c.title, held=counts[c.id, "held"], broken=counts[c.id, "broken"], unknown=counts[c.id, "unknown"])
        for c in sorted(ran, key=lambda c: c.id)
    ]


def _obligations(program: Program, rulings: Sequence[Ruling], belonging: Belonging) -> list[Obligation]:
    ids = identify(program, "obligation", [Place(r.check, r.file, r.line) for r in rulings])
    return [
        Obligation(
            id=id_,
            check=ruling.check,
            site=ObligationSite(kind=ruling.kind, file=ruling.file, line=ruling.line, unit=_unit(program, ruling.file)),
            ruling=ruling.outcome,
            because=_because(ruling),
            evidence=_steps(ruling.evidence),
            systems=belonging.of([(ruling.file, ruling.line), *((e.file, e.line) for e in ruling.evidence)]),
        )
        for id_, ruling in zip(ids, rulings, strict=True)
    ]


def _because(ruling: Ruling) -> Because | None:
    if ruling.outcome != "unknown" or ruling.question is None:
        return None
    return Because(file=ruling.question.file, line=ruling.question.line, what=mask(ruling.question.note))


def _steps(evidence: Sequence[Evidence]) -> list[Step]:
    steps = [Step(file=e.file, line=e.line, note=mask(e.note), kind=e.kind) for e in evidence]
    return [step for n, step in enumerate(steps) if step not in steps[:n]]


def _findings(
    program: Program, rulings: Sequence[Ruling], obligations: Sequence[Obligation], references: dict[str, tuple[str, ...]], config: Config
) -> list[Finding]:
    """One finding per check and place: where several rulings meet, the gravest speaks."""
    best: dict[tuple[str, str, int, int], tuple[Ruling, Obligation]] = {}
    for ruling, obligation in zip(rulings, obligations, strict=True):
        if ruling.outcome != "broken":
            continue
        key = (ruling.check, *_anchor(ruling))
        if key not in best or _gravity(ruling) < _gravity(best[key][0]):
            best[key] = (ruling, obligation)
    kept = sorted(best.items(), key=lambda item: (item[0][1], item[0][2], item[0][3], item[0][0]))
    ids = identify(program, "finding", [Place(check, file, start) for (check, file, start, _), _ in kept])
    return [
        _finding(program, id_, ruling, obligation, references.get(ruling.check, ()), config)
        for id_, (_, (ruling, obligation)) in zip(ids, kept, strict=True)
    ]


def _gravity(ruling: Ruling) -> tuple[int, int]:
    return SEVERITIES.index(ruling.severity), _CONFIDENCE.index(ruling.confidence)


def _anchor(ruling: Ruling) -> tuple[str, int, int]:
    file, start, end = ruling.anchor or (ruling.file, ruling.line, ruling.line)
    return file, start, max(start, end)


def _finding(program: Program, id_: str, ruling: Ruling, obligation: Obligation, references: tuple[str, ...], config: Config) -> Finding:
    file, start, end = _anchor(ruling)
    return Finding(
        id=id_,
        obligation=obligation.id,
        check=ruling.check,
        category=ruling.check.partition("/")[0],
        severity=config.severity.get(ruling.check, ruling.severity),
        confidence=ruling.confidence,
        file=file,
        start_line=start,
        end_line=end,
        title=mask(ruling.title),
        message=mask(ruling.message),
        remediation=mask(ruling.remediation),
        trace=obligation.evidence,
        references=list(ruling.references or references),
        snippet=_snippet(program, file, start, end),
        unit=_unit(program, file),
        systems=obligation.systems,
    )


def _snippet(program: Program, file: str, start: int, end: int) -> str:
    """At most six lines, the anchor's first line first; masked as one text, since a secret may run over several lines."""
    source = program.sources.get(file)
    if source is None or start < 1:
        return ""
    lines = source.decode("utf-8", "replace").split("\n")[start - 1 : min(end, start + _SNIPPET_LINES - 1)]
    return mask("\n".join(line.rstrip() for line in lines))


def _without_suppressed(program: Program, findings: Sequence[Finding], config: Config) -> tuple[list[Finding], list[Suppressed]]:
    kept: list[Finding] = []
    silenced: list[Suppressed] = []
    for finding in findings:
        why = suppressed(program, finding, config)
        if why is None:
            kept.append(finding)
        else:
            silenced.append(msgspec.structs.replace(why, reason=mask(why.reason)))
    return kept, silenced


def _masked_handler(handler: Handler) -> Handler:
    return msgspec.structs.replace(handler, acts=mask(handler.acts), route=None if handler.route is None else mask(handler.route))


def _masked_surface(found: Surface) -> Surface:
    """Routes are the only text of the code in it that is not the name of a field."""
    ways = {place: tuple(replace(way, route=mask(way.route)) for way in led) for place, led in found.ways.items()}
    calls = tuple(replace(call, ways=tuple(replace(way, route=mask(way.route)) for way in call.ways)) for call in found.calls)
    return replace(found, ways=ways, calls=calls)


def _unit(program: Program, file: str) -> str:
    return program.unit(file) if file in program.files else "."


def _target(tree: Tree, program: Program, notes: Sequence[Skipped]) -> Target:
    languages = Counter(program.files[path].language or "other" for path in program.sources)
    skipped = {(s.file, s.reason): s for s in (*tree.skipped, *notes)}
    return Target(
        path=tree.root.name or ".",
        commit=commit_of(Path(tree.root)),
        languages=dict(sorted(languages.items())),
        files=len(program.sources),
        lines=sum(source.count(b"\n") + (not source.endswith(b"\n") and bool(source)) for source in program.sources.values()),
        units=list(tree.units),
        skipped=[skipped[key] for key in sorted(skipped)],
    )
