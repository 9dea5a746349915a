import unittest

from shop import Cart, Inventory, checkout, sellable


class Checkout(unittest.TestCase):
    def setUp(self) -> None:
        self.cart = Cart({"tea": 350, "cup": 799})
        self.cart.add("tea", 2)
        self.cart.add("cup", 1)

    def test_all_of_it(self) -> None:
        shelf = Inventory({"tea": 5, "cup": 1})
        self.assertTrue(sellable(self.cart, shelf))
        checkout(self.cart, shelf)
        self.assertEqual(shelf.stock, {"tea": 3, "cup": 0})

    def test_or_nothing(self) -> None:
        shelf = Inventory({"tea": 5})
        self.assertFalse(sellable(self.cart, shelf))
        with self.assertRaises(ValueError):
            checkout(self.cart, shelf)
        self.assertEqual((shelf.stock["tea"], shelf.available("tea")), (5, 5))
