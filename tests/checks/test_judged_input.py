"""What a serializer or form has refused is refused: its own methods are asked before anything behind ``is_valid()`` is done."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_MODELS = """\
from django.db import models


class Payment(models.Model):
    reference = models.CharField(max_length=20)
    user = models.ForeignKey("auth.User", on_delete=models.CASCADE)
    status = models.CharField(max_length=20, default="ready")
"""
_SERIALIZED = """\
from django.urls import path
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Payment


class Failed(serializers.Serializer):
    reference = serializers.CharField()

    def JUDGE(self, value):
        payment = Payment.objects.get(reference=WHICH)
        GUARD
        self.payment = payment
        return value


class FailView(APIView):
    permission_classes = [IsAuthenticated]

    def post(self, request):
        serializer = Failed(data=request.data)
        ASK
        payment = serializer.payment
        if payment.user != request.user:
            return Response(status=404)
        payment.status = "failed"
        payment.save()
        return Response()


urlpatterns = [path("fail/", FailView.as_view())]
"""
_FORM = """\
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path

from shop.models import Payment


class Failed(forms.Form):
    reference = forms.CharField()

    def JUDGE(self):
        self.payment = Payment.objects.get(reference=self.cleaned_data["reference"])
        if self.payment.status != "ready":
            raise forms.ValidationError("It has been paid or given up.")
        return self.cleaned_data


@login_required
def fail(request):
    form = Failed(request.POST)
    if form.is_valid():
        payment = form.payment
        if payment.user == request.user:
            payment.status = "failed"
            payment.save()
    return HttpResponse()


urlpatterns = [path("fail/", fail)]
"""
_GUARD = 'if payment.status != "ready":\n            raise serializers.ValidationError("It has been paid or given up.")'
_BRANCH = "if not serializer.is_valid():\n            return Response(serializer.errors, status=400)"
_FIELD, _WHOLE = ("validate_reference", "value"), ("validate", 'value["reference"]')


def _rulings(root: Path, view: str) -> list[str]:
    files = {"manage.py": "", "requirements.txt": "django\ndjangorestframework\n", "shop/models.py": _MODELS, "shop/views.py": view}
    return [ruling for ruling, _, _ in ruled(root, "order/unguarded-transition", files)]


@pytest.mark.parametrize(
    ("judge", "guard", "ask", "ruling"),
    [
        (_FIELD, _GUARD, _BRANCH, "held"),
        (_WHOLE, _GUARD, _BRANCH, "held"),
        (_WHOLE, _GUARD, "serializer.is_valid(raise_exception=True)", "held"),
        (_FIELD, "pass", _BRANCH, "broken"),
        (_FIELD, _GUARD, "serializer.is_valid()", "broken"),
        (("describe", "value"), _GUARD, _BRANCH, "broken"),
    ],
)
def test_a_serializer_that_was_asked_has_let_it_pass(tmp_path: Path, judge: tuple[str, str], guard: str, ask: str, ruling: str) -> None:
    view = _SERIALIZED.replace("JUDGE", judge[0]).replace("WHICH", judge[1]).replace("GUARD", guard).replace("ASK", ask)
    assert _rulings(tmp_path, view) == [ruling]


@pytest.mark.parametrize(("judge", "ruling"), [("clean", "held"), ("clean_reference", "held"), ("describe", "broken")])
@pytest.mark.parametrize("base", ["forms.Form", "forms.ModelForm"])
@pytest.mark.parametrize("notes", [False, True])
def test_so_has_a_form(tmp_path: Path, judge: str, ruling: str, base: str, notes: bool) -> None:
    form = _FORM.replace("JUDGE", judge).replace("forms.Form", base)
    refused = form.replace("raise forms.ValidationError(", 'self.add_error("reference", ') if notes else form
    assert _rulings(tmp_path, refused) == [ruling]


def test_what_is_only_noted_elsewhere_has_been_let_pass(tmp_path: Path) -> None:
    form = _FORM.replace("JUDGE", "clean").replace("raise forms.ValidationError(", "self.notes.append(")
    assert _rulings(tmp_path, form) == ["broken"]


_WRITING = """\
from django import forms
from django.http import HttpResponse
from django.urls import path

from shop.models import Payment


class Paying(forms.Form):
    reference = forms.CharField()

    def METHOD(self):
        payment = Payment.objects.select_for_update().get(reference=self.cleaned_data["reference"])
        GUARD
        payment.status = "failed"
        payment.save()
        return self.cleaned_data


def pay(request):
    form = Paying(request.POST)
    return HttpResponse(status=200 if form.is_valid() else 400)


urlpatterns = [path("pay/", pay)]
"""
_STILL_READY = 'if payment.status != "ready":\n            raise forms.ValidationError("too late")'


@pytest.mark.parametrize("method", ["clean", "clean_reference"])
@pytest.mark.parametrize(("guard", "ruling"), [("pass", "broken"), (_STILL_READY, "held")])
def test_what_a_form_does_while_it_judges_is_done_by_whoever_asks_it(tmp_path: Path, method: str, guard: str, ruling: str) -> None:
    shop = _WRITING.replace("METHOD", method).replace("GUARD", guard)
    assert _rulings(tmp_path, shop) == [ruling]
