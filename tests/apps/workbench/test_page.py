import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tidemill.apps.workbench.page import thumbnail


@pytest.mark.slow
def test_the_page_tells_every_function_shows_rows_and_plots_and_needs_no_network(lf, project):
    (written,) = lf("report", "mail", "--json")
    page = (project / written).read_text(encoding="utf-8")
    for name in ("says_prize", "says_cash", "says_lunch", "says_you", "few_links", "shouts"):
        assert f"<b>{name}</b>" in page
    assert page.count("data:image/png;base64,") == 4
    for words in ("cash and money for free", "Candidates for uncovered rows", "nearly fires on", "value"):
        assert words in page
    assert not re.findall(r"(?:src|href)=\"(?!#|data:)[^\"]*|<script|https?://", page)


def test_what_a_row_says_is_text_on_the_page_and_not_markup(lf, project, monkeypatch):
    from tidemill.apps.workbench import page

    monkeypatch.setattr(page, "content", lambda *_: "<script>alert(1)</script>")
    (written,) = lf("report", "mail", "--json")
    assert "<script" not in (project / written).read_text(encoding="utf-8")


def test_a_thumbnail_is_a_small_jpeg():
    file = io.BytesIO()
    Image.fromarray(np.zeros((300, 150), dtype=np.uint16)).save(file, format="PNG")
    address = thumbnail(file.getvalue())
    with Image.open(io.BytesIO(base64.b64decode(address.removeprefix("data:image/jpeg;base64,")))) as small:
        assert (small.format, small.size) == ("JPEG", (56, 112))
