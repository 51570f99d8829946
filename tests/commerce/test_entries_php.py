"""Ways into PHP programs: Laravel's groups, WordPress hooks, plain pages."""

from pathlib import Path

import pytest

from tests.commerce.wired import wired


def test_laravel_groups_nest_across_files(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "artisan": "",
            "app/Http/Kernel.php": """\
<?php
namespace App\\Http;
use App\\Http\\Middleware\\Boss;
class Kernel { protected $routeMiddleware = ['boss' => Boss::class]; }
""",
            "app/Http/Middleware/Boss.php": """\
<?php
namespace App\\Http\\Middleware;
class Boss { public function handle($request, $next) {
  if (!$request->user()->is_admin) { abort(403); return null; }
  return $next($request); } }
""",
            "app/Http/Controllers/PayController.php": """\
<?php
namespace App\\Http\\Controllers;
class PayController extends Controller {
  public function show($id) {}
  public function refund($id) {}
  public function hook() {}
  public function mine() {}
}
""",
            "app/Http/Controllers/ShipController.php": """\
<?php
namespace App\\Http\\Controllers;
class ShipController { public function __invoke() {} }
""",
            "routes/web.php": """\
<?php
use App\\Http\\Controllers\\PayController;
use App\\Http\\Controllers\\ShipController;
use Illuminate\\Support\\Facades\\Route;
Route::get('/pay/{id}', [PayController::class, 'show'])->name('pay');
Route::POST('mine', 'App\\Http\\Controllers\\PayController@mine')->middleware('auth');
Route::middleware(['boss'])->prefix('admin')->group(function () {
  require __DIR__.'/admin.php';
  Route::controller(PayController::class)->group(function () { Route::post('refund/{id}', 'refund'); });
});
""",
            "routes/admin.php": """\
<?php
use App\\Http\\Controllers\\ShipController;
use Illuminate\\Support\\Facades\\Route;
Route::post('ship', ShipController::class);
""",
            "routes/api.php": """\
<?php
use App\\Http\\Controllers\\PayController;
use Illuminate\\Support\\Facades\\Route;
Route::post('hook', [PayController::class, 'hook']);
""",
        },
    )
    assert shop.ways() == {
        "GET /pay/{id} PayController.show public",
        "POST /mine PayController.mine customer",
        "POST /admin/refund/{id} PayController.refund staff",
        "POST /admin/ship ShipController.__invoke staff",
        "POST /api/hook PayController.hook public",
    }


def test_wordpress_hooks_are_known_by_name(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "gateway.php": """\
<?php
/* Plugin Name: Gateway */
class Gateway extends WC_Payment_Gateway {
  public $id = 'pigeon';
  public function __construct() {
    add_action('woocommerce_api_' . $this->id, [$this, 'ipn']);
    add_action('wp_ajax_pigeon_ship', array($this, 'ship'));
    add_action('wp_ajax_nopriv_pigeon_pay', [__CLASS__, 'pay']);
    add_action('init', 'pigeon_labels');
    add_action('rest_api_init', function () { register_rest_route('pigeon/v1', '/refund',
      ['methods' => 'POST', 'callback' => [$this, 'refund'],
        'permission_callback' => [$this, 'may']]); });
  }
  public function ipn() {}
  public function ship() {
    if (!current_user_can('manage_woocommerce')) {
      wp_die();
    }
    go();
  }
  public static function pay() {}
  public function refund($request) {}
  public function may() { return current_user_can('manage_options'); }
  public function process_payment($order_id) {}
}
function pigeon_labels() { return 1; }
""",
        },
    )
    ways = shop.ways()
    assert {w for w in ways if "platform" not in w} == {
        "ANY /wc-api/pigeon Gateway.ipn public",
        "POST /wp-admin/admin-ajax.php?action=pigeon_ship Gateway.ship staff",
        "POST /wp-admin/admin-ajax.php?action=pigeon_pay Gateway.pay public",
        "POST /wp-json/pigeon/v1/refund Gateway.refund staff",
    }
    assert "POST None Gateway.process_payment platform" in ways
    assert "shopper is the owner" in shop.entry("Gateway.process_payment").note


