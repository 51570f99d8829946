"""Published PHP libraries that a shop without Composer carries in a folder of its own, as their release archives unpack."""

from pathlib import Path

from tillproof.source import projects
from tillproof.source.kinds import words

# Whose libraries they are: clients of providers, and what renders documents, sends mail and speaks HTTP.
_VENDORS = words(
    "stripe razorpay paypal braintree mollie midtrans authorizenet square paystackhq yabacon flutterwavedev mercadopago adyen payu "
    "openpayu iyzico xendit twilio vonage sendgrid mailgun mailjet phpmailer swiftmailer pear dompdf mpdf tecnickcom setasign fpdf "
    "phpoffice endroid guzzlehttp rmccue nategood symfony psr monolog league firebase ramsey vlucas paragonie phpseclib google facebook "
    "aws abraham hybridauth"
)


# What lies in CodeIgniter's own folder, which shops that were made before Composer carry along.
_FRAMEWORK = {"core", "database", "helpers", "libraries"}


def renamed_into(folder: Path) -> list[str]:
    """The folders, relative to one with a ``composer.json``, into which a tool copies libraries under a namespace of the plugin's own, so
    that two plugins with different versions of one library don't clash. See https://github.com/coenjacobs/mozart and
    https://github.com/BrianHenryIE/strauss."""
    extra = projects.read_json(folder / "composer.json").get("extra")
    if not isinstance(extra, dict):
        return []
    settings = [s for tool in ("mozart", "strauss") if isinstance(s := extra.get(tool), dict)]
    named = [s.get(key) for s in settings for key in ("dep_directory", "classmap_directory", "target_directory")]
    return [path for name in named if isinstance(name, str) and (path := name.strip("./"))]


def is_bundled(folder: Path, names: set[str]) -> bool:
    """Whether a folder below the root holds such a library. A plugin or module of the same vendor is code that is deployed for itself."""
    if names.issuperset(_FRAMEWORK) and (folder / "core" / "CodeIgniter.php").exists():
        return True
    if "composer.json" not in names:
        return False
    composer = projects.read_json(folder / "composer.json")
    name = composer.get("name")
    return isinstance(name, str) and composer.get("type", "library") == "library" and name.lower().partition("/")[0] in _VENDORS
