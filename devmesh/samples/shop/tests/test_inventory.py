import unittest

from shop import Inventory


class Shelf(unittest.TestCase):
    def test_taking_and_putting(self) -> None:
        shelf = Inventory({"tea": 3})
        shelf.take("tea", 2)
        shelf.put("cup", 1)
        self.assertEqual((shelf.available("tea"), shelf.available("cup"), shelf.available("pot")), (1, 1, 0))

    def test_too_few(self) -> None:
        with self.assertRaises(ValueError):
            Inventory({"tea": 1}).take("tea", 2)
