"""Nothing secret may pass, nothing harmless should suffer, and no input may take long."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tillproof.source.mask import MASKED, is_card_number, is_placeholder, mask

# Put together here, so that no scanner takes this file for a leak.
BODY = "4eC39HqLyjWDarjtT1zdp7dc"
KEY = "sk_" + "live_" + BODY


@pytest.mark.parametrize(
    ("secret", "kept"),
    [
        (KEY, "sk_live_"),
        ("sk_" + "test_" + BODY, "sk_test_"),
        ("rk_" + "live_" + BODY, "rk_live_"),
        ("whsec_" + BODY, "whsec_"),
        ("shpat_" + "0a" * 16, "shpat_"),
        ("xoxb-" + "123456789012-abcdefABCDEF", "xoxb-"),
        ("AKIA" + "IOSFODNN7EXAMPLE", "AKIA"),
        ("rzp_" + "live_" + "ILgsfZCZoFIKMb", "rzp_live_"),
        ("access_token$" + "production$" + "a1b2c3d4e5f6g7h8" + "$" + "0f" * 16, "access_token$production$"),
        ("EAAA" + "Eb1QwXyZ_" + "a9" * 20, "EAAA"),
        ("AQE" + "yhmfxK4jJbhRNw0m" + "A1b2" * 20 + "=-" + "c3D4" * 8, "AQE"),
        ("A" + "b1" * 39 + "c", "A"),
        ("E" + "D7x" * 26 + "k", "E"),
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0." + "dozjgNryP4J3jVmNHl0w5N", "eyJ"),
        ("live_" + "a1B2" * 8, "live_"),
    ],
)
@pytest.mark.parametrize("around", ["{}", "key = '{}'", 'f("{}", 1)', "see {} there", "A={}\nB=2", "<b>{}</b>"])
def test_keys_of_known_make_are_masked_and_recognisable(secret: str, kept: str, around: str) -> None:
    shown = mask(around.format(secret))
    assert secret[len(kept) + 2 :] not in shown
    assert secret[-8:] not in shown
    assert "(masked)" in shown
    if around == "{}":
        assert shown == kept + MASKED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password = 'hunter2'", "password = '…(masked)'"),
        ('"db_password": "s3cr3t!x",', '"db_password": "…(masked)",'),
        ("'secret_key' => 'Zx81kPq0',", "'secret_key' => '…(masked)',"),
        ('$config["api_key"] = "Zx81kPq0";', '$config["api_key"] = "…(masked)";'),
        ("define('AUTH_TOKEN', 'Zx81kPq0');", "define('AUTH_TOKEN', '…(masked)');"),
        ('os.environ.get("API_SECRET", "Zx81kPq0")', 'os.environ.get("API_SECRET", "…(masked)")'),
        ('{\\"password\\": \\"Zx81kPq0\\"}', '{\\"password\\": \\"…(masked)\\"}'),
        ('password = "Zx8\'1kPq\\"0yy"', 'password = "…(masked)"'),
        ("DB_PASSWORD=correct(horse", "DB_PASSWORD=…(masked)"),
        ("export SMTP_PASS=horse", "export SMTP_PASS=…(masked)"),
        ("  password: hunter2abc", "  password: …(masked)"),
        ("postgres://shop:hunter2@db/shop", "postgres://shop:…(masked)@db/shop"),
        ("Authorization: Bearer abc123def456", "Authorization: Bearer …(masked)"),
        ("card 4242 4242 4242 4242 12/28", "card …(masked) 12/28"),
        ("qty 2 4242424242424242", "qty 2 …(masked)"),
        ("pan=4000-0566-5566-5556;", "pan=…(masked);"),
        ("x3782822463100055", "x3782822463100055"),
        ("amex 378282246310005", "amex …(masked)"),
        ("cvv: '123'", "cvv: '…(masked)'"),
        ("DE89 3704 0044 0532 0130 00", "…(masked)"),
    ],
)
def test_what_is_masked(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "password = getpass()",
        "secret = os.environ['STRIPE_SECRET']",
        "secret: process.env.STRIPE_SECRET,",
        "'secret_key' => 'stripe_secret_key',",
        "'secret' => __( 'Secret key of your account', 'shop' ),",
        "password: string;",
        'api_key = "<your key>"',
        'api_key = "YOUR_API_KEY"',
        "STRIPE_SECRET=${STRIPE_SECRET}",
        'key = "sk_test_xxx"',
        "if (token === null) return;",
        "function verifyToken(token, secret) {",
        "order 1234567890123456",
        "550e8400-e29b-41d4-a716-446655440000",
        "pk_live_" + BODY,
        "integrity='sha384-" + "aB3" * 21 + "x'",
        "https://example.com:8080/a@b",
        "author: 'John'",
        "0000 0000 0000 0000",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert mask(text) == text


def test_private_keys_keep_their_lines() -> None:
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"] * 3)
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nafter"
    shown = mask(key)
    assert "MIIE" not in shown
    assert shown.count("\n") == key.count("\n")
    assert shown.endswith("-----END RSA PRIVATE KEY-----\nafter")
    assert "MIIE" not in mask(key[: len(key) // 2])
    assert "MIIE" not in mask(body)
    code = 'if key.startswith("-----BEGIN PRIVATE KEY-----"): go()'
    assert mask(code) == code


def test_helpers() -> None:
    assert is_card_number("4242424242424242")
    assert not any(map(is_card_number, ("4242424242424241", "42424242", "0" * 16, "4" * 30)))
    assert is_placeholder("changeme")
    assert not is_placeholder("Zx81kPq0")


FRAGMENTS = st.sampled_from(
    [
        KEY,
        "whsec_" + BODY,
        "password='",
        'secret: "',
        "token=",
        "'",
        '"',
        "`",
        "\\",
        '\\"',
        "=",
        " ",
        "\n",
        "-",
        "…(masked)",
        "4242424242424242",
        "4242 ",
        "eyJabcdef",
        ".",
        "://u:p",
        "@",
        "Bearer ",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "DE89370400440532013000",
        "AKIA",
        "IOSFODNN7EXAMPLE",
        "cvv:",
        "123",
        "A_KEY_SECRET=",
        "x",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(st.one_of(FRAGMENTS, st.text(max_size=5)), max_size=30).map("".join))


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_masking_again_changes_nothing_and_lines_stay(text: str) -> None:
    once = mask(text)
    assert mask(once) == once
    assert once.count("\n") == text.count("\n")
    assert len(once) <= 4 * len(text) + 16


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_surroundings_let_a_key_or_a_card_pass(before: str, after: str) -> None:
    assert BODY not in mask(f"{before} {KEY} {after}")
    assert "4242424242424242" not in mask(f"{before}|4242424242424242|{after}")


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1 ",
        "12-",
        "eyJ",
        "eyJa.",
        "sk_live_",
        "secret",
        "secret:'",
        "secret=\"'",
        "://",
        "://a:",
        "Bearer ",
        "password=\\",
        "A",
        "-----BEGIN PRIVATE KEY-----",
        "DE89 3704 ",
        "token(",
        "A1b2",
        "Ab1",
        "= ",
        '\\"',
        "cvv: ",
    ],
)
def test_long_hostile_lines_are_masked_in_linear_steps(piece: str) -> None:
    # Quadratic behaviour on a text of this length would not end within the patience of anybody who runs the tests.
    text = piece * (200_000 // len(piece))
    assert len(mask(text)) <= 4 * len(text) + 16
