"""What lies on the shelf."""


class Inventory:
    """Pieces in stock, by article."""

    def __init__(self, stock: dict[str, int] | None = None) -> None:
        self.stock = dict(stock or {})

    def available(self, article: str) -> int:
        """How many pieces can still be sold."""
        return self.stock.get(article, 0)

    def take(self, article: str, pieces: int) -> None:
        """Take pieces off the shelf. Raises ValueError when there are too few."""
        if pieces > self.available(article):
            raise ValueError(f"only {self.available(article)} of {article} left")
        self.stock[article] -= pieces

    def put(self, article: str, pieces: int) -> None:
        """Put pieces on the shelf."""
        self.stock[article] = self.stock.get(article, 0) + pieces
