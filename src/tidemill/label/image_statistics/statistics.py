"""All statistics of an image by name, each computed on first use.

All but the size are measured on about 150 pixels of the longer side, without the outer 4%, which in photographs of parts
shows the mount and not the part. Brightness is relative to the picture's own median, so that exposure does not matter; only
``mean``, ``dark_level`` and ``bright_level`` are absolute. A full set takes a few milliseconds for a 300 x 300 image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np

from tidemill.label.image_statistics.colours import COLOURS, Colours, colours
from tidemill.label.image_statistics.dark_lines import DarkLines, dark_lines
from tidemill.label.image_statistics.grey import BLACK, OF_BLOCKS, STATISTICS, Grey, blocks, percentiles, relative
from tidemill.label.image_statistics.pixels import decode, inside, reduced, without_bands


class Statistics(Mapping[str, float]):
    """Statistics of an image by name, each computed once, on first use.

    ``width``, ``height``, ``aspect``; ``mean``, ``dark_level``, ``bright_level`` (10th and 90th percentile); those of
    ``grey.STATISTICS``; ``line_depth`` and ``line_contrast`` of ``dark_lines.DarkLines``, bands filled in; those of
    ``colours.COLOURS``, where the file itself is given: the first of them decodes it again, small and in colour.

    Parameters
    ----------
    pixels : (height, width)
        Grey values in [0, 1].
    data
        Bytes of the image file; without them the image counts as grey.

    Examples
    --------
    >>> Statistics(np.full((300, 200), 0.5, dtype=np.float32))["aspect"]
    0.6666666666666666
    """

    def __init__(self, pixels: Grey, data: bytes | None = None) -> None:
        self.pixels, self.data = pixels, data
        self._computed: dict[str, float] = {}

    def __getitem__(self, name: str) -> float:
        if name not in self._computed:
            self._computed[name] = self._measured(name)
        return self._computed[name]

    def _measured(self, name: str) -> float:
        if name in OF_BLOCKS:
            return float(OF_BLOCKS[name](self.block_means))
        if name in STATISTICS:
            return float(STATISTICS[name](self.plain))
        return float(COLOURS[name](self.colours) if name in COLOURS else _OTHERS[name](self))

    @cached_property
    def colours(self) -> Colours:
        """(n_pixels, 3) red, green and blue; of pixels alone, grey."""
        if self.data is not None:
            return colours(self.data)
        return np.repeat(self.picture.reshape(-1, 1), 3, axis=1)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    @cached_property
    def small(self) -> Grey:
        """About 150 pixels on the longer side."""
        return reduced(self.pixels)

    @cached_property
    def picture(self) -> Grey:
        """The same without its frame."""
        return inside(self.small)

    @cached_property
    def levels(self) -> tuple[float, float, float]:
        """10th, 50th and 90th percentile."""
        dark, median, bright = percentiles(self.picture, 10, 50, 90)
        return dark, median, bright

    @cached_property
    def plain(self) -> Grey:
        """The picture relative to its median."""
        return self.picture / np.float32(max(self.levels[1], BLACK))

    @cached_property
    def block_means(self) -> Grey:
        """Means of its blocks, relative to the median of its pixels."""
        return blocks(self.plain)

    @cached_property
    def lines(self) -> DarkLines:
        """Its dark lines, bands filled in."""
        return dark_lines(relative(without_bands(self.small)))


_OTHERS: Final[dict[str, Callable[[Any], float]]] = {
    "width": lambda image: image.pixels.shape[1],
    "height": lambda image: image.pixels.shape[0],
    "aspect": lambda image: image.pixels.shape[1] / image.pixels.shape[0],
    "mean": lambda image: image.picture.mean(),
    "dark_level": lambda image: image.levels[0],
    "bright_level": lambda image: image.levels[2],
    "line_depth": lambda image: image.lines.depth,
    "line_contrast": lambda image: image.lines.contrast,
}
NAMES: Final = (*list(_OTHERS)[:6], *STATISTICS, *list(_OTHERS)[6:], *COLOURS)
"""All statistics."""


def statistics(pixels: Grey) -> dict[str, float]:
    """Compute all statistics of grey pixels.

    Parameters
    ----------
    pixels : (height, width)
        In [0, 1].

    Returns
    -------
    dict of str to float
        Value by name of the statistic.
    """
    return dict(Statistics(pixels))


def statistics_of(data: bytes) -> dict[str, float]:
    """Compute all statistics of an image, those of colour too.

    Parameters
    ----------
    data
        Bytes of an image file.

    Returns
    -------
    dict of str to float
        Value by name of the statistic.

    Raises
    ------
    DataError
        The bytes are no image.
    """
    return dict(Statistics(decode(data), data))
