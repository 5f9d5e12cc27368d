"""The static files as a practice serves them: hashed, each reference resolved, none sent elsewhere."""

import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from config.settings import STORAGES as PRODUCT_STORAGES  # noqa: TID251

pytestmark = pytest.mark.one_database


@pytest.fixture
def collected(settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    settings.STORAGES = PRODUCT_STORAGES
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_static_files_are_hashed_and_resolve_every_reference(collected):
    names = staticfiles_storage.hashed_files

    for path in (
        "css/tokens.css",
        "css/theme.css",
        "js/site.js",
        "vendor/bootstrap/bootstrap.min.css",
        "vendor/bootstrap-icons/icons.svg",
    ):
        assert re.fullmatch(rf"{path.rsplit('.', 1)[0]}\.[0-9a-f]{{12}}\.\w+", names[path])
        assert (collected / names[path]).is_file()
    tokens = (collected / names["css/tokens.css"]).read_text()
    assert re.search(r"latin\.[0-9a-f]{12}\.woff2", tokens)


def test_static_files_of_ours_ask_nothing_of_other_hosts(collected):
    ours = [*(collected / "css").glob("*.css"), *(collected / "js").glob("*.js")]

    assert ours
    assert [
        path.name
        for path in ours
        if re.search(r"""(?:url\(|@import |fetch\(|src\s*=)\s*["']?(?:https?:)?//""", path.read_text())
    ] == []
