"""What a review is asked to do: the command line's wishes joined with ``.tillproof/config.toml`` of the reviewed root.

The configuration file is part of the code under review, so it is foreign input: it is read with bounds, and nothing in it
may quietly hide a finding. What it disables is still reviewed and listed under ``suppressed``.
"""

import os
import sys
import tomllib
from pathlib import Path
from typing import Literal, get_args

import msgspec

from tillproof.contract import Severity

CONFIG_FILE = Path(".tillproof", "config.toml")
USER_PACKS = Path(".tillproof", "packs")

Format = Literal["terminal", "markdown", "html", "json"]
FailOn = Literal["blocked", "conditional", "never"]

FORMATS: tuple[Format, ...] = get_args(Format)
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)

_LARGEST = 1 << 20


class SettingsError(Exception):
    """The configuration or the command line asks for something that cannot be. The message is one line and says the mend."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``.tillproof/config.toml``.

    ``exclude``: globs as in .gitignore, relative to the reviewed root, of files that are not reviewed.
    ``disable``: checks whose findings are listed as suppressed and do not count for the verdict.
    ``severity``: check → severity of its findings.
    """

    exclude: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    severity: dict[str, Severity] = {}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that steers a review.

    ``fail_on``: the mildest verdict that makes the exit status fail. ``format``: the view that is written.
    ``cache_dir``: where work is kept between runs, unless ``use_cache`` is false.
    ``packs``: pack files and folders beside the built-in packs, later ones over earlier ones.
    ``checks``: only these are run; empty means all. ``config``: the reviewed root's own wishes.
    """

    fail_on: FailOn = "conditional"
    format: Format = "terminal"
    cache_dir: Path = Path()
    use_cache: bool = True
    packs: tuple[Path, ...] = ()
    checks: tuple[str, ...] = ()
    config: Config = Config()


def read_config(root: Path) -> Config:
    """The configuration in ``root``, or the defaults where there is none. Raises SettingsError when it cannot be understood."""
    path = root / CONFIG_FILE
    if not path.exists():
        return Config()
    try:
        return msgspec.convert(tomllib.loads(_read(path)), Config)
    except RecursionError:
        raise SettingsError(f"{CONFIG_FILE.as_posix()} is nested too deeply; mend it there") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{CONFIG_FILE.as_posix()} is not valid TOML: {error}; mend the syntax there") from None
    except msgspec.ValidationError as error:
        allowed = "it may hold `exclude` and `disable` (lists of text) and a table [severity] of check = severity"
        raise SettingsError(f"{CONFIG_FILE.as_posix()}: {error}; {allowed}") from None


def _read(path: Path) -> str:
    name = CONFIG_FILE.as_posix()
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise SettingsError(f"{name} must be a file of at most {_LARGEST} bytes; replace or remove it")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is not UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{name} cannot be read ({error.strerror}); mend its permissions") from None


def user_packs(root: Path, named: tuple[Path, ...]) -> tuple[Path, ...]:
    """The packs of the reviewed root, if it has any, then those named on the command line, which so have the last word."""
    own = root / USER_PACKS
    return (own, *named) if own.is_dir() else named


def default_cache_dir() -> Path:
    """Where the platform keeps what a program may lose at any time. A relative ``$XDG_CACHE_HOME`` is none: the XDG Base Directory
    Specification has it ignored."""
    named = Path(os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", ""))
    own = Path("~/AppData/Local" if sys.platform == "win32" else "~/.cache")
    return (named if named.is_absolute() else own.expanduser()) / "tillproof"
