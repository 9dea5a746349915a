import unittest

from shop import Cart, discounted

PRICES = {"tea": 350, "cup": 799}


class Discount(unittest.TestCase):
    def test_a_share_is_taken_off_and_rounded_for_the_customer(self) -> None:
        self.assertEqual(discounted(1000, 10), 900)
        self.assertEqual(discounted(999, 10), 899)
        self.assertEqual(discounted(1000, 0), 1000)

    def test_nonsense_is_refused(self) -> None:
        for percent in (-1, 101):
            with self.assertRaises(ValueError):
                discounted(1000, percent)

    def test_a_cart_may_have_one(self) -> None:
        cart = Cart(PRICES, discount=50)
        cart.add("tea")
        self.assertEqual(cart.total(), 175)
