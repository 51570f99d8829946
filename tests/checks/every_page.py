"""The pages that the checks carry, and the language of an example, for the tests that go through all of them."""

from pathlib import Path, PurePosixPath

from tillproof import checks
from tillproof.checks.pages import Example

FOLDER = Path(checks.__file__).parent

# Check → its page: checks/payment/webhook_unverified.md is payment/webhook-unverified.
PAGES = {path.relative_to(FOLDER).with_suffix("").as_posix().replace("_", "-"): path for path in sorted(FOLDER.rglob("*.md"))}

_LANGUAGES = {".py": "python", ".js": "javascript", ".jsx": "javascript", ".ts": "javascript", ".tsx": "javascript", ".php": "php"}


def language_of(example: Example) -> str | None:
    """The one language in which the code of the example is written; None for an example of configuration, SQL or templates alone."""
    found = {_LANGUAGES[suffix] for name in example.files if (suffix := PurePosixPath(name).suffix) in _LANGUAGES}
    assert len(found) < 2, f"{example.title}: {found}"
    return found.pop() if found else None
