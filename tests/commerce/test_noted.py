"""Which notes of a payment a handler reads, in the ways in which the languages read them."""

from pathlib import Path

import pytest

from tests.commerce.small_models import model_of
from tillproof.commerce.noted import notes_read
from tillproof.flow.program import Fn

_READS = {
    "subscript.py": "def f(event):\n    return event['data']['object']['metadata']['user_id']\n",
    "get.py": "def f(session):\n    return session.metadata.get('user_id')\n",
    "member.js": "function f(session) { return session.metadata?.user_id; }\n",
    "unpacked.ts": "function f(session: any) { const { user_id } = session.metadata ?? {}; return user_id; }\n",
    "arrow.php": "<?php function f($session) { return $session->metadata->user_id; }\n",
    "none.py": "def f(session):\n    return session.metadata.items()\n",
}


@pytest.mark.parametrize("name", _READS)
def test_the_notes_that_are_read(tmp_path: Path, name: str) -> None:
    model, _ = model_of(tmp_path, {name: _READS[name]})
    assert notes_read(model.program, [Fn(name, 0)]) == (() if name == "none.py" else ("user_id",))
