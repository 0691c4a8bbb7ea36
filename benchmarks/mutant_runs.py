"""Runs of pytest in forked processes for `benchmarks/mutants.py`: one that sees which test reaches which line, many that judge a mutant.

Tests are collected once. Each fork gives the functions of one module their changed code and runs the tests that reach the
change, so a run costs the time of its tests alone; a change of what a module does when it is imported takes a new process. The change exists in the memory of its process; no file is written.
"""

from __future__ import annotations

import ast
import gc
import inspect
import json
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, Final

import pytest

OPTIONS: Final = (
    *("-x", "-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header"),
    *("-W", "ignore::DeprecationWarning", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
KILLED: Final = "killed"
SURVIVED: Final = "survived"
TOO_SLOW: Final = "killed: too slow"
VERDICTS: Final = {None: TOO_SLOW, 0: SURVIVED, 1: KILLED, 2: KILLED}  # 2: a test file could not be imported
PATIENCE: Final = 20
"""Times longer than its share of the processor that a run may wait for it."""


@dataclass
class Reach:
    """What a run of a package's tests saw: seconds of each test, tests that reach each line, failed tests."""

    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def tests(self, module: str, line: int, *, within: float) -> list[str]:
        """Tests that reach a line of a module, the quickest first, as many as fit into ``within`` seconds.

        A line that runs when the module is imported is reached by none: then tests that reach any line of the module, and as
        many others, which may read what the line sets.
        """
        lines = self.lines[module]
        if reaching := lines.get(line):
            return self._quickest(reaching, within)
        inside = {test for by in lines.values() for test in by}
        return [*self._quickest(inside, within), *self._quickest(self.seconds.keys() - inside, within)]

    def _quickest(self, tests: Iterable[str], within: float) -> list[str]:
        chosen: list[str] = []
        spent = 0.0
        for test in sorted(tests, key=lambda test: (self.seconds[test], test)):
            spent += self.seconds[test]
            if spent > within and chosen:
                break
            chosen.append(test)
        return chosen


class _Tracer:
    """Pytest plugin that notes the lines of some modules that each test runs, and how long it takes."""

    def __init__(self, files: Sequence[str]) -> None:
        self.files = frozenset(files)
        self.reached: dict[str, dict[int, set[str]]] = {file: {} for file in files}
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self.test = ""

    def __call__(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        return self._line if frame.f_code.co_filename in self.files else None

    def _line(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        if self.test:
            self.reached[frame.f_code.co_filename].setdefault(frame.f_lineno, set()).add(self.test)
        return self._line

    def run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        self.test, began = item.nodeid, time.process_time()
        sys.settrace(self)
        threading.settrace(self)
        try:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.seconds[self.test], self.test = time.process_time() - began, ""


class Session:
    """Tests that were collected once, and forks of the process that run some of them.

    Parameters
    ----------
    session : pytest.Session
        The session, after collection.
    scratch : Path
        A folder for answers and logs.
    """

    def __init__(self, session: pytest.Session, scratch: Path) -> None:
        self.session = session
        self.items = {item.nodeid: item for item in session.items}
        self.log = scratch / "log"
        self.answer = scratch / "reach.json"
        self.source = scratch / "changed.py"

    def reach(self, files: Sequence[Path], *, limit: float) -> Reach:
        """Run every test once and see which of them reach which line of some modules.

        Parameters
        ----------
        files : sequence of Path
            The modules.
        limit : float
            Seconds of the processor after which the run is stopped.

        Returns
        -------
        Reach

        Raises
        ------
        RuntimeError
            The run did not end.
        """

        def run() -> int:
            tracer = _Tracer([str(file) for file in files])
            for item, following in _pairs(list(self.items.values())):
                before = self.session.testsfailed
                self.session.shouldfail = False
                tracer.run(item, following)
                tracer.failed += [item.nodeid] * (self.session.testsfailed > before)
            lines = {file: {line: sorted(by) for line, by in of.items()} for file, of in tracer.reached.items()}
            content = {"seconds": tracer.seconds, "lines": lines, "failed": tracer.failed}
            self.answer.write_text(json.dumps(content), encoding="utf-8")
            return 0

        if _forked(run, self.log, limit=limit) != 0:
            raise RuntimeError(f"the tests did not end: {self.log.read_text(encoding='utf-8')[-2000:]}")
        content = json.loads(self.answer.read_text(encoding="utf-8"))
        content["lines"] = {f: {int(n): by for n, by in of.items()} for f, of in content["lines"].items()}
        return Reach(**content)

    def verdict(self, file: Path, tree: ast.Module, tests: Sequence[str], *, limit: float) -> str:
        """Run tests with a changed module in place of a file, until the first fails.

        Parameters
        ----------
        file : Path
            The module that is changed.
        tree : ast.Module
            What it is changed to.
        tests : sequence of str
            Names of the tests.
        limit : float
            Seconds of the processor after which the change counts as found.

        Returns
        -------
        str
            ``killed``, ``killed: too slow`` or ``survived``.

        Raises
        ------
        RuntimeError
            Pytest itself failed.
        """
        if not tests:
            return SURVIVED
        changed, here = compile(tree, str(file), "exec"), compile(file.read_bytes(), str(file), "exec")

        def run() -> int:
            if _at_import(changed) != _at_import(here):
                self.source.write_text(ast.unparse(tree), encoding="utf-8")
                words = [sys.executable, __file__, str(file), str(self.source), *tests]
                os.execve(sys.executable, words, os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})  # noqa: S606 - there is none
            _replace_functions(str(file), changed)
            for item, following in _pairs([self.items[test] for test in tests]):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.session.testsfailed:
                    return 1
            return 0

        code = _forked(run, self.log, limit=limit)
        if code not in VERDICTS:
            raise RuntimeError(f"pytest ended with {code}: {self.log.read_text(encoding='utf-8')[-2000:]}")
        return VERDICTS[code]


class _Loop:
    """Pytest plugin that hands the collected tests over instead of running them."""

    def __init__(self, work: Callable[[Session], None], scratch: Path) -> None:
        self.work = work
        self.scratch = scratch

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.work(Session(session, self.scratch))
        return True


def with_collected(tests: Sequence[str], work: Callable[[Session], None], scratch: Path, *, markers: str) -> None:
    """Collect tests, import what they import, and hand them over.

    Parameters
    ----------
    tests : sequence of str
        What pytest is given.
    work : Callable
        Asked once, with the session.
    scratch : Path
        An empty folder.
    markers : str
        What pytest's ``-m`` is given.

    Raises
    ------
    RuntimeError
        The tests could not be collected.
    """
    code = pytest.main([*OPTIONS, "-m", markers, *tests], plugins=[_Loop(work, scratch)])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise RuntimeError(f"pytest ended with {code}")


def _pairs(items: list[pytest.Item]) -> list[tuple[pytest.Item, pytest.Item | None]]:
    return list(zip(items, [*items[1:], None], strict=True))


def _at_import(code: CodeType) -> object:
    """What the import of a module does, less the bodies of its functions."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    classes = [_at_import(const) for const in inner if not const.co_flags & inspect.CO_OPTIMIZED]
    constants = [const for const in code.co_consts if not isinstance(const, CodeType)]
    return code.co_code, code.co_names, repr(constants), classes


def _replace_functions(file: str, changed: CodeType) -> None:
    """Give every function of a module, wherever it is held, the code that it has in the changed module."""
    bodies = {(code.co_qualname, code.co_firstlineno): code for code in _codes(changed)}
    for item in gc.get_objects():
        if (
            type(item) is FunctionType and item.__code__.co_filename == file
        ):  # stand-ins of torch warn when they are asked
            body = bodies.get((item.__code__.co_qualname, item.__code__.co_firstlineno))
            if body is not None and len(body.co_freevars) == len(item.__code__.co_freevars):
                item.__code__ = body


def _codes(code: CodeType) -> Iterator[CodeType]:
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield const
            yield from _codes(const)


def _with_changed_import(file: str, source: Path, tests: Sequence[str]) -> int:
    """Run tests in this process, which has imported nothing yet, and let it import a changed module."""
    changed = compile(source.read_text(encoding="utf-8"), file, "exec")
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return changed if self.path == file else original(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
    return int(pytest.main([*OPTIONS, "--assert=plain", *tests]))  # pytest would load a file with doctests itself


def _forked(run: Callable[[], int], log: Path, *, limit: float) -> int | None:
    """Exit status of a function in a fork, None where it took too long: by the processor's clock, for others may be busy."""
    child = os.fork()
    if not child:
        _child(run, log, int(limit) + 1)
    ends = time.monotonic() + PATIENCE * limit
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return None if status in {signal.SIGXCPU, signal.SIGKILL} else os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _child(run: Callable[[], int], log: Path, seconds: int) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (_spent() + seconds, _spent() + seconds))
    code = 70
    try:
        with log.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = run()
        sys.stdout.flush()
    except BaseException:
        os.write(2, traceback.format_exc().encode())
        raise
    finally:
        os._exit(code)


def _spent() -> int:
    return int(time.process_time()) + 1


if __name__ == "__main__":
    sys.exit(_with_changed_import(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
