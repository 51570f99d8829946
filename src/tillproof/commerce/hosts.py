"""Is a host one of our own machines, one of an example, or somebody else's?"""

import re

_LOCAL = re.compile(
    r"localhost|[\w-]+|(?:.+\.)?(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|test|invalid|example|svc|docker|"
    r"cluster\.local|home\.arpa)|127(?:\.\d+){3}|0\.0\.0\.0|10(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}"
    r"|(?:.+\.)?(?:docker\.[\w-]+|my-?host|ddev\.site|lndo\.site|localtest\.me|lvh\.me)"  # names that tools give to containers
    r"|169\.254(?:\.\d+){2}|\[?::1?\]?|f[cd][0-9a-f]{2}:.*",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"(?:.+\.)?(?:example\.(?:com|org|net)|your[\w-]*\..*|domain\.(?:com|tld)|mysite\..*|yoursite\..*|host\.tld)", re.IGNORECASE
)
# Inboxes for trying things out: what is sent there goes to nobody.
_CATCHES_MAIL = re.compile(
    r"(?:smtp|sandbox\.smtp)\.mailtrap\.io|(?:.+\.)?ethereal\.email|(?:.+\.)?(?:mailhog|mailpit|mailcatcher|maildev)(?:\..+)?"
)


def is_local(host: str) -> bool:
    """Whether a host, with or without its port, is this machine, one of its network, or a name without a domain, as containers have."""
    return _LOCAL.fullmatch(_bare(host)) is not None


def is_example(host: str) -> bool:
    """Whether a host only stands for one."""
    return _EXAMPLE.fullmatch(_bare(host)) is not None


def catches_mail(host: str) -> bool:
    """Whether a mail server keeps what is sent for whoever tries a program, and delivers nothing."""
    return _CATCHES_MAIL.fullmatch(_bare(host).lower()) is not None


def _bare(host: str) -> str:
    host = host.partition("://")[2] or host
    host = host.partition("/")[0].rpartition("@")[2]
    return host if host.startswith("[") or host.count(":") > 1 else host.partition(":")[0]