def test_plain_pages_are_entries_when_they_read_the_request(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "pay.php": "<?php\n$amount = $_POST['amount'];\ncharge($amount);\n",
            "hook.php": """\
<?php
$payload = file_get_contents('php://input');
handle($payload);
""",
            "lib.php": "<?php\nfunction amount() { return $_POST['amount']; }\n",
            "guarded.php": """\
<?php
if (!defined('ABSPATH')) { exit; }
echo $_GET['x'];
""",
            "config.php": "<?php\nreturn ['key' => getenv('KEY')];\n",
        },
    )
    assert {e.route for e in shop.entries} == {"/pay.php", "/hook.php"}


def test_a_file_of_a_class_that_defines_what_is_missing_is_no_page(tmp_path: Path) -> None:
    client = """\
<?php
if (!defined('OPENPAYU_TLS')) { define('OPENPAYU_TLS', 6); }
class OpenPayU_Headers { public static function url() { return OPENPAYU_TLS; } }
"""
    shop = wired(tmp_path, {"sdk/payu/headers.php": client, "pay.php": "<?php\nrequire 'sdk/payu/headers.php';\npay($_GET['id']);\n"})
    assert {way.split()[1] for way in shop.ways()} == {"/pay.php"}


def test_a_component_answers_whoever_was_shown_its_page(tmp_path: Path) -> None:
    routes = """\
<?php
use App\\Http\\Livewire\\Admin;
use App\\Http\\Livewire\\User;
use Illuminate\\Support\\Facades\\Route;
Route::middleware(['boss'])->group(function () { Route::get('/admin/order/{order}', Admin\\OrderDetails::class); });
Route::middleware(['buyer'])->group(function () { Route::get('/orders', User\\MyOrders::class); });
Route::get('/help', User\\Help::class);
Route::get('/admin/help', User\\Help::class)->middleware('boss');
"""
    kernel = """\
<?php
namespace App\\Http;
class Kernel { protected $routeMiddleware = ['boss' => Middleware\\Boss::class, 'buyer' => Middleware\\Buyer::class]; }
"""
    middleware = """\
<?php
namespace App\\Http\\Middleware;
class {name} {{ public function handle($request, $next) {{
  if (auth()->user()->hasRole('{role}')) {{ return $next($request); }}
  return redirect('/'); }} }}
"""
    component = """\
<?php
namespace App\\Http\\Livewire\\{place};
use Livewire\\Component;
class {name} extends Component {{ public function render() {{ return view('x'); }} public function ship($id) {{}} }}
"""
    pieces = {"Admin": ("OrderDetails",), "User": ("MyOrders", "Help", "Cart")}
    files = {f"app/Http/Livewire/{p}/{n}.php": component.format(place=p, name=n) for p, names in pieces.items() for n in names}
    guards = {f"app/Http/Middleware/{n}.php": middleware.format(name=n, role=r) for n, r in (("Boss", "admin"), ("Buyer", "customer"))}
    shop = wired(tmp_path, {"artisan": "", "routes/web.php": routes, "app/Http/Kernel.php": kernel, **files, **guards})
    roles = {shop.program.qualified(e.target.fn): e.role for e in shop.entries if e.route is None}
    assert roles == {
        "OrderDetails.ship": "staff", "MyOrders.ship": "customer", "Help.ship": "public", "Cart.render": "public", "Cart.ship": "public",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("table", "role"),
    [
        ("public array $filters = ['desk' => ['before' => ['desk/*', 'stock']]];", "staff"),
        ("public array $filters = ['desk' => ['before' => ['shop/*']]];", "public"),
        ("public array $filters = ['desk' => ['after' => ['desk/*']]];", "public"),
        ("public array $globals = ['before' => ['csrf', 'desk' => ['except' => ['shop/*']]]];", "staff"),
        ("public array $globals = ['before' => ['desk' => ['except' => ['desk/*']]]];", "public"),
        ("public array $globals = ['before' => ['desk'], 'after' => ['toolbar']];", "staff"),
    ],
)
def test_filters_of_codeigniter_may_be_told_paths(tmp_path: Path, table: str, role: str) -> None:
    shop = wired(
        tmp_path,
        {
            "spark": "#!/usr/bin/env php",
            "app/Config/Routes.php": "<?php\n$routes->post('desk/paid/(:num)', 'Desk::paid/$1');\n",
            "app/Config/Filters.php": "<?php\nnamespace Config;\nuse App\\Filters\\AtDesk;\n"
            "class Filters extends \\CodeIgniter\\Config\\BaseConfig {\n  public array $aliases = ['desk' => AtDesk::class];\n"
            f"  {table}\n}}\n",
            "app/Filters/AtDesk.php": "<?php\nnamespace App\\Filters;\nclass AtDesk implements \\CodeIgniter\\Filters\\FilterInterface {\n"
            "  public function before($request) { if (!session()->get('isAdmin')) { return redirect('login'); } }\n}\n",
            "app/Controllers/Desk.php": "<?php\nnamespace App\\Controllers;\n"
            "class Desk extends \\CodeIgniter\\Controller { public function paid($id) {} }\n",
        },
    )
    assert shop.ways() == {f"POST /desk/paid/(:num) Desk.paid {role}"}


