import unittest

from shop import show


class SmallAmounts(unittest.TestCase):
    def test_cents_have_two_digits(self) -> None:
        self.assertEqual(show(5), "0.05")
        self.assertEqual(show(1200), "12.00")
        self.assertEqual(show(-1), "-0.01")
