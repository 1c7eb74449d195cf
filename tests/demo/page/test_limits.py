"""Limits that would shut the page are refused."""

import pytest

from melonnx.demo.page.limits import Limits


@pytest.mark.parametrize("name", ["file_mb", "files", "minutes", "queue", "concurrency"])
def test_nothing_is_no_limit(name):
    with pytest.raises(ValueError, match="must"):
        Limits(**{name: 0})


def test_upload_holds_its_files():
    limits = Limits(file_mb=3, files=4)
    assert limits.file_bytes == 3 * 1024 * 1024
    assert limits.upload_bytes >= 4 * limits.file_bytes
