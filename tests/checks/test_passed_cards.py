"""Card data in logs of code that names none: what every request passes, what clients show, what senders are handed."""

from pathlib import Path

from tests.checks.test_stock import ruled

LOGGED = "pci/card-data-logged"

_DJANGO = {
    "shop/middleware.py": """import logging

logger = logging.getLogger(__name__)


class RequestLog:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        logger.info("%s %s %s", request.method, request.path, request.body)
        return self.get_response(request)


class PostLog:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.method == "POST":
            logger.info("post %s", dict(request.POST))
        return self.get_response(request)
""",
    "shop/views.py": """import requests
from django.http import JsonResponse


def pay(request):
    number = request.POST["card_number"]
    cvv = request.POST["cvv"]
    requests.post("https://api.authorize.net/pay", json={"cardNumber": number, "cardCode": cvv}, timeout=10)
    return JsonResponse({"ok": True})
""",
    "shop/urls.py": """from django.urls import path
from . import views
urlpatterns = [path("pay/", views.pay)]
""",
    "shop/settings.py": """MIDDLEWARE = ["shop.middleware.RequestLog", "shop.middleware.PostLog"]
ROOT_URLCONF = "shop.urls"
""",
    "requirements.txt": """django
""",
}

_FLASK = {
    "app.py": """import requests
from flask import Flask, jsonify, request

app = Flask(__name__)


@app.before_request
def log_request():
    app.logger.info("%s %s %s", request.method, request.path, request.get_json(silent=True))


@app.post("/pay")
def pay():
    data = request.get_json()
    requests.post("https://api.authorize.net/pay", json={"cardNumber": data["card_number"], "cardCode": data["cvv"]}, timeout=10)
    return jsonify(ok=True)
""",
    "requirements.txt": """flask
""",
}

_LARAVEL = {
    "composer.json": """{"require":{"laravel/framework":"^11"}}
""",
    "app/Http/Middleware/LogRequests.php": """<?php
namespace App\\Http\\Middleware;
use Closure;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Log;
class LogRequests {
    public function handle(Request $request, Closure $next) {
        Log::info($request->path(), $request->all());
        return $next($request);
    }
}
""",
    "app/Http/Controllers/PayController.php": """<?php
namespace App\\Http\\Controllers;
use Illuminate\\Http\\Request;
use Illuminate\\Support\\Facades\\Http;
class PayController {
    public function pay(Request $request) {
        $data = $request->validate(['card_number' => 'required', 'cvv' => 'required']);
        Http::timeout(10)->post('https://api.authorize.net/pay', ['cardNumber' => $data['card_number'], 'cardCode' => $data['cvv']]);
        return response()->json(['ok' => true]);
    }
}
""",
    "routes/api.php": """<?php
use App\\Http\\Controllers\\PayController;
use App\\Http\\Middleware\\LogRequests;
use Illuminate\\Support\\Facades\\Route;
Route::post('/pay', [PayController::class, 'pay'])->middleware(LogRequests::class);
""",
}

_EXPRESS = {
    "package.json": """{"dependencies":{"axios":"^1","express":"^4","winston":"^3"}}
""",
    "src/pay.js": """const express = require('express');
const app = express();
app.use(express.json());
app.use((req, res, next) => {
  console.log(`${req.method} ${req.path}`, req.body);
  next();
});
app.post('/pay', async (req, res) => {
  const { cardNumber, cvv } = req.body;
  await fetch('https://api.authorize.net/pay', { method: 'POST', body: JSON.stringify({ cardNumber, cvv }) });
  res.json({ ok: true });
});
app.listen(3000);
""",
}

_MORGAN = {
    "package.json": """{"dependencies":{"axios":"^1","express":"^4","winston":"^3"}}
""",
    "src/pay.js": """const express = require('express');
const morgan = require('morgan');
const app = express();
app.use(express.json());
morgan.token('body', (req) => JSON.stringify(req.body));
app.use(morgan(':method :url :body'));
app.post('/pay', async (req, res) => {
  const { cardNumber, cvv } = req.body;
  await fetch('https://api.authorize.net/pay', { method: 'POST', body: JSON.stringify({ cardNumber, cvv }) });
  res.json({ ok: true });
});
app.listen(3000);
""",
}

