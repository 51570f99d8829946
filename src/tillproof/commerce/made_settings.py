"""Settings that functions of ours make, and that are asked for by a path: ``registerAs('stripe', () => ({ hookSecret: … }))`` and
``config.get('stripe.hookSecret')``. Packs name the calls."""

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import FunctionV, Missing, Overlay, Record, Result, Seq, Value, constant, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema.framework import SettingsMade

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


class MadeSettings:
    """Answers by path; which functions make settings is found once."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.evaluator = model.evaluator

    def under(self, asked: Value) -> list[Value]:
        """What is kept under the path that a call asks for; no function but those of the same application makes it."""
        makes = self._all if isinstance(asked, Result) and asked.instr >= 0 and self.model.recogniser.result_is("config", asked) else []
        path = constant(told) if isinstance(asked, Result) and makes and (told := self.evaluator.argument(asked, 0)) is not None else None
        found: list[Value] = []
        for file, name, made in makes if path else ():
            head = f"{name}." if name else ""
            if path is None or not path.startswith(head) or self.model.program.unit(file) != self.model.program.unit(asked.at[0]):
                continue
            value: Value | None = made
            for key in path.removeprefix(head).split("."):
                value = self.evaluator.member(value, key, asked.at) if isinstance(value, (Record, Overlay)) else None
            found += [value] if value is not None and not isinstance(value, Missing) else []
        return found

    @cached_property
    def _all(self) -> list[tuple[str, str, Value]]:
        """What is made, in which file, and the name that it is given, if any."""
        told = (f.settings_made for f in self.model.knowledge.frameworks.values())
        return [found for m in told if m is not None for found in (*self._named(m), *self._listed(m))]

    def _calls(self, called: str, mentioned: str) -> Iterator[tuple[Fn, int]]:
        program = self.model.program
        for fn in (fn for file in program.mentioning(mentioned) for fn in program.all_functions(file)):
            body = program.body(fn)
            yield from ((fn, i) for i, op in enumerate(body.op) if op == Op.CALL and body.called(i) == called)

    def _named(self, maker: SettingsMade) -> Iterator[tuple[str, str, Value]]:
        """What functions make that are given a name: ``registerAs('stripe', () => ({…}))``."""
        for fn, i in self._calls(maker.named, maker.named):
            given = [self.evaluator.value(fn, v) for _, v in self.model.program.body(fn).call(i)[1]]
            if len(given) > 1 and (name := constant(given[0])):
                yield from ((fn.file, name, made) for made in self._returned(given[1], fn, i))

    def _listed(self, maker: SettingsMade) -> Iterator[tuple[str, str, Value]]:
        """What the functions make that a module lists: ``ConfigModule.forRoot({ load: [configuration] })``."""
        for fn, i in self._calls("forRoot", maker.within):
            given = [self.evaluator.value(fn, v) for _, v in self.model.program.body(fn).call(i)[1]]
            told = self.evaluator.member(given[0], maker.listed, given[0].at) if given and isinstance(given[0], Record) else None
            items = (item for one in (options(told) if told is not None else ()) if isinstance(one, Seq) for item in one.items)
            for item in items:
                yield from ((fn.file, "", made) for made in self._returned(item, fn, i))

    def _returned(self, value: Value, fn: Fn, at: int) -> Iterator[Value]:
        for one in options(value):
            if isinstance(one, FunctionV):
                yield from options(self.evaluator.returned(one, fn, at, None))