def test_a_group_may_call_the_router_as_it_likes(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "spark": "",
            "composer.json": '{"require": {"codeigniter4/framework": "^4"}}',
            "app/Controllers/Pay.php": "<?php\nnamespace App\\Controllers;\nclass Pay extends BaseController {\n"
            "  public function start() {}\n  public function told() {}\n  public function other() {}\n}\n",
            "app/Config/Routes.php": """\
<?php
$routes->group('shop', ['namespace' => 'App\\Controllers'], function ($inner) {
  $inner->add('told', 'Pay::told');
  $inner->group('pay', function ($deeper) { $deeper->post('start', 'Pay::start'); });
  $other->post('other', 'Pay::other');
});
""",
        },
    )
    ways = shop.ways()
    assert {"ANY /shop/told Pay.told public", "POST /shop/pay/start Pay.start public"} <= ways
    assert not any("/shop/other" in way for way in ways)


def test_routes_of_codeigniter_with_groups_filters_and_pieces_handed_on(tmp_path: Path) -> None:
    controller = (
        "<?php\nnamespace App\\Controllers{space};\nclass User extends \\CodeIgniter\\Controller {{ public function {name}($id) {{}} }}\n"
    )
    routes = """\
<?php
$routes->group('desk', ['filter' => 'desk'], function ($routes) {
  $routes->post('user/(:num)', 'Admin\\User::update/$1', ['as' => 'desk.user']);
});
$routes->match(['get', 'post'], 'user/login', 'User::login');
"""
    shop = wired(
        tmp_path,
        {
            "spark": "#!/usr/bin/env php",
            "app/Config/Routes.php": routes,
            "app/Config/Filters.php": "<?php\nnamespace Config;\nuse App\\Filters\\Desk;\n"
            "class Filters extends \\CodeIgniter\\Config\\BaseConfig { public array $aliases = ['desk' => Desk::class]; }\n",
            "app/Filters/Desk.php": "<?php\nnamespace App\\Filters;\nclass Desk implements \\CodeIgniter\\Filters\\FilterInterface {\n"
            "  public function before($request) { if (!session()->get('isAdmin')) { return redirect('login'); } }\n}\n",
            "app/Controllers/User.php": controller.format(space="", name="login"),
            "app/Controllers/Admin/User.php": controller.format(space="\\Admin", name="update"),
        },
    )
    assert shop.ways() == {"POST /desk/user/(:num) User.update staff", "GET,POST /user/login User.login public"}


def test_a_loader_of_a_plugin_is_told_the_object_and_its_method(tmp_path: Path) -> None:
    plugin = """\
<?php
class Loader { public function add_action($hook, $component, $callback) { $this->all[] = [$hook, $component, $callback]; } }
class Front { public function give() { echo $_POST['amount']; } public function mine() { echo $_POST['id']; } }
class Plugin {
  public function __construct() { $this->loader = new Loader(); $this->hang(); }
  private function hang() {
    $front = new Front();
    $this->loader->add_action('wp_ajax_give', $front, 'give');
    $this->loader->add_action('wp_ajax_nopriv_give', $front, 'give');
    $this->loader->add_action('wp_ajax_mine', $front, 'mine');
  }
}
"""
    shop = wired(tmp_path, {"plugin.php": "<?php\n/* Plugin Name: Gifts */\nadd_action('init', 'begin');\n", "inc/plugin.php": plugin})
    assert shop.ways() == {
        "POST /wp-admin/admin-ajax.php?action=give Front.give public",
        "POST /wp-admin/admin-ajax.php?action=mine Front.mine customer",
    }


