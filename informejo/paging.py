"""Lists that are too long for one page."""

from math import ceil


def nearest_page(asked: int | None, total: int, most: int) -> int:
    """The number of a list's page, from 1, for whoever asks for one: with `most` rows on each, of `total` in all."""
    return min(max(asked or 1, 1), max(ceil(total / most), 1))
