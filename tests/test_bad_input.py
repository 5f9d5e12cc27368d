"""Whatever is typed, sent or put into an address: an answer with words, never an error of ours, on either database."""

import json
import re
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.test import Client as Browser
from django.urls import reverse

from clients.walk import STEPS
from practice.models import Practice
from tests.support.addresses import ARGUMENTS, FORMS, form_of, kwargs_of, query_of, url_of
from tests.support.everything import built_practice, whole_practice  # noqa: F401
from tests.support.pages import is_html, read_page
from tests.support.rows import all_rows, changed_tables, rolled_back
from tests.test_access import FIRST_ACTING, LINES, browser_of, cells

ROOT = Path(__file__).resolve().parent.parent

# Characters that are fine in a text, if odd.
TEXTS = {
    "spaces": "   ",
    "tab": "\t",
    "newlines": "\r\n\r\n",
    "right to left": "\u202egpj.exe",
    "a family": "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "combining flood": "e" + "\u0301" * 90,
    "line separator": "one\u2028two\u2029three",
    "zero width": "\u200b\ufeff\u2060",
    "look-alike mail": "\u0430da@ex\u0430mple.com",
    "header injection": "Ada\r\nBcc: all@mail.example",
    "markup": "<script>alert(1)</script>",
    "template": "{{ 7*7 }}{% url 'home' %}",
    "format": "%s%n%(name)s {0.__class__} {first_name}",
    "sql": "' OR 1=1 --",
    "path": "../../../../etc/passwd",
    "quoted path": "..%2f..%2fetc",
    "list": '["a", {"b": null}]',
    "null": "null",
    "pipe": "|",
    "colon": "left:piriformis:left",
    "comma": ",,1,",
    "long": "lang " * 1100,
}
NUMBERS = {
    "minus one": "-1",
    "zero": "0",
    "minus zero": "-0",
    "leading zeros": "0007",
    "a fraction": "1.5",
    "a comma": "1,5",
    "huge float": "1e309",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "2**15": str(2**15),
    "2**31": str(2**31),
    "2**63": str(2**63),
    "10**30": str(10**30),
    "5000 digits": "9" * 5000,
    "hexadecimal": "0x10",
    "underscores": "1_000",
    "full width": "\uff11\uff12",
    "superscript": "\u00b2",
    "arabic": "\u0663",
}
MOMENTS = {
    "year 1": "0001-01-01",
    "year 0": "0000-00-00",
    "year 9999": "9999-12-31",
    "30 February": "2027-02-30",
    "clocks go forward": "2027-03-28",
    "25 o'clock": "25:61",
    "last minute": "23:59:59.999999",
    "slot of year 1": "0001-01-01T00:00Z|1",
    "slot of year 9999": "9999-12-31T23:59Z|1",
    "slot of nobody": "2026-11-26T10:00Z|99999999999999999999999",
    "slot in a fold": "2027-10-31T00:30Z|\u00b2",
    "a phone": "+999999999999999999999",
    "a uuid": "00000000-0000-0000-0000-000000000000",
}
CORPUS = {"empty": "", **TEXTS, **NUMBERS, **MOMENTS}
# What no text may hold: PostgreSQL cannot keep the first, and Django would silently replace the others.
BROKEN = {
    "NUL": b"Ada%00M",
    "a lone byte": b"%ff%fe",
    "half a surrogate": b"%ed%a0%80",
    "overlong": b"%c0%af",
    "replacement character": b"%ef%bf%bd",
}
# Which values may pass a field of that kind and go on to the rules behind it.
BY_KIND = {
    "text": TEXTS,
    "textarea": TEXTS,
    "search": TEXTS,
    "hidden": {**NUMBERS, **MOMENTS},
    "number": NUMBERS,
    "date": MOMENTS,
    "time": MOMENTS,
    "select": NUMBERS,
    "radio": NUMBERS,
    "checkbox": NUMBERS,
}
TRIES = {"text": 2, "textarea": 2, "hidden": 3, "number": 4, "date": 3, "time": 2}
MOST_TRIES = 12  # of one form, spread over its fields
STRANGERS = 3  # requests in which every field gets values of other kinds
UNSEEN = {  # fields that views read although no page draws them, or not on every page
    "booking:appointment_create": ("client", "look", "back"),
    "booking:appointment_move": ("look",),
    "booking:appointment_arrive": ("back", "view"),
    "booking:appointment_drop": ("starts", "length", "therapist", "room", "version", "key", "overrule", "view"),
    "booking:appointment_undo": ("version", "seen", "view"),
    "clients:client_create": ("is_another_person", "known_duplicates", "onward"),
    "clients:task_done": ("next",),
    "clients:intake_request": ("next",),
    "clients:intake_group": ("regions",),
    "clients:screening_clarify": ("base",),
    "referrals:referral_create": ("is_another_person", "client"),
    "sessions:session_chart": ("act", "card", "test"),
    "sessions:session_sign": ("version",),
    "workspace:clock_move": ("step",),
}
HEADERS = ({}, {"hx_request": "true", "hx_target": "board"}, {"x_autosave": "1"})
QUERY_NAMES = (
    "appointment by cards client day kind length look month next onward other_time overrule page q room said scope seen service session severity show side slot spot starts story technique test therapist version view week words"
).split()


