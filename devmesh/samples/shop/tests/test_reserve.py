import unittest

from shop import Inventory, SoldOut


class Reserve(unittest.TestCase):
    def setUp(self) -> None:
        self.shelf = Inventory({"tea": 3})

    def test_reserved_goods_are_not_available(self) -> None:
        self.shelf.reserve("tea", 2)
        self.assertEqual(self.shelf.available("tea"), 1)
        self.assertEqual(self.shelf.stock["tea"], 3)

    def test_released_goods_are(self) -> None:
        self.shelf.reserve("tea", 2)
        self.shelf.release("tea", 2)
        self.assertEqual(self.shelf.available("tea"), 3)

    def test_too_few(self) -> None:
        self.shelf.reserve("tea", 2)
        with self.assertRaises(SoldOut):
            self.shelf.reserve("tea", 2)
        self.assertTrue(issubclass(SoldOut, ValueError))
