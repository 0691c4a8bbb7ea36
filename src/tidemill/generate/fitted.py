"""A generator as it is kept between runs: its models, thresholds, and its votes on the gold rows it learned from.

A folder per generator, named after all that its condition says, holds ``voter.json`` and a folder per model. It is read again as
long as its identity is what it would be fitted with: condition, code, backbone, and the rows that teach it. So a new batch
without new gold is voted on by the models that are there.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from tidemill.common.files import atomic_write
from tidemill.contracts import Settings
from tidemill.generate.learners import LEARNERS, Member
from tidemill.generate.rows import Rows
from tidemill.generate.zero_shot import Likeness
from tidemill.label.conditions.generated import Generated, Model

VOTER: Final = "voter.json"
_LIBRARIES: Final = ("numpy", "scipy", "torch", "transformers", "pillow")


class KeptVoter(Settings):
    """What is kept of a fitted generator.

    Parameters
    ----------
    identity
        Hash of all that it was fitted with.
    thresholds
        Of each class.
    held_out
        Votes on gold rows, by row_id, cast without having seen them.
    learned_from
        Number of rows that taught.
    members
        Number of models.
    likeness
        Of ``zero_shot``: fields of ``Likeness``.
    examples
        Of ``prompt``: ids of gold rows that are shown.
    reason
        Why it does not vote; None where it does.
    """

    identity: str
    thresholds: tuple[float, ...] = ()
    held_out: dict[str, int] = Field(default_factory=dict)
    learned_from: int = 0
    members: int = 0
    likeness: dict[str, Any] | None = None
    examples: tuple[str, ...] = ()
    reason: str | None = None


def identity_of(condition: Generated, rows: Rows, *others: str) -> str:
    """Hash all that a generator is fitted with.

    Parameters
    ----------
    condition
        What a person wrote.
    rows
        Rows of the problem, of which gold of dev counts.
    others
        What else it depends on.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    gold = zip(rows.ids["row_id"].gather(rows.labeled).to_list(), rows.gold[rows.labeled].tolist(), strict=True)
    parts = [condition.column, code_digest(), json.dumps(sorted(gold)), *rows.problem.classes, *others]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


@functools.cache
def code_digest() -> str:
    """Hash the code that fits generators, and the versions of the libraries it uses.

    Returns
    -------
    str
        Hexadecimal digits.
    """
    package = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=16)
    for name in _LIBRARIES:
        digest.update(f"{name} {_version(name)}\n".encode())
    for folder in ("generate", "train/classical"):
        for file in sorted((package / folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # it belongs to an extra that is not installed
        return "none"


def read_voter(folder: Path, identity: str | None) -> KeptVoter | None:
    """Read a generator that is kept.

    Parameters
    ----------
    folder
        Of the generator.
    identity
        What it has to be fitted with; None: anything.

    Returns
    -------
    KeptVoter or None
        None where there is none, it is damaged, or it was fitted with something else.
    """
    try:
        voter = KeptVoter.model_validate_json((folder / VOTER).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):
        return None
    return voter if identity in {None, voter.identity} else None


def write_voter(folder: Path, voter: KeptVoter, members: Sequence[Member] = ()) -> None:
    """Write a generator in place of the one that was there.

    Parameters
    ----------
    folder
        Of the generator.
    voter
        What is kept of it; written last, so that a torn folder is no generator.
    members
        Its models.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for number, member in enumerate(members):
        for name, content in member.files().items():
            with atomic_write(folder / str(number) / name) as part:
                part.write_bytes(content)
    with atomic_write(folder / VOTER) as part:
        part.write_text(voter.model_dump_json(indent=1), encoding="utf-8")


def read_members(folder: Path, condition: Model, voter: KeptVoter) -> list[Member]:
    """Read the models of a generator.

    Parameters
    ----------
    folder
        Of the generator.
    condition
        The generator.
    voter
        What is kept of it.

    Returns
    -------
    list of Member

    Raises
    ------
    DataError
        A file is missing or damaged.
    """
    return [LEARNERS[condition.learner].load(folder / str(number)) for number in range(voter.members)]


def likeness_fields(likeness: Likeness) -> dict[str, Any]:
    """Write a likeness as JSON.

    Parameters
    ----------
    likeness
        As fitted.

    Returns
    -------
    dict
    """
    numbers = {name: getattr(likeness, name) for name in ("mean", "scale", "weight", "bias")}
    lists = {name: None if value is None else np.asarray(value).tolist() for name, value in numbers.items()}
    return {"described": list(likeness.described), **lists}


def likeness_from(fields: dict[str, Any]) -> Likeness:
    """Read what ``likeness_fields`` wrote.

    Parameters
    ----------
    fields
        JSON content.

    Returns
    -------
    Likeness
    """
    numbers: dict[str, Any] = {
        name: None if fields[name] is None else np.asarray(fields[name], dtype=np.float64)
        for name in ("mean", "scale", "weight", "bias")
    }
    return Likeness(tuple(fields["described"]), **numbers)


def draw_grid(drawn: npt.NDArray[np.uint8], path: Path) -> None:
    """Write a grid of images, four in a row, each three times as large.

    Parameters
    ----------
    drawn : (n_images, 3, size, size)
        What a generator draws.
    path
        PNG file.
    """
    from PIL import Image

    side = drawn.shape[2]
    grid = np.full((3, -(-len(drawn) // 4) * (side + 2), 4 * (side + 2)), 255, dtype=np.uint8)
    for number, image in enumerate(drawn):
        top, left = number // 4 * (side + 2), number % 4 * (side + 2)
        grid[:, top : top + side, left : left + side] = image
    picture = Image.fromarray(grid.transpose(1, 2, 0))
    with atomic_write(path) as part:
        picture.resize((3 * picture.width, 3 * picture.height), resample=0).save(part, format="PNG")


def votes_by_row(votes: npt.NDArray[np.int16], rows: Rows) -> dict[str, int]:
    """Name the gold rows that votes are of.

    Parameters
    ----------
    votes : (n_gold,)
    rows
        Rows of the problem.

    Returns
    -------
    dict of str to int
        Vote by row_id.
    """
    return dict(zip(rows.ids["row_id"].gather(rows.labeled).to_list(), votes.tolist(), strict=True))
