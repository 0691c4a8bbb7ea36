"""Check that bytes are a whole image of a sane size, and put images into a form that means the same to every reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from tidemill.common.progress import progress
from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.image_decoder import decode_image, needs_more, written
from tidemill.readers.options import SET_ASIDE
from tidemill.readers.table import Table

_ONE_COLOUR: Final = (
    "one colour throughout: blank, or drawn in the colour that transparency is composed on (ingest.image_background)",
)
_GROUNDS: Final = {"white": 255, "black": 0}


def check_images(
    images: Sequence[bytes],
    paths: Sequence[str],
    table: Table,
    *,
    max_pixels: int,
    background: Literal["white", "black"] = "white",
    errors: RowErrors | None = None,
) -> Counter[str]:
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
    background
        What transparency is composed on.
    errors
        What becomes of rows whose image cannot be decoded; None: the first is refused. Rows set aside before are passed over.

    Returns
    -------
    Counter of str
        What was done to images in decoding them that a person may want otherwise, with the number of images.

    Raises
    ------
    DataError
        Names the row and file that is not an image, is cut off, or has more than ``max_pixels`` pixels.
    """
    errors = errors or RowErrors(table)
    done: Counter[str] = Counter()
    way_out = SET_ASIDE * (errors.policy == "refuse")
    together = zip(images, paths, strict=True)
    for row, (data, path) in enumerate(progress(together, total=len(images), name="checking images", unit="images")):
        if row in errors.reasons:
            continue
        try:
            picture = decode_image(data, max_pixels=max_pixels, background=_GROUNDS[background])
            done.update(picture.notes)
            done.update(_ONE_COLOUR if picture.is_of_one_colour() else ())
        except DataError as error:
            errors.add(row, f"{path} {error}{way_out}")
    return done


def notes_on_images(done: Counter[str], name: str) -> list[str]:
    """Lines that say what ``check_images`` found of the images of a source, once for all.

    Parameters
    ----------
    done
        As ``check_images`` counts.
    name
        Of the source.

    Returns
    -------
    list of str
        A line for each thing that was done.
    """
    return [f"{name}: {counted(count, 'image has', 'images have')} {note}" for note, count in sorted(done.items())]


def rewrites(settings: IngestSettings) -> bool:
    """Whether images may enter with other bytes than their files have.

    Parameters
    ----------
    settings
        ``image_background`` and ``image_bits``.

    Returns
    -------
    bool
        False for texts.
    """
    as_they_are = settings.image_background == "white" and settings.image_bits is None
    return settings.modality == "image" and not as_they_are


def standard_images(images: Sequence[bytes], settings: IngestSettings) -> list[bytes]:
    """Write images anew whose transparency or bits are meant otherwise than the decoder takes them; others keep their bytes.

    Parameters
    ----------
    images
        Checked; empty where a row was set aside.
    settings
        ``image_background`` and ``image_bits``.

    Returns
    -------
    list of bytes
    """
    if not rewrites(settings):
        return list(images)
    ground = _GROUNDS[settings.image_background]
    return [
        written(decode_image(image, background=ground, bits=settings.image_bits))
        if image and needs_more(image)
        else image
        for image in images
    ]
