"""The command line: reads arguments, calls the pipeline, writes the report and turns the verdict into an exit status.

Everything heavy is imported where it is used, so that ``--help`` and ``--version`` answer at once.
"""

import argparse
import difflib
import gc
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tillproof import __version__
from tillproof.settings import FAIL_ON, FORMATS, FailOn, Format, Settings, SettingsError, default_cache_dir, read_config, user_packs

if TYPE_CHECKING:
    from tillproof.contract import Report, Verdict

PASS, FAILURE, USAGE, CONDITIONAL, BLOCKED = 0, 1, 2, 10, 20
INTERRUPTED = 130

_DEBUG = "TILLPROOF_DEBUG"
_FORMAT_OF_SUFFIX: dict[str, Format] = {
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".txt": "terminal",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that ``arguments`` (by default those of the process) name, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`). Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except SettingsError as error:
        _say(str(error))
        return USAGE
    except Exception as error:
        if os.environ.get(_DEBUG) == "1":
            raise
        _say(f"internal error: {type(error).__name__}: {error}; please report it with the traceback that {_DEBUG}=1 shows")
        return FAILURE
    return status


def exit_status(verdict: "Verdict", fail_on: FailOn) -> int:
    """0 pass, 10 conditional pass, 20 blocked; a verdict that ``fail_on`` lets through is 0."""
    if verdict == "blocked" and fail_on != "never":
        return BLOCKED
    if verdict == "conditional" and fail_on == "conditional":
        return CONDITIONAL
    return PASS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tillproof",
        description="Reviews e-commerce integration code. It reads the code, never runs it, and never uses the network.",
        epilog="Exit status of a review: 0 pass, 10 conditional pass, 20 blocked; 1 failure of the tool, 2 wrong usage.",
    )
    parser.add_argument("--version", action="version", version=f"tillproof {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_review(commands.add_parser("review", help="review the code in a folder", description="Review the code in a folder."))

    explain = commands.add_parser("explain", help="say what a check demands and why", description="Print the page of a check.")
    explain.add_argument("check", metavar="CHECK", help="its name, as `tillproof checks` lists it")
    explain.set_defaults(run=_explain)

    checks = commands.add_parser("checks", help="list the checks", description="List the checks.")
    checks.set_defaults(run=_checks)

    packs = commands.add_parser(
        "packs", help="list the systems that are known", description="List the external systems and frameworks known."
    )
    packs.add_argument("--packs", metavar="DIR", type=Path, action="append", default=[], help="packs of your own, beside the built-in ones")
    packs.set_defaults(run=_packs)
    return parser


def _add_review(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", type=Path, help="the folder to review")
    parser.add_argument("--format", choices=FORMATS, help="how to write it (default: by the ending of --output, else terminal)")
    parser.add_argument("--output", metavar="FILE", type=Path, help="write the report there instead of stdout")
    parser.add_argument("--fail-on", choices=FAIL_ON, default="conditional", help="the mildest verdict that fails (default: conditional)")
    parser.add_argument("--no-cache", action="store_true", help="neither use nor keep work of earlier runs")
    parser.add_argument("--cache-dir", metavar="DIR", type=Path, help="keep work between runs there instead of the user's cache")
    parser.add_argument("--packs", metavar="DIR", type=Path, action="append", default=[], help="packs of your own; may be repeated")
    parser.add_argument("--checks", metavar="A,B", type=_names, default=(), help="run only these checks")
    parser.add_argument("--quiet", action="store_true", help="say nothing but the report and errors")
    parser.set_defaults(run=_review)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def _review(options: argparse.Namespace) -> int:
    root: Path = options.path
    if not root.exists():
        raise SettingsError(f"there is no {root}; give the folder to review")
    if not root.is_dir():
        raise SettingsError(f"{root} is not a folder; give the folder that it lies in")
    output: Path | None = options.output
    if output is not None and not output.parent.is_dir():
        raise SettingsError(f"there is no folder {output.parent} for --output; make it first")
    settings = _settings(options, root)
    gc.disable()  # one review and out: what it builds is needed to the end

    from tillproof.contract import OURSELVES
    from tillproof.progress import progress
    from tillproof.review import review

    with progress(shown=sys.stderr.isatty() and not options.quiet) as told:
        report = review(root, settings, told)
    _write(report, settings.format, output)
    if output is not None and not options.quiet:
        from tillproof.report.wording import closing

        _say(closing(report))
    own = [skipped.reason for skipped in report.target.skipped if skipped.file == OURSELVES]
    for reason in own:
        _say(f"{reason} with the traceback that {_DEBUG}=1 shows")
    status = exit_status(report.summary.verdict, settings.fail_on)
    return FAILURE if own and status == PASS else status


def _settings(options: argparse.Namespace, root: Path) -> Settings:
    _require_folders(options.packs)
    config = read_config(root)
    if options.checks or config.disable or config.severity:
        _require_known((*options.checks, *config.disable, *config.severity))
    suffix = options.output.suffix.lower() if options.output else ""
    return Settings(
        fail_on=options.fail_on,
        format=options.format or _FORMAT_OF_SUFFIX.get(suffix, "terminal"),
        cache_dir=options.cache_dir or default_cache_dir(),
        use_cache=not options.no_cache,
        packs=user_packs(root, tuple(options.packs)),
        checks=options.checks,
        config=config,
    )


def _require_folders(packs: Iterable[Path]) -> None:
    for folder in packs:
        if not folder.is_dir():
            raise SettingsError(f"there is no folder {folder} for --packs; give one that holds pack files (*.yaml)")


def _require_known(names: Iterable[str]) -> None:
    from tillproof.checks.catalog import all_checks

    known = [check.id for check in all_checks()]
    for name in names:
        if name not in known:
            raise SettingsError(_unknown_check(name, known))


def _unknown_check(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"there is no check {name!r}; {f'did you mean {near[0]}?' if near else '`tillproof checks` lists them'}"


def _write(report: "Report", form: Format, output: Path | None) -> None:
    content = _rendered(report, form, interactive=output is None and sys.stdout.isatty())
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise SettingsError(f"{output} cannot be written ({error.strerror}); give another --output") from None


def _rendered(report: "Report", form: Format, interactive: bool) -> bytes:
    if form == "json":
        from tillproof.report.json_report import to_json

        return to_json(report)
    if form == "markdown":
        from tillproof.report.markdown import to_markdown

        return to_markdown(report).encode()
    if form == "html":
        from tillproof.report.html import to_html

        return to_html(report).encode()
    from tillproof.report.terminal import to_terminal

    colour = interactive and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    text = to_terminal(report, width=shutil.get_terminal_size().columns, colour=colour)
    return text.encode(sys.stdout.encoding if interactive else "utf-8", "replace")


def _explain(options: argparse.Namespace) -> int:
    from tillproof.checks.catalog import all_checks

    checks = {check.id: check for check in all_checks()}
    if options.check not in checks:
        raise SettingsError(_unknown_check(options.check, list(checks)))
    page = checks[options.check].page.strip()
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(page))
    else:
        _print(page)
    return PASS


def _checks(_: argparse.Namespace) -> int:
    from tillproof.checks.catalog import all_checks

    checks = sorted(all_checks(), key=lambda check: check.id)
    width = max((len(check.id) for check in checks), default=0)
    for check in checks:
        _print(f"{check.id:<{width}}  {check.severity:<8}  {check.title}")
    return PASS


def _packs(options: argparse.Namespace) -> int:
    from tillproof.knowledge.loader import load

    _require_folders(options.packs)
    knowledge = load(user_packs(Path(), tuple(options.packs)))
    rows = [(pack.id, str(pack.kind), pack.name) for pack in knowledge.providers.values()]
    rows += [(pack.id, f"{pack.language} framework", pack.name) for pack in knowledge.frameworks.values()]
    width, kinds = (max((len(row[index]) for row in rows), default=0) for index in (0, 1))
    for name, kind, title in sorted(rows, key=lambda row: (row[1].endswith("framework"), row)):
        _print(f"{name:<{width}}  {kind:<{kinds}}  {title}")
    for problem in knowledge.problems:
        _say(problem)
    return USAGE if knowledge.problems else PASS


def _print(text: str) -> None:
    sys.stdout.buffer.write(f"{text}\n".encode(sys.stdout.encoding or "utf-8", "replace"))


def _say(text: str) -> None:
    """One line on stderr, whatever the text holds."""
    from tillproof.report.escape import line

    sys.stderr.write(f"tillproof: {line(text)}\n")