_LOGGER = {
    "package.json": """{"dependencies":{"axios":"^1","express":"^4","winston":"^3"}}
""",
    "src/pay.js": """const express = require('express');
const logger = require('./logger');
const app = express();
app.use(express.json());
app.post('/pay', async (req, res) => {
  logger.info('payment', req.body);
  const { cardNumber, cvv } = req.body;
  await charge(cardNumber, cvv);
  res.json({ ok: true });
});
app.post('/pay2', async (req, res) => {
  logger.request(req);
  const { cardNumber, cvv } = req.body;
  await charge(cardNumber, cvv);
  res.json({ ok: true });
});
async function charge(n, c) { await fetch('https://api.authorize.net/pay', { method: 'POST', body: JSON.stringify({ n, c }) }); }
app.listen(3000);
""",
    "src/logger.js": """const winston = require('winston');
const base = winston.createLogger({ transports: [new winston.transports.Console()] });
class Logger {
  info(message, meta) { base.info(message, { meta }); }
  request(req) { base.info(`${req.method} ${req.url}`, { body: req.body }); }
}
module.exports = new Logger();
""",
}

_GATEWAY = {
    "gateway.php": """<?php
/* Plugin Name: Gateway */
class My_Gateway extends WC_Payment_Gateway {
    public function process_payment($order_id) {
        $this->log('checkout data: ' . print_r($_POST, true));
        $card = array('number' => $_POST['my-card-number'], 'cvc' => $_POST['my-card-cvc']);
        $res = $this->send('charge', $card);
        return array('result' => 'success');
    }
    private function send($path, $body) {
        $this->log('request ' . wp_json_encode($body));
        return wp_remote_post('https://api.authorize.net/' . $path, array('timeout' => 20, 'body' => $body));
    }
    private function log($message) {
        if ($this->debug) { $logger = wc_get_logger(); $logger->debug($message, array('source' => 'my')); }
    }
}
""",
}

_SOUND = {
    "package.json": """{"dependencies":{"axios":"^1","express":"^4","winston":"^3"}}
""",
    "src/pay.js": """const express = require('express');
const app = express();
app.use(express.json());
app.use((req, res, next) => { console.log(req.method, req.path, req.query, Object.keys(req.body)); next(); });
app.post('/pay', async (req, res) => {
  const { cardNumber, cvv } = req.body;
  await send('/charges', { card: { number: cardNumber, cvv } });
  res.json({ ok: true });
});
function mask(card) { return { ...card, number: '****' + card.number.slice(-4), cvv: '***' }; }
async function send(path, body) {
  console.log(path, mask(body.card), body.amount);
  await fetch('https://api.authorize.net' + path, { method: 'POST', body: JSON.stringify(body) });
}
""",
    "src/client.js": """const axios = require('axios');
const express = require('express');
const app = express();
app.use(express.json());
const client = axios.create({ baseURL: 'https://api.authorize.net', timeout: 5000 });
client.interceptors.request.use((config) => {
  console.log('request', config.method, config.url, Object.keys(config.data));
  return config;
});
app.post('/pay', async (req, res) => {
  const { cardNumber, cvv, expiry } = req.body;
  const r = await client.post('/xml/v1/request.api', { creditCard: { cardNumber, cardCode: cvv, expirationDate: expiry } });
  res.json({ ok: true });
});
app.listen(3000);
""",
}


def leaking(root: Path, files: dict[str, str]) -> list[tuple[str, int]]:
    return sorted((file, line) for ruling, file, line in ruled(root, LOGGED, files) if ruling == "broken")


def test_what_every_request_passes_logs_the_cards_in_them(tmp_path: Path) -> None:
    assert leaking(tmp_path / "django", _DJANGO) == [("shop/middleware.py", 11), ("shop/middleware.py", 21)]
    assert leaking(tmp_path / "flask", _FLASK) == [("app.py", 9)]
    assert leaking(tmp_path / "laravel", _LARAVEL) == [("app/Http/Middleware/LogRequests.php", 8)]
    assert leaking(tmp_path / "express", _EXPRESS) == [("src/pay.js", 5)]
    assert leaking(tmp_path / "morgan", _MORGAN) == [("src/pay.js", 5)]


def test_what_a_helper_writes_of_the_request_or_of_what_it_sends_leaks(tmp_path: Path) -> None:
    assert leaking(tmp_path / "logger", _LOGGER) == [("src/logger.js", 5), ("src/pay.js", 6)]
    assert leaking(tmp_path / "gateway", _GATEWAY) == [("gateway.php", 5), ("gateway.php", 11)]


def test_what_is_masked_or_holds_no_body_is_no_leak(tmp_path: Path) -> None:
    assert leaking(tmp_path, _SOUND) == []