def test_a_module_of_drupal_7_gives_its_paths_as_a_table(tmp_path: Path) -> None:
    module = """\
<?php
function nordpay_menu() {
  $items = array();
  $items['nordpay/hook'] = array('page callback' => 'nordpay_hook', 'access callback' => TRUE);
  $items['admin/nordpay/ask/%'] = array('page callback' => 'nordpay_ask', 'access arguments' => array('see payments'));
  $items['nordpay/mine'] = array('page callback' => 'nordpay_mine', 'access arguments' => array('view own orders'));
  return $items;
}
function nordpay_hook() { drupal_exit(); }
function nordpay_ask($id) { return variable_get('nordpay'); }
function nordpay_mine() { return ''; }
"""
    assert wired(tmp_path, {"nordpay.module": module}).ways() == {
        "ANY /nordpay/hook nordpay_hook public",
        "ANY /admin/nordpay/ask/% nordpay_ask staff",
        "ANY /nordpay/mine nordpay_mine customer",
    }


def test_actions_of_payum_by_the_requests_that_they_support(tmp_path: Path) -> None:
    action = """\
<?php
namespace Shop\\Pay\\Action;
use Payum\\Core\\Action\\ActionInterface;
use Payum\\Core\\Request\\{request};
class {request}Action implements ActionInterface {{
  public function execute($request) {{ }}
  public function supports($request) {{ return $request instanceof {request} && $request->getModel() instanceof \\ArrayAccess; }}
}}
"""
    shop = wired(tmp_path, {f"src/{r}Action.php": action.format(request=r) for r in ("Notify", "Capture", "Refund")})
    assert shop.ways() == {
        "ANY /payment/notify NotifyAction.execute public",
        "ANY None CaptureAction.execute customer",
        "NONE None RefundAction.execute platform",
    }


def test_a_controller_of_laravel_lists_its_middleware_itself(tmp_path: Path) -> None:
    controller = """\
<?php
namespace App\\Http\\Controllers;
use Illuminate\\Routing\\Controllers\\HasMiddleware;
use Illuminate\\Routing\\Controllers\\Middleware;
class Orders implements HasMiddleware {
  public static function middleware(): array { return ['auth', new Middleware('role:admin', only: ['refund'])]; }
  public function show() {}
  public function refund() {}
}
"""
    routes = "<?php\nuse Illuminate\\Support\\Facades\\Route;\nuse App\\Http\\Controllers\\Orders;\n"
    routes += "Route::post('/show', [Orders::class, 'show']);\nRoute::post('/refund', [Orders::class, 'refund']);\n"
    shop = wired(tmp_path, {"artisan": "", "routes/web.php": routes, "app/Http/Controllers/Orders.php": controller})
    assert shop.ways() == {"POST /show Orders.show customer", "POST /refund Orders.refund staff"}


def test_routes_that_symfony_is_given_in_php(tmp_path: Path) -> None:
    routes = """\
<?php
use Shop\\Controller\\Pay;
use Symfony\\Component\\Routing\\Loader\\Configurator\\RoutingConfigurator;
return function (RoutingConfigurator $routes): void {
    $routes->add('start', '/pay/{id}')->controller([Pay::class, 'start'])->methods(['POST']);
    $routes->add('hook', '/hook')->controller(Pay::class);
};
"""
    controller = "<?php\nnamespace Shop\\Controller;\nclass Pay { public function start($id) {} public function __invoke() {} }\n"
    shop = wired(tmp_path, {"config/routes.php": routes, "src/Controller/Pay.php": controller})
    assert shop.ways() == {"POST /pay/{id} Pay.start public", "ANY /hook Pay.__invoke public"}


