"""Tables of the shop. Every amount is an integer in cents."""

import enum
from datetime import UTC, datetime

from sqlalchemy import CheckConstraint, DateTime, Enum, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class OrderStatus(enum.StrEnum):
    PENDING = "pending"
    AUTHORIZED = "authorized"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class ReturnStatus(enum.StrEnum):
    REQUESTED = "requested"
    SENDING = "sending"
    REFUNDED = "refunded"
    REFUSED = "refused"


class CreditStatus(enum.StrEnum):
    SENDING = "sending"
    REFUNDED = "refunded"
    REFUSED = "refused"


class GiftCardStatus(enum.StrEnum):
    PENDING = "pending"
    ACTIVE = "active"


class Provider(enum.StrEnum):
    STRIPE = "stripe"
    PAYPAL = "paypal"


def _now() -> datetime:
    return datetime.now(UTC)


class Product(Base):
    __tablename__ = "products"
    __table_args__ = (CheckConstraint("stock >= 0"), CheckConstraint("price_cents > 0"))

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    price_cents: Mapped[int]
    stock: Mapped[int]
    weight_grams: Mapped[int] = mapped_column(default=500)
    tax_code: Mapped[str] = mapped_column(String(20), default="")
    # Paid when it is ready: the card is only authorised until then.
    made_to_order: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


class Coupon(Base):
    __tablename__ = "coupons"
    __table_args__ = (CheckConstraint("percent_off BETWEEN 1 AND 90"),)

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    percent_off: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total_cents > 0"),
        CheckConstraint("captured_cents BETWEEN 0 AND total_cents"),
        CheckConstraint("refunded_cents BETWEEN 0 AND captured_cents"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # What customers know their order by; too long to guess, so knowing it is the right to see it.
    reference: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(200))
    status: Mapped[OrderStatus] = mapped_column(Enum(OrderStatus), default=OrderStatus.PENDING)
    currency: Mapped[str] = mapped_column(String(3))
    country: Mapped[str] = mapped_column(String(2))
    postal_code: Mapped[str] = mapped_column(String(20))
    shipping_cents: Mapped[int]
    tax_cents: Mapped[int]
    total_cents: Mapped[int]
    authorized_cents: Mapped[int] = mapped_column(default=0)
    captured_cents: Mapped[int] = mapped_column(default=0)
    refunded_cents: Mapped[int] = mapped_column(default=0)
    provider: Mapped[Provider] = mapped_column(Enum(Provider))
    capture_later: Mapped[bool] = mapped_column(default=False)
    payment_attempt: Mapped[int] = mapped_column(default=1)
    payment_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    capture_id: Mapped[str | None] = mapped_column(String(100), unique=True)
    card_brand: Mapped[str | None] = mapped_column(String(20))
    card_last4: Mapped[str | None] = mapped_column(String(4))
    tracking_code: Mapped[str | None] = mapped_column(String(60), unique=True)
    # Something that a person has to look at, such as money for a cancelled order.
    attention: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
    lines: Mapped[list["OrderLine"]] = relationship(back_populates="order")


class OrderLine(Base):
    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0"), CheckConstraint("returned BETWEEN 0 AND quantity"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    unit_price_cents: Mapped[int]
    returned: Mapped[int] = mapped_column(default=0)
    order: Mapped[Order] = relationship(back_populates="lines")


class Return(Base):
    __tablename__ = "returns"

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id"))
    quantity: Mapped[int]
    amount_cents: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    status: Mapped[ReturnStatus] = mapped_column(Enum(ReturnStatus), default=ReturnStatus.REQUESTED)
    provider_refund_id: Mapped[str | None] = mapped_column(String(100))
    line: Mapped[OrderLine] = relationship()


class Credit(Base):
    """Money that staff give back as a gesture, without anything coming back."""

    __tablename__ = "credits"
    __table_args__ = (CheckConstraint("amount_cents > 0"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    amount_cents: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    status: Mapped[CreditStatus] = mapped_column(Enum(CreditStatus), default=CreditStatus.SENDING)
    provider_refund_id: Mapped[str | None] = mapped_column(String(100))
    order: Mapped[Order] = relationship()


class GiftCard(Base):
    __tablename__ = "gift_cards"

    id: Mapped[int] = mapped_column(primary_key=True)
    # What is printed on the card; too long to guess.
    code: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(200))
    amount_cents: Mapped[int]
    balance_cents: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[GiftCardStatus] = mapped_column(Enum(GiftCardStatus), default=GiftCardStatus.PENDING)
    payment_id: Mapped[str | None] = mapped_column(String(100), unique=True)


class SyncFailure(Base):
    """A stock level that could not be taken over from the ERP, until somebody has looked at it."""

    __tablename__ = "sync_failures"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(200))
    failed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)


class ProcessedEvent(Base):
    """A webhook event that has had its effect; the constraint is what stops the second delivery."""

    __tablename__ = "processed_events"
    __table_args__ = (UniqueConstraint("provider", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[Provider] = mapped_column(Enum(Provider))
    event_id: Mapped[str] = mapped_column(String(100))
    event_type: Mapped[str] = mapped_column(String(100))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
