"""Rows of our own in which a credential to another system stands: what shows such a row whole shows the credential."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from tillproof.commerce.answered_rows import answer_of
from tillproof.commerce.lexicon import snake
from tillproof.commerce.schema.tables import Column, Table
from tillproof.flow.shape import shape
from tillproof.flow.values import Ctx, Member, Result, Value, constant, options
from tillproof.source.kinds import words as words_of

if TYPE_CHECKING:
    from tillproof.commerce.model import Model
    from tillproof.commerce.shown import Piece

# What such columns are called in every style, without the marks between the words.
_COLUMNS = words_of(
    "accesstoken apisecret apitoken clientsecret consumersecret keysecret privatekey refreshtoken secretkey webhooksecret apikey"
)
# These alone open what somebody keeps elsewhere; the others may be the shop's own sessions.
_FOREIGN = re.compile(r"(\w+_)?(api|client|consumer|key|webhook|app)_secret|(\w+_)secret_key|(\w+_)private_key")
# What a table is called that keeps connections to other systems, or a column by which a row of it says to which.
_CONNECTIONS = re.compile(
    r"(\w+_)?(shop|store|merchant|seller|integration|connection|connector|credential|installation|gateway|marketplace|tenant|setting|config)s?"
    r"(_\w+)?"
)
_NAMES_SYSTEM = words_of(
    "shop shopdomain shopurl shopname storeurl storehash storedomain url domain instanceurl realmid merchantid sellerid myshopifydomain"
)
_NARROWING = words_of("select omit attributes projection fields columns exclude")
_KINDS = ("read", "create", "upsert", "write")
_COUNTS = re.compile(r"(\w*Many|count\w*|exists|aggregate|groupBy|distinct|deleteOne|updateOne|destroy)")


class TokenRows:
    """Answers by what is shown. A language that shows of an object no more than its class shows none of its columns."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    @cached_property
    def tables(self) -> list[tuple[Table, Column]]:
        """The tables that keep such a credential, with its column."""
        found = []
        for table in self.model.schema.mentioning(_COLUMNS):
            columns = (c for c in table.columns.values() if self._is_credential(table, c))
            if (column := next(columns, None)) is not None:
                found.append((table, column))
        return found

    def _is_credential(self, table: Table, column: Column) -> bool:
        name = snake(column.name.rpartition(".")[2])  # of a document's own parts too: ``payment.stripeSecretKey``
        if not self.model.words.secret(name) or column.kind not in ("string", "other"):
            return False
        if _FOREIGN.fullmatch(name) or any(f"{p}_" in name for p in self.model.knowledge.providers if name.startswith(p)):
            return True
        beside = {snake(c.name).replace("_", "") for c in table.columns.values()}
        return _CONNECTIONS.fullmatch(snake(table.entity or table.name)) is not None or not _NAMES_SYSTEM.isdisjoint(beside)

    def shown(self, piece: "Piece") -> str:
        """The column with a credential that a piece shows, as one of a whole row; empty when it shows none."""
        if piece.flat or self.model.program.language(piece.fn.file) != "javascript" or not self.tables:
            return ""
        for option in options(self.model.shown.value(piece)):
            row = answer_of(option)
            if isinstance(row, Result) and row.instr >= 0 and (column := self._of_row(row, piece)) is not None:
                return column.name
        return ""

    def _of_row(self, row: Result, piece: "Piece") -> Column | None:
        touch = self.model.records.touch(row.fn, row.instr, row.ctx)
        if touch is None or touch.kind not in _KINDS:
            return None
        named = self.model.records.chains.of(row.fn, row.instr, row.ctx).names()[-2:-1]  # a table may be called `store`, as what keeps is
        model = row.callee.base if isinstance(row.callee, Member) else None
        asked = [e for e in (touch.entity, *named, model) if e is not None and e != ""]
        table = next((t for e in asked if (t := self.model.schema.table(e, row.fn.file)) is not None), None)
        column = next((c for t, c in self.tables if table is not None and (t.file, t.line) == (table.file, table.line)), None)
        parts = set(column.name.split(".")) if column is not None else set()
        if column is None or not parts.isdisjoint(piece.without) or self._is_narrowed(row, row.ctx, column.name):
            return None
        return column

    def _is_narrowed(self, row: Result, ctx: Ctx | None, column: str) -> bool:
        """Whether of the row only some columns are asked for, or the call answers with no row at all."""
        for link in self.model.records.chains.of(row.fn, row.instr, ctx).calls():
            if _COUNTS.fullmatch(link.name):
                return True
            for _, given in self.model.evaluator.given(link.fn, link.call, link.ctx):
                text = constant(given)
                if link.name.lower() in _NARROWING and (text is None or ("*" not in text and column not in text) or f"-{column}" in text):
                    return True
                if text is not None and text.lstrip("'\"` \n").lower().startswith("select") and "*" not in text and column not in text:
                    return True
                if text is None and self._chooses(given):
                    return True
        return False

    def _chooses(self, given: Value) -> bool:
        got = shape(self.model.evaluator, given)
        return any(key.lower() in _NARROWING for key in {**got.may, **got.must})
