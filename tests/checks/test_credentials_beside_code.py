"""``boundary/hardcoded-secret`` where no code keeps the credential: in what was commented out, and where only the place gives it away."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

ID = "AKIA" + "4QWZ7MTN2KD5LXBA"
SECRET = "vQ3mT9xLr2KpWz8NcYb5" + "HdJf7GsAe4UoRi1TnPqM"
SHORT = "hT7wQz2MxLp9" + "RkVb4NcYs8Df"
MERCHANT = "4f9b2c7a-1d3e-4a68" + "-9c52-7e0d8b6f3a19"
HEX = "7c18FD07b3eF5C47" + "Fc19B6544afE5B97"

RAZORPAY = "const Razorpay = require('razorpay');\n"


def found(root: Path, files: dict[str, str]) -> list[tuple[str, int, str]]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    report = review(root, Settings(use_cache=False, checks=("boundary/hardcoded-secret",)))
    return [(f.file, f.start_line, f.severity) for f in report.findings]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "mail.js",
            f"// const ses = new AWS.SES({{\n//   accessKeyId: '{ID}',\n//   secretAccessKey: '{SECRET}',\n// }});\n",
            (3, "critical"),
        ),
        ("settings.py", f"DEBUG = False\n# AWS_SECRET_ACCESS_KEY = '{SECRET}'\n", (2, "critical")),
        ("pay.js", f"{RAZORPAY}// new Razorpay({{ key_id: 'rzp_live_Kx82mPq1ZtVbN4', key_secret: '{SHORT}' }});\n", (2, "critical")),
        ("pay.py", f'import razorpay\n\n"""\nold = razorpay.Client(auth=("rzp_live_Kx82mPq1ZtVbN4", "{SHORT}"))\n"""\n', (4, "critical")),
        ("paypal.php", f"<?php\n/*\n$client_secret = 'EGq3{SECRET}'; // PayPal\n*/\nreturn [];\n", (3, "high")),
        ("db.js", f"// mongoose.connect('mongodb+srv://shop:{SHORT}@cluster0.k3x9a.mongodb.net/shop');\n", (1, "medium")),
    ],
)
def test_what_was_commented_out_is_read_all_the_same(tmp_path: Path, name: str, text: str, expected: tuple[int, str]) -> None:
    assert found(tmp_path, {name: text}) == [(name, *expected)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", f"{RAZORPAY}/**\n * new Razorpay({{ key_secret: '{SHORT}' }})\n */\n"),
        ("b.js", f"{RAZORPAY}// Example:\n//   key_secret: '{SHORT}'\n"),
        (
            "c.js",
            f"{RAZORPAY}// key_secret: process.env.RAZORPAY_SECRET,\n// key_secret: '<your secret>'\n// const password = 'password';\n",
        ),
        (
            "d.py",
            "import stripe\n# token hash: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n# cache_key = 'checkout:v2'\n",
        ),
        ("e.js", "// mongoose.connect('mongodb://shop:shop@localhost:27017/shop');\n"),
    ],
)
def test_what_only_explains_is_no_credential(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, {name: text}) == []


ZARINPAL = (
    "import requests\nfrom django.conf import settings\n\n\ndef begin(amount):\n"
    "    body = {'merchant_id': settings.MERCHANT_ID, 'amount': amount}\n"
    "    return requests.post('https://api.zarinpal.com/pg/v4/payment/request.json', json=body, timeout=9).json()\n"
)


def test_an_id_that_alone_opens_the_account_is_a_credential_wherever_the_settings_keep_it(tmp_path: Path) -> None:
    settings = f"from decouple import config\n\nMERCHANT_ID = config('MERCHANT_ID', default='{MERCHANT}')\n"
    assert found(tmp_path, {"shop/settings.py": settings, "shop/pay.py": ZARINPAL}) == [("shop/settings.py", 3, "high")]


def test_one_that_the_environment_alone_has_is_none(tmp_path: Path) -> None:
    settings = "import os\n\nMERCHANT_ID = os.environ['MERCHANT_ID']\n"
    assert found(tmp_path, {"shop/settings.py": settings, "shop/pay.py": ZARINPAL}) == []


TRACK = (
    "<?php\nfunction track($event) {{\n    return wp_remote_post('https://events.northpay-data.io/v1/track', [\n'timeout' => 5,\n"
    "        'body' => json_encode(['mode' => 'live', 'key' => {key}, 'events' => [$event]]),\n    ]);\n}}\n"
)


def test_a_bare_key_in_what_is_sent_is_a_credential(tmp_path: Path) -> None:
    assert found(tmp_path, {"track.php": TRACK.format(key=f"'{HEX}'")}) == [("track.php", 5, "high")]


@pytest.mark.parametrize("key", ["$event['key']", "'orders/2024/invoices/recent'", "get_option('track_key')"])
def test_a_key_that_is_no_credential_may_be_sent(tmp_path: Path, key: str) -> None:
    assert found(tmp_path, {"track.php": TRACK.format(key=key)}) == []


def test_the_password_that_a_database_is_opened_with(tmp_path: Path) -> None:
    files = {
        "db.php": "<?php\n$db = mysqli_connect('db.shop-host.net', 'shop_admin', 'Zq8m!Tx2" + "LrK9', 'shop');\n",
        "own.php": "<?php\n$db = new PDO('mysql:host=localhost;dbname=shop', 'root', '');\n",
    }
    assert found(tmp_path, files) == [("db.php", 2, "medium")]


def test_headers_and_addresses_that_are_put_together(tmp_path: Path) -> None:
    files = {
        "rates.js": "const axios = require('axios');\nexports.rates = (b) =>\n  axios.post('https://api.northship.io/v1/rates', b, {\n"
        f"    headers: {{ 'X-Api-Key': '{HEX}' }},\n  }});\n",
        "geo.php": f"<?php\n$r = file_get_contents('https://api.northgeo.io/v1/code?q=' . urlencode($q) . '&api_key={HEX}0');\n",
    }
    assert found(tmp_path, files) == [("geo.php", 2, "high"), ("rates.js", 4, "high")]
