"""``payment/test-credentials-in-prod``: what production runs speaks to the providers' live world."""

from collections.abc import Iterator, Sequence

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.model import Model
from tillproof.commerce.test_marks import Mark, TestMarks
from tillproof.contract import Severity

_ID = "payment/test-credentials-in-prod"
# Marks of one provider that stand together are one choice.
_NEAR = 6
_MOST = 12
_ORDER = ("always", "settings", "stand-in", "default")


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per place at which a provider's test world is chosen; marks that stand together are one place."""
    for group in _groups(TestMarks(model).all()):
        worst = min(group, key=lambda mark: (_ORDER.index(mark.how) if mark.how in _ORDER else len(_ORDER), mark.line))
        if worst.how in _ORDER:
            yield _broken(worst, group)
        elif worst.how == "chosen":
            yield _held(worst)


def _groups(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Marks that are one flaw: one provider's that stand together or in one settings file, and in one folder where nothing governs them."""
    groups: list[list[Mark]] = []
    last: dict[tuple[str, ...], list[Mark]] = {}
    for mark in marks:
        ungoverned = mark.how == "always"
        key = (mark.file.path.rpartition("/")[0], mark.provider.id, mark.kind) if ungoverned else (mark.file.path, mark.provider.id)
        group = last.get(key)
        if group is not None and (ungoverned or mark.line - group[-1].line <= _NEAR or mark.how == "settings"):
            group.append(mark)
        else:
            last[key] = [mark]
            groups.append(last[key])
    return groups


def _held(mark: Mark) -> Ruling:
    guard = mark.guard or (mark.file.path, mark.line)
    evidence = [
        Evidence(guard[0], guard[1], "the environment decides here", "guard"),
        Evidence(mark.file.path, mark.line, f"{mark.what} is taken in its test world only", "step"),
    ]
    return Ruling(_ID, "held", "mode", mark.file.path, mark.line, evidence)


def _broken(mark: Mark, group: Sequence[Mark]) -> Ruling:
    ruling = Ruling(_ID, "broken", "mode", mark.file.path, mark.line)
    ruling.severity = _severity(mark)
    ruling.confidence = "certain" if mark.how == "always" and mark.kind != "mode" else "likely"
    name = mark.provider.name
    ruling.title = f"{name} is left in its test world: {mark.what}"
    ruling.message = f"{_when(mark)} {_harm(mark)}"
    ruling.remediation = _remedy(mark)
    ruling.evidence = [Evidence(m.file.path, m.line, m.what, "sink") for m in group if m.how in _ORDER][:_MOST]
    return ruling


def _severity(mark: Mark) -> Severity:
    if mark.how == "always" or mark.environment == "production":
        return "high"
    return "low" if mark.how == "default" and mark.what.startswith("`test") else "medium"


def _when(mark: Mark) -> str:
    what = f"{mark.what[0].upper()}{mark.what[1:]}"
    if mark.kind == "token" and mark.how == "always":
        return f"{what} is what every payment is made with here, whatever the customer chose: the live world knows no such thing."
    if mark.how == "always":
        return f"{what} is used here whatever is configured, so production talks to {mark.provider.name}'s test world too."
    if mark.how == "settings":
        held = (
            "These are the settings of production"
            if mark.environment == "production"
            else "These settings hold wherever they are not overridden"
        )
        return f"{what} stands in {mark.file.path}. {held}."
    if mark.how == "default":
        return f"{what} is the default, which serves until somebody changes it, in production too."
    return f"{what} is taken when nothing else is configured: a production that forgets the setting runs in the test world unnoticed."


def _harm(mark: Mark) -> str:
    if mark.kind == "token":
        return "With live keys every payment is refused; with test keys orders are marked as paid, and no money arrives."
    if mark.provider.kind == "payment":
        return "Orders are marked as paid with test cards that anybody can look up, and no money arrives."
    if mark.provider.kind == "tax":
        return "Taxes are reckoned and recorded in a sandbox: nothing is reported, and the shop owes what was never filed."
    if mark.provider.kind == "shipping":
        return "Labels and rates come from the carrier's test system: the label is void, and the parcel does not move."
    return "What is sent there reaches nobody."


def _remedy(mark: Mark) -> str:
    if mark.kind == "token":
        return f"Hand over what {mark.provider.name}'s form in the page gave out for this customer, and keep the test one in the tests."
    if mark.how == "stand-in":
        return "Take no default: fail at start when the setting is missing, and let only development set the test world."
    if mark.how == "default":
        return "Let the default be the live world, switched off until its keys are entered, or refuse to go live while the switch is on."
    if mark.how == "settings":
        return (
            "Keep the test values in the settings of development and staging alone, and have production name its own, from a secret store."
        )
    return (
        "Read it from the settings, e.g. one variable for the key and one for the mode, and fail at start in production when they name the "
        "test world."
    )


CHECK = Check(id=_ID, title="Production speaks to the providers' live world", severity="high", rule=rule)
