"""``boundary/insecure-transport``: what is sent to external systems is encrypted, and their certificates are checked."""

from collections.abc import Iterator, Sequence

from tillproof.checks.catalog import Check
from tillproof.checks.ruling import Evidence, Ruling
from tillproof.commerce.model import Model
from tillproof.commerce.transport import Site, Transport

_ID = "boundary/insecure-transport"
_NEAR = 4
_MAIL_HARM = "every mail: names, addresses, orders, links that set a new password; and it can swallow or change them."


def rule(model: Model) -> Iterator[Ruling]:
    """One ruling per connection; options that stand together are one."""
    for group in _groups(Transport(model).sites()):
        broken = [site for site in group if site.flaw != "none"]
        yield _broken(model, broken) if broken else _held(group[0])


def _groups(sites: Sequence[Site]) -> list[list[Site]]:
    """Sites that are one flaw: options that stand together, the same option wherever one file turns it off, and the addresses of one host
    in one folder."""
    groups: list[list[Site]] = []
    told: dict[tuple[str, str], list[Site]] = {}
    for site in sites:
        last = groups[-1][-1] if groups else None
        key = (site.file.rpartition("/")[0] if site.flaw == "plain" else site.file, site.what)
        if site.flaw != "none" and key in told:
            told[key].append(site)
        elif last is not None and last.file == site.file and site.line - last.line <= _NEAR and last.flaw == site.flaw != "none":
            groups[-1].append(site)
        else:
            groups.append([site])
            if site.flaw != "none":
                told[key] = groups[-1]
    return groups


def _held(site: Site) -> Ruling:
    guard = site.guard or (site.file, site.line)
    return Ruling(_ID, "held", "outbound-call", site.file, site.line, [Evidence(guard[0], guard[1], site.what, "guard")])


def _broken(model: Model, group: Sequence[Site]) -> Ruling:
    site = min(group, key=_is_strange)
    ruling = Ruling(_ID, "broken", "outbound-call", site.file, site.line)
    strange = _is_strange(site)
    ruling.severity = "medium" if site.mail or (site.flaw != "everywhere" and strange) else "high"
    ruling.confidence = "certain" if site.flaw == "everywhere" or (site.provider is not None and site.flaw == "plain") else "likely"
    to = "the mail server" if site.mail else site.to
    if site.flaw == "plain":
        ruling.title = f"{to} is spoken to without encryption"
        ruling.message = (
            f"{site.what} goes over plain HTTP: whoever is on the way (a wireless network, a proxy, a provider) reads the credentials and "
            "customers' data in the request, and can answer in its place: a rate, a tax, an approval."
        )
        ruling.remediation = "Write `https://`, and refuse addresses from the settings that do not begin with it."
    else:
        ruling.title = f"The certificate of {to} is not checked"
        reach = "For the whole process, " if site.flaw == "everywhere" else ""
        ruling.message = f"{reach}{site.what}: any machine on the way can pass for {to}, read the credentials and " + (
            _MAIL_HARM if site.mail else "customers' data, and answer as they would: that a payment went through, what shipping costs."
        )
        ruling.remediation = _remedy(model, site)
    ruling.evidence = [Evidence(s.file, s.line, s.what, "sink") for s in (site, *(s for s in group if s is not site))]
    return ruling


def _is_strange(site: Site) -> bool:
    """Whether a connection is not known to lead to a system that money, goods or their taxes hang on."""
    return site.provider is None or site.provider.kind in ("other", "analytics", "identity", "notification")


def _remedy(model: Model, site: Site) -> str:
    language = model.program.language(site.file) if site.file in model.program.indices else ""
    own = {
        "python": 'pass the path of a CA bundle (`verify="/etc/ssl/certs/own-ca.pem"`)',
        "javascript": "give the CA (`new https.Agent({ ca: fs.readFileSync('own-ca.pem') })` or `NODE_EXTRA_CA_CERTS`)",
        "php": "give the CA (`'cafile' => '/path/own-ca.pem'`)" if site.mail
        else "give the CA (`CURLOPT_CAINFO`, `'verify' => '/path/own-ca.pem'`, `'cafile' => …`)",
    }.get(language, "install that CA on the machine")  # fmt: skip
    return (
        f"Take the option out: the default is to check. Where the certificate comes from a CA of one's own, {own}. What tests need "
        "belongs in their own settings."
    )


CHECK = Check(id=_ID, title="External systems are spoken to over verified TLS", severity="high", rule=rule)
