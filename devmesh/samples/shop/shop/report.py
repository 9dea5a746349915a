"""What the owner reads in the evening."""

from shop.orders import Order
from shop.prices import show


def table(orders: list[Order]) -> str:
    """One line per order and a sum, as text."""
    lines = [f"{number:>4}  {show(order.total):>10}" for number, order in enumerate(orders, start=1)]
    lines.append(f" sum  {show(sum(order.total for order in orders)):>10}")
    return "\n".join(lines)
