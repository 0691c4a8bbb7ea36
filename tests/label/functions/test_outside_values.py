import pytest

from tidemill.label.functions.outside_values import outside_values


def notes(tmp_path, text):
    (tmp_path / "f.py").write_text(text)
    return outside_values([tmp_path / "f.py", tmp_path / "f.yaml"], {"LIMIT", "TOKEN"})


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "from datetime import datetime, timedelta\nSINCE = datetime.now() - timedelta(days=30)\n",
            "datetime.now() on line 2",
        ),
        ("import datetime as dt\nTODAY = dt.date.today()\n", "dt.date.today() on line 2"),
        ("import time\n\ndef f(row, now=time.time()):\n    return 1\n", "time.time() on line 3"),
        ("import random\nWORDS = random.sample(['a', 'b'], 1)\n", "random.sample() on line 2"),
        ("import numpy as np\nrng = np.random.default_rng()\n", "np.random.default_rng() on line 2"),
        ("import numpy as np\nclass A:\n    cut = np.random.rand()\n", "np.random.rand() on line 3"),
        ("from uuid import uuid4\nif True:\n    X = [uuid4() for _ in range(2)]\n", "uuid4() on line 3"),
        ("import random\nnp = random.Random()\n", "random.Random() on line 2"),
    ],
)
def test_time_and_chance_at_load_are_told_with_their_line(tmp_path, text, place):
    assert [place in note for note in notes(tmp_path, text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "import random\n\ndef f(row):\n    return random.random()\n",  # asked again, and refused there
        "import time\n\ndef f(row):\n    start = time.perf_counter()\n",
        "import os\nLIMIT = os.environ.get('OTHER', '3')\nHOME = os.environ['LIMIT']\n",
        "import random\nrandom.seed(3)\nWORDS = random.sample(['a', 'b'], 1)\n",
        "import numpy as np\nrng = np.random.default_rng(0)\nCUT = rng.random()\n",
        "import random\nCUT = random.Random(seed) if (seed := 3) else 0\n",
        "from datetime import datetime\nSINCE = datetime(2026, 1, 1)\n",
        "def random(): ...\nCUT = random()\n",
        "def broken(:\n",
    ],
)
def test_what_is_the_same_each_time_is_not_told(tmp_path, text):
    assert notes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (
            "from datetime import date\n\ndef f(row):\n    return (date.today() - row.sent).days < 30\n",
            "date.today() on line 4",
        ),
        ("import datetime\nf = lambda row: datetime.datetime.now().hour\n", "datetime.datetime.now() on line 2"),
    ],
)
def test_the_day_that_a_function_asks_for_is_told(tmp_path, text, place):
    (note,) = notes(tmp_path, text)
    assert f"{place} is asked while functions vote, and votes that are kept do not follow it" in note


@pytest.mark.parametrize(
    "text",
    [
        "import os\nLIMIT = int(os.environ.get('LIMIT', '3'))\n",
        "from os import getenv\n\ndef f(row):\n    return getenv('LIMIT')\n",
    ],
)
def test_variables_that_are_set_and_that_functions_do_not_see_are_told(tmp_path, text):
    (note,) = notes(tmp_path, text)
    assert "f.py: the environment has LIMIT (line " in note
    assert "their default counts: write the value into the file" in note
