import unittest

from shop import Cart, NotInCart


class Remove(unittest.TestCase):
    def setUp(self) -> None:
        self.cart = Cart({"tea": 350})
        self.cart.add("tea", 3)

    def test_some_pieces(self) -> None:
        self.cart.remove("tea", 2)
        self.assertEqual(self.cart.pieces, {"tea": 1})

    def test_all_pieces(self) -> None:
        self.cart.remove("tea", 3)
        self.assertTrue(self.cart.is_empty())

    def test_what_is_not_there(self) -> None:
        with self.assertRaises(NotInCart):
            self.cart.remove("tea", 4)
        with self.assertRaises(NotInCart):
            self.cart.remove("cup")
        self.assertEqual(self.cart.pieces, {"tea": 3})
