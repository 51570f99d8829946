"""Classes of which each decorates any other: a call may land in all of them at every step, and the review stays within bounds."""

from pathlib import Path

from tests.commerce.small_models import model_of
from tillproof.flow.frames import Frame

_KINDS = ("Ldap", "Cas", "Saml", "Apache", "Shibboleth", "Moodle", "Drupal")
_ONE = """\
<?php
class KIND implements Login {
    private Login $decorated;
    public function __construct(Login $decorated) { $this->decorated = $decorated; }
    public function login(string $name) {
        if ($name === 'KIND') { return ['by' => 'KIND']; }
        return $this->decorated->login($name);
    }
}
"""
_SHOP = """\
<?php
class Pages {
    private Login $login;
    public function __construct(Login $login) { $this->login = $login; }
    public function open() { return $this->login->login($_POST['name']); }
}
"""
_BOUND = 1000


def _contexts(frame: Frame) -> int:
    below = [ctx.frame for ctx in frame.contexts.values() if ctx.frame is not None]
    return len(frame.contexts) + sum(_contexts(f) for f in below)


def test_contexts_do_not_multiply_with_every_decorator(tmp_path: Path) -> None:
    files = {f"login/{kind}.php": _ONE.replace("KIND", kind) for kind in _KINDS}
    model, _ = model_of(
        tmp_path, {**files, "login/Login.php": "<?php\ninterface Login { public function login(string $name); }\n", "Pages.php": _SHOP}
    )
    (opened,) = model.program.functions_by_name["open"]
    body = model.program.body(opened)
    for i in range(len(body.op)):
        model.evaluator.value(opened, i)
    logins = model.program.functions_by_name["login"]
    assert 0 < sum(_contexts(model.evaluator.frame(fn)) for fn in (opened, *logins)) < _BOUND
