"""What kind of file a name, a folder or the first bytes speak of: its language, and its role in the review.

Folder names count only when a whole path segment equals them: ``test-mode/`` of a payment module is source, ``tests/`` is not.
"""

import re
from collections.abc import Iterator

from tillproof.source.files import Language, Role

# ``env.ts`` is a module that reads the environment; ``.env.production`` is the environment.
_CODE_BEHIND_ENV = ("py", "js", "mjs", "cjs", "ts", "php", "rb", "go", "json", "yaml", "yml", "toml", "sh")
# ``.env.production``, ``.env_example``, ``.env-shop.example.com``, ``env.local``
_ENVIRONMENT = re.compile(r"\.env[._~-]|env\.")


def words(text: str) -> frozenset[str]:
    """The words of a text: long lists of names stay readable that way."""
    return frozenset(text.split())


_SUFFIXES: dict[Language, str] = {
    "python": "py pyi pyw",
    "javascript": "js jsx mjs cjs",
    "typescript": "ts mts cts",
    "tsx": "tsx",
    "php": "php phtml inc php3 php4 php5 php7 module install",
    # Single-file components and logic-light templates hold markup with script elements, as a page does.
    "html": "html htm xhtml vue svelte astro hbs handlebars mustache liquid tpl erb",
    "jinja": "jinja jinja2 j2 njk",
    "twig": "twig",
    "ejs": "ejs",
    "env": "env",
    "yaml": "yaml yml",
    "json": "json json5 jsonc",
    "toml": "toml",
    "ini": "ini cfg conf",
    "properties": "properties",
    "xml": "xml config xsd wsdl csproj props targets",
    "sql": "sql",
    "prisma": "prisma",
    "dockerfile": "dockerfile",
    "ruby": "rb rake gemspec",
    "java": "java",
    "csharp": "cs cshtml razor",
    "go": "go",
    "kotlin": "kt kts",
    "shell": "sh bash zsh ksh bat ps1",
    "markdown": "md mdx markdown rst adoc",
    "other": "css scss sass less styl c h cc cpp hpp rs swift scala clj ex exs erl dart lua pl pm r groovy gradle vb fs graphql gql proto "
    "tf hcl pug coffee po pot txt lock csv sum mod pem key",
}
BY_SUFFIX: dict[str, Language] = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}

BY_NAME: dict[str, Language] = {
    "dockerfile": "dockerfile", "containerfile": "dockerfile", "makefile": "other", "procfile": "other", "gemfile": "ruby",
    "rakefile": "ruby", "pipfile": "toml", "jenkinsfile": "other", ".npmrc": "ini", ".pypirc": "ini", ".env": "env", ".envrc": "env",
    ".flaskenv": "env", "artisan": "php", ".htaccess": "other", ".babelrc": "json",
    ".eslintrc": "json", "license": "other", "readme": "markdown",
}  # fmt: skip

# Assets: never read, never shown, not counted.
ASSETS = words(
    "png jpg jpeg gif ico webp avif bmp tif tiff psd ai sketch fig svg svgz eps woff woff2 ttf otf eot mp3 mp4 m4a mov avi webm ogg wav "
    "flac zip gz tgz bz2 xz zst 7z rar tar phar jar war class dll exe so dylib a o obj lib pdb nupkg whl egg pyc pyo pyd node wasm bin dat "
    "db sqlite sqlite3 mo pdf doc docx xls xlsx ppt pptx odt ods map snap parquet pkl npy jks p12 pfx keystore lockb swp ds_store"
)

# Data rather than code: its bound is lower, and its role is ``config`` unless its folder says otherwise.
DATA: frozenset[Language] = frozenset(("env", "yaml", "json", "toml", "ini", "properties", "xml", "dockerfile"))
CODE: frozenset[Language] = frozenset(
    ("python", "javascript", "typescript", "tsx", "php", "ruby", "java", "csharp", "go", "kotlin", "shell", "sql")
)
# Programming languages that are known by name and not analysed: what their files owe is not ruled on.
UNREAD: dict[Language, str] = {"java": "Java", "csharp": "C#", "go": "Go", "ruby": "Ruby", "kotlin": "Kotlin"}
_TEMPLATES: frozenset[Language] = frozenset(("html", "jinja", "twig", "blade", "ejs"))
_SCRIPTS: frozenset[Language] = frozenset(("javascript", "typescript", "tsx"))
_COMPONENTS = (".vue", ".svelte", ".astro")

