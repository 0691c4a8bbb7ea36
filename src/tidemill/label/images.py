"""PNG or JPEG bytes → grey pixels → statistics by name, for labeling functions on images.

Every statistic is a plain function of a grey array. All but the size are measured on ``reduced(pixels)`` (about 150
pixels on the longer side) without the outer 4%, which in photographs of parts shows the mount and not the part.
Brightness is relative to the picture's own median, so that exposure does not matter; only ``mean``, ``dark_level``
and ``bright_level`` are absolute. A full set takes a few milliseconds for a 300 x 300 image.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from scipy import ndimage

from tidemill.contracts import DataError
from tidemill.label.colours import COLOURS, Colours, colours
from tidemill.label.lines import DarkLines, dark_lines
from tidemill.label.measures import BLACK, STATISTICS, Grey

MAX_PIXELS: Final = 50_000_000
FRAME: Final = 0.04
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")


def decode(data: bytes) -> Grey:
    """Bytes of an image file → (H, W) grey values in [0, 1]; colours become their luminance.

    Raises
    ------
    DataError
        The bytes are no image, are cut off, or the image has more than ``MAX_PIXELS`` pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata and large images; the size is judged below
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                return _grey(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"these {len(data)} bytes are not an image that can be read: {error}") from error


def _grey(image: Image.Image) -> Grey:
    if image.width * image.height > MAX_PIXELS:
        raise DataError(f"the image has {image.width} x {image.height} pixels; at most {MAX_PIXELS} can be read")
    white = 65535 if image.mode.startswith("I") else 255
    grey = np.asarray(image if white > 255 else image.convert("L"), dtype=np.float32)  # noqa: PLR2004 - 16 bits
    return np.divide(grey, white, dtype=np.float32)


class Statistics(Mapping[str, float]):
    """Pixels, (H, W) in [0, 1] → statistics by name, each computed when it is asked for, and once.

    ``width``, ``height``, ``aspect``; ``mean``, ``dark_level``, ``bright_level`` (10th and 90th percentile); those of
    ``measures.STATISTICS``; ``line_depth`` and ``line_contrast`` as ``lines.DarkLines`` says, bands filled in; those of
    ``colours.COLOURS``, where the file itself is given: whoever asks for one decodes it again, small and in colour.

    >>> Statistics(np.full((300, 200), 0.5, dtype=np.float32))["aspect"]
    0.6666666666666666
    """

    def __init__(self, pixels: Grey, data: bytes | None = None) -> None:
        self.pixels, self.data = pixels, data
        self._known: dict[str, float] = {}

    def __getitem__(self, name: str) -> float:
        if name not in self._known:
            self._known[name] = self._measured(name)
        return self._known[name]

    def _measured(self, name: str) -> float:
        if name in STATISTICS:
            return float(STATISTICS[name](self.plain))
        return float(COLOURS[name](self.colours) if name in COLOURS else _OTHERS[name](self))

    @cached_property
    def colours(self) -> Colours:
        """(pixels, 3) red, green and blue; of pixels alone, grey."""
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
        dark, median, bright = np.percentile(self.picture, (10, 50, 90))
        return dark, median, bright

    @cached_property
    def plain(self) -> Grey:
        """The picture relative to its median."""
        return self.picture / np.float32(max(self.levels[1], BLACK))

    @cached_property
    def lines(self) -> DarkLines:
        """Its dark lines, bands filled in."""
        return dark_lines(relative(without_bands(self.small)))


_OTHERS: Final[dict[str, Callable[[Any], float]]] = {
    "width": lambda found: found.pixels.shape[1],
    "height": lambda found: found.pixels.shape[0],
    "aspect": lambda found: found.pixels.shape[1] / found.pixels.shape[0],
    "mean": lambda found: found.picture.mean(),
    "dark_level": lambda found: found.levels[0],
    "bright_level": lambda found: found.levels[2],
    "line_depth": lambda found: found.lines.depth,
    "line_contrast": lambda found: found.lines.contrast,
}
NAMES: Final = (*list(_OTHERS)[:6], *STATISTICS, *list(_OTHERS)[6:], *COLOURS)
"""All statistics."""


def statistics(pixels: Grey) -> dict[str, float]:
    """Pixels, (H, W) in [0, 1] → all their statistics by name."""
    return dict(Statistics(pixels))


def statistics_of(data: bytes) -> dict[str, float]:
    """Bytes of an image file → all its statistics by name, those of colour too."""
    return dict(Statistics(decode(data), data))


def reduced(pixels: Grey, size: int = 150) -> Grey:
    """(H, W) → means of square blocks, so that the longer side has about ``size`` of them.

    >>> reduced(np.ones((300, 300), dtype=np.float32)).shape
    (150, 150)
    """
    step = max(1, min(round(max(pixels.shape) / size), *pixels.shape))
    height, width = pixels.shape[0] // step, pixels.shape[1] // step
    kept = pixels[: height * step, : width * step]
    mean: Grey = sum(kept[row::step, column::step] for row in range(step) for column in range(step)) / step**2
    return mean.astype(np.float32, copy=False)


def inside(pixels: Grey, frame: float = FRAME) -> Grey:
    """Pixels → pixels without a frame of this share of each side."""
    rows, columns = (math.floor(side * frame) for side in pixels.shape)
    return pixels[rows : pixels.shape[0] - rows, columns : pixels.shape[1] - columns]


def relative(pixels: Grey) -> Grey:
    """Pixels → pixels relative to their median."""
    return pixels / np.float32(max(float(np.median(pixels)), BLACK))


def bands(pixels: Grey, depth: float = 0.07) -> npt.NDArray[np.bool_]:
    """(H, W) → (H,): rows darker than the rows around them over most of their width, as busbars and ruled lines are.

    A row counts by its 30th percentile, against the 65th percentile of that of the rows around it; two more rows on
    either side belong to the band.
    """
    profile = np.partition(pixels, int(0.3 * pixels.shape[1]), axis=1)[:, int(0.3 * pixels.shape[1])]
    around = ndimage.percentile_filter(profile, 65, size=max(3, pixels.shape[0] // 6), mode="nearest")
    found: npt.NDArray[np.bool_] = ndimage.binary_dilation(profile < (1 - depth) * around, iterations=2)
    return found


def without_bands(pixels: Grey) -> Grey:
    """Pixels → pixels where the nearest other row stands in for each row of a dark band."""
    dark = bands(pixels)
    if dark.all() or not dark.any():
        return pixels
    nearest = ndimage.distance_transform_edt(dark, return_distances=False, return_indices=True)[0]
    filled: Grey = pixels[nearest]
    return filled
