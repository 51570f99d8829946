"""Shops on a router of a package or of their own, on Slim and on CakePHP: webhooks that anybody may call, and who may mark orders paid."""

from pathlib import Path

import pytest

from tests.checks.test_php_shops import broken

_REQUEST = """<?php
namespace App\\Core;
class Request {
    private array $query; private array $body; private array $server;
    public function __construct(array $query = [], array $body = [], array $server = []) {
        $this->query = $query; $this->body = $body; $this->server = $server;
    }
    public static function capture(): self { return new self($_GET, $_POST, $_SERVER); }
    public function input(string $key, mixed $default = null): mixed { return $this->body[$key] ?? $this->query[$key] ?? $default; }
    public function json(): array { return json_decode(file_get_contents('php://input'), true) ?? []; }
}
"""
_DB = "<?php\nnamespace App\\Core;\nclass Db { public static function pdo(): \\PDO { return new \\PDO(getenv('DSN')); } }\n"
_PAID = "Db::pdo()->prepare('UPDATE orders SET status = \"paid\" WHERE id = :id')->execute(['id' => {id}]);"
_CONTROLLER = f"""<?php
namespace App\\Controllers;
use App\\Core\\Db;
use App\\Core\\Request;
class PayController {{
    public function webhook(Request $request) {{
        $event = $request->json();
        if ($event['type'] === 'payment_intent.succeeded') {{
            {_PAID.format(id="$event['data']['object']['metadata']['order_id']")}
        }}
        return 'ok';
    }}
    public function pay(Request $request) {{
        return \\Stripe\\PaymentIntent::create(['amount' => (int) $request->input('amount'), 'currency' => 'eur']);
    }}
    public function paid(Request $request) {{
        {_PAID.format(id="$request->input('id')")}
    }}
}}
"""
_USE = "<?php\nuse App\\Controllers\\PayController;\n"
_ADMIN = """<?php
namespace App\\Middleware;
class AdminMiddleware {
    public function handle($request, $next) {
        if (($_SESSION['role'] ?? '') !== 'admin') { http_response_code(403); exit; }
        return $next($request);
    }
}
"""


def shop(routes: str) -> dict[str, str]:
    return {
        "src/Core/Request.php": _REQUEST,
        "src/Core/Db.php": _DB,
        "src/Controllers/PayController.php": _CONTROLLER,
        "src/Middleware/AdminMiddleware.php": _ADMIN,
        "routes/web.php": _USE + routes,
    }


_TABLES = {
    "its own": "return function (App\\Core\\Router $router) {\n    $router->group(['prefix' => '/v1'], function ($router) {\n"
    "        $router->post('/hook', [PayController::class, 'webhook']);\n    });\n};\n",
    "static": "App\\Core\\Router::post('/hook', 'PayController@webhook');\n",
    "beside": "$router = new App\\Core\\Router();\n$router->add('POST', '/hook', PayController::class, 'webhook');\n",
    "FastRoute": "$d = FastRoute\\simpleDispatcher(function (FastRoute\\RouteCollector $r) {\n"
    "    $r->addRoute('POST', '/hook', [PayController::class, 'webhook']);\n});\n",
    "AltoRouter": "$router = new AltoRouter();\n$router->map('POST', '/hook', 'App\\\\Controllers\\\\PayController#webhook');\n",
    "named": "$router = new R();\n$router->map('POST', '/hook', ['controller' => 'PayController', 'action' => 'webhook']);\n",
    "list": "return [\n    ['POST', '/hook', [PayController::class, 'webhook']],\n];\n",
    "keyed": "return [\n    'POST /hook' => 'PayController@webhook',\n];\n",
}


@pytest.mark.parametrize("how", _TABLES)
def test_a_webhook_behind_any_router_is_one(tmp_path: Path, how: str) -> None:
    assert broken(tmp_path, "payment/webhook-unverified", shop(_TABLES[how])) == [("src/Controllers/PayController.php", 9)]


