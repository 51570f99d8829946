"""The route that a file has by where it lies: below ``app``, ``routes``, ``server/api`` or the folder of a platform's functions."""

import posixpath
import re

from tillproof.commerce.entry_styles.wiring import join
from tillproof.knowledge.schema import Routes

_GROUPING = re.compile(r"^\(.*\)$|^@")
_NAMELESS = frozenset({"route", "page", "index", "+server", "+page.server", "+layout.server"})
_METHOD = re.compile(r"\.(?:get|post|put|patch|delete|head|options)$")


def file_route(routes: Routes, inside: str) -> str:
    """The file's path below the rule's root, as a route."""
    path = "/" + inside
    for root in routes.root:
        mark = f"/{root}/"
        if mark in path:
            path = path[path.rfind(mark) + len(mark) - 1 :]
            break
    path = posixpath.splitext(path)[0]
    if routes.root == ("app/routes",):
        path = path.replace(".", "/").replace("$", ":").removesuffix("/_index")
    segments = [s for s in path.split("/") if s and not _GROUPING.match(s)]
    if segments and segments[-1] in _NAMELESS:
        segments.pop()
    if segments and routes.root == ("server",):
        segments[-1] = _METHOD.sub("", segments[-1])
    return join(*routes.prefixes, *segments)
