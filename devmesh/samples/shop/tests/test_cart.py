import unittest

from shop import Cart

PRICES = {"tea": 350, "cup": 799}


class Filling(unittest.TestCase):
    def test_pieces_add_up(self) -> None:
        cart = Cart(PRICES)
        cart.add("tea")
        cart.add("tea", 2)
        self.assertEqual(cart.pieces, {"tea": 3})
        self.assertFalse(cart.is_empty())

    def test_only_what_is_sold(self) -> None:
        with self.assertRaises(KeyError):
            Cart(PRICES).add("moon")

    def test_an_empty_cart_costs_nothing(self) -> None:
        self.assertEqual(Cart(PRICES).total(), 0)
