"""``boundary/hardcoded-secret`` for the mail account and for keys in addresses, however they are handed over."""

from pathlib import Path

import pytest

from tests.checks.test_credentials_beside_code import found

JOINED = "wnsvopgv" + "aittjjgd"
SPACED = "abqk xmzp " + "lrtw hgvd"
WILD = "Kx7!tq" + "29Zb"
HEX = "773ce458cdb14b6a" + "a7558d74e5db3e57"
SMS = "gV8KqPbC4mT2yXzR7aWn" + "J5hLd0sUeFo9"
DEMO = "b8647b68898b084b836474ed8d61ffe1" + "17c9a01168d867f24953b776ddcb134d"

NODE = "const nodemailer = require('nodemailer');\nmodule.exports = nodemailer.createTransport({ HOW });\n"


@pytest.mark.parametrize(
    ("name", "text", "line", "severity"),
    [
        ("mail.js", NODE.replace("HOW", f"service: 'gmail', auth: {{ user: 'a@gmail.com', pass: '{SPACED}' }}"), 2, "high"),
        ("mail.js", NODE.replace("HOW", f"host: 'smtp.gmail.com', auth: {{ user: 'a@gmail.com', pass: '{JOINED}' }}"), 2, "high"),
        ("mail.js", NODE.replace("HOW", f"host: 'localhost', port: 1025, auth: {{ user: 'a', pass: '{WILD}' }}"), 2, "low"),
        ("mail.php", f"<?php\ndefine('MAIL_HOST', 'smtp.gmail.com');\ndefine('MAIL_PASSWORD', '{JOINED}');\n", 3, "high"),
        ("mail.php", f"<?php\n$mail = new PHPMailer(true);\n$mail->Host = 'smtp.gmail.com';\n$mail->Password = '{JOINED}';\n", 4, "high"),
        ("settings.py", f"EMAIL_HOST = 'smtp.gmail.com'\nEMAIL_HOST_PASSWORD = '{SPACED}'\n", 2, "high"),
        (
            "mail.py",
            (
                f'import smtplib\n\n\ndef send(text):\n    secret = "{JOINED}"\n    server = smtplib.SMTP("smtp.gmail.com", 587)\n'
                '    server.login("a@gmail.com", secret)\n    server.sendmail("a", "b", text)\n'
            ),
            5,
            "high",
        ),
        ("mail.py", f'import yagmail\n\nyagmail.SMTP("a@gmail.com", "{SPACED}").send("b@gmail.com", "Paid")\n', 3, "high"),
        (".env", f"SMTP_HOST=smtp.gmail.com\nSMTP_PASS={SPACED}\n", 2, "high"),
        (".env", f"SMTP_HOST=smtp.gmail.com\nSMTP_PASSWORD={JOINED}\n", 2, "high"),
        (".env.local", f"MAILER_DSN=gmail+smtp://shop:{JOINED}@default\n", 1, "high"),
        ("seeds/mockData.js", f"// https://api.spoonacular.com/recipes?apiKey={HEX}&number=5\nmodule.exports = [];\n", 1, "high"),
        ("sms.js", f"module.exports = (n) => fetch(`https://www.fast2sms.com/dev?authorization={SMS}&to=${{n}}`);\n", 1, "high"),
    ],
)
def test_what_is_written_down_is_found(tmp_path: Path, name: str, text: str, line: int, severity: str) -> None:
    assert found(tmp_path, {name: text}) == [(name, line, severity)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mail.js", NODE.replace("HOW", "service: 'gmail', auth: { user: process.env.MAIL_USER, pass: process.env.MAIL_PASS }")),
        ("mail.js", NODE.replace("HOW", "service: 'gmail', auth: { user: 'you@gmail.com', pass: 'your app pass word' }")),
        ("mail.js", NODE.replace("HOW", "service: 'gmail', auth: { user: 'you@gmail.com', pass: 'applicationpassw' }")),
        ("mail.php", "<?php\ndefine('MAIL_PASSWORD', getenv('MAIL_PASSWORD'));\n"),
        ("mail.py", 'import smtplib\n\n\ndef send(server: smtplib.SMTP, password):\n    server.login("a@gmail.com", password)\n'),
        ("mockData.js", "// https://api.spoonacular.com/recipes?apiKey=YOUR_API_KEY_GOES_HERE\nmodule.exports = [];\n"),
        ("mockData.js", f"// https://cdn.spoonacular.com/file.js?v={HEX}\nmodule.exports = [];\n"),
        ("begateway.php", f"<?php\nclass Begateway {{ private $presets = ['shop_pass' => '{DEMO}']; }}\n"),
    ],
)
def test_what_stands_for_one_is_not(tmp_path: Path, name: str, text: str) -> None:
    assert found(tmp_path, {name: text}) == []
