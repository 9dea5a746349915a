import contextlib
import io
import unittest

from shop import Order, as_csv
from shop.cli import main


class Csv(unittest.TestCase):
    def test_a_row_per_article(self) -> None:
        text = as_csv([Order({"tea": 2, "cup": 1}, 1499), Order({"pot": 1}, 2495)])
        self.assertEqual(text.splitlines(), ["order,article,pieces", "1,cup,1", "1,tea,2", "2,pot,1"])

    def test_the_command_writes_it(self) -> None:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            self.assertEqual(main(["csv", "tea=2"]), 0)
        self.assertEqual(shown.getvalue().splitlines(), ["order,article,pieces", "1,tea,2"])
