"""Ways into Python programs: routes with their prefixes, and who may take them."""

from pathlib import Path

from tests.commerce.wired import wired


def test_flask_blueprints_take_their_prefix_and_decorators_guard(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "app.py": """\
from flask import Flask
from pay import bp
app = Flask(__name__)
app.register_blueprint(bp, url_prefix='/shop')
@app.get('/')
def home():
    return 'x'
""",
            "pay.py": """\
from flask import Blueprint, request
from flask_login import login_required
bp = Blueprint('pay', __name__, url_prefix='/p')
@bp.route('/charge/<int:order_id>', methods=['POST'])
@login_required
def charge(order_id):
    return 'x'
""",
        },
    )
    assert shop.ways() == {"GET / home public", "POST /shop/charge/<int:order_id> charge customer"}
    assert shop.entry("charge").role_because == ("pay.py", 5, "flask_login.login_required")


def test_what_guards_a_hook_before_each_request_guards_the_blueprint(tmp_path: Path) -> None:
    page = """\
from flask import Blueprint
from flask_login import login_required
from guards import Right, right_required
bp = Blueprint('desk', __name__)
@bp.before_request
GUARDS
def before():
    pass
@bp.post('/ship')
def ship():
    return 'x'
"""
    guards = """\
from functools import wraps
from flask import abort
from flask_login import current_user
class Right:
    LOGIN = 1
    EDITOR = 2
def right_required(right):
    def around(view):
        @wraps(view)
        def inner(*args, **kwargs):
            if current_user.is_authenticated and current_user.can(right):
                return view(*args, **kwargs)
            abort(403)
        return inner
    return around
"""
    for decorators, role in (("@login_required", "customer"), ("@right_required(Right.EDITOR)\n@login_required", "staff")):
        shop = wired(tmp_path / role, {"desk.py": page.replace("GUARDS", decorators), "guards.py": guards})
        assert shop.ways() == {f"POST /ship ship {role}"}


def test_a_router_that_its_application_leaves_out_is_no_way_in(tmp_path: Path) -> None:
    files = {
        "app/main.py": """\
from fastapi import FastAPI
from app.routers import orders
app = FastAPI()
app.include_router(orders.router)
""",
        "app/routers/orders.py": """\
from fastapi import APIRouter
router = APIRouter(prefix='/orders')
@router.post('/')
def create():
    return 'x'
""",
        "app/old/migration_router.py": """\
from fastapi import APIRouter
router = APIRouter()
@router.post('/api/payments/confirm')
def confirm():
    return 'x'
""",
    }
    assert wired(tmp_path / "left", files).ways() == {"POST /orders create public"}
    files["app/main.py"] += (
        "from app.old import migration_router\nfor found in (migration_router,):\n    app.include_router(found.router)\n"
    )
    assert "confirm" in " ".join(wired(tmp_path / "named", files).ways())
    files["app/main.py"] = "import pkgutil\n" + files["app/main.py"].partition("from app.old")[0] + "pkgutil.iter_modules(['app/old'])\n"
    assert "confirm" in " ".join(wired(tmp_path / "found", files).ways())


def test_flask_handlers_that_refuse_others_than_staff_are_staff(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "app.py": """\
from flask import Flask, abort
from flask_login import current_user
from guards import admin_only
app = Flask(__name__)
@app.post('/a')
def first():
    if not current_user.is_admin:
        abort(403)
    ship()
@app.post('/b')
@admin_only
def second():
    ship()
@app.post('/c')
def third():
    if current_user.is_admin:
        audit()
    ship()
""",
            "guards.py": """\
from functools import wraps
from flask import abort, session
def admin_only(view):
    @wraps(view)
    def inner(*args, **kwargs):
        if session.get('role') != 'admin' or not is_staff():
            abort(403)
        return view(*args, **kwargs)
    return inner
""",
        },
    )
    assert shop.ways() == {"POST /a first staff", "POST /b second staff", "POST /c third public"}


