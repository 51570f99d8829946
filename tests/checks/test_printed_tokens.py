"""A token by which a system proves its messages to us is a credential: also one that stands in the code, and is printed from there."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "boundary/secret-logged"
ROUTES = """\
import hashlib
import os

from fastapi import APIRouter

from settings import KEPT, ENDPOINT_URL

router = APIRouter(prefix="/webhooks")


@router.get("/ebay/orders")
async def challenge(challenge_code: str, user=None):
    raw = f"{challenge_code}{KEPT}{ENDPOINT_URL}"
    digest = hashlib.sha256(raw.encode()).hexdigest()
    print(SHOWN)
    return {"challengeResponse": digest}
"""
ENVIRONMENT, WRITTEN = 'os.getenv("EBAY_VERIFICATION_TOKEN", "")', '"hJk82LmQ9xTz41VbNw73RsYp65DcFg"'


@pytest.mark.parametrize(
    ("name", "value", "shown", "told"),
    [
        ("EBAY_VERIFICATION_TOKEN", ENVIRONMENT, '"token:", EBAY_VERIFICATION_TOKEN', True),
        ("EBAY_VERIFICATION_TOKEN", ENVIRONMENT, '"raw:", raw', True),
        ("EBAY_VERIFICATION_TOKEN", WRITTEN, '"token:", EBAY_VERIFICATION_TOKEN', True),
        ("EBAY_VERIFICATION_TOKEN", '"change-me"', '"token:", EBAY_VERIFICATION_TOKEN', False),
        ("EBAY_VERIFICATION_TOKEN", ENVIRONMENT, '"sha:", digest', False),
        ("EBAY_VERIFICATION_TOKEN", ENVIRONMENT, '"set:", bool(EBAY_VERIFICATION_TOKEN)', False),
        ("EBAY_VERIFICATION_TOKEN", ENVIRONMENT, '"mail:", user.verification_token', False),
        ("STORE_LOCATION", WRITTEN, '"store:", STORE_LOCATION', False),
    ],
)
def test_the_token_of_a_systems_messages(tmp_path: Path, name: str, value: str, shown: str, told: bool) -> None:
    files = {
        "requirements.txt": "fastapi\n",
        "settings.py": f'import os\n\n{name} = {value}\nENDPOINT_URL = os.getenv("ENDPOINT_URL", "")\n',
        "routes.py": ROUTES.replace("KEPT", name).replace("SHOWN", shown),
    }
    report = review_of(Example(title="", files=files, expect=[]), tmp_path, CHECK)
    assert [f.file for f in report.findings if f.check == CHECK] == ["routes.py"] * told
