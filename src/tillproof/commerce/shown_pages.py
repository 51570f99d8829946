"""Templates that nothing shows: a page that is left over takes nobody's card."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tillproof.commerce.addresses import in_comment
from tillproof.source.files import SourceFile
from tillproof.source.text import read

if TYPE_CHECKING:
    from tillproof.commerce.model import Model

_SHOWN_BY_NAME = ("blade", "twig", "jinja", "ejs")
"""Languages of templates that a browser can't open by themselves: a name in the code shows them."""
_FOLDERS = re.compile(r"(?:^|/)(?:views|templates|Templates|pages)/(?P<name>.+)$")
_LARGEST = 400_000


class ShownPages:
    """Answers by template; every text that may name one is looked through once a question."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def is_left_over(self, file: SourceFile) -> bool:
        """Whether a template is shown by a name alone, and no code and no other template names it, its folder perhaps with a hole behind
        it; a line that is commented out shows nothing."""
        found = _FOLDERS.search(file.path)
        if file.language not in _SHOWN_BY_NAME or found is None:
            return False
        name = found["name"].partition(".")[0]
        if "/" not in name:
            return False  # too short a name to be looked for
        folder = name.rpartition("/")[0]
        names = [n.encode() for n in dict.fromkeys((name, name.replace("/", ".")))]
        holes = [re.escape(f.encode()) for f in dict.fromkeys((folder + "/", (folder + ".").replace("/", ".")))]
        begun = re.compile(rb"[\"'`](?:\w+::)?(?:" + rb"|".join(holes) + rb")[\"'`${]")
        return not any(self._names(text, names) or begun.search(text) for text in self._others(file))

    def _names(self, text: bytes, names: list[bytes]) -> bool:
        for name in names:
            at = text.find(name)
            while at >= 0:
                if not in_comment(text, at, text.rfind(b"\n", 0, at) + 1):
                    return True
                at = text.find(name, at + 1)
        return False

    def _others(self, page: SourceFile) -> Iterator[bytes]:
        """The texts of everything else that may show a template."""
        for path, file in self.model.program.files.items():
            if path == page.path or file.role not in ("source", "template", "config"):
                continue
            source = self.model.program.sources.get(path)
            if source is None and file.language in (*_SHOWN_BY_NAME, "html") and file.size <= _LARGEST and self.model.root is not None:
                source = read(self.model.root, path)[0]
            if source:
                yield source
