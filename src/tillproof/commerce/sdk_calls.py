"""Requests that leave by a provider's SDK through methods that no operation of its pack names: ``client.get_available_currencies()``. What
they ask for is not known; that they go to the provider is, by the package of which the object is."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import strip
from tillproof.commerce.sendings import Sending
from tillproof.flow.program import Fn
from tillproof.flow.values import names
from tillproof.ir.ops import Op
from tillproof.knowledge.schema import Provider

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# What the objects of an SDK do by themselves, and the objects that they are asked for.
_STAYS = re.compile(
    r"(verify|construct|sign|validate|check_?sum|hash|hmac|parse|format|build|set|with|on|add|is|has|init|configure|encode|decode|decrypt"
    r"|encrypt|generate_?(signature|hash|url)|to|from|new|make|instance|client|util\w*|webhooks?)(_.*)?"
)
# What a package's own classes are asked for: ``stripe.Product.list()``.
_ASKS = re.compile(r"(list|create|retrieve|modify|update|delete|cancel|capture|search|all|find|fetch|get)(_.*)?")
_MADE = re.compile(rb"\bnew\s+\\?([A-Za-z]\w*)\\")


class SdkCalls:
    """Found in functions that somebody asks about."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def files(self) -> frozenset[str]:
        """The files that import a provider's package."""
        program = self.model.program
        return frozenset(file for file in program.indices if self._uses_any(file) and not self.model.browser.runs(file))

    def _uses_any(self, file: str) -> bool:
        """Whether a file imports a provider's package, or makes an object of one by its full name."""
        program = self.model.program
        roots = self._roots[program.language(file)]
        if any(_root(i.module.lower()) in roots for i in program.indices[file].imports):
            return True
        made = _MADE.findall(program.sources[file]) if program.language(file) == "php" else []
        return any(name.decode().lower() in roots for name in made)

    @cached_property
    def _roots(self) -> dict[str, dict[str, Provider]]:
        """Language → the name by which a package is imported, in PHP the namespace of its client → its provider."""
        found: dict[str, dict[str, Provider]] = {"python": {}, "javascript": {}, "php": {}}
        frameworks = {p.lower() for f in self.model.knowledge.frameworks.values() for p in f.packages}
        for provider in self.model.knowledge.providers.values():
            spaces = {c.lower().partition(".")[0] for c in provider.clients.get("php", ()) if "." in c[1:]}
            found["php"].update((space, provider) for space in spaces - frameworks - {""})
            found["python"].update((p.lower(), provider) for p in provider.packages.get("python", ()))
            found["javascript"].update((p.lower(), provider) for p in provider.packages.get("javascript", ()))
        return found

    def among(self, fn: Fn, rows: Iterable[int]) -> Iterator[Sending]:
        """The calls among some instructions of a function."""
        if fn.file not in self.files:
            return
        body = self.model.program.body(fn)
        for i in rows:
            callee = body.args(i)[0] if body.op[i] == Op.CALL else -1
            if callee < 0 or body.op[callee] != Op.FIELD or _STAYS.fullmatch(snake(body.name(callee))):
                continue
            provider = self._of(fn, callee)
            if provider is not None and not self.model.recogniser.known(fn, i):
                yield Sending(fn, i, provider, True)

    def _of(self, fn: Fn, callee: int) -> Provider | None:
        """The provider of whose package's object a method is."""
        roots = self._roots[self.model.program.language(fn.file)]
        for name in names(self.model.evaluator.value(fn, callee)):
            root = _root(strip(name).lower())
            if root in roots and ("()" in name or (name.count(".") > 1 and _ASKS.fullmatch(snake(name.rpartition(".")[2])))):
                return roots[root]
        return None


def _root(name: str) -> str:
    """The package that an import or a call begins with."""
    parts = name.split("/")[:2] if name.startswith("@") else name.split("/")[:1]
    return "/".join(parts).partition(".")[0]
