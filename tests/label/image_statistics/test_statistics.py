"""Statistics of pictures whose answer is known without computing: constant, halves, one block, a drawn line."""

import io

import numpy as np
import pytest
from PIL import Image

from tidemill.contracts import DataError
from tidemill.label.image_statistics import grey, pixels
from tidemill.label.image_statistics.dark_lines import dark_lines
from tidemill.label.image_statistics.pixels import decode
from tidemill.label.image_statistics.statistics import statistics


def encoded(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=kind)
    return file.getvalue()


def constant(value=0.5, shape=(150, 150)):
    return np.full(shape, value, dtype=np.float32)


def halves(left=0.2, right=0.6, side=100):
    picture = constant(left, (side, side))
    picture[:, side // 2 :] = right
    return picture


def drawn(angle, *, depth=0.05, length=1000, side=150):
    """A line of two pixels' width through the middle, in degrees from the horizontal, on even ground."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radians = np.deg2rad(angle)
    across, along = x * np.sin(radians) + y * np.cos(radians), x * np.cos(radians) - y * np.sin(radians)
    return np.where((abs(across) <= 1) & (abs(along) <= length / 2), 1 - depth, 1).astype(np.float32)


def test_decoded_pixels_are_float32_from_0_to_1():
    pixels = decode(encoded(np.array([[0, 51], [102, 255]], dtype=np.uint8)))
    assert pixels.dtype == np.float32
    assert pixels == pytest.approx(np.array([[0, 0.2], [0.4, 1]]))


def test_sixteen_bits_decode_to_the_same_range():
    pixels = decode(encoded(np.array([[0, 13107, 65535]], dtype=np.uint16)))
    assert pixels == pytest.approx(np.array([[0, 0.2, 1]]))


def test_a_colour_decodes_to_its_luminance():
    red = np.zeros((2, 3, 3), dtype=np.uint8)
    red[..., 0] = 255
    assert decode(encoded(red)) == pytest.approx(0.299, abs=0.002)  # ITU-R 601


def test_jpeg_decodes_too():
    assert decode(encoded(np.full((16, 16), 128, dtype=np.uint8), "JPEG")) == pytest.approx(128 / 255, abs=0.01)


@pytest.mark.parametrize("data", [b"", b"no image", encoded(np.zeros((50, 50), dtype=np.uint8))[:60]])
def test_what_is_no_whole_image_is_refused(data):
    with pytest.raises(DataError, match=rf"^image of {len(data)} bytes is (empty|not an image|damaged)"):
        decode(data)


def test_an_image_of_too_many_pixels_is_refused_by_its_size():
    file = io.BytesIO()
    Image.new("1", (9000, 9000)).save(file, "PNG")
    with pytest.raises(DataError, match=r"9000 x 9000 pixels, more than ingest\.max_pixels 50000000"):
        decode(file.getvalue())


def test_an_even_picture_has_no_structure():
    stats = statistics(constant(0.5, (300, 150)))
    assert (stats["width"], stats["height"], stats["aspect"]) == (150, 300, 0.5)
    assert stats["mean"] == stats["dark_level"] == stats["bright_level"] == pytest.approx(0.5)
    ones = {"darkest_block", "brightest_block", "centre_ratio"}
    for name in grey.STATISTICS:
        assert stats[name] == pytest.approx(1.0 if name in ones else 0.0, abs=1e-6), name
    assert (stats["line_depth"], stats["line_contrast"]) == (0, 0)


def test_exposure_changes_the_absolute_levels_only():
    noise = np.random.default_rng(5).uniform(0.2, 0.4, size=(300, 300)).astype(np.float32)
    once, twice = statistics(noise), statistics(2 * noise)
    for name, value in once.items():
        factor = 2 if name in {"mean", "dark_level", "bright_level"} else 1
        assert twice[name] == pytest.approx(factor * value, rel=1e-3, abs=1e-4), name


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (7, 3), (2000, 3)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_small_narrow_black_and_white_pictures_have_statistics(shape, value):
    assert np.isfinite(list(statistics(constant(value, shape)).values())).all()


@pytest.mark.parametrize("scale", [1.0, 3.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (7, 5), (60, 41)])
def test_percentiles_are_those_of_numpy(shape, scale):
    rng = np.random.default_rng(len(shape) + shape[1])
    of_few_levels = rng.integers(0, 3, shape) / 2
    for picture in (rng.uniform(size=shape), of_few_levels, np.zeros(shape), np.ones(shape), rng.normal(size=shape)):
        values = (picture * scale).astype(np.float32)
        found = grey.percentiles(values, 0, 10, 50, 90, 100)
        assert found == pytest.approx(np.percentile(values, (0, 10, 50, 90, 100)), rel=1e-6, abs=1e-7)


def test_two_halves_have_their_closed_forms():
    picture = halves()
    assert grey.variation(picture) == pytest.approx(0.2)
    assert grey.column_variation(picture) == pytest.approx(0.2, rel=1e-5)
    assert grey.row_variation(picture) == pytest.approx(0, abs=1e-6)
    assert grey.quadrant_difference(picture) == pytest.approx(0.4)
    assert grey.mirror_difference(picture) == pytest.approx(0.4)
    assert grey.flip_difference(picture) == 0
    assert grey.block_step(picture) == pytest.approx(0.4)
    assert grey.block_variation(picture) == pytest.approx(0.2)
    assert grey.entropy(picture) == pytest.approx(1)  # two equally likely values
    assert grey.skewness(picture) == pytest.approx(0, abs=1e-4)
    assert grey.edge_density(picture) == pytest.approx(2 / 98)  # the two columns beside the border


def test_one_block_of_a_hundred_is_found():
    picture = constant(1.0, (100, 100))
    picture[30:40, 50:60] = 0.25
    assert grey.dark_fraction(picture) == pytest.approx(0.01)
    assert grey.darkest_block(picture) == pytest.approx(0.25)
    assert grey.brightest_block(picture) == pytest.approx(1)
    assert grey.deepest_spot(picture) == pytest.approx(0.75 * (1 - 100 / 625))  # of 25 x 25 around, 100 are dark
    assert grey.skewness(picture) == pytest.approx((0.01 - 0.99) / np.sqrt(0.01 * 0.99), rel=1e-4)  # Bernoulli's
    assert grey.bright_fraction(2 - picture) == pytest.approx(0.01)


def test_a_bright_middle_is_brighter_than_the_whole():
    picture = constant(0.5, (100, 100))
    picture[25:75, 25:75] = 1.0
    assert grey.centre_ratio(picture) == pytest.approx(1 / 0.625)


def test_single_pixels_are_rough_and_broad_stripes_are_grain():
    checks = (np.indices((60, 60)).sum(axis=0) % 2).astype(np.float32)
    stripes = (np.arange(60) // 6 % 2 * np.ones((60, 1))).astype(np.float32)
    assert grey.roughness(checks[1:-1, 1:-1]) > 3 * grey.roughness(stripes)
    assert grey.grain(stripes) > 3 * grey.grain(checks)


def test_reduced_takes_the_means_of_squares():
    picture = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert pixels.reduced(picture, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_a_dark_row_is_a_band_and_the_nearest_row_takes_its_place():
    picture = constant(0.5)
    picture[60:63] = 0.2
    assert np.flatnonzero(pixels.bands(picture)).tolist() == list(range(58, 65))  # and two rows on either side
    assert pixels.without_bands(picture) == pytest.approx(0.5)


def test_a_short_dark_stretch_of_a_row_is_no_band():
    picture = constant(0.5)
    picture[60:63, :40] = 0.2
    assert not pixels.bands(picture).any()


@pytest.mark.parametrize("angle", [20, 45, 60, 120, 135, 160])
def test_a_long_oblique_line_is_found_and_a_deeper_one_is_deeper(angle):
    faint, deep = dark_lines(drawn(angle, depth=0.03)), dark_lines(drawn(angle, depth=0.06))
    assert 0.003 < faint.depth < deep.depth
    assert faint.contrast > 2


@pytest.mark.parametrize("angle", [0, 90])
def test_printed_lines_do_not_count(angle):
    assert dark_lines(drawn(angle)).depth < 0.2 * dark_lines(drawn(45)).depth


def test_a_short_stroke_and_a_round_blot_are_no_long_line():
    y, x = np.mgrid[:150, :150] - 75
    blot = np.where(x**2 + y**2 < 64, 0.5, 1).astype(np.float32)
    line = dark_lines(drawn(45)).depth
    assert dark_lines(drawn(45, length=10)).depth < 0.3 * line
    assert dark_lines(blot).depth < 0.5 * line


def test_lines_are_the_same_whatever_was_looked_at_before():
    first = dark_lines(drawn(30))
    dark_lines(np.random.default_rng(2).uniform(size=(150, 150)).astype(np.float32))
    assert dark_lines(drawn(30)) == first


def test_the_statistics_leave_their_picture_alone():
    picture = drawn(45)
    picture.setflags(write=False)
    before = picture.copy()
    statistics(picture)
    assert (picture == before).all()
