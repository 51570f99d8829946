"""Which JavaScript runs in the customer's browser and not on our server."""

import re
from functools import lru_cache
from pathlib import PurePosixPath

from tillproof.flow.program import Program
from tillproof.source.kinds import words as words_of

_SERVED = words_of("public static assets frontend client www htdocs pub webroot")
_SUFFIXES = (".jsx", ".tsx", ".vue", ".svelte")
_PAGE = re.compile(
    rb"\bdocument\s*\.\s*(?:getElementById|querySelector|createElement|body|cookie|addEventListener|forms|ready)|\bwindow\s*\.\s*\w"
    rb"|\blocalStorage\b"
    rb"|\$\(\s*(?:document|['\"][#.])|\bjQuery\b|[\"']use client[\"']|\baddEventListener\s*\("
)
_VIEW = re.compile(
    rb"(?:from|require\()\s*[\"'](?:react|react-dom|react-router[\w-]*|vue|svelte|@angular/core|jquery|@stripe/(?:stripe-js"
    rb"|react-stripe-js)|next/(?:router|navigation)|react-redux|@reduxjs/toolkit)[\"'/]"
)
_SERVER = re.compile(
    rb"(?:from|require\()\s*[\"'](?:node:)?(?:express|fastify|koa|@nestjs/[\w-]+|next/server|next/headers|http|fs|path|crypto|mongoose"
    rb"|@prisma/client|sequelize|typeorm|pg|mysql2?|server-only|@hapi/hapi|firebase-functions[\w/]*|firebase-admin)[\"'/]"
    rb"|[\"']use server[\"']|\breq\s*,\s*res\b|\bNextApiRequest\b|\bgetServerSideProps\b"
)


class Browser:
    """Answers from a file's place, imports and words."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.runs = lru_cache(maxsize=None)(self._runs)

    def _runs(self, file: str) -> bool:
        """Whether a file is code of a page: it touches the document, is a view, or lies where pages fetch their scripts; and nothing in it
        is of a server."""
        if file not in self.program.indices or self.program.language(file) != "javascript":
            return False
        source = self.program.sources[file]
        if _SERVER.search(source):
            return False
        path = PurePosixPath(file)
        served = not _SERVED.isdisjoint(part.lower() for part in path.parts[:-1])
        view = path.suffix in _SUFFIXES or _VIEW.search(source) is not None
        return bool(served or view or _PAGE.search(source))