def fields_of(route, everything, browser, **place):
    """Return (form that passes, kind of each field) of the form behind an address."""
    url = url_of(route, everything, everything.ada, **place)
    form, kinds = form_of(route, everything, everything.ada, browser), {}
    with rolled_back():
        page = browser.get(url)
    if page.status_code == 200 and is_html(page):
        for each in read_page(page).forms:
            if each.method == "post" and each.action in ("", url, url.partition("?")[0]):
                kinds |= each.kinds
                form = each.values | form
    name = route.partition(", ")[0]
    kinds = dict.fromkeys([*form, *UNSEEN.get(name, ())], "hidden") | kinds
    kinds.pop("csrfmiddlewaretoken", None)
    return url, form, kinds


def failures(tries):
    """Send each (what, browser, url, data, options); return what was answered with an error of ours."""
    found = []
    for what, browser, url, data, options in tries:
        browser.raise_request_exception = False
        with rolled_back():
            response = browser.post(url, data, **options)
        if response.status_code >= 500:
            found.append((what, response.status_code))
    return found


def all_at_once(url, kinds, new_browser):
    """Put an odd value into every field at once: every second one of its kind, and a few of other kinds.

    Which half a field gets depends on its place, so every value meets many fields of its kind. Large forms get fewer.
    """
    values = list(CORPUS.values())
    for turn in range(STRANGERS if kinds else 1):
        row = {name: values[(place * 7 + turn * 9 + len(url)) % len(values)] for place, name in enumerate(kinds)}
        yield f"stranger {turn}", new_browser(), url, row, {}
    likely = {name: list(BY_KIND.get(kind, TEXTS).values()) for name, kind in kinds.items()}
    turns = max(map(len, likely.values()), default=2) // 2
    for turn in range(turns if len(kinds) < 20 else 4):
        row = {name: values[(2 * turn + place) % len(values)] for place, (name, values) in enumerate(likely.items())}
        yield f"turn {turn}", new_browser(), url, row, {"headers": HEADERS[turn % len(HEADERS)]}


