"""Check that bytes are a whole image of a sane size."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

from tidemill.common.progress import progress
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.source import IMAGE_SUFFIXES
from tidemill.readers.table import Table

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")


def check_images(
    images: Sequence[bytes], paths: Sequence[str], table: Table, *, max_pixels: int, errors: RowErrors | None = None
) -> None:
    """Check that every image can be decoded.

    Parameters
    ----------
    images
        Content of each row's image.
    paths
        Name of each image.
    table
        The rows.
    max_pixels
        Pixels that an image may have.
    errors
        What becomes of rows whose image cannot be decoded; None: the first is refused. Rows set aside before are passed over.

    Raises
    ------
    DataError
        Names the row and file that is not an image, is cut off, or has more than ``max_pixels`` pixels.
    """
    errors = errors or RowErrors(table)
    together = zip(images, paths, strict=True)
    for row, (data, path) in enumerate(progress(together, total=len(images), name="checking images", unit="images")):
        problem = None if row in errors.reasons else _problem(data, max_pixels)
        if problem is not None:
            errors.add(row, f"{path} {problem}")


def _problem(data: bytes, max_pixels: int) -> str | None:
    """The size is read before the pixels."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        return "is empty: copy it again"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of large images and odd metadata; the size is judged here
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                pixels = image.width * image.height
                if pixels > max_pixels:
                    return f"has {image.width} x {image.height} pixels, {_too_many(max_pixels)}"
                image.load()
        except UnidentifiedImageError:
            return f"is not an image ({', '.join(IMAGE_SUFFIXES)}): its first bytes are {data[:8]!r}; remove its row"
        except Image.DecompressionBombError:
            return f"has hundreds of millions of pixels, {_too_many(max_pixels)}"
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            return f"is damaged ({error}): copy it again, or remove its row"
    return None


def _too_many(max_pixels: int) -> str:
    return f"more than ingest.max_pixels {max_pixels}: make it smaller, or raise the limit"
