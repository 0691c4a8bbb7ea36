"""What an expert measures on a solar cell under electroluminescence: it glows where it works and is dark where not.

Busbars (dark lines across the whole cell) are filled in first, for they are no defect. Monocrystalline cells have cut
corners, which the mount shows through: measurements for them look at an octagon inside the cell. All brightness but
``dark_end`` is relative to the cell's median.
"""

from typing import Any

import numpy as np
from scipy import ndimage

from tidemill.label import ABSTAIN, Row, preprocessor
from tidemill.label.image_statistics import Grey, bands, blocks, inside, octagon, reduced, relative, without_bands

FUNCTIONAL, DEFECTIVE = 0, 1


def measure(pixels: Grey) -> dict[str, float]:
    """Pixels of a cell → its measurements."""
    small = reduced(pixels)
    filled = without_bands(small)
    area, cell = inside(filled), relative(inside(filled))
    glow = relative(filled)
    seen = octagon(glow.shape, 0.06, 0.2)
    spots = (_smooth(glow, 3) - _smooth(glow, 11))[seen]
    middle = blocks(cell)[1:-1, 1:-1]
    return {
        # an absolute value: what hardly glows at all, in poly cells the best single sign
        "dark_end": float(np.percentile(area, 2)),
        "dark_share": float((cell < 0.6).mean()),
        "dead_share": float((glow[seen] < 0.5).mean()),
        "low_tail": float(np.percentile(glow[seen], 5)),
        "spread": float(cell.std()),
        "darkest_block": float(blocks(cell).min()),
        # a part that is cut off is darker up to a sharp border; shading is gradual
        "border": float(np.abs(np.diff(middle, axis=1)).max()),
        "blot": float((_smooth(glow, 41) - _smooth(glow, 9))[seen].max()),
        # cracks, chips and burnt points are thin; the ratio allows for camera noise
        "spots": -float(np.percentile(spots, 0.5)),
        "spots_over_noise": -float(np.percentile(spots, 1)) / (float(np.median(np.abs(spots))) + 1e-4),
        # busbars make three bands of known width; a dark strip along them adds rows
        "dark_rows": float(bands(small)[8:-8].sum()),
    }


@preprocessor(memoize=True)
def measured(row: Any) -> Any:
    """Add the measurements of the cell, once for all functions."""
    row.measured = measure(row.pixels)
    return row


def judge(row: Row, kind: str, value: float, *, functional: float, defective: float) -> int:
    """A measurement and two limits → vote on cells of this kind; between the limits there is none.

    Whichever limit is the greater says on which side it lies.
    """
    if row.cell != kind:
        return ABSTAIN
    sign = 1 if defective > functional else -1
    if sign * value > sign * defective:
        return DEFECTIVE
    return FUNCTIONAL if sign * value < sign * functional else ABSTAIN


def _smooth(pixels: Grey, size: int) -> Grey:
    smooth: Grey = ndimage.uniform_filter(pixels, size, mode="reflect")
    return smooth
