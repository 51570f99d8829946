"""What goes back to PayPal to be confirmed: the message as it came, or one that is put together anew."""

from pathlib import Path

import pytest

from tests.checks.test_examples import review_of
from tillproof.checks.pages import Example

CHECK = "payment/webhook-weak-verification"
PYTHON = """\
import requests
from urllib.parse import quote_plus, urlencode
from flask import Flask, request
from shop.models import Order

app = Flask(__name__)


@app.route("/ipn", methods=["POST"])
def ipn():
    POSTBACK
    if answer.text != "VERIFIED":
        return "", 400
    Order.query.filter_by(id=request.form["custom"]).update({"status": "paid"})
    return ""
"""
PHP = """\
<?php
POSTBACK
if (strcmp($answer, 'VERIFIED') !== 0) { exit; }
if ($_POST['receiver_email'] !== 'me@example.org') { exit; }
$db->query("UPDATE orders SET status = 'paid' WHERE id = " . (int) $_POST['custom']);
"""
POST = "$ch = curl_init('https://ipnpb.paypal.com/cgi-bin/webscr');\ncurl_setopt($ch, CURLOPT_POSTFIELDS, $req);\n$answer = curl_exec($ch);"
JAVASCRIPT = """\
const express = require('express');
const querystring = require('querystring');
const axios = require('axios');
const Order = require('mongoose').model('Order');
const app = express();
app.use(express.urlencoded({ extended: false }));
app.post('/ipn', async (req, res) => {
  POSTBACK
  const answer = await axios.post('https://ipnpb.paypal.com/cgi-bin/webscr', sent);
  if (answer.data !== 'VERIFIED') return res.status(400).end();
  await Order.updateOne({ _id: req.body.custom }, { status: 'paid' });
  res.end();
});
"""
ASK = "answer = requests.get('https://ipnpb.paypal.com/cgi-bin/webscr?cmd=_notify-validate' + sent, timeout=9)"
SEND = "answer = requests.post('https://ipnpb.paypal.com/cgi-bin/webscr', data=sent, timeout=9)"


@pytest.mark.parametrize(
    ("page", "postback", "severity"),
    [
        (PYTHON, "sent = ''\nfor k, v in request.form.items():\n    sent += '&{}={}'.format(k, v)\n" + ASK, "critical"),
        (PYTHON, "sent = 'cmd=_notify-validate'\nfor k, v in request.form.items():\n    sent += f'&{k}={v}'\n" + SEND, "high"),
        (PYTHON, "sent = 'cmd=_notify-validate'\nfor k, v in request.form.items():\n    sent += f'&{k}={quote_plus(v)}'\n" + SEND, ""),
        (PYTHON, "sent = 'cmd=_notify-validate&' + request.get_data(as_text=True)\n" + SEND, ""),
        (PYTHON, "sent = {'cmd': '_notify-validate', **request.form}\n" + SEND, ""),
        (PYTHON, "sent = 'cmd=_notify-validate&' + urlencode(request.form)\n" + SEND, ""),
        (PHP, "$req = 'cmd=_notify-validate';\nforeach ($_POST as $key => $value) { $req .= \"&$key=$value\"; }\n" + POST, "high"),
        (
            PHP,
            "$req = 'cmd=_notify-validate';\nforeach ($_POST as $key => $value) {\n  $value = urlencode(stripslashes($value));\n"
            '  $req .= "&$key=$value";\n}\n' + POST,
            "",
        ),
        (PHP, "$req = 'cmd=_notify-validate&' . file_get_contents('php://input');\n" + POST, ""),
        (PHP, "$req = 'cmd=_notify-validate&' . http_build_query($_POST);\n" + POST, ""),
        (JAVASCRIPT, "let sent = 'cmd=_notify-validate';\n  for (const k in req.body) { sent += `&${k}=${req.body[k]}`; }", "high"),
        (
            JAVASCRIPT,
            "let sent = 'cmd=_notify-validate';\n  for (const k in req.body) sent += `&${k}=${encodeURIComponent(req.body[k])}`;",
            "",
        ),
        (JAVASCRIPT, "const sent = 'cmd=_notify-validate&' + querystring.stringify(req.body);", ""),
    ],
)
def test_the_message_goes_back_as_it_came_or_encoded(tmp_path: Path, page: str, postback: str, severity: str) -> None:
    name = {PYTHON: "shop.py", PHP: "ipn.php", JAVASCRIPT: "server.js"}[page]
    code = page.replace("POSTBACK", postback.replace("\n", "\n    ") if page is PYTHON else postback)
    report = review_of(Example(title="", files={name: code}, expect=[]), tmp_path, CHECK)
    found = [f.severity for f in report.findings if f.check == CHECK and "confirm another message" in f.title]
    assert found == ([severity] if severity else [])


CUT = POST + '\n$tokens = explode("\\r\\n\\r\\n", trim($answer));\n$answer = trim(end($tokens));'


@pytest.mark.parametrize(
    "asked", ["strcmp($answer, 'VERIFIED') !== 0", "strcmp($answer, 'VERIFIED') !== 0 && strcasecmp($answer, 'VERIFIED') !== 0"]
)
def test_the_head_of_an_answer_is_cut_off_before_it_is_compared(tmp_path: Path, asked: str) -> None:
    sent = "$req = 'cmd=_notify-validate&' . file_get_contents('php://input');\n" + CUT
    page = PHP.replace("strcmp($answer, 'VERIFIED') !== 0", asked).replace("POSTBACK", sent)
    report = review_of(Example(title="", files={"ipn.php": page}, expect=[]), tmp_path, CHECK)
    assert [f.message for f in report.findings if f.check == CHECK] == []
    unasked = page.replace(f"if ({asked}) {{ exit; }}", "")
    report = review_of(Example(title="", files={"ipn.php": unasked}, expect=[]), tmp_path, CHECK)
    assert [f.severity for f in report.findings if f.check == CHECK] == ["critical"]
