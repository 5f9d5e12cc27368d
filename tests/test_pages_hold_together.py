"""What a page must have so that it can be used at all: every button stands in the form it sends."""

from html.parser import HTMLParser

import pytest

from tests.support.addresses import url_of
from tests.support.everything import built_practice, whole_practice  # noqa: F401
from tests.support.pages import is_html
from tests.test_access import LINES, ask, cells


class ButtonReader(HTMLParser):
    """Collects `faults`: forms within forms, which browsers drop, and submit buttons that would send nothing."""

    def __init__(self, html: str):
        super().__init__()
        self.faults: list[str] = []
        self._is_in_form = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            if self._is_in_form:
                self.faults.append(f"a form within a form, line {self.getpos()[0]}")
            self._is_in_form = True
        elif tag == "button" and given.get("type", "submit") == "submit" and not (self._is_in_form or "form" in given):
            self.faults.append(f"a button without a form, line {self.getpos()[0]}")

    def handle_endtag(self, tag):
        if tag == "form":
            self._is_in_form = False


def test_the_reader_sees_a_form_within_a_form():
    nested = "<form><form><input></form><button>Save</button></form>"

    assert ButtonReader(nested).faults == ["a form within a form, line 1", "a button without a form, line 1"]


@pytest.mark.parametrize("route", [route for route in LINES if "200" in cells(route).values()])
def test_every_button_sends_its_form(route, everything):
    url = url_of(route, everything, everything.ada)
    for method, actor in cells(route):
        if method == "GET" and cells(route)[method, actor] == "200":
            response = ask("GET", url, actor, everything)
            if is_html(response):
                assert ButtonReader(response.content.decode()).faults == [], actor
