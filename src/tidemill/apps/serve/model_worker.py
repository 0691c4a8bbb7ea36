"""The process of a served model: ``python -m tidemill.apps.serve.model_worker PROBLEM VERSION SETTINGS``, in the project's folder.

It says on standard output that it is ready, then answers one request after another, until there are no more.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import IO

from tidemill.apps.serve.answers import Answering, Body
from tidemill.apps.serve.frames import frame, read_frame
from tidemill.apps.serve.settings import ServiceSettings
from tidemill.contracts import RequestError, TidemillError


def main() -> None:
    """Load the model and answer requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    problem, version, settings = sys.argv[1:4]
    try:
        answering, about = _loaded(problem, version, ServiceSettings.model_validate_json(settings))
    except TidemillError as error:
        _reply(replies, frame({"error": type(error).__name__, "message": str(error)}))
        return
    _reply(replies, frame({"version": answering.version, "lineage": about}))
    answer_all(requests, replies, answering)


def answer_all(requests: IO[bytes], replies: IO[bytes], answering: Answering) -> None:
    """Answer requests until there are no more.

    Parameters
    ----------
    requests, replies
        Files of frames.
    answering
        What answers them.
    """
    while (asked := read_frame(requests)) is not None:
        header, parts = asked
        _reply(replies, _replied(answering, Body(header["names"], parts), header["start"]))


def _replied(answering: Answering, body: Body, start: float) -> bytes:
    try:
        answer = answering.answer(body, start)
    except RequestError as error:
        return frame({"message": str(error), "status": error.status, "row": error.row})
    except TidemillError as error:
        return frame({"message": str(error)})
    except Exception as error:  # noqa: BLE001 - it goes into the log; the client learns that the service failed
        traceback.print_exc()
        return frame({"failed": type(error).__name__})
    return frame({"rows": answer.rows}, [answer.content])


def _reply(replies: IO[bytes], content: bytes) -> None:
    replies.write(content)
    replies.flush()


def _loaded(problem: str, version: str, settings: ServiceSettings) -> tuple[Answering, dict[str, object]]:
    from tidemill.apps.models.engines import resolve_engine, use_engine
    from tidemill.apps.models.model import find_model
    from tidemill.apps.serve.answers import ModelAnswers
    from tidemill.apps.serve.lineage import lineage
    from tidemill.apps.serve.request_queue import RequestQueue
    from tidemill.ingest.settings import IngestSettings
    from tidemill.project.project import Project

    project = Project.open(Path())
    _, ingest, paths = project.load(problem, "ingest", IngestSettings)
    model = find_model(project, problem, version or None)
    print(f"loading {model.version} and its backbone {model.head.backbone.name}", file=sys.stderr, flush=True)
    _ = model.embedder.backbone
    engine = resolve_engine(settings.engine, ingest.modality, None)
    use_engine(engine, model.embedder, paths, must=settings.engine == "onnx")
    queue = RequestQueue(model, settings.abstain_below, settings.seconds)
    about = lineage(project, model, problem)
    if ingest.candidates is None:
        return ModelAnswers(queue, ingest, settings.max_rows), about
    from tidemill.apps.serve.document_answers import DocumentAnswers
    from tidemill.ingest.candidates.expand import Candidates

    return DocumentAnswers(queue, ingest, settings.max_rows, Candidates(ingest.candidates, project.root)), about


if __name__ == "__main__":
    main()
