import unittest

from shop import Cart

PRICES = {"tea": 350, "cup": 799}


class Total(unittest.TestCase):
    def test_every_piece_counts(self) -> None:
        cart = Cart(PRICES)
        cart.add("tea", 3)
        cart.add("cup")
        self.assertEqual(cart.total(), 3 * 350 + 799)
