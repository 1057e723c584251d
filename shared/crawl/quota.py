"""Sharing the images of a job out among its keywords."""

from collections.abc import Sequence

from shared.crawl.model import KeywordState


def share_out(max_images: int, keywords: Sequence[KeywordState]) -> list[int]:
    """How many images each keyword shall have in the end, as evenly as can be.

    No keyword gets less than it has stored, and one that is exhausted gets no more: what it
    leaves over goes to the others. The sum is ``max_images``, less when all are exhausted.
    """
    quotas = [keyword.stored for keyword in keywords]
    left = max_images - sum(quotas)
    growing = [index for index, keyword in enumerate(keywords) if not keyword.exhausted]
    growing.sort(key=lambda index: quotas[index])
    # Fill the lowest up to the next higher one, then these two up to the third, and so on.
    for count, index in enumerate(growing, start=1):
        following = quotas[growing[count]] if count < len(growing) else None
        level = quotas[index] + left // count
        if following is None or level < following:
            return _level(quotas, sorted(growing[:count]), left)
        left -= (following - quotas[index]) * count
        for filled in growing[:count]:
            quotas[filled] = following
    return quotas


def _level(quotas: list[int], indexes: list[int], left: int) -> list[int]:
    """The quotas with ``left`` spread over those of equal height, the first ones first."""
    each, over = divmod(max(left, 0), len(indexes))
    for position, index in enumerate(indexes):
        quotas[index] += each + (position < over)
    return quotas
