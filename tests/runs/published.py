"""A repository in which runs of the problem `spam` were published, without any having been run."""

import hashlib
from pathlib import Path

import yaml

from tidemill.project.gold_history import Answer
from tidemill.project.layout import Paths
from tidemill.reports.project import Arrival, Manifest
from tidemill.runs.git import git
from tidemill.runs.model_registry import tag_object

MANIFEST = Paths.within("spam").manifest
HISTORY = Paths.within("spam").gold_history


def answers_of(rows: str, *, day: int = 1) -> list[Answer]:
    """An answer to each row, whose names are letters."""
    return [
        Answer(row_id=row, label="ham", who="r1", when=f"2026-01-{day:02d}T00:00:{k:02d}.000000Z", source="test")
        for k, row in enumerate(rows)
    ]


def manifest_of(*batches: str) -> Manifest:
    return Manifest(
        batches=tuple(Arrival(batch=name, source=f"data/incoming/{name}.csv", sha256="0" * 64) for name in batches)
    )


def digest_of(*batches: str) -> str:
    return hashlib.md5(manifest_of(*batches).text().encode(), usedforsecurity=False).hexdigest()


class Published:
    """The repository; `run` publishes what a run of these batches would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stages: dict[str, dict[str, object]] = {}
        git("init", "-q", "-b", "main", folder=folder)
        self.commit(time=0)

    def run(
        self, *batches: str, time: float, model: str | None = None, stages: tuple[str, ...] = (), dev: str = ""
    ) -> str:
        """Publish; a run that names a model has trained it, and `stages` are those that ran beside ingest, which made `dev`."""
        ran = ("ingest", *stages, *(("denoise", "train", "evaluate") if model else ()))
        deps = [{"path": MANIFEST.as_posix(), "md5": digest_of(*batches)}]
        history = self.folder / HISTORY
        if history.exists():
            digest = hashlib.md5(history.read_bytes(), usedforsecurity=False).hexdigest()
            deps = [*deps, {"path": HISTORY.as_posix(), "md5": digest}]
        for stage in ran:
            outs = [{"path": "models/spam/candidate", "md5": model}] if stage == "train" else []
            labels = [{"path": "data/spam/dev", "md5": dev}] if dev else []
            read, made = (deps + labels, outs) if stage == "evaluate" else (deps, labels if stage == "ingest" else outs)
            self.stages[f"{stage}@spam"] = {"cmd": stage, "deps": read, "outs": made}
        manifest_of(*batches).write(self.folder / MANIFEST)
        (self.folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": self.stages}))
        return self.commit(time=time)

    def commit(self, *, time: float) -> str:
        git("add", "-A", folder=self.folder)
        environment = ("-c", "user.name=T", "-c", "user.email=t@localhost")
        tree = git("write-tree", folder=self.folder)
        parents = [] if time == 0 else ["-p", "HEAD"]
        made = git(*environment, "commit-tree", tree, *parents, "-m", "run", folder=self.folder)
        # the time of a commit is part of the object: git's own variables for it are not passed on
        raw = git("cat-file", "commit", made, folder=self.folder)
        lines = [
            f"{line.rsplit(' ', 2)[0]} {int(time)} +0000" if line.startswith(("author ", "committer ")) else line
            for line in raw.splitlines()
        ]
        text = "\n".join(lines) + "\n"
        dated = git("hash-object", "-t", "commit", "-w", "--stdin", folder=self.folder, stdin=text)
        git("update-ref", "refs/heads/main", dated, folder=self.folder)
        return dated

    def promote(self, version: str, number: int) -> None:
        head = git("rev-parse", "HEAD", folder=self.folder)
        for name in (f"spam@{version}", f"spam#prod#{number}"):
            git(
                "update-ref",
                f"refs/tags/{name}",
                tag_object(name, head, f"{name}\n\n{name}\n\nPromoted-by: person", self.folder),
                folder=self.folder,
            )
