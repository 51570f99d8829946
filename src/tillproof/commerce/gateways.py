"""Entry points behind one route: the method of each payment provider's class, between which the route chooses only when it runs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.browser_returns import says_return
from tillproof.commerce.entries import Entry
from tillproof.commerce.recognition import HOOK
from tillproof.flow.program import ClassId, Fn
from tillproof.flow.values import FunctionV, Instance, Param, options
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_REQUEST = ("request", "req", "http_request")
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "dispatch", "as_view", "render", "save", "is_valid")
_MOST = 24
_FEW = 2


class Gateways:
    """Asked once, when the entry points are listed."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.dispatching: set[Fn] = set()
        """The handlers that only choose between the providers' classes; none of them is one provider's."""
        self.choosing: set[tuple[Fn, int]] = set()
        """The calls by which they hand the request on: each leads to every class of the family."""

    def behind(self, entries: list[Entry]) -> list[Entry]:
        """One entry point for each class of a family that a route hands its request to, where the classes are of several providers."""
        taken = {e.target.fn for e in entries}
        out: dict[Fn, Entry] = {}
        for entry in entries:
            if entry.role not in ("public", "customer") or entry.route is None:
                continue
            for family in self._families(entry):
                self.dispatching.add(entry.target.fn)
                self.choosing.update(target.handed_on for target in family if target.handed_on is not None)
                for target in family:
                    if target.fn not in taken:
                        out.setdefault(target.fn, replace(entry, target=target, style="gateway"))
        return list(out.values())

    def provider(self, entry: Entry) -> Provider | None:
        """The payment provider whose class an entry point is a method of, by the path of its file."""
        named = self._providers(entry.target.fn.file)
        return self.model.knowledge.providers[named[0]] if len(named) == 1 else None

    def _families(self, entry: Entry) -> Iterator[list[FunctionV]]:
        """The methods that an entry point may hand its request to, when they are of several providers' classes; where its address says
        that a payment system calls it, or sends the browser there, they are that though no pack knows all of them."""
        fn, program = entry.target.fn, self.model.program
        called_back = HOOK.search(entry.route or "") is not None or says_return(entry.route or "")
        body = program.body(fn)
        for i, op in enumerate(body.op):
            if op != Op.CALL or body.op[body.args(i)[0]] != Op.FIELD:
                continue
            callee, arguments = body.call(i)
            name = body.name(callee)
            if name in _VERBS or len(program.functions_by_name.get(name, ())) < _FEW:
                continue
            if any(self._is_request(fn, v) for _, v in arguments) and not self._only_asks(fn, i):
                family = self._family(fn, i, name)
                named = {p for f in family for p in self._providers(f.fn.file)}
                if len(named) >= (1 if called_back and len({f.fn for f in family}) >= _FEW else _FEW):
                    yield family

    def _only_asks(self, fn: Fn, call: int) -> bool:
        """Whether a call is only to tell which class feels responsible: ``if ($handler->responsible_for($request))``."""
        body, defuse = self.model.program.body(fn), self.model.evaluator.defuse(fn)
        uses = list(defuse.uses(call))
        while any(body.op[use] == Op.UNARY for use in uses):
            uses = [u for use in uses for u in (defuse.uses(use) if body.op[use] == Op.UNARY else (use,))]
        return bool(uses) and all(body.op[use] == Op.BRANCH for use in uses)

    def _is_request(self, fn: Fn, i: int) -> bool:
        body = self.model.program.body(fn)
        if body.op[i] != Op.NAME or body.name(i).lower() not in _REQUEST:
            return False
        return any(isinstance(o, Param) for o in options(self.model.evaluator.value(fn, i)))

    def _family(self, fn: Fn, call: int, name: str) -> list[FunctionV]:
        """The methods of one name of the classes that derive from one class of ours which declares it: any of them may be called."""
        program, scope = self.model.program, self.model.evaluator.scope
        callee = program.body(fn).args(call)[0]
        found = [o for o in options(self.model.evaluator.value(fn, callee)) if isinstance(o, FunctionV)]
        owned = {f: owner for f in program.functions_by_name[name] if (owner := program.owner(f)) is not None}
        named: dict[Fn, ClassId] = {f: c for f, c in owned.items() if program.language(f.file) == program.language(fn.file)}
        bases = [c for c in named.values() if sum(c in scope.lineage(other)[1:] for other in named.values()) >= _FEW]
        called = [named[f.fn] for f in found if f.fn in named]
        if found:  # another family may have a method of that name
            bases = [b for b in bases if any(b in scope.lineage(c) for c in called)]
        at = (fn.file, program.body(fn).line[callee])
        if not bases:  # a table that keeps one of each: nothing but the name ties them together
            owners = {f.fn: f.this for f in found if isinstance(f.this, Instance)}
            kept = [FunctionV(at, f, None, this, handed_on=(fn, call)) for f, this in owners.items()][:_MOST]
            return kept if len(kept) >= _FEW else []
        base = bases[0]
        members = [(f, c) for f, c in named.items() if base in scope.lineage(c)[1:]]
        return [FunctionV(at, f, None, Instance(at, c), handed_on=(fn, call)) for f, c in members[:_MOST]]

    def _providers(self, file: str) -> list[str]:
        return [p for p, pattern in self._named.items() if pattern.search(file.lower())]

    @cached_property
    def _named(self) -> dict[str, re.Pattern[str]]:
        """Payment providers by the paths of files that are about them."""
        providers = (p for p in self.model.knowledge.providers.values() if p.kind == "payment")
        named = {
            p.id: [re.escape(n).replace(r"\.", r"[._-]?").replace("_", "[_-]?") for n in (p.id, *p.names) if len(n) > 3] for p in providers
        }
        return {provider: re.compile("|".join(names)) for provider, names in named.items() if names}
