"""Money, in whole cents: read from text and shown as text."""

Cents = int


def parse(text: str) -> Cents:
    """"12.50" -> 1250. Raises ValueError for anything that is no price."""
    cleaned = text.strip()
    whole, _, part = cleaned.partition(".")
    if len(part) > 2:
        raise ValueError(f"no price: {text!r}")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def show(amount: Cents) -> str:
    """1250 -> "12.50"."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}{whole}.{part}"
