"""Puts the page together. The only place where the template engine is set up."""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tillproof.contract import Report
from tillproof.report import wording
from tillproof.report.html import text
from tillproof.report.html.view import alike, settled, view
from tillproof.report.setup import parts

_HERE = Path(__file__).parent


def to_html(report: Report) -> str:
    """The whole review as one file. The same report gives the same bytes."""
    style, script = _own("page.css"), _own("page.js")
    shown = view(report)
    return (
        _environment()
        .get_template("page.html")
        .render(view=shown, report=report, style=style, script=script, policy=_policy(style, script))
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=text.plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for name in ("prose", "shell", "address", "path", "shortened"):
        environment.filters[name] = getattr(text, name)
    environment.filters.update(parts=parts, alike=alike)
    environment.globals.update(at=wording.at, count=wording.count, anchor=text.anchor, wording=wording, settled=settled)
    return environment


def _own(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded, and nothing run but our own script: a last wall should any escaping fail."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
