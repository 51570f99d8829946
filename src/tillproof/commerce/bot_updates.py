"""Where a chat bot that sells takes its updates over HTTP, and what proves that the chat system sent them: whoever may post one is any
customer who has a balance, and any member of staff."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from tillproof.commerce.chats import in_chat
from tillproof.commerce.conditions import AnyOf, Atom, flat
from tillproof.commerce.effects import Place
from tillproof.commerce.lexicon import snake
from tillproof.commerce.names_below import below
from tillproof.flow.program import Fn
from tillproof.flow.values import constant
from tillproof.ir.ops import Kind, Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_BOTS = "telegram-bots"
# Calls by which a bot is handed an update, and those that serve a route for updates by themselves.
_FED = frozenset(["feed_update", "feed_raw_update", "feed_webhook_update", "process_new_updates", "process_update"])
_SERVES = frozenset(["simplerequesthandler", "run_webhook", "start_webhook"])
_PATHS = ("path", "url_path", "webhook_path")
_TOLD = ("secret_token", "secret")
_REQUEST = re.compile(r"(web_?)?req(uest)?|http_?request", re.IGNORECASE)
_SECRET = re.compile(r"(.*_)?(secret|token|signature)(_.*)?")
_HOLE = re.compile(r"\{|<|\btoken\b", re.IGNORECASE)

How = Literal["nothing", "if set", "proven"]


@dataclass(frozen=True, slots=True)
class BotUpdates:
    """A way in for updates: the call by which the bot is handed one, or which serves the route. ``how`` the sender is proven; ``at``:
    where he is, where that may be left out. ``somewhere``: the address is a setting's, and may be one that nobody knows."""

    fn: Fn
    instr: int
    how: How
    at: Place | None
    somewhere: bool = False


class BotUpdateWays:
    """Finds them; kept."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def all(self) -> list[BotUpdates]:
        """In order of file and place; none where no bot is seen to sell."""
        framework = self.model.knowledge.frameworks.get(_BOTS)
        if framework is None or not self._sells:
            return []
        program, found = self.model.program, list[BotUpdates]()
        for file, index in program.indices.items():
            if any(i.module.partition(".")[0] in framework.packages for i in index.imports):
                for fn in program.functions_calling(file, _FED | _SERVES):
                    found += (one for i in range(len(program.body(fn).op)) if (one := self._way(fn, i)) is not None)
        return found

    @cached_property
    def _sells(self) -> bool:
        """Whether anything that matters in money or goods lies behind what a chat partner presses."""
        bots = (e for e in self.model.entries if in_chat(self.model, e))
        return any(self.model.repeats.harm(effect) in ("money", "goods") for e in bots for effect in self.model.effects.of(e.target))

    def _way(self, fn: Fn, i: int) -> BotUpdates | None:
        body = self.model.program.body(fn)
        called = body.called(i).lower() if body.op[i] in (Op.CALL, Op.NEW) else ""
        if called in _SERVES:
            told = next((v for k, v in body.call(i)[1] if k in _TOLD), -1)
            given = told >= 0 and constant(self.model.evaluator.value(fn, told)) not in ("None", "''", '""', "")
            spread = any(k in ("**", "*") for k, _ in body.call(i)[1])
            return None if spread else BotUpdates(fn, i, "proven" if given else "nothing", None, not self._is_written(fn))
        if called not in _FED or not self._is_route(fn):
            return None
        asked = [
            (found, a)
            for held in self.model.effects.held_at(Place(fn, i, None))
            for found in self.model.conditions.behind(held)
            for a in flat([found])
        ]
        secret = [(found, a) for found, a in asked if self._asks_secret(a)]
        if any(not isinstance(found, AnyOf) for found, _ in secret):
            return BotUpdates(fn, i, "proven", None)
        if secret:
            return BotUpdates(fn, i, "if set", Place(secret[0][1].fn, secret[0][1].instr, None))
        return BotUpdates(fn, i, "nothing", None)

    def _is_written(self, fn: Fn) -> bool:
        """Whether a function names the path at which updates are taken: ``handler.register(app, path="/webhook")``."""
        body = self.model.program.body(fn)
        given = (v for i, op in enumerate(body.op) if op == Op.CALL for k, v in body.call(i)[1] if k in _PATHS)
        return any(constant(self.model.evaluator.value(fn, v)) for v in given)

    def _is_route(self, fn: Fn) -> bool:
        """Whether requests come to a function, at an address that everybody knows: one with the bot's token in it is its secret."""
        routes = [e.route or "" for e in self.model.entries if e.target.fn == fn and e.framework != _BOTS]
        if any(_HOLE.search(route) for route in routes):
            return False
        return bool(routes) or any(_REQUEST.fullmatch(p.name) for p in self.model.program.body(fn).params)

    def _asks_secret(self, atom: Atom) -> bool:
        """Whether a condition holds what was sent against a secret: it names the header, or two things of which one is called so."""
        body = self.model.program.body(atom.fn)
        if atom.truth is None or body.op[atom.instr] not in (Op.BINARY, Op.CALL):
            return False
        named = [body.name(n) for n in below(self.model, atom.fn, atom.instr) if body.op[n] != Op.CONST or body.args(n)[0] == Kind.STRING]
        return any("secret-token" in n.lower() for n in named) or (
            len(body.args(atom.instr)) > 1 and any(_SECRET.fullmatch(snake(n.rpartition(".")[2])) for n in named)
        )
