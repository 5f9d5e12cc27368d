"""A real Chromium for the tests of the look."""

import pytest
from playwright.sync_api import sync_playwright

from tools import browser as chromium

FLAGS = ["--no-sandbox", "--disable-background-networking"]


@pytest.fixture(scope="module")
def chrome():
    """One Chromium per module; Playwright's loop in this thread makes Django ask to be told that this is on purpose."""
    patch = pytest.MonkeyPatch()
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        yield browser
        browser.close()
    patch.undo()


@pytest.fixture
def complaints():
    """What the browser's console said: a refused script, style or image shows here."""
    return []


@pytest.fixture
def open_as(chrome, live_server, client, complaints):
    """Open a page in a fresh browser as `user` (or as nobody): `open_as(mia, "/look/staff/", width=390)`."""
    contexts = []

    def open_page(user, path, width=1366, **options):
        context = chrome.new_context(viewport={"width": width, "height": 900}, base_url=live_server.url, **options)
        contexts.append(context)
        if user:
            client.force_login(user)
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