def test_what_a_class_around_the_superglobals_gives_is_sent(tmp_path: Path) -> None:
    files = shop("$router = new App\\Core\\Router();\n$router->post('/pay', [PayController::class, 'pay']);\n")
    assert broken(tmp_path, "payment/client-amount", files) == [("src/Controllers/PayController.php", 14)]


@pytest.mark.parametrize(
    ("guarded", "found"),
    [
        ("", 1),
        ("->middleware('auth')", 1),
        ("->middleware('admin')", 0),
        ("->middleware(App\\Middleware\\AdminMiddleware::class)", 0),
    ],
)
def test_who_may_take_a_route_of_ones_own_router(tmp_path: Path, guarded: str, found: int) -> None:
    files = shop(f"$router = new App\\Core\\Router();\n$router->post('/orders/paid', [PayController::class, 'paid']){guarded};\n")
    assert len(broken(tmp_path, "payment/fulfil-on-redirect", files)) == found


@pytest.mark.parametrize(
    ("asks", "found"),
    [("", 1), ("if (!isset($_SESSION['admin'])) { header('Location: /'); exit; }", 0), ("$this->title = 'x';", 1)],
)
def test_an_address_that_names_the_class_leads_to_its_methods(tmp_path: Path, asks: str, found: int) -> None:
    files = {
        "src/Core/Db.php": _DB,
        "src/Controllers/OrderController.php": "<?php\nnamespace App\\Controllers;\nuse App\\Core\\Db;\nclass OrderController {\n"
        f"    public function __construct() {{ {asks} }}\n    public function paid($id) {{\n        {_PAID.format(id='$id')}\n    }}\n}}\n",
        "public/index.php": "<?php\n$parts = explode('/', trim($_SERVER['REQUEST_URI'], '/'));\n"
        "$class = 'App\\\\Controllers\\\\' . ucfirst($parts[0]) . 'Controller';\n(new $class())->{$parts[1]}(...array_slice($parts, 2));\n",
        "src/Pay.php": "<?php\nfunction pay($sum) { return \\Stripe\\PaymentIntent::create(['amount' => $sum, 'currency' => 'eur']); }\n",
    }
    assert len(broken(tmp_path, "payment/fulfil-on-redirect", files)) == found


_SLIM = """<?php
namespace App;
use Psr\\Http\\Message\\ResponseInterface as Response;
use Psr\\Http\\Message\\ServerRequestInterface as Request;
class Hook {
    public function take(Request $request, Response $response): Response {
        $event = $request->getParsedBody();
        if ($event['type'] === 'payment_intent.succeeded') {
            (new \\PDO(getenv('DSN')))->prepare('UPDATE orders SET status = "paid" WHERE id = ?')
                ->execute([$event['data']['object']['metadata']['order_id']]);
        }
        return $response->withStatus(200);
    }
}
"""
_VERIFY = """<?php
namespace App;
use Psr\\Http\\Message\\ServerRequestInterface as Request;
use Psr\\Http\\Server\\RequestHandlerInterface as RequestHandler;
class Verify implements \\Psr\\Http\\Server\\MiddlewareInterface {
    public function process(Request $request, RequestHandler $handler): \\Psr\\Http\\Message\\ResponseInterface {
        try {
            \\Stripe\\Webhook::constructEvent((string) $request->getBody(), $request->getHeaderLine('Stripe-Signature'), getenv('SECRET'));
        } catch (\\Exception $e) {
            return (new \\Slim\\Psr7\\Response())->withStatus(400);
        }
        return $handler->handle($request);
    }
}
"""


