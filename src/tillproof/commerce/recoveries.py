"""What makes up for a request that failed for a moment: the SDK, the client, a retry of ours, a job, or the provider's own delivery."""

import re
from typing import TYPE_CHECKING, NamedTuple

from tillproof.commerce import effects
from tillproof.commerce.sendings import Sending
from tillproof.flow.values import Const, Place
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SET = r"\W{1,6}(\d+|true|false|null|none)?"
_TELLING = 10
_LATER = ("order.write", "catalog.write", "tax.calculate", "shipment.create", "order.read", "catalog.read")


class Recovery(NamedTuple):
    """Where it stands, and what it is in words. ``thought_of``: by somebody who chose which calls to repeat; a provider delivers anew
    whatever failed."""

    at: Place
    what: str
    thought_of: bool = True


class Recoveries:
    """Finds them, by request."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._words: dict[tuple[str, str], Recovery | None] = {}

    def of(self, one: Sending) -> Recovery | None:
        """The first that makes up for a request; None when nothing does."""
        return self._library(one) or self._told(one) or self._by_retry(one) or self._by_queue(one) or self._by_entries(one)

    def _at(self, one: Sending) -> Place:
        return one.fn.file, self.model.program.body(one.fn).line[one.instr]

    def _library(self, one: Sending) -> Recovery | None:
        """Retries that the library makes by itself, unless it is told not to."""
        default = self.model.timeouts.default(one)
        if default is None or not default.retries or self._switched_off(one):
            return None
        who = f"the {one.provider.name} SDK" if one.sdk is not None and one.provider else default.package or "the client"
        return Recovery(
            self._at(one), f"{who} repeats what failed for a moment by itself, up to {default.retries} times ({default.source})"
        )

    def _names(self, one: Sending) -> tuple[str, ...]:
        if one.sdk is not None:
            return one.sdk.retry_names
        return one.client.retries if one.client is not None else ()

    def _switched_off(self, one: Sending) -> bool:
        found = self.model.timeouts.told(one, self._names(one)) if self._names(one) else None
        if found is not None:
            return isinstance(found[0], Const) and found[0].falsy
        unit = self.model.program.unit(one.fn.file)
        made = [on for name in (self._names(one) if one.sdk is not None else ()) for _, _, on in self._settings(unit, name)]
        return bool(made) and not any(made)

    def _told(self, one: Sending) -> Recovery | None:
        """Retries that the client or the whole package is told to make."""
        wanted = self._names(one)
        if not wanted:
            return None
        found = self.model.timeouts.told(one, wanted)
        if found is not None and not (isinstance(found[0], Const) and found[0].falsy):
            return Recovery(found[1], "the client is told to repeat what failed")
        unit = self.model.program.unit(one.fn.file)
        for name in wanted if one.sdk is not None else ():
            key = (unit, name)
            if key not in self._words:
                self._words[key] = self._set_somewhere(unit, name)
            if self._words[key] is not None:
                return self._words[key]
        return None

    def _set_somewhere(self, unit: str, name: str) -> Recovery | None:
        """A setting of the package, wherever in the unit it is made."""
        found = next(((file, line) for file, line, on in self._settings(unit, name) if on), None)
        return Recovery(found, "the SDK is told to repeat what failed") if found is not None else None

    def _settings(self, unit: str, name: str) -> list[tuple[str, int, bool]]:
        """File and line of every setting of that name in a unit, and whether it asks for retries."""
        program = self.model.program
        pattern = re.compile(re.escape(name.encode()) + _SET.encode(), re.IGNORECASE)
        return [
            (file, program.sources[file].count(b"\n", 0, m.start()) + 1, (m[1] or b"1").lower() not in (b"0", b"false", b"null", b"none"))
            for file in program.mentioning(name.rpartition(".")[2])
            if program.unit(file) == unit
            for m in pattern.finditer(program.sources[file])
        ]

    def _by_retry(self, one: Sending) -> Recovery | None:
        """A retry of ours around the request, or the adapter of its client."""
        retries = self.model.retries
        for retry in retries.all:
            body = self.model.program.body(retry.fn)
            line = body.line[retry.instr] if retry.instr >= 0 else 1
            if any(s is one for s in retry.sendings):
                return Recovery((retry.fn.file, line), "it is tried again here")
            if retry.told is not None and retry.told.policy.repeats == "client" and not retry.told.policy.record:
                files = {one.fn.file, *([one.made[0].file] if one.made else ())}
                if retry.fn.file in files:
                    return Recovery((retry.fn.file, line), "its client is told to repeat what failed")
        return None

    def _by_queue(self, one: Sending) -> Recovery | None:
        """Work that is queued where the request has failed, to make it later."""
        for fn in dict.fromkeys((one.fn, *(c.caller for c in one.contexts[:6]))):
            body, flow = self.model.program.body(fn), self.model.retries.repeats.flow(fn)
            for i, op in enumerate(body.op):
                if op != Op.CALL or (effect := self.model.recogniser.effect(fn, i)) is None or effect[0].effect != "job":
                    continue
                if flow.caught_above(i) or any(self.model.retries.asks(fn, body.args(c)[0]) for c, _ in flow.conditions(flow.block_of(i))):
                    return Recovery((fn.file, body.line[i]), "a job is queued here to make the call later")
        return None

    def _by_entries(self, one: Sending) -> Recovery | None:
        """Every way to the request is one that comes again: a scheduled run that sends what is still to be sent, a provider's delivery."""
        entries = self.model.entries_to(one.fn)
        if not entries:
            return None
        runs = all(e.role == "internal" and not self.model.record_methods.hears(e.target.fn) for e in entries)
        if runs and one.operations and all(o.op in _LATER for o in one.operations):
            return Recovery(entries[0].place, "a later run of this job sends it")
        hooks = {h.entry.target.fn for h in self.model.handlers.all if h.kind != "redirect-return"}
        if all(e.target.fn in hooks for e in entries) and not self._is_kept_quiet(one):
            return Recovery(entries[0].place, "the provider delivers the message again when this fails", thought_of=False)
        return None

    def _is_kept_quiet(self, one: Sending) -> bool:
        """Whether a failure is caught where the request is made, or on the way out to a handler, and nobody outside hears of it: the
        delivery is answered as done."""
        failures = self.model.failures
        catch = failures.around(effects.Place(one.fn, one.instr, None))
        if catch is not None and failures.swallows(one.fn, catch):
            return True
        for handler in self.model.handlers.all:
            if handler.kind == "redirect-return" or one.fn not in handler.closure.functions:
                continue
            for effect in self.model.effects.of(handler.entry.target):
                if (effect.fn, effect.instr) == (one.fn, one.instr):
                    met = [(place, c) for _, place, c in failures.on_the_way(effect.way)]
                    if met and failures.swallows(met[0][0].fn, met[0][1]) and not failures.says_no(met[0][0].fn, met[0][1]):
                        return True
        return False

    def settles_later(self, one: Sending) -> bool:
        """Whether messages of the same provider are received, by which a lost answer comes to light."""
        if one.provider is None:
            return False
        unit = self.model.program.unit(one.fn.file)
        for handler in self.model.handlers.all:
            mine = handler.provider.id == one.provider.id and handler.kind != "redirect-return"
            if mine and self.model.program.unit(handler.entry.target.fn.file) == unit:
                return True
        lang = self.model.program.language(one.fn.file)
        words = {n.rpartition(".")[2] for v in one.provider.verifiers for k, calls in v.calls.items() if k == lang for n in calls}
        telling = [w for w in sorted(words) if len(w) >= _TELLING]
        return any(self.model.program.unit(f) == unit for w in telling for f in self.model.program.mentioning(w))