def test_fastapi_joins_prefixes_and_keeps_dependencies(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "main.py": """\
from fastapi import FastAPI
from routes import orders
app = FastAPI()
app.include_router(orders.router, prefix='/api')
""",
            "routes/__init__.py": "",
            "routes/orders.py": """\
from typing import Annotated
from fastapi import APIRouter, Depends, HTTPException, Header
router = APIRouter(prefix='/orders')
def signed_in(authorization: str = Header()):
    if not verify_token(authorization):
        raise HTTPException(401)
    return 1
@router.post('/{order_id}/pay')
def pay(order_id: int, user=Depends(signed_in)):
    return 1
@router.get('/{order_id}')
def show(order_id: int, user: Annotated[int, Depends(signed_in)]):
    return 1
@router.post('/hook')
def hook():
    return 1
""",
        },
    )
    assert shop.ways() == {
        "POST /api/orders/{order_id}/pay pay customer",
        "GET /api/orders/{order_id} show customer",
        "POST /api/orders/hook hook public",
    }


def test_a_tool_servers_own_routes_are_entry_points(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "server.py": """\
from fastmcp import FastMCP
tools = FastMCP('shop')
@tools.tool
def search(text):
    return text
@tools.custom_route('/stripe/hook', methods=['POST'])
async def hook(request):
    return 1
""",
        },
    )
    assert shop.ways() == {"POST /stripe/hook hook public"}


def test_django_tables_include_each_other_and_views_have_methods(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "manage.py": "import django\n",
            "project/__init__.py": "",
            "project/urls.py": """\
from django.urls import include, path
urlpatterns = [path('shop/', include('shop.urls'))]
""",
            "shop/__init__.py": "",
            "shop/urls.py": """\
from django.contrib.auth.decorators import login_required
from django.urls import path, re_path
from . import views
urlpatterns = [path('pay/<int:pk>/', views.Pay.as_view()), re_path(r'^hook$', views.hook),
    path('mine/', login_required(views.Mine.as_view()))]
""",
            "shop/views.py": """\
from django.views import View
from django.views.decorators.http import require_POST
from django.contrib.auth.mixins import LoginRequiredMixin
class Pay(LoginRequiredMixin, View):
    def get(self, request, pk):
        return 1
    def post(self, request, pk):
        return 1
class Mine(View):
    def get(self, request):
        return 1
@require_POST
def hook(request):
    return 1
""",
        },
    )
    assert shop.ways() == {
        "GET /shop/pay/<int:pk>/ Pay.get customer",
        "POST /shop/pay/<int:pk>/ Pay.post customer",
        "POST /shop/hook hook public",
        "GET /shop/mine/ Mine.get customer",
    }


def test_rest_framework_routers_and_permissions(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "urls.py": """\
from django.urls import include, path
from rest_framework.routers import DefaultRouter
from views import Orders, ping
router = DefaultRouter()
router.register('orders', Orders)
urlpatterns = [path('api/', include(router.urls)), path('ping/', ping)]
""",
            "views.py": """\
from rest_framework import permissions, viewsets
from rest_framework.decorators import action, api_view
class Orders(viewsets.ModelViewSet):
    permission_classes = [permissions.IsAdminUser]
    def create(self, request):
        return 1
    @action(detail=True, methods=['post'])
    def refund(self, request, pk=None):
        return 1
@api_view(['POST'])
def ping(request):
    return 1
""",
        },
    )
    assert shop.ways() == {
        "POST /api/orders Orders.create staff",
        "POST /api/orders/{pk}/refund Orders.refund staff",
        "POST /ping/ ping public",
    }


def test_tasks_are_internal(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "tasks.py": """\
from celery import shared_task
@shared_task
def settle():
    return 1
"""
        },
    )
    assert shop.ways() == {"NONE None settle internal"}


