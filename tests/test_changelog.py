import re

from tidemill import __version__


def releases(root):
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    return re.findall(r"^## (.+)$", text, flags=re.MULTILINE)


def number(release):
    return tuple(int(part) for part in release.split("."))


def test_it_is_by_release_the_newest_first(root):
    first, *rest = releases(root)
    assert first == "Unreleased"
    assert rest == sorted(rest, key=number, reverse=True)
    assert len(set(rest)) == len(rest) >= 1


def test_the_version_is_the_newest_release_or_one_in_the_making(root):
    newest = number(releases(root)[1])
    found = re.fullmatch(r"(\d+\.\d+\.\d+)(\.dev\d+)?", __version__)
    assert found, __version__
    assert number(found[1]) > newest if found[2] else number(found[1]) == newest


def test_the_version_stands_in_one_place(root):
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert 'version = { attr = "tidemill.__version__" }' in project
    assert __version__ not in project
