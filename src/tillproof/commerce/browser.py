"""Which JavaScript runs in the customer's browser and not on our server: there the browser bounds requests, and the person repeats."""

import re
from functools import cached_property
from pathlib import PurePosixPath

from tillproof.flow.program import Program

_FRONTS = frozenset(
    [
        *("react", "react-dom", "react-native", "expo", "vue", "svelte", "@angular/core", "preact", "solid-js", "react-redux", "jquery"),
        *(
            "pinia",
            "@reduxjs/toolkit",
            "@stripe/stripe-js",
            "@stripe/react-stripe-js",
            "next/router",
            "next/navigation",
            "react-router-dom",
        ),
    ]
)
# What serves requests or pages of ours, and what only code beside such a server needs.
_APPLICATIONS = frozenset(
    [
        *("express", "fastify", "koa", "hono", "@nestjs/core", "@hapi/hapi", "@medusajs/medusa", "@vendure/core", "next", "nuxt"),
        *("@remix-run/node", "@sveltejs/kit", "astro", "apollo-server", "@apollo/server"),
    ]
)
_SERVERS = _APPLICATIONS | frozenset(
    [
        *("@nestjs/common", "@medusajs/framework", "bullmq", "bull", "serverless", "next/server", "next/headers", "mongoose"),
        *("@prisma/client", "sequelize", "typeorm", "pg", "mysql", "mysql2", "server-only", "firebase-functions", "firebase-admin"),
        *("http", "fs", "path", "crypto", "cloudflare:workers", "astro:env/server", "$env/static/private", "$env/dynamic/private"),
        *("firebase-admin/app", "firebase-admin/firestore", "firebase-admin/auth", "better-sqlite3", "ioredis", "knex", "postgres"),
    ]
)
# Frameworks of which the server's functions and the pages' components stand in the same package.
_FULL_STACK = frozenset(
    [
        "@tanstack/react-start",
        "@tanstack/solid-start",
        "@tanstack/start",
        "@solidjs/start",
        "@builder.io/qwik-city",
        "@remix-run/cloudflare",
    ]
)
_SERVING = _APPLICATIONS | _FULL_STACK | frozenset(["@remix-run/react", "vike", "react-router"])
_PLACES = re.compile(
    r"(?:^|/)(?:frontend|front-end|client(?:-?side)?|public|static|assets|resources/(?:js|assets|ts)|web/js|storefront/src/components"
    r"|components|hooks|admin-ui|dashboard|www|htdocs|pub|webroot)/",
    re.IGNORECASE,
)
_VIEWS = (".jsx", ".tsx", ".vue", ".svelte")
_ROUTES = re.compile(
    r"(?:^|/)(?:api|server|backend|route\.[jt]s|\+server\.[jt]s|\+page\.server\.[jt]s|actions?\.[jt]s)(?:/|$)", re.IGNORECASE
)
_SOURCES = re.compile(r"(?:^|/)src/", re.IGNORECASE)
_FUNCTIONS = frozenset(["gatsby", "@vercel/node", "@netlify/functions"])  # builders of pages that run functions beside them
_BUILDERS = frozenset(["vite", "react-scripts", "react-router-dom", "vue-router", "react-redux"])  # of pages that no server of ours renders
_SAYS = re.compile(
    rb"[\"']use client[\"']|\b(?:window|document)\s*\.\s*\w|\b(?:local|session)Storage\b|XMLHttpRequest|\bjQuery\b"
    rb"|\$\(\s*(?:document|['\"][#.])|\baddEventListener\s*\("
)
_PUBLIC = rb"NEXT_PUBLIC_|REACT_APP_|VUE_APP_|EXPO_PUBLIC_|NUXT_PUBLIC_|GATSBY_|VITE_|PUBLIC_"
_SERVES = re.compile(
    rb"\bprocess\.env\.(?!" + _PUBLIC + rb"|NODE_ENV)\w|\brequire\(['\"](?:fs|http|crypto|path|express)['\"]\)|[\"']use server[\"']"
    rb"|\breq\s*,\s*res\b|\bNextApiRequest\b|\bgetServerSideProps\b|\b(?:Deno|Bun)\.(?:env|serve)\b|\bexport\s+default\s*\{\s*(?:async\s+)?fetch\b"
)
_SHOWN = re.compile(rb"\b(?:process\.env|import\.meta\.env)\.(?:" + _PUBLIC + rb")")
# How a bundle for browsers begins that holds its modules by number.
_BUNDLED = re.compile(rb"\(function (?:e|r)?\(\w,\w,\w\)\s*\{\s*function \w\(\w,\w\)\s*\{\s*if\s*\(!\w\[\w\]\)|webpackBootstrap")
_HEAD = 2000
# A module that a builder of pages keeps out of them: `../shopify.server`.
_SERVER_ONLY = re.compile(r"\.server(?:\.[jt]sx?)?$|(?:^|/)\.server/")
_CLIENT = re.compile(rb"[\"']use client[\"']")


class Browser:
    """Answers by file; kept. ``versions``: by unit, the packages it needs and their versions."""

    def __init__(self, program: Program, versions: dict[str, dict[str, str | None]]) -> None:
        self.program, self.versions = program, versions
        self._memo: dict[str, bool] = {}

    def runs(self, file: str) -> bool:
        """Whether a file is code of a page: by what it imports and touches, else by where it lies."""
        if file not in self._memo:
            self._memo[file] = self._look(file)
        return self._memo[file]

    def _look(self, file: str) -> bool:
        index = self.program.indices.get(file)
        if index is None or self.program.language(file) != "javascript":
            return False
        source = self.program.sources[file]
        if _BUNDLED.search(source, 0, _HEAD):
            return True  # whatever of Node's it names, it has been put together for pages
        modules = {i.module for i in index.imports}
        if _SERVES.search(source) or modules & _SERVERS or any(m.startswith("node:") or _SERVER_ONLY.search(m) for m in modules):
            return _CLIENT.search(source) is not None
        if modules & _FRONTS or any(m.endswith((".vue", ".svelte", ".css", ".scss")) for m in modules) or _SAYS.search(source):
            return True
        if self.program.unit(file) in self._front_units and _SOURCES.search(file):
            return True  # `src/api/` of pages holds what calls the server
        if _ROUTES.search(file):
            return False
        if _SHOWN.search(source) or PurePosixPath(file).suffix in _VIEWS:
            return True
        return bool(_PLACES.search(file)) or self.program.unit(file) in self._front_units

    @cached_property
    def _front_units(self) -> frozenset[str]:
        """Units that are pages and nothing else."""
        return frozenset(u for u, needs in self.versions.items() if _FRONTS & needs.keys() and not _serving(needs) & needs.keys())


def _serving(needs: dict[str, str | None]) -> frozenset[str]:
    """The packages of which none is needed by pages: where a builder of pages is, what only helps a server may be there by mistake."""
    return (_SERVING if _BUILDERS & needs.keys() else _SERVERS | _FULL_STACK) | _FUNCTIONS
