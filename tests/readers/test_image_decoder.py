"""Functions and backbone see the same picture, however it is kept."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.ingest.factories import FRUIT, image_settings, take, write
from tidemill.contracts import DataError
from tidemill.embed.image import pixels
from tidemill.label.image_statistics.colours import colours
from tidemill.label.image_statistics.pixels import decode
from tidemill.readers.image_decoder import Picture, decode_image, needs_more, written


def drawing() -> Image.Image:
    """A dark disc on a light ground, 24 wide and 12 high."""
    image = Image.new("L", (24, 12), 230)
    ImageDraw.Draw(image).ellipse((2, 2, 9, 9), fill=20)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def scaled(factor: float, dtype: str) -> Image.Image:
    return Image.fromarray((np.asarray(drawing(), dtype=np.float64) * factor).astype(dtype))


def ink(mode: str = "RGBA") -> Image.Image:
    """The same drawing as black ink of varied opacity on a transparent ground."""
    alpha = Image.fromarray(255 - np.asarray(drawing()))
    black = Image.new("L", alpha.size, 0)
    return Image.merge(mode, [black] * (len(mode) - 1) + [alpha])


def turned() -> tuple[Image.Image, Image.Exif]:
    exif = Image.Exif()
    exif[274] = 6
    return drawing().rotate(90, expand=True), exif


FORMS = {
    "16 bits": encoded(scaled(257, "uint16")),
    "12 bits in 16": encoded(scaled(16, "uint16"), "TIFF"),
    "10 bits in 16": encoded(scaled(4, "uint16")),
    "float to 1": encoded(scaled(1 / 255, "float32"), "TIFF"),
    "float to 255": encoded(scaled(1, "float32"), "TIFF"),
    "float to 65535": encoded(scaled(257, "float32"), "TIFF"),
    "18 bits in 32": encoded(scaled((2**18 - 1) / 255, "int32"), "TIFF"),
    "24 bits in 32": encoded(scaled((2**24 - 1) / 255, "int32"), "TIFF"),
    "ink on transparent ground": encoded(ink()),
    "grey ink": encoded(ink("LA")),
    "palette": encoded(drawing().convert("P")),
    "CMYK": encoded(drawing().convert("RGB").convert("CMYK"), "TIFF"),
    "opaque": encoded(drawing().convert("RGBA")),
    "EXIF": encoded(turned()[0], "PNG", exif=turned()[1]),
    "animated": encoded(drawing(), "GIF", save_all=True, append_images=[Image.new("L", (24, 12), 0)], duration=100),
}


@pytest.mark.parametrize("form", FORMS)
def test_functions_and_backbone_see_the_drawing_in_every_form(form: str) -> None:
    true = np.asarray(drawing())
    assert decode(FORMS[form]) == pytest.approx(true / 255, abs=0.012)
    squeezed = np.asarray(drawing().convert("RGB").resize((16, 16), Image.Resampling.BICUBIC), dtype=int)
    assert np.abs(pixels(FORMS[form], 16).astype(int) - squeezed).max() <= 4
    assert colours(FORMS[form]).mean() == pytest.approx(colours(encoded(drawing())).mean(), abs=0.012)


def test_what_is_guessed_of_an_image_is_noted_and_what_is_usual_is_not() -> None:
    told = {form: bool(decode_image(data).notes) for form, data in FORMS.items()}
    usual = {"16 bits", "palette", "CMYK", "opaque", "EXIF"}
    assert {form for form, noted in told.items() if not noted} == usual


def test_a_batch_says_once_how_its_images_are_read_and_options_read_them_otherwise(tmp_path: Any) -> None:
    for number, form in enumerate(("12 bits in 16", "ink on transparent ground")):
        for twin in range(2):
            data = FORMS[form] + bytes(twin)  # other bytes, the same picture
            write(tmp_path / "set" / f"{number}{twin}.png", data)
    batch = take(tmp_path / "set", image_settings(), FRUIT)
    assert batch.notes == (
        (
            "set: 2 images have greys of more than 8 bits, read from 0 as black to 4095 as white, by their own range "
            "(ingest.image_bits)"
        ),
        "set: 2 images have transparent pixels: they are composed on white (ingest.image_background)",
    )
    other = take(tmp_path / "set", image_settings(image_bits=16, image_background="black"), FRUIT)
    first, *_, last = other.raw["image"].to_list()
    assert decode(first).max() == pytest.approx(230 * 16 / 65535, abs=1e-4)
    assert decode(last).max() == 0  # black ink on black ground


def test_images_that_come_out_in_one_colour_are_told_with_the_ground_that_was_taken(tmp_path: Any) -> None:
    for shape, box in (("a", (2, 2, 9, 9)), ("b", (3, 3, 12, 12))):
        ink = Image.new("RGBA", (16, 16), (255, 255, 255, 0))
        ink.paste((255, 255, 255, 255), box)
        buffer = io.BytesIO()
        ink.save(buffer, "PNG")
        write(tmp_path / "set" / f"{shape}.png", buffer.getvalue())
    told = take(tmp_path / "set", image_settings(), FRUIT).notes
    assert "set: 2 images have one colour throughout: blank, or drawn in the colour" in told[0]
    on_black = take(tmp_path / "set", image_settings(image_background="black"), FRUIT).notes
    assert on_black == ("set: 2 images have transparent pixels: they are composed on black (ingest.image_background)",)


@pytest.mark.parametrize("mode", ["L", "RGB", "F"])
def test_a_picture_is_of_one_colour_where_every_pixel_is_alike(mode: str) -> None:
    image = Image.new(mode, (9, 9))
    assert Picture(image).is_of_one_colour()
    assert not Picture(image.crop((0, 0, 7, 7))).is_of_one_colour()
    for place in ((0, 0), (5, 7)):
        other = image.copy()
        other.putpixel(place, (0, 0, 9) if mode == "RGB" else 9)
        assert not Picture(other).is_of_one_colour()


def test_a_picture_that_is_written_is_read_as_it_is() -> None:
    dark = written(decode_image(FORMS["12 bits in 16"], bits=16))
    assert decode_image(dark).grey().max() == pytest.approx(230 * 16 / 65535, abs=1e-4)
    assert decode_image(dark).notes == ()


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (b"\0\0\0\x18ftypheic", "is HEIC, which needs another package: `pip install pillow-heif`"),
        (b"\xff\x0a\x00", "is JPEG XL, .* `pip install pillow-jxl-plugin`"),
        (b"\0\0\0\x0cJXL \r\n", "is JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n", "is JPEG 2000, which is not read: save it as PNG or TIFF"),
        (b"\xff\x4f\xff\x51\0", "is JPEG 2000"),
        (b"<html>404", "is not an image .* its first bytes are b'<html>40'"),
    ],
)
def test_an_image_that_needs_a_package_names_it(start: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        decode_image(start + bytes(64))


def test_numbers_that_are_none_and_values_below_zero_are_read_by_the_range_of_the_others() -> None:
    values = np.array([[-1.0, 0.0], [1.0, np.nan]], dtype=np.float32)
    assert decode_image(encoded(Image.fromarray(values), "TIFF")).grey().tolist() == [[0.0, 0.5], [1.0, 0.0]]


@pytest.mark.parametrize("bits", range(17, 32))
def test_whole_numbers_of_any_range_use_at_least_a_quarter_of_the_scale(bits: int) -> None:
    values = np.array([[0, 2**bits - 1]], dtype=np.int32)
    assert decode_image(encoded(Image.fromarray(values), "TIFF")).grey().max() > 0.24


def wide_png(values: np.ndarray) -> bytes:
    """Colours of 16 bits, with or without opacity, as a PNG, which Pillow cannot write."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def plain_tiff(values: np.ndarray, photometric: int, order: str = "<") -> bytes:
    """Values of 16 bits as a TIFF that is not compressed; photometric 0: white is zero."""
    height, width = values.shape[:2]
    channels = values.shape[2] if values.ndim == 3 else 1
    data = values.astype(f"{order}u2").tobytes()
    end = 8 + len(data)
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, 16 if channels == 1 else end), (259, 3, 1, 1)]
    tags += [
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 3, 1, height),
        (279, 4, 1, len(data)),
    ]
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value))
        for tag, kind, count, value in tags
    )
    bits = struct.pack(f"{order}{channels}H", *[16] * channels) if channels > 1 else b""
    start = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, end + len(bits))
    return start + data + bits + struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)


