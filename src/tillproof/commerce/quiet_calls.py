"""Calls that throw nothing: what a handler catches does not come from them, so a condition asked by them holds in the handler too."""

import re
from typing import TYPE_CHECKING

from tillproof.flow.program import Fn
from tillproof.flow.values import External, options
from tillproof.ir.body import Block
from tillproof.ir.ops import Op

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

# Functions of PHP and of WordPress that work on what they are handed, or look something up that may be missing, and throw nothing.
_PLAIN = re.compile(
    r"is_\w+|in_array|array_(key_exists|keys|values|merge|unique|slice|column|search|shift|pop|push|flip|diff|intersect\w*)|count|sizeof|isset|empty|print_r"
    r"|str\w*|substr\w*|(l|r)?trim|explode|implode|s?printf|vsprintf|(int|float|str|bool)val|abs|ceil|floor|round|max|min|number_format"
    r"|json_decode|md5|sha1|hash|hash_hmac|hash_equals|u?cfirst|ucwords|preg_(match|replace|split)|time|date|gmdate|__|_[exn]x?"
    r"|absint|esc_\w+|sanitize_\w+|wp_unslash|wp_json_encode|wc_clean|get_option|get_post_meta|get_transient|wc_get_order|wc_get_logger"
)
_THROWS = (Op.CALL, Op.NEW, Op.RAISE, Op.YIELD)
_TELLS = re.compile(r"(get|has|is|needs|can)_?[a-zA-Z]\w*")


class QuietCalls:
    """Answers for PHP, whose members and elements throw nothing either when they are missing."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def throw_nothing(self, fn: Fn, block: Block) -> bool:
        """Whether nothing in a block can be what a handler around it has caught."""
        body = self.model.program.body(fn)
        does = (i for i in range(block.start, block.end) if body.op[i] in _THROWS)
        return self.model.program.language(fn.file) == "php" and all(body.op[i] == Op.CALL and self._throws_nothing(fn, i) for i in does)

    def _throws_nothing(self, fn: Fn, i: int) -> bool:
        body = self.model.program.body(fn)
        callee = body.args(i)[0]
        if body.op[callee] == Op.NAME:
            value = self.model.evaluator.value(fn, callee)
            return _PLAIN.fullmatch(body.name(callee)) is not None and all(isinstance(o, External) for o in options(value))
        return body.op[callee] == Op.FIELD and self._told_by_record(fn, i, callee)

    def _told_by_record(self, fn: Fn, i: int, callee: int) -> bool:
        """Whether an order of the platform is asked for something of its own: ``$order->has_status('completed')``."""
        body = self.model.program.body(fn)
        if _TELLS.fullmatch(body.name(callee)) is None or self.model.recogniser.is_ours(fn, i, None):
            return False
        kind, _ = self.model.records.holder(fn, body.args(callee)[0], None)
        return bool(kind) and bool(self.model.words.entity(kind))
