"""Selling a cart."""

from dataclasses import dataclass

from shop.cart import Cart
from shop.inventory import Inventory
from shop.prices import Cents


@dataclass(frozen=True)
class Order:
    """What was sold, and for how much."""

    pieces: dict[str, int]
    total: Cents


def checkout(cart: Cart, inventory: Inventory) -> Order:
    """Sell what is in the cart. Raises ValueError when something is sold out."""
    for article, pieces in cart.pieces.items():
        inventory.take(article, pieces)
    return Order(dict(cart.pieces), cart.total())