LOCKFILES = words(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock composer.lock poetry.lock pipfile.lock uv.lock pdm.lock "
    "gemfile.lock cargo.lock go.sum packages.lock.json symfony.lock gradle.lockfile"
)

_FOLDERS: dict[str, Role] = {
    **dict.fromkeys(
        words(
            "third_party third-party thirdparty 3rdparty _vendor vendored vendor-prefixed vendor_prefixed vendors-prefixed wp-includes "
            "wp-admin .psalm .phpstan psalm-stubs phpstan-stubs"
        ),
        "vendored",
    ),
    **dict.fromkeys(
        words(
            "test tests __test__ __tests__ spec specs e2e cypress playwright fixtures __fixtures__ __mocks__ testdata stories .storybook "
            "__snapshots__ cassettes load-testing load_testing load-tests load_tests loadtest loadtests stress-tests stress_tests "
            "k6 gatling locust test-utils test_utils testutils test-helpers testing-utils test-support"
        ),
        "test",
    ),
    **dict.fromkeys(("doc", "docs"), "docs"),
    **dict.fromkeys(("migrations", "migration"), "migration"),
}
_END_TO_END = re.compile(r"e2e[-_]\w[\w-]*|\w[\w-]*[-_]e2e|(end-to-end|integration|acceptance|functional|unit|smoke|api)[-_]tests?")
_PRECEDENCE: tuple[Role, ...] = ("vendored", "test", "docs", "migration")

# Folders of browser libraries, as templates for shops and their back offices bring them along.
_LIBRARY = re.compile(
    r"(jquery|bootstrap|datatables|daterangepicker|icheck|fontawesome|font-awesome|flag-icon|tempusdominus|overlay-?scrollbars|ckeditor"
    r"|tinymce|codemirror|fullcalendar|sweetalert|select2|moment|summernote|jqvmap|inputmask|dropzone|flot|raphael|popper|chart\.?js"
    r"|pdfmake|jszip|jsgrid|uplot|ion-?range-?slider|owl-?carousel|slick|swiper|magnific-popup|isotope|waypoints|metismenu|modernizr"
    r"|html5shiv|sparklines?|toastr|ekko-lightbox|filterizr|bs-(custom-file-input|stepper)|pace-progress|perfect-scrollbar|apexcharts"
    r"|quill|leaflet|lightbox|nice-select|sortablejs|three\.?js|underscore|lodash)\d*([._-]\w+)*",
    re.IGNORECASE,
)

# How the builds are called that makers of browser libraries publish: `vue.global.js`, `react-dom.development.js`, `jquery-3.6.0.js`.
_BUILD_NAME = re.compile(
    r"(vue|vue-router|vuex|pinia|petite-vue|react|react-dom|preact)(\.runtime)?\.(global|development|production|esm-browser)(\.prod)?\.js"
    r"|[\w.-]+\.(umd|iife|esm-browser)(\.prod)?\.js|jquery([-.]\d[\d.]*)?(\.slim)?\.js"
)

_TEST_NAME = re.compile(
    r"test_.*\.(?:py|[cm]?[jt]sx?)|.*_tests?\.(?:py|go|rb|exs|[cm]?[jt]sx?)|conftest\.py|tests\.py|.*_spec\.rb"
    r"|(?:vitest|jest|cypress|playwright|karma|mocha)(?:[.-][\w.-]*)?\.[cm]?[jt]sx?|(?:set-?up-?tests?|tests?-?set-?up)\.[cm]?[jt]sx?"
    r"|.*[.-](?:test|spec|cy|stories|e2e-spec)\.[cm]?[jt]sx?|.*(?:Tests?|TestCase|Cest)\.(?:php|java|kt|cs)"
)
# What fills a database with made-up shops and customers is run by a developer's hand.
_SEED_NAME = re.compile(
    r"(?:.*/)?(?:seeds?|seeders)/.*|(?:.*[-_./])?seed(?:s|er|ers|ing)?(?:[-_.][\w.-]*)?\.(?:py|php|[cm]?[jt]s)|.*Seeder\.php"
    r"|(?:.*/)?(?:create|load|make|generate|populate|insert)_?(?:test|fake|dummy|sample|demo|mock)_?(?:data|db|users|orders|products)"
    r"\.(?:py|php|[cm]?[jt]s)"
    r"|(?:.*/)?(?:random|fake|dummy|sample|demo|mock)[-_]?data\.(?:py|php|[cm]?[jt]s)"
    r"|(?:.*/)?(?:[sS]eed(?:er|s)?[A-Z]\w*|(?:populate|fill)D(?:ata|b|B)\w*"
    r"|(?:create|load|make|generate|populate|insert)(?:Test|Fake|Dummy|Sample|Demo|Mock|Initial)(?:D(?:ata|b|B)|Users|Orders|Products)\w*"
    r"|(?:models?|data|db|tables?|users|products|orders|items)(?:Mocks?|Seeds?|Seeder))\.[cm]?[jt]s"
    # A script beside the code that somebody tries a system out with: ``test-rates.ts`` at the root, ``scripts/legacy/debug-webhook.js``.
    r"|(?:(?:apps|packages|services)/[\w.-]+/|(?:backend|server|api)/|(?:.*/)?(?:scripts?|tools|bin|dev)/(?:[\w.-]+/)?)?(?:test|debug)[-_][\w.-]+\.(?:py|php|[cm]?[jt]s)"
)
# What tells an analyser, an editor or a test of code that lies elsewhere: a call of one of its functions is a call of the other's.
_STUBS_NAME = re.compile(r"_ide_helper.*\.php|(?:.*[-_.])?stubs?\.php")
_DOC_NAME = re.compile(
    r"(?:readme|changelog|changes|history|license|licence|copying|contributing|authors|security|upgrading)(?:[._-].*)?", re.IGNORECASE
)

