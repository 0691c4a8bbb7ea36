"""Images as 8-bit pictures or grey values in [0, 1]: the one decoder of labeling functions, backbones and checks.

1. Turned upright as EXIF says.
2. Transparency is composed on white.
3. Greys of more than 8 bits are put on a scale of 0 to 1: by the bits that the file declares in a text chunk ``tidemill:bits``
   (`ingest.image_bits` writes it), else by the first usual white level that no pixel exceeds, else by the range of the pixels.
   Colours of more than 8 bits are, where none of them exceeds 14 bits; a TIFF in which white is zero is turned over.
4. Of several frames or pages the first is taken.
"""

from __future__ import annotations

import functools
import io
import struct
import sys
import warnings
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError, features

from tidemill.contracts import DataError

MAX_PIXELS: Final = 50_000_000
BITS: Final = "tidemill:bits"
"""Name of the text chunk of a PNG that says of how many bits its greys are."""
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = 1
_DECLARABLE: Final = frozenset(map(str, range(1, 33)))
_WHITE_OF_INTEGERS: Final = tuple(2**bits - 1 for bits in range(8, 33, 2))
_WHITE_OF_FLOATS: Final = (1, *_WHITE_OF_INTEGERS)
_PACKAGES: Final = {
    b"ftypheic": ("HEIC", "pillow-heif"),
    b"ftypheix": ("HEIC", "pillow-heif"),
    b"ftypmif1": ("HEIF", "pillow-heif"),
    b"ftypavif": ("AVIF", "pillow-avif-plugin"),
    b"ftypavis": ("AVIF", "pillow-avif-plugin"),
    b"JXL ": ("JPEG XL", "pillow-jxl-plugin"),
}
"""What stands in the first bytes of files that Pillow reads with a further package."""
_WIDE: Final = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B"}
"""How Pillow reads colours of 16 bits, of which it keeps the upper half, and how it reads the lower half."""
_NATIVE: Final = ";16B" if sys.byteorder == "big" else ";16L"
_OWN_RANGE: Final = "greys of more than 8 bits, each read from its own darkest value as black to its lightest as white (ingest.image_bits)"
"""The same for all images of which no usual scale is known: the ranges differ, the note does not."""
_NO_VALUES: Final = frozenset({-9999.0, -99999.0, -999.0, -32768.0, -32767.0})
_LEAST_VALUE: Final = -1e30
"""What stands for no value in heights, temperatures and the like, and below what every value does."""
_DARK: Final = 63
"""Upper half up to which no colour has more than 14 of the 16 bits."""
_PHOTOMETRIC: Final = 262
"""Tag of TIFF: 0 where white is zero."""
_JPEG_2000: Final = b"\0\0\0\x0cjP  "
_JPEG_2000_STREAM: Final = b"\xff\x4f\xff\x51"
_JXL_STREAM: Final = b"\xff\x0a"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PIXELS_OF_PNG: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_EMPTY_CHUNK: Final = 12
"""Bytes of a chunk without content: length, name, checksum."""
_LFS: Final = b"version https://git-lfs"
_FEW_PIXELS: Final = 64
"""Up to which an image may well be of one colour."""
_GROUND_NAMES: Final = {255: "white", 0: "black"}


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Parameters
    ----------
    image
        Of mode ``L`` or ``RGB``, or ``F`` with grey values in [0, 1].
    notes
        What was done to it that a person may want otherwise.
    """

    image: Image.Image
    notes: tuple[str, ...] = ()

    def is_of_one_colour(self) -> bool:
        """Whether all pixels are alike, as in a blank image.

        Returns
        -------
        bool
            False for an image of a few pixels, which may well be alike.
        """
        if self.image.width * self.image.height < _FEW_PIXELS:
            return False
        corners = {self.image.getpixel((x, y)) for x in (0, self.image.width // 2) for y in (0, self.image.height // 2)}
        if len(corners) > 1:  # as in most images, which need not be gone through
            return False
        ends = self.image.getextrema()
        bands = ends if isinstance(ends[0], tuple) else (ends,)
        return all(low == high for low, high in bands)

    def grey(self) -> npt.NDArray[np.float32]:
        """Compute grey values; colours become their luminance.

        Returns
        -------
        (height, width)
            In [0, 1].
        """
        if self.image.mode == "F":
            return np.asarray(self.image, dtype=np.float32)
        values = np.asarray(self.image if self.image.mode == "L" else self.image.convert("L"), dtype=np.float32)
        return np.divide(values, np.float32(255), dtype=np.float32)

    def rgb(self) -> Image.Image:
        """Convert to three channels of 8 bits.

        Returns
        -------
        PIL.Image.Image
            Of mode ``RGB``.
        """
        if self.image.mode == "F":
            eight = np.rint(np.asarray(self.image) * 255).clip(0, 255).astype(np.uint8)
            return Image.fromarray(eight).convert("RGB")
        return self.image if self.image.mode == "RGB" else self.image.convert("RGB")


def decode_image(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    draft: int | None = None,
    background: int = 255,
    bits: int | None = None,
) -> Picture:
    """Decode an image.

    Parameters
    ----------
    data
        An image file.
    max_pixels
        Most pixels; the size is read before the pixels.
    draft
        Longest side that is needed: a JPEG is decoded at a lower resolution, which is faster.
    background
        Grey on which transparency is composed: 255 is white.
    bits
        Bits of greys of more than 8 bits; None: as step 3 of the module says.

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        The bytes are no image, are cut off, need another package, or have more than ``max_pixels`` pixels.
    """
    if not data:
        raise DataError("is empty: copy it again")
    if data.startswith(_PNG) and (chunk := _damaged_chunk(data)):
        raise DataError(f"is damaged (its chunk {chunk} has another checksum): copy it again, or remove its row")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large images and odd metadata; the size is judged here
        try:
            with Image.open(io.BytesIO(data), formats=_formats()) as image:
                if image.width * image.height > max_pixels:
                    raise _too_large(f"{image.width} x {image.height}", max_pixels)
                if draft is not None:
                    image.draft("RGB", (draft, draft))
                return _wide_colours(image, data, background, bits) or _picture(image, background, bits)
        except UnidentifiedImageError as error:
            raise DataError(_unknown(data)) from error
        except Image.DecompressionBombError as error:
            raise _too_large("hundreds of millions of", max_pixels) from error
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise DataError(f"is damaged ({error}): copy it again, or remove its row") from error


def needs_more(data: bytes) -> bool:
    """Whether an image has transparency or greys of more than 8 bits, which options of ``decode_image`` are about.

    Parameters
    ----------
    data
        An image file.

    Returns
    -------
    bool
        False also where it cannot be opened.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_formats()) as image:
                return _is_high(image) or image.has_transparency_data or _halves(image) is not None
        except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
            return False


