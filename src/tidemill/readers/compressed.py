"""gzip, Zstandard and ZIP archives of one file, unpacked."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from tidemill.contracts import DataError

PACKED: Final = (".gz", ".zst", ".zip")


def unpack(data: bytes, name: str) -> tuple[bytes, str]:
    """Unpack a file whose name ends in a suffix of packed files; others are returned unchanged.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name.

    Returns
    -------
    bytes
        What was packed.
    str
        The name of that: without the last suffix, or the one inside the archive.

    Raises
    ------
    DataError
        It cannot be unpacked, or an archive holds several files.
    """
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    try:
        if suffix == ".gz":
            return gzip.decompress(data), path.stem
        if suffix == ".zst":
            return _zstandard(data), path.stem
        if suffix == ".zip":
            return _archive(data, name)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(f"{name} cannot be unpacked ({error}): copy it again") from error
    return data, name


def _zstandard(data: bytes) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as stream:
            return bytes(stream.read())
    except zstandard.ZstdError as error:
        raise OSError(error) from error


def _archive(data: bytes, name: str) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [one for one in archive.namelist() if not one.endswith("/") and not _hidden(one)]
        if len(files) != 1:
            raise DataError(f"{name} holds {len(files)} files ({', '.join(files[:3])}): pack one, or unpack them")
        return archive.read(files[0]), PurePosixPath(files[0]).name


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)