def test_a_module_of_whmcs_is_known_by_its_functions_and_hooks(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "modules/gateways/kelpay.php": """\
<?php
function kelpay_config() { return ['key' => ['Type' => 'password']]; }
function kelpay_link($params) { return '<form>' . kelpay_fields($params) . '</form>'; }
function kelpay_fields($params) { return ''; }
function kelpay_refund($params) { return ['status' => 'error']; }
function other_refund($params) { return ['status' => 'error']; }
""",
            "includes/hooks/kelpay.php": """\
<?php
add_hook('DailyCronJob', 1, function () { kelpay_charge(); });
add_hook('InvoicePaid', 1, 'kelpay_paid');
function kelpay_charge() { $gateway = getGatewayVariables('kelpay'); }
function kelpay_paid($vars) { logActivity('paid'); }
""",
        },
    )
    found = {(shop.program.name(e.target.fn), e.role, e.style) for e in shop.entries}
    assert ("kelpay_link", "platform", "file") in found
    assert ("kelpay_refund", "platform", "file") in found
    assert {"kelpay_config", "kelpay_fields", "other_refund"}.isdisjoint(name for name, _, _ in found)
    assert [role for _, role, style in sorted(found) if style == "hook"] == ["internal"]


def test_a_function_that_is_declared_where_a_plugin_begins_is_known_everywhere(tmp_path: Path) -> None:
    plugin = """\
<?php
/* Plugin Name: Pigeon */
add_action('plugins_loaded', 'pigeon_init');
function pigeon_init() {
  class Gateway extends WC_Payment_Gateway { public function pigeon_run() { settle(); } }
  function pigeon_run() { settle(); }
  add_action('pigeon_cron', 'pigeon_run');
  if (!wp_next_scheduled('pigeon_cron')) { wp_schedule_event(time(), 'hourly', 'pigeon_cron'); }
}
"""
    assert "NONE None pigeon_run internal" in wired(tmp_path, {"pigeon.php": plugin}).ways()


def test_forms_of_drupal_are_sent_in_by_who_is_shown_them(tmp_path: Path) -> None:
    paying = """\
<?php
namespace Drupal\\pigeon\\PluginForm;
use Drupal\\commerce_payment\\PluginForm\\PaymentOffsiteForm as BasePaymentOffsiteForm;
use Drupal\\Core\\Form\\FormStateInterface;
class PayForm extends BasePaymentOffsiteForm {
  public function submitConfigurationForm(array &$form, FormStateInterface $form_state) { }
  protected function helper() { }
}
"""
    booking = """\
<?php
namespace Drupal\\pigeon\\Form;
use Drupal\\Core\\Form\\FormBase;
class BookForm extends FormBase {
  public function submitForm(array &$form, $form_state) { }
}
"""
    routing = """\
pigeon.book:
  path: '/book'
  defaults:
    _form: '\\Drupal\\pigeon\\Form\\BookForm'
  requirements:
    _permission: 'access content'
pigeon.settle:
  path: '/admin/settle'
  defaults:
    _form: '\\Drupal\\pigeon\\Form\\BookForm'
  requirements:
    _permission: 'administer site configuration'
"""
    files = {"src/PluginForm/PayForm.php": paying, "src/Form/BookForm.php": booking, "pigeon.routing.yml": routing}
    assert wired(tmp_path, files).ways() == {
        "POST None PayForm.submitConfigurationForm customer",
        "ANY /book BookForm.submitForm public",
        "ANY /admin/settle BookForm.submitForm staff",
    }


def test_a_base_class_may_be_imported_by_another_name(tmp_path: Path) -> None:
    gateway = """\
<?php
namespace Drupal\\pigeon\\Plugin\\Commerce\\PaymentGateway;
use Drupal\\commerce_payment\\Plugin\\Commerce\\PaymentGateway\\OffsitePaymentGatewayBase as Gateway;
class Pigeon extends Gateway { public function onNotify($request) { } }
"""
    assert wired(tmp_path, {"src/Pigeon.php": gateway}).ways() == {"ANY None Pigeon.onNotify public"}
