"""Routes that stand in data files: Symfony's routing, Magento's web API, cron table and front names."""

from pathlib import Path

from tests.commerce.wired import wired

CONTROLLER = """\
<?php
namespace Shop\\Controller;
use Symfony\\Component\\HttpFoundation\\Request;
class {name} {{ public function {method}(Request $r) {{}} }}
"""


def test_symfony_routes_in_yaml_with_prefixes_and_access_control(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "src/Controller/Pay.php": CONTROLLER.format(name="Pay", method="__invoke"),
            "src/Controller/Orders.php": CONTROLLER.format(name="Orders", method="refund"),
            "src/Controller/Account.php": CONTROLLER.format(name="Account", method="show"),
            "config/routes.yaml": "back:\n  resource: 'routes/orders.yaml'\n  prefix: /manage\npay:\n  path: /pay/{id}\n  methods: [POST]\n"
            "  controller: Shop\\Controller\\Pay\naccount:\n  path: /me\n  methods: GET|POST\n  defaults:\n"
            "    _controller: Shop\\Controller\\Account::show\n",
            "config/routes/orders.yaml": "refund:\n  path: /refund\n  controller: !php/const 'Shop\\Controller\\Orders::refund'\n",
            "config/packages/security.yaml": "security:\n  access_control:\n    - { path: ^/manage, roles: ROLE_ADMIN }\n"
            "    - { path: ^/me, roles: [ROLE_USER] }\n",
        },
    )
    assert shop.ways() == {
        "POST /pay/{id} Pay.__invoke public",
        "GET,POST /me Account.show customer",
        "ANY /manage/refund Orders.refund staff",
    }
    assert {e.place for e in shop.entries} == {("config/routes.yaml", 4), ("config/routes.yaml", 8), ("config/routes/orders.yaml", 1)}


def test_magento_routes_in_xml(tmp_path: Path) -> None:
    head = "<?php\nnamespace Shop\\Pay\\{space};\n"
    shop = wired(
        tmp_path,
        {
            "registration.php": "<?php\n",
            "etc/module.xml": "<config/>",
            "etc/frontend/routes.xml": '<config><router id="standard"><route id="pay" frontName="pay"/></router></config>',
            "etc/webapi.xml": """\
<routes>
  <route url="/V1/pay/start" method="POST">
    <service class="Shop\\Pay\\Api\\StartInterface" method="start"/><resources><resource ref="anonymous"/></resources>
  </route>
  <route url="/V1/pay/all" method="GET">
    <service class="Shop\\Pay\\Api\\StartInterface" method="all"/><resources><resource ref="Magento_Sales::sales"/></resources>
  </route>
</routes>
""",
            "etc/crontab.xml": '<config><group id="g"><job name="p" instance="Shop\\Pay\\Cron\\Poll" method="execute"/></group></config>',
            "Api/StartInterface.php": head.format(space="Api")
            + "interface StartInterface { public function start(); public function all(); }\n",
            "Model/Start.php": head.format(space="Model") + "use Shop\\Pay\\Api\\StartInterface;\n"
            "class Start implements StartInterface { public function start() {} public function all() {} }\n",
            "Cron/Poll.php": head.format(space="Cron") + "class Poll { public function execute() {} }\n",
            "Controller/Checkout/Back.php": head.format(space="Controller\\Checkout")
            + "use Magento\\Framework\\App\\Action\\HttpGetActionInterface;\n"
            "class Back implements HttpGetActionInterface { public function execute() {} }\n",
        },
    )
    assert shop.ways() == {
        "POST /V1/pay/start Start.start public",
        "GET /V1/pay/all Start.all staff",
        "NONE None Poll.execute internal",
        "ANY /pay/checkout/back Back.execute public",
    }


def test_data_files_that_are_no_routes_are_left_alone(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><routes><route url="/V1/a" method="GET"/></routes>'
    files = {"src/Controller/Pay.php": CONTROLLER.format(name="Pay", method="__invoke"), "etc/webapi.xml": bomb}
    files |= {"config/routes.yaml": "a: [unclosed", "config/routes/odd.yaml": "- 1\n- {path: 3, controller: Shop\\Controller\\Pay}\n"}
    assert wired(tmp_path, files).entries == []


SERVERLESS = """\
service: shop
provider: {name: aws, runtime: nodejs20.x}
functions:
  pay:
    handler: /handlers/pay.start
    events:
      - httpApi: {path: '/pay/{id+}', method: post, authorizer: users}
  hook:
    handler: handlers/pay.hook
    events:
      - http: POST hooks/stripe
      - schedule: rate(1 day)
"""
SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Refunds:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: refunds.lambda_handler
      Environment: {Variables: {TABLE: !Ref Orders}}
      Events:
        Api: {Type: Api, Properties: {Path: /refunds, Method: post}}
  Nightly:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/
      Handler: refunds.nightly
      Events:
        Cron: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""


def test_functions_that_a_deployment_names(tmp_path: Path) -> None:
    pay = (
        "const run = async (event) => ({ statusCode: 200 });\nmodule.exports.start = run;\n"
        "module.exports.hook = async (event) => run(event);\n"
    )
    shop = wired(
        tmp_path,
        {
            "serverless.yml": SERVERLESS,
            "handlers/pay.js": pay,
            "jobs/template.yaml": SAM,
            "jobs/src/refunds.py": "def lambda_handler(event, context):\n    return event\ndef nightly(event, context):\n    pass\n",
        },
    )
    assert shop.ways() == {
        "POST /pay/{id} run customer",
        "POST /hooks/stripe hook public",
        "NONE None hook internal",
        "POST /refunds lambda_handler public",
        "NONE None nightly internal",
    }


def test_attributes_of_symfony_stand_under_its_access_control(tmp_path: Path) -> None:
    controller = """\
<?php
namespace App\\Controller;
use Symfony\\Bundle\\FrameworkBundle\\Controller\\AbstractController;
use Symfony\\Component\\HttpFoundation\\Request;
use Symfony\\Component\\Routing\\Attribute\\Route;
class Pay extends AbstractController {
  #[Route('/desk/refund', methods: [Request::METHOD_POST])] public function refund() {}
  #[Route('/me/pay', methods: 'POST')] public function mine() {}
  #[Route('/hook', methods: ['POST'])] public function hook() {}
}
"""
    rules = "security:\n  access_control:\n    - { path: ^/desk, roles: ROLE_ADMIN }\n    - { path: ^/me, roles: ROLE_USER }\n"
    shop = wired(tmp_path, {"src/Controller/Pay.php": controller, "config/packages/security.yaml": rules})
    assert shop.ways() == {"POST /desk/refund Pay.refund staff", "POST /me/pay Pay.mine customer", "POST /hook Pay.hook public"}
