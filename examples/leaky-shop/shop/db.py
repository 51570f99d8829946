"""The database: engine, sessions and the demonstration catalogue."""

from collections.abc import Iterator

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from shop.models import Base, Coupon, Product
from shop.settings import get_settings

_url = get_settings().database_url
# FastAPI may open and close a session in different worker threads.
engine = create_engine(_url, connect_args={"check_same_thread": False} if _url.startswith("sqlite") else {})
SessionLocal = sessionmaker(engine, expire_on_commit=False)


def get_session() -> Iterator[Session]:
    """A session per request. Routes commit; whatever was not committed is rolled back."""
    with SessionLocal() as session:
        yield session


def prepare() -> None:
    """Create the tables and, in an empty database, a few products to play with."""
    Base.metadata.create_all(engine)
    with SessionLocal() as session:
        if session.scalar(select(Product.id).limit(1)) is None:
            session.add_all(
                [
                    Product(sku="MUG-BLUE", name="Blue mug", price_cents=1450, stock=20),
                    Product(sku="TEAPOT", name="Teapot", price_cents=3900, stock=5),
                    Product(sku="TRAY-OAK", name="Oak tray", price_cents=2790, stock=8),
                    Product(sku="CUP-NAME", name="Cup with your name", price_cents=2400, stock=50, made_to_order=True),
                    Coupon(code="WELCOME10", percent_off=10),
                ]
            )
            session.commit()
