"""Reading pages as a browser does: the links on them, and the forms with what stands in their fields."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

PRESSED = {"submit", "button", "image", "reset"}


@dataclass
class Form:
    """One form: `values` is what it would send as it stands; `kinds` the type of every field, by name."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, kind: str, value: str | None, *, is_sent: bool) -> None:
        """Take in one field, or one choice of it."""
        self.kinds.setdefault(name, kind)
        if is_sent:
            self.values.setdefault(name, []).append(value or "")
        if kind in {"select", "radio", "checkbox"} and value:
            self.options.setdefault(name, []).append(value)


class PageReader(HTMLParser):
    """Collects `links` (addresses of a, img, hx-get and hx-post alike) and `forms`."""

    def __init__(self, html: str):
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self._area: tuple[str, list[str]] | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.links += [given[name] for name in ("href", "hx-get") if given.get(name)]
        if tag == "form":
            self._form = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self._form)
        name = given.get("name")
        if self._form is None or "disabled" in given:
            return
        if tag == "option" and self._select:
            self._form.add(self._select, "select", given.get("value"), is_sent="selected" in given)
        elif not name:
            return
        elif tag == "input":
            kind = given.get("type") or "text"
            is_sent = kind not in PRESSED and (kind not in {"radio", "checkbox"} or "checked" in given)
            value = given.get("value", "on" if kind == "checkbox" else "")
            self._form.add(name, kind, value, is_sent=is_sent)
        elif tag == "button":
            self._form.add(name, "button", given.get("value"), is_sent=False)
        elif tag == "select":
            self._select = name
            self._form.kinds.setdefault(name, "select")
        elif tag == "textarea":
            self._area = (name, [])

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area:
            name, parts = self._area
            self._form.add(name, "textarea", "".join(parts).removeprefix("\n"), is_sent=True)
            self._area = None

    def handle_data(self, data):
        if self._area:
            self._area[1].append(data)


def read_page(response) -> PageReader:
    """Read a response's HTML."""
    return PageReader(response.content.decode())


def is_html(response) -> bool:
    """Say whether there is a page to read."""
    return response.headers.get("Content-Type", "").startswith("text/html")
