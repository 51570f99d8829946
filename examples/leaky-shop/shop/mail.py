"""Mail to customers. Without an SMTP host, as on a developer's machine, it is only logged."""

import logging
import smtplib
from email.message import EmailMessage

from shop.settings import get_settings

logger = logging.getLogger(__name__)


def order_paid(to: str, reference: str) -> None:
    _send(to, "Thank you for your order", f"We have received your payment for order {reference}.")


def payment_link(to: str, reference: str) -> None:
    _send(to, "Your order", f"Please pay order {reference} at {get_settings().base_url}/?order={reference}")


def order_delivered(to: str, reference: str) -> None:
    _send(to, "Your order has arrived", f"Order {reference} was delivered.")


def gift_card_paid(to: str, code: str) -> None:
    _send(to, "Your gift card", f"Show this code at the counter: {code}")


def order_shipped(to: str, reference: str) -> None:
    _send(to, "Your order is on its way", f"Order {reference} has left our house.")


def _send(to: str, subject: str, text: str) -> None:
    host = get_settings().smtp_host
    if not host:
        logger.info("mail not sent, no SMTP_HOST: %s", subject)
        return
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, subject
    message.set_content(text)
    with smtplib.SMTP(host, timeout=10) as smtp:
        smtp.starttls()
        smtp.send_message(message)
