"""The command: `python -m shop.cli quote tea=2 cup=1`."""

import sys

from shop.cart import Cart
from shop.inventory import Inventory
from shop.orders import checkout
from shop.prices import show
from shop.report import table

PRICES = {"tea": 350, "cup": 799, "pot": 2495}
STOCK = {"tea": 40, "cup": 12, "pot": 3}


def filled(wishes: list[str]) -> Cart:
    """A cart with every `article=pieces` in it."""
    cart = Cart(PRICES)
    for wish in wishes:
        article, _, pieces = wish.partition("=")
        cart.add(article, int(pieces or 1))
    return cart


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    command, *wishes = arguments or ["help"]
    if command == "quote":
        print(show(filled(wishes).total()))
        return 0
    if command == "sell":
        print(table([checkout(filled(wishes), Inventory(STOCK))]))
        return 0
    print("usage: python -m shop.cli quote|sell ARTICLE=PIECES ...")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
