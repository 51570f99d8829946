"""What takes secrets and card data out of everything that a logger writes: options of the logger, filters and processors of ours."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce.logs import LogSite
from tillproof.flow.shape import find_key
from tillproof.flow.values import ModuleV, constant, leaves
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_INSTALLS = (
    b"addFilter(",
    b"pushProcessor(",
    b"before_send",
    b"beforeSend",
    b"add_processor(",
    b"processors=",
    b"patcher(",
    b"configure(patcher",
    b"format.combine(",
    b"setLogProcessor",
    b".filters.push(",
    b".rewriters.push(",
)
_INSTALL = re.compile(
    rb"\baddFilter\(|\bpushProcessor\(|\bbefore_?[sS]end\b|\bprocessors\s*=|\bpatcher\s*=|\bformat\.combine\("
    rb"|\.(?:filters|rewriters)\.push\("
    rb"|[\"']filters[\"']\s*:\s*\[\s*[\"']\w"
)
_PRINTS = re.compile(rb"\.printf\(|\bprintf\(\s*\(?\s*\{")
_ALL = re.compile(rb"\b(?:format\.)?(?:json|prettyPrint|simple)\(\s*\)|\.\.\.(?:meta|rest|args|info|\w*[mM]eta\w*)\b|JSON\.stringify\(")
_TAKES_OUT = re.compile(rb"redact|mask|scrub|sanitiz|\[FILTERED\]|\*{3,}|REDACTED|\\d\{1[0-9]", re.IGNORECASE)
_NAMED = re.compile(rb"[\[({]\s*((?:[\"'][\w.-]+[\"']\s*,\s*)+[\"'][\w.-]+[\"'])\s*,?\s*[\])}]")
_REACH = 1500  # bytes of a processor's own code
_BASES = frozenset(("Filter", "logging.Filter", "ProcessorInterface", "Formatter", "logging.Formatter"))


class Redaction(NamedTuple):
    """Where the logs are cleaned."""

    file: str
    line: int
    note: str


def redaction(model: "Model", site: LogSite, about: Callable[[str], object]) -> Redaction | None:
    """What cleans the output of a logging call of what is ``about``, by the names that it has; None when nothing is seen to."""
    return _of_logger(model, site) or _of_unit(model, site, about)


def writes_named_parts(model: "Model", site: LogSite) -> Redaction | None:
    """Where winston is told to write a record's named parts alone, the message and the stack of an exception and nothing else of it."""
    if site.through.startswith("console.") or model.program.language(site.fn.file) != "javascript":
        return None
    unit = model.program.unit(site.fn.file)
    for file, source in model.program.sources.items():
        if b"winston" in source and model.program.unit(file) == unit and (printed := _PRINTS.search(source)) and not _ALL.search(source):
            line = source.count(b"\n", 0, printed.start()) + 1
            return Redaction(file, line, "the logger writes the message of an exception and its stack, and not the request in it")
    return None


def _of_logger(model: "Model", site: LogSite) -> Redaction | None:
    """``pino({redact: […]})``: an option of the logger that is called."""
    body = model.program.body(site.fn)
    callee = body.args(site.instr)[0]
    if body.op[callee] != Op.FIELD:
        return None
    logger = model.evaluator.value(site.fn, body.args(callee)[0])
    if isinstance(logger, ModuleV):
        logger = model.evaluator.scope.exported(logger.file, "default", logger.at)
    for given in model.http.clients.given(logger):
        found, _ = find_key(model.evaluator, given, {"redact"})
        if found is not None:
            paths = [t for leaf in leaves(found.value, 60) if (t := constant(leaf))]
            if any(model.words.card(p) or model.words.secret(p) or p.endswith("*") for p in paths):
                return Redaction(*found.value.at, "the logger takes out " + ", ".join(f"`{p}`" for p in paths[:4]))
    return None


def _of_unit(model: "Model", site: LogSite, about: Callable[[str], object]) -> Redaction | None:
    """A filter or processor of ours that every record of the unit passes, unless it names what it takes out, and that is something else."""
    unit, language = model.program.unit(site.fn.file), model.program.language(site.fn.file)
    if language == "javascript" and site.through.startswith("console."):
        return None
    if language == "python" and site.through == "print":
        return None
    for file, source in model.program.sources.items():
        if model.program.unit(file) != unit or model.program.language(file) != language or not any(w in source for w in _INSTALLS):
            continue
        match = _INSTALL.search(source)
        if match and (_TAKES_OUT.search(source) or _filters_elsewhere(model, unit)) and not _takes_others(source, match.start(), about):
            return Redaction(
                file, source.count(b"\n", 0, match.start()) + 1, "every record passes a filter of ours that takes such data out"
            )
    return None


def _takes_others(source: bytes, start: int, about: Callable[[str], object]) -> bool:
    """Whether a processor goes by a list of names, none of which is of what is asked about: ``foreach (['email', 'phone'] as $key)``."""
    named = _NAMED.search(source, start, start + _REACH)
    return named is not None and not any(about(name.decode("utf-8", "replace")) for name in re.findall(rb"[\w.-]+", named[1]))


def _filters_elsewhere(model: "Model", unit: str) -> bool:
    """Whether the unit has a filter or processor class that takes data out of log records."""
    declared = ((file, c) for file, index in model.program.indices.items() if model.program.unit(file) == unit for c in index.classes)
    return any(not _BASES.isdisjoint(c.bases) and _TAKES_OUT.search(model.program.sources[file][c.start : c.end]) for file, c in declared)
