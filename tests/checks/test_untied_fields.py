"""A field of a form that Angular has taken over is sent by nobody unless it is tied to the form's model."""

from pathlib import Path

import pytest

from tests.checks.test_stock import ruled

_PAGE = """\
<form FORM>
  <input type="text" name="holder" formControlName="holder">
  <input type="text" name="cc-number" autocomplete="cc-number" TIED>
  <div id="card-element"></div>
  <button type="submit">Pay</button>
</form>
"""
_TAKEN_OVER = '[formGroup]="form" (ngSubmit)="pay()"'


@pytest.mark.parametrize(
    ("form", "tied", "expected"),
    [
        (_TAKEN_OVER, 'tabindex="-1"', "unknown"),
        (_TAKEN_OVER, 'formControlName="cardNumber"', "broken"),
        (_TAKEN_OVER, "#number", "broken"),
        ('action="/pay" method="post"', 'tabindex="-1"', "broken"),
    ],
)
def test_only_what_is_tied_to_the_form_is_sent(tmp_path: Path, form: str, tied: str, expected: str) -> None:
    files = {"src/app/pay/pay.page.html": _PAGE.replace("FORM", form).replace("TIED", tied)}
    assert {ruling for ruling, file, _ in ruled(tmp_path, "pci/card-data-on-server", files)} == {expected}