TINTS = np.array([1.0, 0.5, 0.25])


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("form", ["PNG", "PNG with opacity", "TIFF", "TIFF of another order"])
def test_colours_of_more_than_8_bits_are_not_black(bits: int, form: str) -> None:
    values = np.broadcast_to(np.rint((2**bits - 1) * TINTS), (6, 8, 3))
    if form == "PNG with opacity":
        values = np.concatenate([values, np.full((6, 8, 1), 2**16 - 1)], axis=2)
    data = wide_png(values) if form.startswith("PNG") else plain_tiff(values, 2, "<" if form == "TIFF" else ">")
    picture = decode_image(data)
    assert picture.rgb().size == (8, 6)
    assert np.abs(np.asarray(picture.rgb())[0, 0] - 255 * TINTS).max() <= 1
    told = f"colours of more than 8 bits, read from 0 as black to {2**bits - 1} as white, by their own range"
    assert any(told in note for note in picture.notes) == (bits < 16)


def test_colours_are_read_by_the_bits_that_are_stated() -> None:
    data = wide_png(np.broadcast_to(4095 * TINTS, (6, 8, 3)))
    assert needs_more(data)
    picture = decode_image(data, bits=16)
    assert np.asarray(picture.rgb())[0, 0].tolist() == [16, 8, 4]
    assert picture.notes == ()


