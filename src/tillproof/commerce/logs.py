"""Where the code writes to a log, to a tracker of errors or visitors, or to an order's own notes: directly, or through a function of "
"ours."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal, TypeAlias

from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.commerce.told_outside import collects, reported
from tillproof.flow.facts import Condition
from tillproof.flow.program import TOP, Fn
from tillproof.flow.values import Ctx, External, FunctionV, Overlay, Param, Result, options, pattern, pieces
from tillproof.ir.ops import Op
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

LogKind: TypeAlias = Literal["log", "report", "journal"]

# A function of ours with such a word in its name may pass on to a log what it is given.
_LOG_WORDS = words_of(
    "log logs logger logging debug info warn warning error err notice critical fatal alert trace verbose report track "
    "audit dump print note notes history activity journal timeline"
)
# What a collector of errors captures; payments are captured, too.
_CAPTURED = words_of("exception exceptions message event breadcrumb issue")
_JOURNAL_WORDS = words_of("activity audit history note notes journal timeline")
_GIVING = words_of("get is has find fetch load set create make build render show display parse validate check format clear to from")
_NOTING = words_of("add log record write create save insert append track store")
_ITSELF = ("this", "self", "static")
_LOG_FILE = ("log", "debug", "dump", "trace")
_DEEPEST = 3
_FEW = 8
_PARTS = 4  # of a path that is put together by a call


@dataclass(frozen=True, slots=True)
class LogSite:
    """A call that writes to a log. ``arguments``: the instructions of what is written. ``through``: the callee as the source spells it.
    ``wrapper``: the function of ours that does the writing, if one does."""

    fn: Fn
    instr: int
    kind: LogKind
    arguments: tuple[int, ...]
    through: str
    wrapper: Fn | None = None


class Logs:
    """Finds logging calls; what was found is kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._sites: dict[Fn, list[LogSite]] = {}
        self._passed: dict[Fn, dict[int, LogKind]] = {}

    def sites(self, fn: Fn) -> list[LogSite]:
        """The logging calls of a function, in order."""
        if fn not in self._sites:
            self._sites[fn] = []
            body = self.model.program.body(fn)
            found = (self._site(fn, i) for i, op in enumerate(body.op) if op == Op.CALL)
            self._sites[fn] = [site for site in found if site is not None and not (fn.number == TOP and self._by_hand(site))]
        return self._sites[fn]

    def _by_hand(self, site: LogSite) -> bool:
        """Whether a module prints where it is run by itself, to whoever started it: ``if __name__ == "__main__": print(client.pay(7))``."""
        body = self.model.program.body(site.fn)
        conditions = (f for f in self.model.effects.facts(site.fn).at(site.instr) if isinstance(f, Condition) and f.truth)
        return site.through == "print" and any(
            body.op[f.instr] == Op.BINARY and any(body.op[a] == Op.NAME and body.name(a) == "__name__" for a in body.args(f.instr)[1:3])
            for f in conditions
        )

    def _site(self, fn: Fn, i: int) -> LogSite | None:
        model = self.model
        body = model.program.body(fn)
        callee, arguments = body.call(i)
        if body.op[callee] not in (Op.NAME, Op.FIELD) or not arguments:
            return None
        word = body.name(callee).rpartition(".")[2]
        spelt = written(model.program, fn, callee)
        given = tuple(a for _, a in arguments)
        holder = spelt.rpartition(".")[0].rpartition(".")[2]
        logs = _sounds(word) or self.model.words.has("logger_names", holder) or (holder in _ITSELF and self._is_logger(fn))
        if logs and (own := self._own(fn, callee)):
            passed = {n: kind for target in own for n, kind in self.passed(target.fn).items()}
            kinds = set(passed.values())
            shown = tuple(a for n in sorted(passed) for target in own[:1] if (a := self.fills(target, fn, i, n)) is not None)
            if shown:
                return LogSite(
                    fn, i, "report" if "report" in kinds else "journal" if kinds == {"journal"} else "log", shown, spelt, own[0].fn
                )
            return LogSite(fn, i, "journal", given, spelt) if _is_journal(word) else None
        kind = self._kind(fn, i, word, spelt)
        return LogSite(fn, i, kind, self._without_target(fn, i, given), spelt) if kind else None

    def _own(self, fn: Fn, callee: int) -> list[FunctionV]:
        return [o for o in options(self.model.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]

    def _kind(self, fn: Fn, i: int, word: str, spelt: str) -> LogKind | None:
        """What a call of something outside the repository writes to."""
        recogniser, words = self.model.recogniser, self.model.words
        for kind, table in (("report", "reporters"), ("journal", "journals"), ("log", "loggers")):
            if recogniser.is_(table, fn, i) is not None:  # type: ignore[arg-type]
                return kind  # type: ignore[return-value]
        if words.has("log_methods", word) and self._on_logger(fn, i, spelt.split(".")[:-1]):
            return "log"
        if (effect := recogniser.effect(fn, i)) is not None and effect[0].effect == "file.write" and self._is_log_file(fn, i):
            return "log"
        return "report" if collects(self.model, self.model.http.request(fn, i)) else None

    def _on_logger(self, fn: Fn, i: int, holders: list[str]) -> bool:
        """Whether what a method is called on is a logger by its name, or what a call on one gives: ``Log::channel('payments')``."""
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        made = body.op[callee] == Op.FIELD and body.op[body.args(callee)[0]] == Op.CALL
        return any(self.model.words.has("logger_names", name) and name != "Math" for name in (holders if made else holders[-1:]))

    def _is_log_file(self, fn: Fn, i: int) -> bool:
        """Whether the file that a call writes to is a log by its name, or the variable that holds it is: ``$log = fopen(…)``; or it is
        written where the shop's own logger stands, ``lib/logger.js``."""
        if self.model.words.has("logger_names", PurePosixPath(fn.file).stem):
            return True
        body, (target, _) = self.model.program.body(fn), self._written(fn, i)
        told = body.name(target) if body.op[target] in (Op.NAME, Op.FIELD) else ""
        texts = (pattern(v) for v in pieces([self.model.evaluator.value(fn, target)], _FEW))
        return any(word in text.lower() for text in (told, *texts, *self._opened(fn, target)) for word in _LOG_FILE)

    def _written(self, fn: Fn, i: int) -> tuple[int, tuple[int, ...]]:
        """The file that a call writes to, by its name or as it was opened, and what is written there."""
        body = self.model.program.body(fn)
        callee, arguments = body.call(i)
        given = tuple(a for _, a in arguments)
        if body.op[callee] == Op.FIELD and not isinstance(self.model.evaluator.value(fn, body.args(callee)[0]), External):
            return body.args(callee)[0], given[:1]  # a method of an open file
        effect = self.model.recogniser.effect(fn, i)
        place = effect[0].text if effect is not None else 1
        return given[1 - place] if len(given) > 1 else given[0], given[place : place + 1]

    def _opened(self, fn: Fn, target: int) -> Iterator[str]:
        """What is written of the file that a handle was opened for, or of a path that a call puts together."""
        for made in options(self.model.evaluator.value(fn, target)):
            if isinstance(made, Result) and made.instr >= 0:
                given = [v for _, v in self.model.evaluator.arguments(made)[:_PARTS]]
                yield from (pattern(v) for v in pieces(given, _FEW))

    def _without_target(self, fn: Fn, i: int, given: tuple[int, ...]) -> tuple[int, ...]:
        """The arguments that are written: not the file that they go to."""
        effect = self.model.recogniser.effect(fn, i)
        return self._written(fn, i)[1] if effect is not None and effect[0].effect == "file.write" else given

    def is_wrapper(self, fn: Fn) -> bool:
        """Whether a function is there to log what it is given: the data is known where it is called."""
        return (_sounds(self.model.program.name(fn)) or self._is_logger(fn)) and bool(self.passed(fn))

    def _is_logger(self, fn: Fn) -> bool:
        """Whether a function is a method of a class of ours that logs, by its name."""
        owner = self.model.program.owner(fn)
        return owner is not None and "logger" in self.model.program.cls(owner).name.lower()

    def passed(self, fn: Fn, depth: int = 0) -> dict[int, LogKind]:
        """The numbers of a function's parameters that it writes to a log, itself or by another of ours."""
        if fn in self._passed:
            return self._passed[fn]
        self._passed[fn] = {}
        if depth > _DEEPEST or not self.model.program.body(fn).params:
            return {}
        found: dict[int, LogKind] = {}
        for site in self.sites(fn):
            for argument in site.arguments:
                for piece in self.model.shown.of(fn, argument).pieces:
                    for number in self._numbers(piece.fn, piece.instr) if piece.fn == fn else ():
                        found.setdefault(number, site.kind)
        if not found:
            found = dict.fromkeys(reported(self.model, fn), "report")
        if not found and _is_journal(self.model.program.name(fn)):
            found = self._noted(fn)
        self._passed[fn] = found
        return found

    def _numbers(self, fn: Fn, i: int) -> list[int]:
        """The parameters that an instruction shows as they are, or as a function of ours gave them back: ``self::format($data)``."""
        number = self.parameter(fn, i)
        if number is not None or self.model.program.body(fn).op[i] != Op.CALL:
            return [] if number is None else [number]
        found = []
        for option in options(self.model.evaluator.value(fn, i)):
            whole = option
            while isinstance(whole, Overlay):
                whole = whole.base
            if isinstance(whole, Param) and whole.fn == fn:
                found.append(whole.number)
        return found

    def _noted(self, fn: Fn) -> dict[int, LogKind]:
        """The parameters of a function that keeps a history of its own, as its name says."""
        body = self.model.program.body(fn)
        method = self.model.program.owner(fn) is not None and body.params[0].name in ("self", "cls")
        return dict.fromkeys(range(1 if method else 0, len(body.params)), "journal")

    def parameter(self, fn: Fn, i: int) -> int | None:
        """The parameter that an instruction reads as it is."""
        body = self.model.program.body(fn)
        if body.op[i] == Op.PARAM:
            return body.args(i)[0]
        return None

    def given(self, ctx: Ctx, number: int) -> int | None:
        """The instruction of the caller that fills a parameter in a context; None when it gives none, or when that cannot be known."""
        if ctx.call < 0 or ctx.callback:
            return None
        return self._fills(ctx.fn, ctx.this is not None, ctx.caller, ctx.call, number)

    def fills(self, target: FunctionV, caller: Fn, call: int, number: int) -> int | None:
        """The instruction of a caller that fills a parameter of what it calls."""
        return self._fills(target.fn, target.this is not None, caller, call, number)

    def _fills(self, fn: Fn, bound: bool, caller: Fn, call: int, number: int) -> int | None:
        body, calling = self.model.program.body(fn), self.model.program.body(caller)
        if calling.op[call] not in (Op.CALL, Op.NEW) or number >= len(body.params):
            return None
        arguments = calling.call(call)[1]
        name = body.params[number].name
        named = next((a for key, a in arguments if key == name), None)
        if named is not None:
            return named
        implied = bound and self.model.program.language(fn.file) == "python" and body.params[0].name in ("self", "cls")
        positional = [a for key, a in arguments if key == ""]
        place = number - (1 if implied else 0)
        return positional[place] if 0 <= place < len(positional) else None


def _sounds(name: str) -> bool:
    """Whether a function's name may be that of one that logs: ``logError``, not ``getCurrencyInfo``."""
    words = snake(name).split("_")
    told = not _LOG_WORDS.isdisjoint(words) or ("capture" in words and not _CAPTURED.isdisjoint(words))
    return told and words[0] not in _GIVING


def _is_journal(name: str) -> bool:
    """Whether a function keeps a history of its own, by its name: ``addOrderActivity``."""
    words = set(snake(name).split("_"))
    return bool(words & _JOURNAL_WORDS and words & _NOTING)
