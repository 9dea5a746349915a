"""What a customer holds before paying."""

from shop.prices import Cents


class Cart:
    """Pieces by article, priced by a list that the shop keeps."""

    def __init__(self, prices: dict[str, Cents]) -> None:
        self.prices = prices
        self.pieces: dict[str, int] = {}

    def add(self, article: str, pieces: int = 1) -> None:
        """Put in some pieces of an article. Raises KeyError for one that is not sold."""
        if article not in self.prices:
            raise KeyError(article)
        self.pieces[article] = self.pieces.get(article, 0) + pieces

    # ---- money ----

    def total(self) -> Cents:
        """What all of it costs."""
        return sum(self.prices[article] for article in self.pieces)

    # ---- looking in ----

    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.pieces

    def articles(self) -> list[str]:
        """What is in it, by name."""
        return sorted(self.pieces)
