"""Which of a pack's defaults is in force: by the version that the unit declares, the newest where it declares none."""

from typing import TYPE_CHECKING

from tillproof.knowledge.schema import SdkDefault

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

LONGEST_DEFAULT = 120
"""Seconds. Beyond it a library's own bound protects nobody: browsers' patience, gateways (60 s of nginx and of load balancers), the
time limits of serverless functions and providers that wait for the answer to a webhook (10 to 30 s) have all ended before."""


def in_force(model: "Model", file: str, defaults: tuple[SdkDefault, ...]) -> list[SdkDefault]:
    """One default per package that the file's unit may be using. Without a package file all that the file imports, else all."""
    program = model.program
    known = [d for d in defaults if d.language == program.language(file)]
    versions = _declared(model, program.unit(file))
    imported = {_root(i.module, i.name) for i in program.indices[file].imports}
    mine = [d for d in known if imported & _roots(d) or any(mark.encode() in program.sources[file] for mark in d.marks)]
    declared = [d for d in known if d.package in versions]
    in_use = [d for d in declared if d in mine] or declared or mine or known
    newest: dict[str, SdkDefault] = {}
    for default in in_use:  # in order of version
        said = number(versions.get(default.package) or "")
        if not any(said) or said >= number(default.since):
            newest[default.package] = default
    return list(newest.values())


def _declared(model: "Model", unit: str) -> dict[str, str | None]:
    """The packages that a unit declares; one that only a Dockerfile makes a unit needs what the project around it declares."""
    around = unit
    while not model.versions.get(around) and around != ".":
        around = around.rpartition("/")[0] or "."
    return model.versions.get(around, {})


def _roots(default: SdkDefault) -> set[str]:
    return {m.lower() for m in (default.package, *default.modules)}


def _root(module: str, name: str) -> str:
    module = module.lower()
    if module.startswith("@"):
        return "/".join(module.split("/")[:2])
    return module.partition("/")[0].partition(".")[0] or name.lower()


def number(version: str) -> tuple[int, ...]:
    """The first version that a constraint names, in three parts; zeros when it names none (``*``, ``latest``)."""
    digits = "".join(c if c.isdigit() or c == "." else " " for c in version).split()
    parts = [int(p) for p in digits[0].split(".") if p] if digits else []
    return tuple((*parts, 0, 0, 0)[:3])
