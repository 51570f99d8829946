"""Is a credential of unknown make one for tests? Its neighbours may say so."""

from typing import TYPE_CHECKING

from tillproof.commerce.credentials import Mode
from tillproof.commerce.lexicon import snake
from tillproof.commerce.written_parts import Written

if TYPE_CHECKING:
    from tillproof.commerce.model import Model


class Modes:
    """Reads the mode of credentials off what stands beside them: keys of a known make, and the setting that names the mode."""

    def __init__(self, model: "Model") -> None:
        self._model = model
        self._beside: dict[tuple[str, str], set[str]] = {}
        for written in model.written.found:
            credential = written.credential
            if credential.owner is not None and credential.mode != "unknown":
                self._beside.setdefault((written.file.path, credential.owner.id), set()).add(credential.mode)

    def of(self, written: Written) -> Mode:
        """The mode of a credential: its own, else the one that all its neighbours of the same system have.

        A webhook's secret stays what it is: whoever has it can sign for every shop that was deployed with it, whatever the mode.
        """
        credential = written.credential
        if credential.mode != "unknown" or credential.owner is None or "webhook" in credential.name:
            return credential.mode
        if not credential.owner.test_mode:
            return "live"
        found = self._beside.get((written.file.path, credential.owner.id), set()) | self._set(written)
        if found == {"test"}:
            return "test"
        return "live" if found == {"live"} else "unknown"

    def _set(self, written: Written) -> set[str]:
        """What else the file says: a setting such as ``PAYPAL_MODE=sandbox``, or the only host of the provider that stands in it."""
        found: set[str] = set()
        owner = written.credential.owner
        if owner is None:
            return found
        text = self._model.texts.text(written.file.path)
        if any(host.encode() in text for host in owner.sandbox_hosts) and not any(host.encode() in text for host in owner.hosts):
            found.add("test")
        words = self._model.words
        for entry in self._model.texts.entries(written.file) if written.file.role == "config" else ():
            names = [part for part in reversed(entry.key.split(".")) if part]
            if names and words.has("mode_fields", names[0]) and self._model.credentials.owners.of(names) == owner:
                value = snake(entry.value)
                found |= {mode for mode, kind in (("test", "test_values"), ("live", "live_values")) if words.has(kind, value)}
        return found