@pytest.mark.parametrize("bits", [12, 16])
def test_where_white_is_zero_greys_are_turned_over(bits: int) -> None:
    light = np.asarray(drawing(), dtype=np.float64) / 255
    values = np.rint((1 - light) * (2**bits - 1))
    values[0, 0] = 2**bits - 1  # black
    read = decode_image(plain_tiff(values, 0)).grey()
    assert read[1:] == pytest.approx(light[1:], abs=0.001)
    assert decode_image(plain_tiff(values, 1)).grey()[1:] == pytest.approx(1 - light[1:], abs=0.001)


def test_pixels_that_are_no_numbers_are_told() -> None:
    values = np.array([[0.25, np.nan], [1.0, np.inf]], dtype=np.float32)
    picture = decode_image(encoded(Image.fromarray(values), "TIFF"))
    assert picture.grey().tolist() == [[0.25, 0.0], [1.0, 0.0]]
    assert "pixels that are no numbers: they are read as black" in picture.notes


def test_broken_exif_does_not_refuse_whole_pixels() -> None:
    assert decode(encoded(drawing(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")).shape == (12, 24)


def test_a_png_with_any_bit_of_its_pixels_turned_is_damaged() -> None:
    """Pillow shows what it can of some of these: a checksum that is never compared finds nothing."""
    shades = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(shades).save(file, "PNG")
    whole = file.getvalue()
    start, end = whole.index(b"IDAT") + 4, whole.index(b"IEND") - 8
    decode_image(whole)
    for place in range(start, end, 7):
        damaged = bytearray(whole)
        damaged[place] ^= 16
        with pytest.raises(DataError, match="is damaged"):
            decode_image(bytes(damaged))


def test_a_pointer_of_git_lfs_is_told() -> None:
    with pytest.raises(DataError, match="git lfs pull"):
        decode_image(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n")


@pytest.mark.parametrize("gap", [-9999.0, -3.4e38, float("nan")])
def test_pixels_that_stand_for_no_value_do_not_count_for_the_scale(gap: float) -> None:
    heights = np.linspace(200, 900, 400, dtype=np.float32).reshape(20, 20)
    with_gap = heights.copy()
    with_gap[0, :5] = gap
    picture = decode_image(encoded(Image.fromarray(with_gap), "TIFF"))
    seen = np.asarray(picture.image)
    assert seen[0, :5].max() == 0
    whole = np.asarray(decode_image(encoded(Image.fromarray(heights), "TIFF")).image)
    assert seen[1:] == pytest.approx(whole[1:])
    assert any("no value" in note or "no numbers" in note for note in picture.notes)


def test_a_low_value_that_is_none_of_those_for_no_value_is_one() -> None:
    depths = np.linspace(-9000, 10, 400, dtype=np.float32).reshape(20, 20)
    for lowest in (-9999.0, -10500.0):
        depths[0, 0] = lowest
        picture = decode_image(encoded(Image.fromarray(depths), "TIFF"))
        assert len(picture.notes) == 1
        assert np.asarray(picture.image)[0, 1] > 0
