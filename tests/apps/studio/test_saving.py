"""A saved function is in its file, and nobody's work is overwritten."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import yaml

from tidemill.apps.studio.function_file import entries
from tidemill.apps.studio.saving import ConflictError, save
from tidemill.contracts import ConfigError, TidemillError


@pytest.fixture
def file(copied):
    return copied / "src/problems/mail/f.yaml"


def entry(file, name):
    return next(one for one in entries(file.read_text(), file) if one.name == name)


def test_a_saved_function_is_the_only_change(workspace, file):
    before = file.read_text()
    prize = entry(file, "says_prize").text
    saved = save(workspace, "f.yaml", prize.replace("[prize]", "[prize, win]"), began_with=prize, name="says_prize")
    assert file.read_text() == before.replace("[prize]", "[prize, win]")
    assert saved == entry(file, "says_prize")


def test_a_function_that_changed_meanwhile_is_a_conflict_and_stays(workspace, file):
    prize = entry(file, "says_prize").text
    theirs = file.read_text().replace("[prize]", "[prizes]")
    file.write_text(theirs)
    with pytest.raises(ConflictError, match="says_prize was changed") as error:
        save(workspace, "f.yaml", prize.replace("prize]", "win]"), began_with=prize, name="says_prize")
    assert error.value.current == entry(file, "says_prize").text
    assert file.read_text() == theirs


def test_another_function_that_changed_meanwhile_stays_as_it_is_now(workspace, file):
    prize = entry(file, "says_prize").text
    theirs = file.read_text().replace("lunch", "dinner")
    file.write_text(theirs)
    save(workspace, "f.yaml", prize.replace("[prize]", "[win]"), began_with=prize, name="says_prize")
    assert file.read_text() == theirs.replace("[prize]", "[win]")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("name: says_you\nkind: keywords\nwords: [a]\nvote: spam", "says_prize"),  # another has that name
        ("name: shouts\nkind: keywords\nwords: [a]\nvote: spam", "says_prize"),  # in the Python file
        ("name: says_prize\nkind: keywords\nwords: [a]\nvote: egg", "says_prize"),
        ("name: says_prize\nkind: keyword\nwords: [a]\nvote: spam", "says_prize"),
        ("name: a\nkind: keywords\nwords: [a]\nvote: spam\n- name: b", "says_prize"),
    ],
)
def test_what_is_wrong_is_not_written(workspace, file, text, name):
    before = file.read_bytes()
    with pytest.raises(TidemillError):
        save(workspace, "f.yaml", text, began_with=entry(file, name).text, name=name)
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.iterdir() if one.name.endswith(".part")] == []


@pytest.mark.parametrize(
    "name", ["../mail/f.yaml", "f.py", "_f.yaml", "a/b.yaml", ".f.yaml", "f\n.yaml", "nothing.yaml"]
)
def test_no_other_file_can_be_named(workspace, name):
    with pytest.raises(ConfigError):
        workspace.file(name)


def test_a_link_out_of_the_folder_is_not_followed(workspace, file, tmp_path):
    (tmp_path / "outside.yaml").write_text("functions: []\n")
    (file.parent / "linked.yaml").symlink_to(tmp_path / "outside.yaml")
    with pytest.raises(ConfigError, match="link"):
        workspace.file("linked.yaml")


@pytest.mark.slow
def test_edits_of_two_people_in_one_file_both_survive(workspace, file):
    """Each round, both begin with what the file had, and save in a drawn order or at once."""
    for seed in range(20):
        mine, theirs = entry(file, "says_prize"), entry(file, "says_you")
        edits = [
            ("says_prize", mine.text, f"{{name: says_prize, kind: keywords, words: [prize, p{seed}], vote: spam}}"),
            ("says_you", theirs.text, f"{{name: says_you, kind: keywords, words: [you, y{seed}], vote: ham}}"),
        ]
        order = np.random.default_rng(seed).permutation(2)
        with ThreadPoolExecutor(2) as both:
            done = [
                both.submit(save, workspace, "f.yaml", edits[i][2], began_with=edits[i][1], name=edits[i][0])
                for i in order
            ]
            for one in done:
                one.result()
        words = {
            one["name"]: one["words"][-1] for one in yaml.safe_load(file.read_text())["functions"] if "words" in one
        }
        assert (words["says_prize"], words["says_you"]) == (f"p{seed}", f"y{seed}")
