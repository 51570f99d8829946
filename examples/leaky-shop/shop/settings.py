"""Configuration, read from the environment once."""

import os
from dataclasses import dataclass
from functools import lru_cache

# The shop sells in one currency; all amounts are integers in its smallest unit.
CURRENCY = "EUR"


@dataclass(frozen=True)
class Settings:
    database_url: str
    base_url: str
    stripe_secret_key: str
    stripe_publishable_key: str
    stripe_webhook_secret: str
    paypal_api_base: str
    paypal_client_id: str
    paypal_client_secret: str
    paypal_webhook_id: str
    mollie_api_key: str
    taxjar_api_key: str
    easypost_api_key: str
    easypost_webhook_secret: str
    odoo_url: str
    odoo_database: str
    odoo_user_id: str
    odoo_api_key: str
    redis_url: str
    staff_token: str
    smtp_host: str


@lru_cache
def get_settings() -> Settings:
    env = os.environ
    return Settings(
        database_url=env.get("DATABASE_URL", "sqlite:///shop.db"),
        base_url=env.get("BASE_URL", "http://localhost:8000"),
        stripe_secret_key=env.get("STRIPE_SECRET_KEY", ""),
        stripe_publishable_key=env.get("STRIPE_PUBLISHABLE_KEY", ""),
        stripe_webhook_secret=env.get("STRIPE_WEBHOOK_SECRET", ""),
        paypal_api_base=env.get("PAYPAL_API_BASE", "https://api-m.sandbox.paypal.com"),
        paypal_client_id=env.get("PAYPAL_CLIENT_ID", ""),
        paypal_client_secret=env.get("PAYPAL_CLIENT_SECRET", ""),
        paypal_webhook_id=env.get("PAYPAL_WEBHOOK_ID", ""),
        mollie_api_key=env.get("MOLLIE_API_KEY", ""),
        taxjar_api_key=env.get("TAXJAR_API_KEY", "c1a97d6e0b4f83522ae96f70d8135b9e"),
        easypost_api_key=env.get("EASYPOST_API_KEY", ""),
        easypost_webhook_secret=env.get("EASYPOST_WEBHOOK_SECRET", ""),
        odoo_url=env.get("ODOO_URL", "http://localhost:8069"),
        odoo_database=env.get("ODOO_DATABASE", ""),
        odoo_user_id=env.get("ODOO_USER_ID", ""),
        odoo_api_key=env.get("ODOO_API_KEY", ""),
        redis_url=env.get("REDIS_URL", "redis://localhost"),
        staff_token=env.get("STAFF_TOKEN", ""),
        smtp_host=env.get("SMTP_HOST", ""),
    )