def written(picture: Picture) -> bytes:
    """A picture as a PNG that ``decode_image`` reads as it is.

    Parameters
    ----------
    picture
        As ``decode_image`` gives it.

    Returns
    -------
    bytes
        Of 16 bits where the picture has fractions.
    """
    from PIL import PngImagePlugin

    file, about = io.BytesIO(), PngImagePlugin.PngInfo()
    image = picture.image
    if image.mode == "F":
        about.add_text(BITS, "16")
        image = Image.fromarray(np.rint(np.asarray(image) * 65535).clip(0, 65535).astype(np.uint16))
    image.save(file, "PNG", pnginfo=about)
    return file.getvalue()


@functools.cache
def _formats() -> tuple[str, ...]:
    """Formats that are read: those of Pillow, and those of further packages that are installed."""
    more = ["AVIF"] if features.check("avif") else []
    for package, name in (("pillow_heif", "HEIF"), ("pillow_avif", "AVIF"), ("pillow_jxl", "JXL")):
        try:
            module = __import__(package)
        except ImportError:
            continue
        getattr(module, "register_heif_opener", lambda: None)()
        more.append(name)
    return (*_FORMATS, *(name for name in dict.fromkeys(more) if name in Image.OPEN or name == "AVIF"))


def _damaged_chunk(data: bytes) -> str | None:
    """Name of the first chunk of a PNG that pixels come from and whose checksum is another; Pillow shows what it can of such files."""
    place = len(_PNG)
    while place + _EMPTY_CHUNK <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 8 + length
        if end + 4 > len(data):
            return None  # cut off, which Pillow finds
        name = data[place + 4 : place + 8]
        if name in _PIXELS_OF_PNG and zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return name.decode("ascii")
        place = end + 4
    return None


def _unknown(data: bytes) -> str:
    start = data[:16]
    if data.startswith(_LFS):
        return "is a pointer of Git LFS, not the image itself: `git lfs pull`"
    if start.startswith((_JPEG_2000, _JPEG_2000_STREAM)):
        return "is JPEG 2000, which is not read: save it as PNG or TIFF"
    result = next((item for mark, item in _PACKAGES.items() if mark in start), None)
    if result is None and start.startswith(_JXL_STREAM):
        result = ("JPEG XL", "pillow-jxl-plugin")
    if result is not None:
        name, package = result
        return f"is {name}, which needs another package: `pip install {package}`, or save it as PNG or JPEG"
    return f"is not an image ({', '.join(_formats())}): its first bytes are {data[:8]!r}; remove its row"


def _too_large(size: str, max_pixels: int) -> DataError:
    return DataError(
        f"has {size} pixels, more than ingest.max_pixels {max_pixels}: make it smaller, or raise the limit"
    )


def _picture(image: Image.Image, background: int, bits: int | None) -> Picture:
    frames = ("several frames or pages: the first is read",) if getattr(image, "n_frames", 1) > 1 else ()
    bits = bits or _declared_bits(image)
    white_is_zero = _white_is_zero(image)
    if _orientation(image) != _UPRIGHT:
        image = ImageOps.exif_transpose(image)
    if _is_high(image):
        scaled, note = _scaled(np.asarray(image), bits)
        return Picture(Image.fromarray(1.0 - scaled if white_is_zero else scaled), (*frames, *note))
    if image.has_transparency_data:
        return _composed(image, background, frames)
    image.load()
    if image.mode == "LAB":
        raise DataError("is of colour mode LAB, which is not read: save it as RGB")
    if image.mode not in {"L", "RGB"}:
        return Picture(image.convert("L" if image.mode in {"1", "LA"} else "RGB"), frames)
    return Picture(image, frames)


