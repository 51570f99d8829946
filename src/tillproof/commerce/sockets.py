"""Events that go over a socket to the other side, and set nothing off in the process that sends them."""

import re

from tillproof.commerce.lexicon import snake
from tillproof.commerce.names import written
from tillproof.flow.program import Fn, Program
from tillproof.ir.ops import Op

_SOCKET = re.compile(r"(\w+_)?(io|sockets?|web_?sockets?|nsp|wss?)(_(io|server|client|connection|instance))?|get_?io|get_?socket\w*")


def over_socket(program: Program, fn: Fn, i: int) -> bool:
    """Whether a call sends an event over a socket, or waits for one that comes over it: ``io.to(room).emit('paid', id)``,
    ``socket.on('paid', show)``."""
    body = program.body(fn)
    callee = body.args(i)[0]
    if body.op[i] != Op.CALL or body.op[callee] != Op.FIELD:
        return False
    spelt = written(program, fn, body.args(callee)[0])
    return any(_SOCKET.fullmatch(snake(part)) for part in re.findall(r"\w+", spelt))
