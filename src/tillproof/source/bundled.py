"""Published PHP libraries that a shop without Composer carries in a folder of its own, as their release archives unpack."""

import re
from collections.abc import Iterator
from pathlib import Path

from tillproof.source import projects
from tillproof.source.kinds import words

# Whose libraries they are: clients of providers, and what renders documents, sends mail and speaks HTTP.
_VENDORS = words(
    "stripe razorpay paypal braintree mollie midtrans authorizenet square paystackhq yabacon flutterwavedev mercadopago adyen payu "
    "openpayu iyzico xendit twilio vonage sendgrid mailgun mailjet phpmailer swiftmailer pear dompdf mpdf tecnickcom setasign fpdf "
    "phpoffice endroid guzzlehttp rmccue nategood symfony psr monolog league firebase ramsey vlucas paragonie phpseclib google facebook "
    "aws abraham hybridauth"
)


# What lies in CodeIgniter's own folder, which shops that were made before Composer carry along.
_FRAMEWORK = {"core", "database", "helpers", "libraries"}
_CLASS = re.compile(rb"^\s*(?:(?:abstract|final|readonly)\s+)*class\s+\w", re.MULTILINE)
_MOST_BYTES = 100_000


def renamed_into(folder: Path) -> list[str]:
    """The folders, relative to one with a ``composer.json``, into which a tool copies libraries under a namespace of the plugin's own, so
    that two plugins with different versions of one library don't clash. See https://github.com/coenjacobs/mozart and
    https://github.com/BrianHenryIE/strauss."""
    extra = projects.read_json(folder / "composer.json").get("extra")
    if not isinstance(extra, dict):
        return []
    settings = [s for tool in ("mozart", "strauss") if isinstance(s := extra.get(tool), dict)]
    named = [s.get(key) for s in settings for key in ("dep_directory", "classmap_directory", "target_directory")]
    return [path for name in named if isinstance(name, str) and (path := name.strip("./"))]


def is_bundled(folder: Path, names: set[str]) -> bool:
    """Whether a folder below the root holds such a library. A plugin or module of the same vendor is code that is deployed for itself."""
    if names.issuperset(_FRAMEWORK) and (folder / "core" / "CodeIgniter.php").exists():
        return True
    if "composer.json" not in names:
        return False
    composer = projects.read_json(folder / "composer.json")
    name = composer.get("name")
    return isinstance(name, str) and composer.get("type", "library") == "library" and name.lower().partition("/")[0] in _VENDORS


def put_beside(folder: Path, names: set[str]) -> set[str]:
    """The files of a module's own in a folder that holds a library: its Composer file loads the classes from folders below only, so a class
    that lies next to it is loaded by the module, which keeps its helpers and clients where it has unpacked the library."""
    if "composer.json" not in names:
        return set()
    places = list(_loaded(projects.read_json(folder / "composer.json").get("autoload")))
    if not places or any(_is_here(folder, place) for place in places):
        return set()
    return {name for name in names if name.lower().endswith(".php") and _declares(folder / name)}


def _is_here(folder: Path, place: str) -> bool:
    """Whether code is loaded from the folder itself: all of it, or a file in it."""
    return not place.strip("./") or ((folder / place).parent == folder and not (folder / place).is_dir())


def _loaded(given: object) -> Iterator[str]:
    """The files and folders from which a Composer file loads code."""
    if isinstance(given, str):
        yield given
    elif isinstance(given, (dict, list)):
        for part in given.values() if isinstance(given, dict) else given:
            yield from _loaded(part)


def _declares(file: Path) -> bool:
    try:
        with file.open("rb") as text:
            return _CLASS.search(text.read(_MOST_BYTES)) is not None
    except OSError:
        return False
