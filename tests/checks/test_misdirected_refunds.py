"""A provider is told where to send what became of a refund, and that is another provider's route."""

from pathlib import Path

import pytest

from tests.checks.test_python_shops import found

_CHECK = "order/refund-not-recorded"

_PAYMENTS = """\
<?php

namespace App\\Http\\Controllers;

use App\\Models\\Order;
use Yansongda\\Pay\\Pay;

class PaymentController extends Controller
{
    public function alipayNotify()
    {
        $data = Pay::alipay(config('pay'))->callback();
        Order::where('no', $data->out_trade_no)->where('total', $data->total_amount)->whereNull('paid_at')->update(['paid_at' => now()]);

        return Pay::alipay()->success();
    }

    public function wechatRefundNotify()
    {
        $data = Pay::wechat(config('pay'))->callback();
        Order::where('refund_no', $data->out_refund_no)->update(['refund_status' => 'refunded']);

        return Pay::wechat()->success();
    }

    public function refund(Order $order)
    {
        abort_unless($order->refund_status === 'asked', 409);
        Pay::wechat(config('pay'))->refund([
            'out_trade_no' => $order->no,
            'out_refund_no' => $order->refund_no,
            'notify_url' => ADDRESS,
        ]);
        $order->update(['refund_status' => 'processing']);
    }
}
"""
_ROUTES = """\
<?php
use App\\Http\\Controllers\\PaymentController;
use Illuminate\\Support\\Facades\\Route;

Route::post('payment/alipay/notify', [PaymentController::class, 'alipayNotify'])->name('payment.alipay.notify');
Route::post('payment/wechat/refund', [PaymentController::class, 'wechatRefundNotify'])->name('payment.wechat.refund');
Route::post('orders/{order}/refund', [PaymentController::class, 'refund'])->middleware(['auth', 'role:admin']);
"""
_MODEL = """\
<?php

namespace App\\Models;

use Illuminate\\Database\\Eloquent\\Model;

class Order extends Model
{
    protected $guarded = [];
}
"""
_HELPER = "<?php\n\nfunction public_address($name)\n{\n    return config('app.public') . route($name, [], false);\n}\n"


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("route('payment.alipay.notify')", True),
        ("public_address('payment.alipay.notify')", True),
        ("config('app.url') . '/payment/alipay/notify'", True),
        ("route('payment.wechat.refund')", False),
        ("url('/payment/wechat/refund')", False),
        ("config('pay.refund_notify')", False),
    ],
)
def test_the_address_has_to_be_the_providers_own(tmp_path: Path, address: str, wrong: bool) -> None:
    files = {
        "app/Http/Controllers/PaymentController.php": _PAYMENTS.replace("ADDRESS", address),
        "app/Models/Order.php": _MODEL,
        "app/helpers.php": _HELPER,
        "routes/web.php": _ROUTES,
    }
    titles = [f.title for f in found(tmp_path, files, _CHECK)]
    assert any("sent to the route of" in title for title in titles) is wrong
