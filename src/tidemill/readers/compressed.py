"""gzip, Zstandard and ZIP archives of one file, unpacked up to a limit."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import IO, Final

from tidemill.contracts import DataError

PACKED: Final = (".gz", ".zst", ".zip")
MOST: Final = 1 << 32
"""Bytes that a file may have unpacked."""
_USUAL: Final = 1 << 28
"""Bytes up to which the ratio of compression does not count."""
_RATIO: Final = 200
"""Times the size of the file that a larger one may have unpacked; texts have 3 to 30."""
_ENCRYPTED: Final = 1


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
        It cannot be unpacked, is encrypted, holds several files, or has more bytes unpacked than are read.
    """
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    try:
        if suffix == ".gz":
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                return _limited(stream, len(data), name), path.stem
        if suffix == ".zst":
            return _zstandard(data, name), path.stem
        if suffix == ".zip":
            return _archive(data, name)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{name} cannot be unpacked ({error}): copy it again") from error
    return data, name


def check_unpacked_size(data: bytes, name: str) -> None:
    """Refuse a workbook, which is a ZIP archive, that says that it has too many bytes unpacked.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name, for messages.

    Raises
    ------
    DataError
        It has more than are read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            total = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return  # no ZIP archive: an older workbook, or the reader's to refuse
    if total > _limit(len(data)):
        raise _too_large(name, len(data))


def _limit(packed: int) -> int:
    return min(MOST, max(_USUAL, _RATIO * packed))


def _too_large(name: str, packed: int) -> DataError:
    return DataError(
        f"{name} has {packed:,} bytes packed and more than {_limit(packed):,} unpacked, which is not read: "
        "unpack it yourself where it is what you expect, in several files"
    )


def _limited(stream: IO[bytes] | gzip.GzipFile, packed: int, name: str) -> bytes:
    limit = _limit(packed)
    result = stream.read(limit + 1)
    if len(result) > limit:
        raise _too_large(name, packed)
    return bytes(result)


def _zstandard(data: bytes, name: str) -> bytes:
    try:
        import zstandard
    except ImportError as error:
        raise DataError(f"{name}: .zst is read by zstandard: pip install zstandard, or pack it as .gz") from error

    try:
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as stream:
            return _limited(stream, len(data), name)
    except zstandard.ZstdError as error:
        raise OSError(error) from error


def _archive(data: bytes, name: str) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [item for item in archive.infolist() if not item.is_dir() and not _hidden(item.filename)]
        if len(files) != 1:
            shown = f" ({', '.join(item.filename for item in files[:3])})" if files else " that are not hidden"
            raise DataError(f"{name} holds {len(files)} files{shown}: pack one, or unpack them")
        if files[0].flag_bits & _ENCRYPTED:
            raise DataError(f"{name} is encrypted: unpack it with its password, and give the file inside")
        try:
            with archive.open(files[0]) as stream:
                return _limited(stream, len(data), name), PurePosixPath(files[0].filename).name
        except NotImplementedError as error:
            raise DataError(
                f"{name} is packed by a method that is not read ({error}): unpack it, or pack it with deflate"
            ) from error


def _hidden(path: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)
