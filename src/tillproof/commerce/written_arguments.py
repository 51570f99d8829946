"""Credentials that only their place gives away: the password that a database is opened or a mail server logged in to with, a bare ``key``
in the body of a request."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.credentials import Credential
from tillproof.commerce.hosts import is_local
from tillproof.commerce.names import written
from tillproof.commerce.stand_ins import is_mail_password, is_password, is_random
from tillproof.commerce.written_parts import Written, offsets
from tillproof.flow.defuse import value_operands
from tillproof.flow.program import Fn
from tillproof.flow.values import Const, Value, leaves
from tillproof.ir.ops import Kind, Op
from tillproof.source.files import SourceFile

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Calls that open a database, with the places of the host or address and of the password.
_OPENS = {"mysqli_connect": (0, 2), "mysqli": (0, 2), "mysql_connect": (0, 2), "pdo": (0, 2)}
_OPENING = tuple(f"{name}(".encode() for name in _OPENS)
# Python's own mail: ``smtplib.SMTP(…).login(user, password)``, and what is made with both.
_MAILS = (b"smtplib", b"imaplib", b"yagmail", b"aiosmtplib")
_LOGS_IN = ("login", "yagmail.smtp")
_LOGGING_IN = (b".login(", b"yagmail.smtp(")
# A record with a bare ``key`` that holds something like one.
_KEYED = re.compile(rb"[\"']?\bkey[\"']?\s*(?:=>|:)\s*[\"'][A-Za-z0-9_-]{24,}[\"']")
_HOST = re.compile(r"host=([\w.-]+)")
_LONG = 24
_DEEPEST = 12
_MOST_LEAVES = 20


class ArgumentReader:
    """Reads one analysed file."""

    def __init__(self, model: "Model", file: SourceFile) -> None:
        self._model, self._file = model, file
        self._program = model.program

    def written(self) -> Iterator[Written]:
        """What stands in such a place."""
        source = self._program.sources[self._file.path]
        lower = source.lower()
        places = [at for call in _OPENING for at in offsets(lower, call)] if self._file.language == "php" else []
        places += [match.start() for match in _KEYED.finditer(source)] if b"://" in source else []
        mails = self._file.language == "python" and any(word in lower for word in _MAILS)
        places += [at for call in _LOGGING_IN for at in offsets(lower, call)] if mails else []
        for fn in self._program.functions_at(self._file.path, places):
            body = self._program.body(fn)
            for i, op in enumerate(body.op):
                if op in (Op.CALL, Op.NEW):
                    yield from self._opened(fn, i)
                    yield from self._logged_in(fn, i) if mails else ()
                if op == Op.CALL and self._model.recogniser.is_("http", fn, i):
                    yield from self._keyed(fn, i)

    def _opened(self, fn: Fn, i: int) -> Iterator[Written]:
        body = self._program.body(fn)
        places = _OPENS.get(body.called(i).lower())
        given = [a for _, a in body.call(i)[1]]
        if places is None or len(given) <= places[1]:
            return
        hosts = [t for v in leaves(self._model.evaluator.value(fn, given[places[0]]), _MOST_LEAVES) if (t := _text(v))]
        named = next((m[1] for t in hosts if (m := _HOST.search(t))), next(iter(hosts), ""))
        for value in leaves(self._model.evaluator.value(fn, given[places[1]]), _MOST_LEAVES):
            text = _text(value)
            if text and is_password(text) and value.at[0] in self._program.files:
                host = "localhost" if not named or is_local(named) else named
                credential = Credential("database", "unknown", None, "database password", text, host=host)
                yield Written(self._program.files[value.at[0]], value.at[1], credential, ("password",), (fn.file, body.line[i]))

    def _logged_in(self, fn: Fn, i: int) -> Iterator[Written]:
        """What a mail server is logged in to with: the second of two arguments."""
        body = self._program.body(fn)
        given = [a for _, a in body.call(i)[1]]
        spelt = written(self._program, fn, body.args(i)[0]).lower()
        if len(given) < len(("user", "password")) or not spelt.endswith(_LOGS_IN):
            return
        for value in leaves(self._model.evaluator.value(fn, given[1]), _MOST_LEAVES):
            text = _text(value)
            if text and is_mail_password(text) and value.at[0] in self._program.files:
                credential = Credential("mail", "unknown", None, "password of the mail account", text)
                yield Written(self._program.files[value.at[0]], value.at[1], credential, ("password",), (fn.file, body.line[i]))

    def _keyed(self, fn: Fn, i: int) -> Iterator[Written]:
        """A bare ``key`` in what a request sends, however it was put together in the same function."""
        if self._model.browser.runs(fn.file):
            return
        body, request = self._program.body(fn), self._model.http.request(fn, i)
        host = request.url.partition("://")[2].partition("/")[0] if request is not None else ""
        if not host or "{}" in host or is_local(host):
            return
        for k, v in self._entries(fn, i):
            key, text = body.const(k), body.const(v)
            if key is None or text is None or key[1].lower() != "key" or text[0] != Kind.STRING:
                continue
            plain = text[1].strip("'\"")
            if len(plain) >= _LONG and is_random(plain):
                owner = self._model.credentials.owners.of((host.partition(":")[0].split(".")[-2] if "." in host else host,))
                credential = Credential("secret", "unknown", owner, f"key for {owner.name if owner else host}", plain)
                yield Written(self._file, body.line[v], credential, ("api_key",), (fn.file, body.line[i]))

    def _entries(self, fn: Fn, i: int) -> Iterator[tuple[int, int]]:
        """The entries of the records of which the arguments of a call are made."""
        body, defuse = self._program.body(fn), self._model.evaluator.defuse(fn)
        waiting, seen = [(a, 0) for _, a in body.call(i)[1]], set()
        while waiting:
            here, depth = waiting.pop()
            if here in seen or depth > _DEEPEST:
                continue
            seen.add(here)
            if body.op[here] == Op.RECORD:
                args = body.args(here)
                yield from ((k, v) for k, v in zip(args[::2], args[1::2], strict=True) if k >= 0)
            stores = defuse.reaching(here, body.name(here)).stores if body.op[here] == Op.NAME else ()
            below = [body.args(s)[1] for s in stores if body.op[s] == Op.STORE]
            waiting += [(a, depth + 1) for a in (*value_operands(body, here), *below) if a >= 0]


def _text(value: Value) -> str | None:
    return value.text.strip("'\"") if isinstance(value, Const) and value.kind == Kind.STRING else None