def one_at_a_time(url, form, kinds, new_browser):
    """Put one odd value into a form that would pass, so that it goes as far as it can; which ones, turns by field."""
    tries = []
    for place, (name, kind) in enumerate(kinds.items()):
        values = list(BY_KIND.get(kind, TEXTS).items())
        for turn in range(TRIES.get(kind, 1)):
            tries.append((name, *values[(place * 3 + turn * len(values) // TRIES.get(kind, 1)) % len(values)]))
    for name, what, value in tries[:: 1 + len(tries) // MOST_TRIES]:
        yield f"{name}: {what}", new_browser(), url, form | {name: value}, {}


@pytest.mark.parametrize("route", FIRST_ACTING)
def test_no_form_breaks(route, everything):
    actor = FIRST_ACTING[route]
    with rolled_back():
        url, form, kinds = fields_of(route, everything, browser_of(actor, everything))

    def new_browser():
        return browser_of(actor, everything)

    assert failures(all_at_once(url, kinds, new_browser)) == []
    assert failures(one_at_a_time(url, form, kinds, new_browser)) == []


@pytest.mark.parametrize("step", [step.key for step in STEPS])
def test_no_part_of_the_intake_breaks(step, everything):
    with rolled_back():
        holder = everything.holder(everything.ada)
        url, form, kinds = fields_of("clients:intake_group", everything, holder, step=step)
    if step == "body":
        kinds["regions"] = "checkbox"

    def new_browser():
        return everything.holder(everything.ada)

    assert failures(islice(all_at_once(url, kinds, new_browser), 7)) == []


@pytest.mark.parametrize("route", ["online:book_time", "online:book_details"])
def test_no_later_step_of_the_public_page_breaks(route, everything):
    """Tried by a browser that has answered the safety questions; the table above tries them as somebody who has not."""
    with rolled_back():
        url, form, kinds = fields_of(route, everything, everything.holder(everything.ada))

    def new_browser():
        return everything.holder(everything.ada)

    assert set(form) >= {"key", "slot"}
    assert failures(all_at_once(url, kinds, new_browser)) == []
    assert failures(one_at_a_time(url, form, kinds, new_browser)) == []


def test_refused_forms_say_so_at_the_field_and_keep_what_was_typed(everything):
    """On the desk's longest form: nothing is stored, every message stands in the page, the good fields are still there."""
    dana, url = everything.signed_in(everything.dana), reverse("clients:client_create")
    typed = {"first_name": "Zo\u00eb", "last_name": "", "born_on": "2027-02-30", "phone": "twelve", "email": "no mail"}
    before = all_rows()

    page = dana.post(url, typed)

    assert page.status_code == 422
    assert {"last_name", "born_on", "phone", "email"} <= set(page.context["form"].errors)
    body = page.content.decode()
    assert all(value in body for value in typed.values())
    assert changed_tables(before, all_rows()) == []


# --- bytes that are no text, and bodies that are no form


def sent_raw(browser, url, body, content_type="application/x-www-form-urlencoded"):
    browser.raise_request_exception = False
    with rolled_back():
        return browser.generic("POST", url, body, content_type=content_type)


@pytest.mark.parametrize("what", BROKEN)
def test_broken_text_is_refused_everywhere_before_anything_is_read(what, everything):
    broken, statuses = BROKEN[what], {}
    for route, actor in FIRST_ACTING.items():
        browser, url = browser_of(actor, everything), url_of(route, everything, everything.ada).partition("?")[0]
        name = next(iter(FORMS[route]((everything, everything.ada))), "x") if route in FORMS else "x"
        for body in (name.encode() + b"=" + broken, broken + b"=x"):
            statuses[route, body] = sent_raw(browser, url, body).status_code
        browser.raise_request_exception = False
        statuses[route, "query"] = browser.get(f"{url}?q={broken.decode()}").status_code

    assert {place: status for place, status in statuses.items() if status != 400} == {}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_text_in_a_path_is_not_found_or_refused(what, everything):
    olga = everything.signed_in(everything.olga)
    for before in ("/mailbox/", "/booking/open/", "/protocols/", "/people/", "/clients/intake/"):
        assert olga.get(before + BROKEN[what].decode() + "/").status_code in {400, 404}


BODIES = {
    "JSON": (b'[{"a": 1}]', "application/json"),
    "XML": (b"<a/>", "text/xml"),
    "no type": (b"a=1", ""),
    "unknown charset": (b"a=1", "application/x-www-form-urlencoded; charset=klingon"),
    "UTF-7": (b"first_name=+ADw-", "application/x-www-form-urlencoded; charset=utf-7"),
    "UTF-16": ("first_name=\u20ac".encode("utf-16"), "application/x-www-form-urlencoded; charset=utf-16"),
    "no boundary": (b"--x\r\n", "multipart/form-data"),
    "odd boundary": (b"--x\r\n", "multipart/form-data; boundary=\xff"),
    "cut short": (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', "multipart/form-data; boundary=x"),
    "bad header": (b"--x\r\nContent-Disposition: nonsense\r\n\r\n1\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    "bad base64": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "a file": (
        b'--x\r\nContent-Disposition: form-data; name="first_name"; filename="../a.php"\r\n\r\n1\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "NUL in a multipart": (
        b'--x\r\nContent-Disposition: form-data; name="first_name"\r\n\r\n\x00\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "repeated keys": (
        b"&".join([b"client=1", b"version=1", b"first_name=a"] * 40),
        "application/x-www-form-urlencoded",
    ),
    "only separators": (b"&&&&====", "application/x-www-form-urlencoded"),
}


@pytest.mark.parametrize("what", BODIES)
def test_no_odd_body_breaks_a_page(what, everything):
    body, content_type = BODIES[what]
    statuses = {
        route: sent_raw(
            browser_of(actor, everything), url_of(route, everything, everything.ada), body, content_type
        ).status_code
        for route, actor in [*FIRST_ACTING.items()][len(what) % 4 :: 4]
    }

    assert {route: status for route, status in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("10 MB", b"first_name=" + b"a" * 10_000_000),
        ("1001 fields", b"&".join(b"f%d=1" % number for number in range(1001))),
        ("1001 values of one field", b"&".join([b"card=left:piriformis"] * 1001)),
    ],
)
def test_bodies_that_are_too_large_are_refused_with_words(what, body, everything):
    for route in ("clients:client_create", "booking:appointment_create", "referrals:referral_create"):
        page = sent_raw(everything.signed_in(everything.dana), url_of(route, everything, everything.ada), body)
        assert page.status_code == 413, what
        assert "too" in page.content.decode()


# --- addresses


def readable(route):
    """Who gets the page behind an address, or None."""
    return next((actor for actor in LINES[route][0] if cells(route)["GET", actor] == "200"), None)


def asked(browser, url, **headers):
    browser.raise_request_exception = False
    with rolled_back():
        return browser.get(url, headers=headers).status_code


@pytest.mark.parametrize("route", [route for route in LINES if readable(route)])
def test_no_query_breaks_a_page(route, everything):
    """What a page reads gets odd values one at a time; all names that any page reads get them together."""
    actor, (path, _, _) = readable(route), url_of(route, everything, everything.ada).partition("?")
    query, values = query_of(route, everything, everything.ada), list(CORPUS.items())
    phase = len(route)
    tries = {
        ("all", what): dict.fromkeys(QUERY_NAMES, value) for what, value in values[phase % 5 :: 5 if query else 25]
    }
    for place, name in enumerate(query):
        for what, value in values[(phase + place) % 7 :: 7]:
            tries[name, what] = query | {name: value}
    statuses = {
        key: asked(browser_of(actor, everything), f"{path}?{urlencode(sent)}", **HEADERS[place % 2])
        for place, (key, sent) in enumerate(tries.items())
    }

    assert {key: status for key, status in statuses.items() if status >= 500} == {}


IDS = ["0", "00", str(2**31), str(2**63), "9" * 4000]


@pytest.mark.parametrize("route", [route for route in ARGUMENTS if route in LINES])
def test_no_path_breaks_a_page(route, everything):
    """Every number and word of an address, by GET and POST: what names no row is not there."""
    kwargs = kwargs_of(route, everything, everything.ada)
    actor = FIRST_ACTING.get(route) or readable(route) or LINES[route][0][1]
    found = {}
    for name, value in kwargs.items():
        sample = "123454321" if isinstance(value, int) else "in-its-place"
        url = url_of(route, everything, everything.ada, **{name: int(sample) if isinstance(value, int) else sample})
        odd = (
            IDS
            if isinstance(value, int)
            else [quote(text, safe="") for text in list(CORPUS.values())[1 + len(route) % 7 :: 7]]
        )
        for text in odd:
            place = url.replace(sample, text)
            browser = browser_of(actor, everything)
            browser.raise_request_exception = False
            with rolled_back():
                statuses = (asked(browser, place), browser.post(place.partition("?")[0], {}).status_code)
            if not {400, 404, 405, 302, 403} >= set(statuses):
                found[name, text[:40]] = statuses

    assert found == {}


def test_every_name_that_a_view_reads_from_a_query_is_tried():
    apps = ("booking", "clients", "protocols", "sessions", "referrals", "reminders", "workspace", "practice")
    code = "\n".join(path.read_text() for app in apps for path in (ROOT / app).rglob("*.py"))
    read = set(re.findall(r"request\.GET(?:\.get|\.getlist|\[)\(?\"(\w+)\"", code))

    assert read <= set(QUERY_NAMES)


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "sessionid=" + "a" * 3000},
        {"cookie": "sessionid=\u00ff; csrftoken=x; messages=garbage"},
        {"hx_request": "true", "hx_target": "<script>", "hx_current_url": "http://%zz"},
        {"accept_language": "x" * 5000},
        {"x_forwarded_for": "a, b, ::1"},
        {"if_modified_since": "yesterday", "if_none_match": "\u00ff"},
        {"range": "bytes=0-99999999999"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_no_header_breaks_a_page(headers, everything):
    for url in ("/", "/booking/", "/accounts/login/", f"/booking/open/{everything.ada.tokens['visit']}/"):
        assert asked(Browser(), url, **headers) < 500
        assert asked(everything.signed_in(everything.dana), url, hx_target=headers.get("hx_target", "")) < 500


def test_a_foreign_host_is_refused(everything):
    assert asked(Browser(), "/booking/", host="evil.example") == 400


# --- doors before there is anybody


LIBRARY_FORMS = ("account_login", "account_reset_password", "account_signup", "account_reauthenticate")


@pytest.mark.parametrize("name", LIBRARY_FORMS)
def test_no_form_of_the_sign_in_breaks(name, everything):
    user = everything.dana if name == "account_reauthenticate" else None
    kinds = dict.fromkeys(("login", "email", "username", "password", "password1", "remember", "next"), "text")

    assert failures(all_at_once(reverse(name), kinds, lambda: everything.signed_in(user))) == []


def test_the_first_run_does_not_break(everything, settings):
    settings.DEMO = False
    Practice.objects.all().delete()
    before = all_rows()
    names = "setup_code name time_zone address phone emergency_number urgent_advice first_name last_name username email"
    kinds = dict.fromkeys([*names.split(), "roles", "password"], "text")

    assert failures(all_at_once(reverse("first_run"), kinds, Browser)) == []
    assert changed_tables(before, all_rows()) == []


def test_the_corpus_is_what_was_promised():
    assert len(CORPUS) >= 40
    assert json.dumps(list(CORPUS.values()))
