import unittest

from shop import parse


class ForeignPrices(unittest.TestCase):
    def test_a_comma_and_a_sign(self) -> None:
        self.assertEqual(parse("€ 12,50"), 1250)
        self.assertEqual(parse("12,5 €"), 1250)
        self.assertEqual(parse("$3"), 300)

    def test_two_separators_are_refused(self) -> None:
        with self.assertRaises(ValueError):
            parse("1,2.3")