# Upper case on purpose: the header of every Magento and PrestaShop file says "Do not edit or add to this file if you wish to upgrade".
_GENERATED = re.compile(
    rb"@generated\b|DO NOT EDIT\b|Code generated by |<auto-?generated|AUTO-?GENERATED|webpackBootstrap"
    rb"|[Tt]his (?:file|code|class|module|client) (?:is|was|has been) (?:auto[- ]?|automatically )generated"
)
_MARKER_BYTES = 1024
# How published PHP libraries that shops carry along in folders of their own say at their head what they are.
_PUBLISHED = re.compile(
    rb"@(?:package|category)\s+(?:PHPMailer|PHPExcel\w*|PhpSpreadsheet|com\.tecnick\.tcpdf|TCPDF|FPDI|mPDF|dompdf|Smarty|ADOdb|nusoap"
    rb"|HTMLPurifier|phpseclib|Swift|Crypt_\w+|Net_SMTP|Mail_Mime|PHPQRCode|simple_html_dom|Parsedown|Mobile_?Detect|Hybridauth|RedBeanPHP)\b"
    rb"|@link\s+https?://(?:www\.)?(?:github\.com/(?:PHPMailer|PHPOffice|mpdf|dompdf|tecnickcom|Setasign|predis|hybridauth)/|fpdf\.org|tcpdf\.org)"
    rb"|^\* FPDF\s|This file is part of TCPDF software library|NuSOAP - Web Services Toolkit for PHP|Snoopy - the PHP net client"
    rb"|PHP QR Code (?:encoder|is distributed)|^namespace RedBeanPHP\b",
    re.IGNORECASE | re.MULTILINE,
)
# How compilers of TypeScript begin a module, and the folders that they write to: what they made is read where people wrote it.
_COMPILED = re.compile(rb"\s*(?:\"use strict\"|'use strict');\s*(?:var __\w+ = |Object\.defineProperty\(exports, ['\"]__esModule)")
_OUTPUT = frozenset(("dist", "build", "out"))
_TYPED, _UNTYPED = ("ts", "tsx", "mts", "cts"), ("js", "jsx", "mjs")
_SHEBANG = re.compile(rb"#!\s*\S*?(?:/env\s+(?:-S\s+)?)?(python|node|php|bash|sh|zsh|ruby)[\d.]*\b")
_INTERPRETERS: dict[bytes, Language] = {
    b"python": "python", b"node": "javascript", b"php": "php", b"bash": "shell", b"sh": "shell", b"zsh": "shell", b"ruby": "ruby",
}  # fmt: skip

# Average length of a line, in bytes, from which on nobody wrote it by hand.
_LONG_LINES = 400


def language_of(name: str) -> Language | None:
    """The language that a file name speaks of, or ``None``; the name is that of the last path segment."""
    lower = name.lower()
    found = BY_NAME.get(lower)
    if found is not None:
        return found
    stem, dot, suffix = lower.rpartition(".")
    if _ENVIRONMENT.match(lower) and suffix not in _CODE_BEHIND_ENV:
        return "env"
    if lower.startswith("dockerfile."):
        return "dockerfile"
    if suffix in ("example", "sample", "dist", "template", "local") and stem:
        return language_of(stem)
    if lower.endswith(".blade.php"):
        return "blade"
    return BY_SUFFIX.get(suffix) if dot else None