@pytest.mark.parametrize(("behind", "found"), [("", 1), ("->add(App\\Verify::class)", 0)])
def test_slim(tmp_path: Path, behind: str, found: int) -> None:
    table = f"<?php\n$app = Slim\\Factory\\AppFactory::create();\n$app->post('/hook', App\\Hook::class . ':take'){behind};\n$app->run();\n"
    files = {"src/Hook.php": _SLIM, "src/Verify.php": _VERIFY, "public/index.php": table}
    assert len(broken(tmp_path, "payment/webhook-unverified", files)) == found
    assert broken(tmp_path, "payment/webhook-weak-verification", files) == []


_CAKE = """<?php
namespace App\\Controller;
class PayController extends AppController {{
    public function webhook() {{
        {proof}
        if ($event['type'] === 'checkout.session.completed') {{
            $orders = $this->fetchTable('Orders');
            $order = $orders->get($event['data']['object']['metadata']['order_id']);
            if ($order->status === 'pending') {{
                $order->status = 'paid';
                $orders->save($order);
            }}
        }}
        return $this->response->withStatus(200);
    }}
}}
"""
_VERIFIED = (
    "$event = \\Stripe\\Webhook::constructEvent((string)$this->request->getBody(), $this->request->getHeaderLine('Stripe-Signature'), "
    "\\Cake\\Core\\Configure::read('Stripe.secret'));"
)


@pytest.mark.parametrize(
    ("proof", "found"),
    [("$event = $this->request->getData();", 1), ("$event = json_decode((string)$this->request->getBody(), true);", 1), (_VERIFIED, 0)],
)
def test_cakephp(tmp_path: Path, proof: str, found: int) -> None:
    files = {
        "src/Controller/AppController.php": "<?php\nnamespace App\\Controller;\n"
        "use Cake\\Controller\\Controller;\nclass AppController extends Controller {}\n",
        "src/Controller/PayController.php": _CAKE.format(proof=proof),
    }
    assert len(broken(tmp_path, "payment/webhook-unverified", files)) == found


_LARAVEL = """<?php
namespace App\\Http\\Middleware;
class VerifyWebhookSignature {
    public function handle($request, \\Closure $next, string $provider) {
        if (!$this->verifyStripe($request->getContent(), $request->header('Stripe-Signature'))) throw new \\Unauthorized();
        return $next($request);
    }
    private function verifyStripe(string $payload, ?string $header): bool {
        if (!$header) return false;
        parse_str(str_replace(',', '&', $header), $parts);
        return hash_equals(hash_hmac('sha256', $parts['t'] . '.' . $payload, config('services.stripe.webhook_secret')), $parts['v1'] ?? '');
    }
}
"""


def test_who_verifies_messages_asks_for_no_customer(tmp_path: Path) -> None:
    files = {
        "app/Http/Kernel.php": "<?php\nnamespace App\\Http;\nclass Kernel {\n"
        "    protected $routeMiddleware = ['signed-by' => \\App\\Http\\Middleware\\VerifyWebhookSignature::class];\n}\n",
        "app/Http/Middleware/VerifyWebhookSignature.php": _LARAVEL,
        "app/Http/Controllers/HookController.php": "<?php\nnamespace App\\Http\\Controllers;\nuse App\\Models\\Order;\n"
        "use Illuminate\\Http\\Request;\nclass HookController {\n    public function __invoke(Request $r) {\n"
        "        if ($r->input('type') === 'payment_intent.succeeded') {\n"
        "            Order::findOrFail($r->input('data.object.metadata.order_id'))->update(['status' => 'paid']);\n        }\n    }\n}\n",
        "app/Models/Order.php": "<?php\nnamespace App\\Models;\nclass Order extends \\Illuminate\\Database\\Eloquent\\Model {}\n",
        "routes/api.php": "<?php\nuse Illuminate\\Support\\Facades\\Route;\nuse App\\Http\\Controllers\\HookController;\n"
        "Route::post('webhooks/stripe', [HookController::class, '__invoke'])->middleware(['signed-by:stripe']);\n",
    }
    assert broken(tmp_path, "payment/fulfil-on-redirect", files) == []
    assert broken(tmp_path, "payment/webhook-unverified", files) == []
