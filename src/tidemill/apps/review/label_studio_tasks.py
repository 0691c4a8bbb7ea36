"""Rows as tasks of Label Studio, and its annotations as answers."""

from __future__ import annotations

import base64
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from tidemill.apps.review.rows_to_review import RowToReview
from tidemill.project.gold_history import Answer, how_picked
from tidemill.readers.image_decoder import decode_image

SOURCE: Final = "label-studio"
_CONTENT, _LABEL, _NOTE = "content", "label", "note"
_HOTKEYS: Final = "123456789"
_SIDE: Final = 1024
"""Pixels of the longer side of a picture that is sent."""
_NOTE_LENGTH: Final = 2000


def labeling_interface(modality: str, classes: Sequence[str]) -> str:
    """Write what a person sees of a task.

    Parameters
    ----------
    modality
        text or image.
    classes
        Names of the classes; the first nine have a digit as their key.

    Returns
    -------
    str
        XML of Label Studio.

    Examples
    --------
    >>> "hotkey" in labeling_interface("text", ["ham", "spam"])
    True
    """
    content = (
        f'<Image name="{_CONTENT}" value="$image" zoom="true"/>'
        if modality == "image"
        else f'<Text name="{_CONTENT}" value="$text"/>'
    )
    choices = "\n".join(f"    <Choice value={quoteattr(name)}{_hotkey(place)}/>" for place, name in enumerate(classes))
    return (
        f'<View>\n  {content}\n  <Choices name="{_LABEL}" toName="{_CONTENT}" choice="single" showInline="true" required="true">\n'
        f'{choices}\n  </Choices>\n  <TextArea name="{_NOTE}" toName="{_CONTENT}" placeholder="note" maxSubmissions="1" editable="true"/>\n'
        '  <Text name="votes" value="$votes"/>\n</View>\n'
    )


def _hotkey(place: int) -> str:
    return f' hotkey="{_HOTKEYS[place]}"' if place < len(_HOTKEYS) else ""


def task(row: RowToReview, classes: Sequence[str], model: str) -> dict[str, Any]:
    """Write a row as a task.

    Parameters
    ----------
    row
        The row.
    classes
        Names of the classes.
    model
        Name of the model that predicts.

    Returns
    -------
    dict
        Label Studio's JSON.
    """
    shown = not row.is_random
    votes = ", ".join(f"{name}: {label}" for name, label in row.votes.items()) if shown else ""
    data = {"row_id": row.row_id, "batch": row.batch, "picked": row.picked, "votes": votes or "-"}
    data |= {"image": _picture(row.content)} if isinstance(row.content, bytes) else {"text": row.content}
    if not shown or row.probabilities is None:
        return {"data": data}
    place = int(np.argmax(row.probabilities))
    choice = {
        "from_name": _LABEL,
        "to_name": _CONTENT,
        "type": "choices",
        "value": {"choices": [classes[place]]},
    }
    prediction = {"model_version": model, "score": float(row.probabilities[place]), "result": [choice]}
    return {"data": data, "predictions": [prediction]}


def _picture(content: bytes) -> str:
    """A picture inside the task: no server of files is needed, and none can be asked for others."""
    image, out = decode_image(content).rgb(), io.BytesIO()
    image.thumbnail((_SIDE, _SIDE))
    image.save(out, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


@dataclass(frozen=True)
class Annotations:
    """What the tasks of a project say.

    Parameters
    ----------
    answers
        A label each, of those that are no answer in the history yet as well.
    refused
        What cannot be an answer, with the reason.
    skipped
        Number of annotations by which a person skipped a row.
    sources
        Source of each annotation that is there and no skip, refused ones too.
    tasks
        Row of each task, and when it was made, by the source of its annotations less their number.
    """

    answers: tuple[Answer, ...]
    refused: tuple[str, ...]
    skipped: int
    sources: frozenset[str]
    tasks: Mapping[str, tuple[str | None, str]]


def read_annotations(
    tasks: Sequence[Mapping[str, Any]], project: int, *, classes: Sequence[str], rows: Any
) -> Annotations:
    """Read what people answered.

    Parameters
    ----------
    tasks
        Label Studio's export format JSON.
    project
        Number of the project.
    classes
        Names of the classes.
    rows
        Ids of the problem's rows.

    Returns
    -------
    Annotations
    """
    answers, refused, sources, skipped = [], [], set(), 0
    made = dict[str, tuple[str | None, str]]()
    for item in tasks:
        made[f"{SOURCE}/{project}/{item['id']}"] = (item["data"].get("row_id"), _time(item["created_at"]))
        for annotation in item.get("annotations", ()):
            if annotation.get("was_cancelled"):
                skipped += 1
                continue
            source = source_of(project, item["id"], annotation["id"])
            sources.add(source)
            where = f"task {item['id']}, annotation {annotation['id']}"
            label = _chosen(annotation, _LABEL, "choices")
            if item["data"].get("row_id") not in rows:
                refused.append(f"{where}: {item['data'].get('row_id')!r} is no row of the problem")
            elif label not in classes:
                refused.append(f"{where}: {label!r} is no class; classes are {', '.join(classes)}")
            else:
                answers.append(_answer(item["data"], annotation, str(label), source))
    return Annotations(tuple(answers), tuple(refused), skipped, frozenset(sources), made)


def source_of(project: int, task_number: int, annotation: int) -> str:
    """Name an annotation as the source of an answer.

    Parameters
    ----------
    project, task_number, annotation
        Numbers of Label Studio.

    Returns
    -------
    str

    Examples
    --------
    >>> source_of(1, 20, 300)
    'label-studio/1/20/300'
    """
    return f"{SOURCE}/{project}/{task_number}/{annotation}"


def _chosen(annotation: Mapping[str, Any], name: str, kind: str) -> str | None:
    for result in annotation.get("result", ()):
        if result.get("from_name") == name and result.get("value", {}).get(kind):
            return str(result["value"][kind][0])
    return None


def _time(text: str) -> str:
    """As ``Answer.when`` has it."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _answer(data: Mapping[str, Any], annotation: Mapping[str, Any], label: str, source: str) -> Answer:
    person = annotation["completed_by"]
    number = person["id"] if isinstance(person, Mapping) else person
    note = (_chosen(annotation, _NOTE, "text") or "")[:_NOTE_LENGTH]
    content = {
        "row_id": data["row_id"],
        "label": label,
        "who": f"{SOURCE}-{number}",
        "when": _time(annotation["updated_at"]),
        "source": source,
        "picked": how_picked(data.get("picked")),
        "note": note or None,
    }
    return Answer.model_validate(content)
