import io

import numpy as np
import pytest
from PIL import Image

from tidemill.contracts import DataError
from tidemill.label.image_statistics.colours import COLOURS, colourfulness, colours
from tidemill.label.image_statistics.grey import largest_bright_region, largest_dark_region
from tidemill.label.image_statistics.pixels import decode
from tidemill.label.image_statistics.statistics import NAMES, statistics, statistics_of


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, format="PNG")
    return file.getvalue()


def halves(left, right):
    pixels = np.zeros((100, 100, 3))
    pixels[:, :50], pixels[:, 50:] = left, right
    return png(pixels)


def test_a_picture_half_red_and_half_grey_has_the_figures_of_a_hand_count():
    found = statistics_of(halves((255, 0, 0), (128, 128, 128)))
    assert found["reddish"] == pytest.approx(0.5)
    assert found["yellowish"] == found["greenish"] == found["bluish"] == 0
    assert found["saturation"] == pytest.approx(0.5)
    assert found["red"] == pytest.approx((255 + 128) / (255 + 3 * 128))
    assert found["green"] == found["blue"] == pytest.approx(128 / (255 + 3 * 128))


@pytest.mark.parametrize(
    ("colour", "name"), [((255, 255, 0), "yellowish"), ((0, 200, 0), "greenish"), ((40, 40, 255), "bluish")]
)
def test_hues_have_their_names(colour, name):
    found = statistics_of(halves(colour, colour))
    assert {hue: found[hue] for hue in ("reddish", "yellowish", "greenish", "bluish")} == {
        hue: float(hue == name) for hue in ("reddish", "yellowish", "greenish", "bluish")
    }


def test_colourfulness_is_hasler_and_suesstrunks():
    pixels = np.array([[1, 0, 0], [0, 0, 1]], dtype=np.float32)
    # rg: 1, 0 (mean .5, std .5); yb: .5, -1 (mean -.25, std .75)
    assert colourfulness(pixels) == pytest.approx(np.hypot(0.5, 0.75) + 0.3 * np.hypot(0.5, -0.25), abs=1e-6)


def test_a_grey_picture_has_no_colour_whether_its_file_is_known_or_not():
    data = png(np.arange(10000).reshape(100, 100) % 256)
    for found in (statistics_of(data), statistics(decode(data))):
        assert tuple(found) == NAMES
        assert [found[name] for name in COLOURS] == pytest.approx([0, 0, 1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0])


def test_bytes_that_are_no_image_are_refused():
    with pytest.raises(DataError, match="image of 3 bytes is not an image"):
        colours(b"abc")


def test_the_largest_region_is_the_largest_that_hangs_together():
    pixels = np.ones((10, 10), dtype=np.float32)
    pixels[:2, :3] = 0.1
    pixels[5, 5] = pixels[8, 8] = 0.1
    assert largest_dark_region(pixels) == pytest.approx(0.06)
    assert largest_bright_region(pixels) == 0
    pixels[4:6, 2:4] = 2
    assert largest_bright_region(pixels) == pytest.approx(0.04)
