"""``pci/card-data-logged`` where plugins log through loggers of their own: formatters, families of request classes, sent bodies."""

from pathlib import Path

import pytest

from tillproof.review import review
from tillproof.settings import Settings

CHECKS = ("pci/card-data-logged", "pci/card-data-stored", "boundary/secret-logged")

LOGGER = """<?php
class Acorn_Logger {
\tpublic static function log( $data ) {
\t\tif ( 'yes' === get_option( 'acorn_logging' ) ) {
\t\t\t$message = self::tidy( $data );
\t\t\t( new WC_Logger() )->add( 'acorn', wp_json_encode( $message ) );
\t\t}
\t}
\tpublic static function tidy( $data ) {
\t\tif ( isset( $data['request']['body'] ) ) {
\t\t\t$data['request']['body'] = json_decode( $data['request']['body'], true );
\t\t}
\t\treturn $data;
\t}
\tpublic static function format_log( $id, $title, $args, $response, $code ) {
\t\treturn array( 'id' => $id, 'title' => $title, ENTRY );
\t}
}
"""
WHOLE = "'request' => $args, 'response' => array( 'body' => $response, 'code' => $code )"
NAMED = "'status' => $response['status'], 'code' => $code"
REQUEST = """<?php
class Acorn_NAME extends Acorn_Request {
\tpublic function request( $id ) {
\t\t$url = 'https://api.klarna.com/ordermanagement/v1/orders/' . $id;
\t\t$args = array( 'headers' => array( 'Content-Type' => 'application/json' ), 'method' => 'GET', 'timeout' => 10 );
\t\t$response = wp_remote_request( $url, $args );
\t\t$body = json_decode( wp_remote_retrieve_body( $response ), true );
\t\tAcorn_Logger::log( Acorn_Logger::format_log( $id, 'get', $args, $body, wp_remote_retrieve_response_code( $response ) ) );
\t\treturn $body;
\t}
}
"""


def found(root: Path, files: dict[str, str]) -> list[tuple[str, str, int]]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return [(f.check, f.file, f.start_line) for f in review(root, Settings(use_cache=False, checks=CHECKS)).findings]


def acorn(entry: str, *names: str) -> dict[str, str]:
    return {"logger.php": LOGGER.replace("ENTRY", entry)} | {f"{n}.php": REQUEST.replace("NAME", n) for n in names}


def test_what_a_formatter_leaves_whole_is_logged_whole(tmp_path: Path) -> None:
    assert found(tmp_path, acorn(WHOLE, "Get")) == [("pci/card-data-logged", "Get.php", 8)]


def test_a_family_of_requests_is_one_finding_where_the_logger_writes(tmp_path: Path) -> None:
    assert found(tmp_path, acorn(WHOLE, "Get", "Retrieve", "Read")) == [("pci/card-data-logged", "logger.php", 6)]


def test_what_a_formatter_cuts_down_to_named_fields_is_none(tmp_path: Path) -> None:
    assert found(tmp_path, acorn(NAMED, "Get", "Retrieve")) == []


SENT = """<?php
class Acorn_Api {
\tprivate function log( $message, $context = array() ) {
\t\twc_get_logger()->info( $message . ' ' . wc_print_r( $context, true ) );
\t}
\tpublic function create( $order ) {
\t\t$payload = array( 'amount' => $order->get_total()MORE );
\t\t$this->log( 'create', $payload );
\t\t$response = wp_remote_post(
\t\t\t'https://api.paystack.co/transaction/initialize',
\t\t\tarray( 'timeout' => 20, 'body' => wp_json_encode( $payload ) )
\t\t);
\t\treturn json_decode( wp_remote_retrieve_body( $response ), true );
\t}
}
"""


@pytest.mark.parametrize(("more", "lines"), [(", 'email' => $order->get_billing_email()", [8]), ("", [])])
def test_a_body_that_is_sent_with_the_buyer_in_it(tmp_path: Path, more: str, lines: list[int]) -> None:
    assert [line for _, _, line in found(tmp_path, {"api.php": SENT.replace("MORE", more)})] == lines


IPN = """<?php
$raw = file_get_contents('php://input');
file_put_contents('ipn.log', date('c') . ' ' . $raw, FILE_APPEND);
if (hash_hmac('sha256', $raw, getenv('NOWPAYMENTS_SECRET')) !== $_SERVER['HTTP_X_NOWPAYMENTS_SIG']) { exit; }
$db = new PDO(getenv('DSN'));
$db->prepare('UPDATE orders SET status = ? WHERE id = ?')->execute(['paid', json_decode($raw)->order_id]);
"""


def test_what_goes_to_a_log_file_is_told_once(tmp_path: Path) -> None:
    assert [check for check, _, _ in found(tmp_path, {"ipn.php": IPN})] == ["pci/card-data-logged"]


RX = """import { HttpService } from '@nestjs/axios';
import { Injectable, Logger } from '@nestjs/common';
import { firstValueFrom } from 'rxjs';
@Injectable()
export class PaymentsService {
  private readonly logger = new Logger('Payments');
  constructor(private readonly http: HttpService) {}
  async capture(id: string) {
    const { data } = await firstValueFrom(this.http.post(`https://api-m.paypal.com/v2/checkout/orders/${id}/capture`, {}));
    this.logger.debug(`captured SHOWN`);
    return data.status;
  }
}
"""


@pytest.mark.parametrize(("shown", "lines"), [("${JSON.stringify(data)}", [10]), ("${data.id} ${data.status}", [])])
def test_the_first_value_of_an_observable_is_the_answer(tmp_path: Path, shown: str, lines: list[int]) -> None:
    assert [line for _, _, line in found(tmp_path, {"src/payments.service.ts": RX.replace("SHOWN", shown)})] == lines
