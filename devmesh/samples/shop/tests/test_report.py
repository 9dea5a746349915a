import unittest

from shop import Order, table


class Report(unittest.TestCase):
    def test_a_line_each_and_a_sum(self) -> None:
        lines = table([Order({"tea": 1}, 350), Order({"pot": 1}, 2495)]).splitlines()
        self.assertEqual([line.split() for line in lines], [["1", "3.50"], ["2", "24.95"], ["sum", "28.45"]])
