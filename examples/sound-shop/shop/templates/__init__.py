"""The pages of the storefront."""

from pathlib import Path

from fastapi.templating import Jinja2Templates

templates = Jinja2Templates(Path(__file__).parent)
templates.env.filters["money"] = lambda cents: f"{cents // 100}.{cents % 100:02d}"
