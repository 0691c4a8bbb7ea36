import pytest

from tidemill.label.functions.changing_values import changing_values


def notes(tmp_path, text):
    (tmp_path / "f.py").write_text(text)
    return changing_values([tmp_path / "f.py", tmp_path / "f.yaml"])


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
        "import time\n\ndef f(row):\n    return time.time()\n",  # asked again, and refused there
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
