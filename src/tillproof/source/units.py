"""Units: what is deployed together. A folder with a project file is one; the nearest enclosing folder wins."""

import re
from pathlib import Path
from typing import Any, Literal

from tillproof.source import projects
from tillproof.source.kinds import words

Kind = Literal["service", "library", "plugin", "app", "workspace"]

_STRONG = words(
    "package.json pyproject.toml setup.py setup.cfg manage.py composer.json Gemfile go.mod pom.xml build.gradle build.gradle.kts Pipfile "
    "requirements.txt pnpm-workspace.yaml lerna.json"
)
# A Dockerfile alone makes a unit only where code lies beside it: ``docker/php/Dockerfile`` describes a unit that is elsewhere.
_WEAK = frozenset(("Dockerfile", "Containerfile", "Procfile"))
_CODE_ENDINGS = (".py", ".js", ".mjs", ".ts", ".php", ".rb", ".go", ".java", ".cs")

_PLUGIN_HEADER = re.compile(rb"^[ \t/*#@]*Plugin Name:[ \t]*\S", re.MULTILINE)
_HEADER_BYTES = 8192

_PLUGIN_TYPES = words(
    "wordpress-plugin wordpress-muplugin magento2-module magento-module prestashop-module shopware-platform-plugin drupal-module "
    "craft-plugin typo3-cms-extension oxideshop-module sylius-plugin opencart-extension"
)
_SERVERS = words(
    "express fastify koa @hapi/hapi hapi restify @nestjs/core @feathersjs/feathers @adonisjs/core strapi @strapi/strapi hono @vendure/core "
    "@medusajs/medusa apollo-server @apollo/server serverless aws-lambda "
    "django flask fastapi starlette tornado sanic bottle aiohttp pyramid falcon quart litestar "
    "laravel/framework laravel/lumen-framework symfony/framework-bundle slim/slim cakephp/cakephp yiisoft/yii2 codeigniter4/framework "
    "magento/product-community-edition"
)
_FRONTS = words(
    "react react-dom vue @angular/core svelte preact solid-js next nuxt gatsby @remix-run/react react-native expo astro ember-source"
)


def kind_of(folder: Path, names: set[str]) -> Kind | None:
    """The kind of the unit that a folder is, or ``None`` when it is none. ``names`` are those of the entries in it."""
    if _holds_plugin(folder, names):
        return "plugin"
    if names.isdisjoint(_STRONG) and not any(name.endswith(".csproj") for name in names):
        return "service" if _is_deployed_here(names) else None
    package: dict[str, Any] = projects.read_json(folder / "package.json") if "package.json" in names else {}
    composer: dict[str, Any] = projects.read_json(folder / "composer.json") if "composer.json" in names else {}
    if "workspaces" in package or not names.isdisjoint(("pnpm-workspace.yaml", "lerna.json")):
        return "workspace"
    if composer.get("type") in _PLUGIN_TYPES:
        return "plugin"
    strong = {name for name in names if name in _STRONG or name.endswith(".csproj")}
    if strong == {"package.json"} and not projects.describes_a_project(package):
        return None
    return _kind_by_content(folder, names, package, composer)


def _kind_by_content(folder: Path, names: set[str], package: dict[str, Any], composer: dict[str, Any]) -> Kind:
    needs = projects.dependencies_in(folder, names)
    if not names.isdisjoint(("manage.py", "artisan", *_WEAK)) or not _SERVERS.isdisjoint(needs):
        return "service"
    if not _FRONTS.isdisjoint(projects.runtime_of(package)):
        return "app"
    if _is_published(folder, names, package, composer):
        return "library"
    return "app" if "package.json" in names else "service"


def _is_published(folder: Path, names: set[str], package: dict[str, Any], composer: dict[str, Any]) -> bool:
    if package and not package.get("private") and not {"main", "module", "exports", "types"}.isdisjoint(package):
        return True
    if composer.get("type") in ("library", "symfony-bundle") or (
        composer.get("name") and "type" not in composer and "autoload" in composer
    ):
        return True
    return "setup.py" in names or "build-system" in projects.read_toml(folder / "pyproject.toml")


def _is_deployed_here(names: set[str]) -> bool:
    return not names.isdisjoint(_WEAK) and any(name.endswith(_CODE_ENDINGS) for name in names)


def _holds_plugin(folder: Path, names: set[str]) -> bool:
    """True when a PHP file directly in the folder has a WordPress plugin header.

    WordPress asks every PHP file there; to keep the walk cheap only folders that may be a plugin's are looked into.
    """
    scripts = sorted(name for name in names if name.endswith(".php"))
    likely = folder.parent.name in ("plugins", "mu-plugins") or "readme.txt" in names or "uninstall.php" in names
    if not likely:
        scripts = [name for name in scripts if name[:-4] == folder.name] or (scripts if "composer.json" in names else [])
    return any(_PLUGIN_HEADER.search(projects.read_start(folder / name, _HEADER_BYTES)) for name in scripts[:20])