def _wide_colours(image: Image.Image, data: bytes, background: int, bits: int | None) -> Picture | None:
    """Colours of 16 bits, as cameras of 10 to 14 bits write them; None where the upper halves hold them, or there are none."""
    lower = _halves(image)
    if lower is None:
        return None
    upper = np.asarray(image)
    if bits is None and upper[..., :3].max(initial=0) > _DARK:
        return None
    with Image.open(io.BytesIO(data), formats=_formats()) as again:
        again.tile = [tile._replace(args=_with_rawmode(tile.args, lower)) for tile in again.tile]
        whole = upper.astype(np.uint16) * 256 + np.asarray(again)
    scaled, note = _scaled(whole[..., :3], bits)
    eight = np.concatenate([np.rint(scaled * 255).astype(np.uint8), upper[..., 3:]], axis=2)
    shown = Image.fromarray(eight)
    if _orientation(image) != _UPRIGHT:
        shown.getexif().update(image.getexif())
    picture = _picture(shown, background, bits)
    return Picture(picture.image, (*(text.replace("greys", "colours") for text in note), *picture.notes))


def _halves(image: Image.Image) -> str | None:
    """How the lower halves of colours are read; None where an image has no colours of 16 bits."""
    tiles = getattr(image, "tile", None)
    return _WIDE.get(_rawmode(tiles[0].args).replace(";16N", _NATIVE)) if tiles else None


def _rawmode(arguments: Any) -> str:
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _with_rawmode(arguments: Any, rawmode: str) -> Any:
    return (rawmode, *arguments[1:]) if isinstance(arguments, tuple) else rawmode


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a TIFF says so; Pillow turns greys of 8 bits over by itself."""
    return image.format == "TIFF" and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, _UPRIGHT))
    except (SyntaxError, ValueError, OSError, KeyError, TypeError, struct.error):
        return _UPRIGHT  # broken EXIF says nothing, and the pixels may be whole


def _declared_bits(image: Image.Image) -> int | None:
    declared = str(image.info.get(BITS, ""))
    return int(declared) if declared in _DECLARABLE else None


def _is_high(image: Image.Image) -> bool:
    return image.mode == "F" or image.mode.startswith("I")


def _composed(image: Image.Image, background: int, notes: tuple[str, ...]) -> Picture:
    shown = image.convert("RGBA")
    low, _ = shown.getchannel("A").getextrema()
    ground_name = _GROUND_NAMES.get(background, f"grey {background}")
    note = (f"transparent pixels: they are composed on {ground_name} (ingest.image_background)",)
    ground = Image.new("RGBA", shown.size, (background,) * 3 + (255,))
    ground.alpha_composite(shown)
    return Picture(ground.convert("RGB"), (*notes, *(note if low != 255 else ())))  # noqa: PLR2004 - opaque


def _scaled(values: npt.NDArray[Any], bits: int | None) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Greys on a scale of 0 to 1, and how; pixels that are no numbers, or stand for none, are black."""
    grey = values.astype(np.float64)
    known, about_gaps = _known(grey)
    low, high = (float(grey[known].min()), float(grey[known].max())) if known.any() else (0.0, 0.0)
    grey = np.where(known, grey, low)
    if bits is not None:
        low, high = 0.0, 2.0**bits - 1
        note: tuple[str, ...] = ()
    else:
        usual = _WHITE_OF_FLOATS if values.dtype.kind == "f" else _WHITE_OF_INTEGERS
        white = None if low < 0 else next((item for item in usual if high <= item), None)
        if white is not None:
            low, high = 0.0, float(white)
        note = _note_of_scale(low, high, values.dtype) if white is not None else (_OWN_RANGE,)
    spread = high - low or 1.0
    scaled = np.where(known, (grey - low) / spread, 0.0)
    return scaled.clip(0, 1).astype(np.float32), (*note, *about_gaps)


def _known(grey: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.bool_], tuple[str, ...]]:
    """Pixels that have a value, and a note on the others: what is no number, and a number far below all others that programs write for none."""
    known = np.isfinite(grey)
    if not known.all():
        return known, ("pixels that are no numbers: they are read as black",)
    low, high = float(grey.min()), float(grey.max())
    if low not in _NO_VALUES and low > _LEAST_VALUE:
        return known, ()
    others = grey != low
    if not others.any() or float(grey[others].min()) - low < (high - low) / 2:
        return known, ()
    return others, (
        f"pixels of {low:g}, far below all others, as programs write for no value: they are read as black, and do not count for the scale",
    )


def _note_of_scale(low: float, high: float, dtype: np.dtype[Any]) -> tuple[str, ...]:
    if dtype.kind in "ui" and (low, high) == (0, 2**16 - 1):
        return ()
    return (
        f"greys of more than 8 bits, read from {low:g} as black to {high:g} as white, by their own range (ingest.image_bits)",
    )