def test_django_tables_may_name_their_views_in_texts(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "manage.py": "",
            "shop/__init__.py": "",
            "shop/urls.py": """\
from django.conf.urls import include, patterns, url
urlpatterns = patterns(
    "shop.views",
    url(r"^pay/$", "pay", name="pay"),
) + patterns("", url(r"^hook/$", "shop.hooks.take"), url(r"^gone/$", "shop.hooks.nothing"))
""",
            "shop/views.py": "def pay(request):\n    return None\n",
            "shop/hooks.py": "def take(request):\n    return None\n",
        },
    )
    assert shop.ways() == {"ANY /pay/ pay public", "ANY /hook/ take public"}


def test_graphql_mutations_take_their_arguments_by_name(tmp_path: Path) -> None:
    shop = wired(
        tmp_path,
        {
            "schema.py": """\
import graphene
import strawberry
from graphene import relay

from guards import signed_in


class Pay(graphene.Mutation):
    @signed_in
    def mutate(root, info, order_id, **rest):
        charge(order_id)
        note(rest["coupon"])


class Ship(relay.ClientIDMutation):
    @classmethod
    def mutate_and_get_payload(cls, root, info, **sent):
        send(sent["address"])


@strawberry.type
class Mutation:
    @strawberry.mutation
    def refund(self, info, amount: int) -> bool:
        give_back(amount, info.context.user)
""",
            "guards.py": """\
def signed_in(run):
    def inner(root, info, **sent):
        if not info.context.user.is_authenticated:
            raise PermissionError
        return run(root, info, **sent)
    return inner
""",
        },
    )
    assert {w.split(" ", 2)[2] for w in shop.ways()} == {
        "Pay.mutate customer",
        "Ship.mutate_and_get_payload public",
        "Mutation.refund public",
    }
    assert shop.pieces("charge") == ["body:order_id"]
    assert shop.pieces("note") == ["body:coupon"]
    assert shop.pieces("send") == ["body:address"]
    assert (shop.pieces("give_back"), shop.pieces("give_back", 1)) == (["body:amount"], ["session:None"])


def test_what_chat_partners_press_is_a_way_into_a_bot(tmp_path: Path) -> None:
    files = {
        "loader.py": "from aiogram import Bot, Dispatcher\ndp = Dispatcher(Bot(token='x'))\n",
        "old.py": "from loader import dp\n@dp.callback_query_handler(text='a')\nasync def second(call):\n    pass\n",
        "new.py": "from aiogram import F, Router\nrouter = Router()\n@router.message(F.text == 'a')\nasync def third(message):\n    pass\n",
        "plain.py": "import telebot\nbot = telebot.TeleBot('x')\n@bot.message_handler(commands=['a'])\ndef simple(message):\n    pass\n",
        "ptb.py": "from telegram.ext import CommandHandler\nasync def ask(update, context):\n    pass\nCommandHandler('a', ask)\n",
        "menu.py": "from aiogram_dialog.widgets.kbd import Button\nasync def press(event):\n    pass\nb = Button(id='a', on_click=press)\n",
    }
    assert {way.split()[-2] for way in wired(tmp_path, files).ways()} == {"second", "third", "simple", "ask", "press"}
    assert all(way.endswith("internal") for way in wired(tmp_path, files).ways())


def test_classes_of_flask_are_given_as_views_and_guarded_by_their_members(tmp_path: Path) -> None:
    app = """\
from flask import Flask
from flask.views import MethodView
from flask_jwt_extended import jwt_required
class Pay(MethodView):
    decorators = [jwt_required()]
    def post(self): return ''
class Shop(MethodView):
    def get(self): return ''
app = Flask(__name__)
shown = Shop.as_view('shop')
app.add_url_rule('/pay', view_func=Pay.as_view('pay'))
app.add_url_rule('/shop', view_func=shown)
"""
    assert wired(tmp_path, {"app.py": app}).ways() == {"POST /pay Pay.post customer", "GET /shop Shop.get public"}