def is_seed(path: str) -> bool:
    """True for a script that fills a database, or a provider's test account, with made-up data, or tries something out; no customer ever
    waits for it."""
    return _SEED_NAME.fullmatch(path) is not None


def is_asset(name: str) -> bool:
    """True for images, fonts, archives, compiled code: what a review never opens."""
    return name.rpartition(".")[2].lower() in ASSETS


def language_of_content(language: Language | None, name: str, head: bytes) -> Language | None:
    """The language once the first bytes are known: scripts without a suffix, Django and Jinja pages that are named ``.html``."""
    if language is None:
        match = _SHEBANG.match(head)
        return _INTERPRETERS[match[1]] if match else None
    if language == "html" and b"{%" in head and name.endswith((".html", ".htm")):
        return "jinja"
    return language


def is_library(folder: str) -> bool:
    """True for the name of a folder that holds a published browser library."""
    return _LIBRARY.fullmatch(folder) is not None


def folder_role(segment: str, inherited: Role | None) -> Role | None:
    """The role that a folder gives to all that is in it, given that of the folder around it; ``None`` when it says nothing."""
    role = _FOLDERS.get(segment.lower()) or ("test" if _END_TO_END.fullmatch(segment.lower()) else None)
    if role is None or inherited is None:
        return inherited or role
    return min(role, inherited, key=_PRECEDENCE.index)


def file_role(name: str, language: Language | None, folder: Role | None, head: bytes, middle: bytes) -> Role:
    """The role of one file. ``head`` and ``middle`` are bytes from its beginning and from its midst, empty when they were not read."""
    if folder == "vendored":
        return "vendored"
    unwritten = _unwritten(name.lower(), language, folder, head, middle)
    if unwritten is not None:
        return "test" if unwritten == "generated" and folder == "test" else unwritten
    if folder == "test" or _TEST_NAME.fullmatch(name):
        return "test"
    if folder == "docs" or language == "markdown" or (language in (None, "other", "html") and _DOC_NAME.fullmatch(name)):
        return "docs"
    if language in DATA:
        return "config"
    return "template" if _is_template(name.lower(), language) else "source"


def is_compiled(path: str, language: Language | None, head: bytes) -> bool:
    """True for JavaScript that a compiler has written into a folder of its own."""
    return language == "javascript" and not _OUTPUT.isdisjoint(path.split("/")[:-1]) and _COMPILED.match(head) is not None


def compiled_from(path: str, compiled: bool) -> Iterator[str]:
    """The sources from which a compiler may have written a script: ``dist/pay.js`` comes from ``src/pay.ts``, or from ``pay.ts``.
    ``compiled``: it looks so, and another script may be its source."""
    *folders, name = path.split("/")
    stem, _, suffix = name.rpartition(".")
    if suffix not in ("js", "mjs", "cjs"):
        return
    for n, folder in enumerate(folders):  # ``lib`` is as often written by hand
        for instead in (["src"], []) if folder in _OUTPUT else (["src"],) if folder == "lib" else ():
            for end in (*_TYPED, *(_UNTYPED if compiled else ())):
                yield "/".join([*folders[:n], *instead, *folders[n + 1 :], f"{stem}.{end}"])


def _is_template(name: str, language: Language | None) -> bool:
    return (language in _TEMPLATES and not name.endswith(_COMPONENTS)) or name.endswith((".phtml", ".cshtml", ".razor"))


def _unwritten(name: str, language: Language | None, folder: Role | None, head: bytes, middle: bytes) -> Role | None:
    """The role of what a machine wrote, or wrote first as with migrations; ``None`` for what people write."""
    if name in LOCKFILES:
        return "generated"
    if _STUBS_NAME.fullmatch(name) or _BUILD_NAME.fullmatch(name) or (language == "php" and _PUBLISHED.search(head)):
        return "vendored"
    if language in _SCRIPTS and (".min." in name or name.endswith("-min.js") or _has_long_lines(head, middle)):
        return "minified"
    if folder == "migration" and language not in DATA:
        return "migration"
    return "generated" if _GENERATED.search(head, 0, _MARKER_BYTES) else None


def _has_long_lines(head: bytes, middle: bytes) -> bool:
    """Bundles often begin with a licence in short lines, so the midst of the file decides when there is one."""
    sample = middle or head
    return len(sample) > _LONG_LINES * (sample.count(b"\n") + 1)
