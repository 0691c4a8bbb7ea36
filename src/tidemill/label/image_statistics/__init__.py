"""Statistics of images, for labeling functions; all take and return NumPy arrays.

statistics  Statistics: all of an image's statistics by name, each computed on first use
pixels      decode an image; reduce it, cut its frame, fill dark bands
grey        brightness, symmetry, texture and regions of grey pixels, one function a statistic
dark_lines  how deep and how sure the most crack-like dark line is
colours     saturation, hue and shares of colours
"""

from tidemill.label.image_statistics.dark_lines import octagon
from tidemill.label.image_statistics.grey import Grey, blocks, relative
from tidemill.label.image_statistics.pixels import bands, decode, inside, reduced, without_bands
from tidemill.label.image_statistics.statistics import Statistics, statistics_of

__all__ = [
    "Grey",
    "Statistics",
    "bands",
    "blocks",
    "decode",
    "inside",
    "octagon",
    "reduced",
    "relative",
    "statistics_of",
    "without_bands",
]
