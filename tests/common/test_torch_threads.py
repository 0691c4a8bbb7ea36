import contextlib

import torch

from tidemill.common.torch_threads import torch_threads


def test_the_number_of_threads_is_that_of_before_when_the_block_has_ended():
    before = torch.get_num_threads()
    with torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_a_block_that_fails_leaves_the_number_of_threads_as_it_was():
    before = torch.get_num_threads()
    with contextlib.suppress(ZeroDivisionError), torch_threads(before + 1):
        _ = 1 / 0
    assert torch.get_num_threads() == before
