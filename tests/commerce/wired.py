"""Small programs on disk, read up to their entries and the pieces of requests in them."""

from dataclasses import dataclass
from pathlib import Path

from tests.commerce.small_models import model_of
from tillproof.commerce.entries import Entry, find_entries
from tillproof.commerce.entry_styles.wiring import Wiring
from tillproof.commerce.requests import Requests
from tillproof.flow.evaluate import Evaluator
from tillproof.flow.program import Fn, Program
from tillproof.flow.values import Value
from tillproof.ir.ops import Op


@dataclass
class Wired:
    """A program with its entries."""

    program: Program
    evaluator: Evaluator
    entries: list[Entry]
    requests: Requests

    def ways(self) -> set[str]:
        """``METHODS route handler role`` of every entry."""
        return {" ".join((",".join(e.methods), str(e.route), self.program.qualified(e.target.fn), e.role)) for e in self.entries}

    def entry(self, handler: str) -> Entry:
        """The one entry whose handler bears that name."""
        (found,) = [e for e in self.entries if self.program.qualified(e.target.fn) == handler]
        return found

    def argument(self, call: str, number: int = 0) -> Value:
        """An argument of the one call whose callee ends in that word."""
        found = []
        for file in self.program.indices:
            for fn in self.program.all_functions(file):
                found += [
                    (fn, i) for i, op in enumerate(self.program.body(fn).op) if op in (Op.CALL, Op.NEW) and self._callee(fn, i) == call
                ]
        ((fn, i),) = found
        return self.evaluator.value(fn, self.program.body(fn).call(i)[1][number][1])

    def _callee(self, fn: Fn, i: int) -> str:
        body = self.program.body(fn)
        callee = body.args(i)[0]
        return body.name(callee) if body.op[callee] in (Op.NAME, Op.FIELD) else ""

    def pieces(self, call: str, number: int = 0) -> list[str]:
        """``kind:key`` of every piece of a request in an argument of a call."""
        return [f"{s.kind}:{s.key}" for s, _ in self.requests.sources_in(self.argument(call, number))]


def wired(root: Path, files: dict[str, str]) -> Wired:
    """Write the files and find what leads into them."""
    model, tree = model_of(root, files)
    wiring = Wiring(model.program, model.evaluator, model.knowledge, tree.root, model.versions)
    entries = find_entries(wiring)
    requests = Requests(wiring, entries)
    return Wired(model.program, model.evaluator, entries, requests)
