import unittest

from shop.prices import parse, show


class Reading(unittest.TestCase):
    def test_a_plain_price(self) -> None:
        self.assertEqual(parse("12.50"), 1250)
        self.assertEqual(parse("3"), 300)

    def test_nonsense_is_refused(self) -> None:
        for text in ("", "abc", "1.234"):
            with self.assertRaises(ValueError):
                parse(text)


class Showing(unittest.TestCase):
    def test_a_plain_amount(self) -> None:
        self.assertEqual(show(1250), "12.50")
        self.assertEqual(show(-1250), "-12.50")
