"""Forms that were tampered with: other people's ids in them, and fields that were never on the page."""

import re

import pytest
from django.apps import apps
from django.db import models

from tests.support.addresses import form_of, kwargs_of, url_of
from tests.support.everything import built_practice, whole_practice  # noqa: F401
from tests.support.rows import all_rows, changed_tables, rolled_back
from tests.test_access import FIRST_ACTING, LINES, TABLE, browser_of, cells, passing_form

# Forms a therapist sends about a client in their care.
THERAPISTS = [route for route in TABLE["staff"] if cells(route)["POST", "mia"] == "302"]
# A visit may be given to a colleague, and a client put on a colleague's waitlist; that opens nothing to who does it.
COLLEAGUES = {
    ("booking:appointment_create", "therapist"),
    ("booking:appointment_create", "slot"),
    ("booking:appointment_drop", "therapist"),
    ("booking:appointment_move", "therapist"),
    ("booking:appointment_move", "slot"),
    ("booking:waitlist_add", "therapist"),
    ("booking:waitlist_offer", "therapist"),
    ("booking:waitlist_offer", "slot"),
}
# The client stands in the address, and is not read from the form; the access table has that address with another's client.
IN_THE_ADDRESS = {("booking:series_create", "client")}
# Forms about nobody: there is no id in them to put another's in.
ABOUT_NOBODY = {"sessions:snippet_list"}


IDS = re.compile(r"[\dTZ:|-]+")


def sent(everything, url, form):
    """Send a form as Tom; return the answer and the tables it changed, and undo it."""
    with rolled_back():
        response = everything.signed_in(everything.tom).post(url, form)
        return response, changed_tables(everything.rows, all_rows())


def swappable(own, foreign):
    """Return the fields in which two people's forms hold different ids, or moments with ids in them."""
    return [name for name in own if own[name] != foreign.get(name) and IDS.fullmatch(_one(foreign.get(name)))]


def _one(value):
    return str(value[0] if isinstance(value, list) and value else value)


@pytest.mark.parametrize("route", THERAPISTS)
def test_ids_of_another_therapist_s_rows_write_nothing(route, everything):
    """Tom sends the form about Cleo; then once for every id, in path and fields, with the id of Ada's row in its place."""
    ada, cleo = everything.ada, everything.cleo
    tom, mia = everything.signed_in(everything.tom), everything.signed_in(everything.mia)
    with rolled_back():
        own, foreign = form_of(route, everything, cleo, tom), form_of(route, everything, ada, mia)
    path = kwargs_of(route, everything, ada)
    path = {name: value for name, value in path.items() if value != kwargs_of(route, everything, cleo)[name]}
    fields = [name for name in swappable(own, foreign) if (route, name) not in COLLEAGUES | IN_THE_ADDRESS]

    answer, _ = sent(everything, url_of(route, everything, cleo), own)
    assert answer.status_code == 302

    for name, value in path.items():
        url = url_of(route, everything, cleo, **{name: value})
        answer, changed = sent(everything, url, own)
        assert (answer.status_code, changed) == (404, []), name
    for name in fields:
        swapped = own | {name: foreign[name]}
        answer, changed = sent(everything, url_of(route, everything, cleo), swapped)
        assert changed == [], (name, foreign[name])
        assert answer.status_code in {302, 404, 409, 422}, name
    assert path or fields or route in ABOUT_NOBODY | {name for name, _ in IN_THE_ADDRESS}


def test_the_swap_finds_ids_in_fields(everything):
    """The control: these are hidden or chosen ids that the test above must have put in Cleo's forms."""
    with rolled_back():
        forms = {
            record.name: {
                route: form_of(route, everything, record, everything.signed_in(record.therapist))
                for route in THERAPISTS
            }
            for record in (everything.ada, everything.cleo)
        }
    found = {(route, name) for route in THERAPISTS for name in swappable(forms["cleo"][route], forms["ada"][route])}

    assert found >= {
        ("booking:appointment_create", "client"),
        ("booking:waitlist_add", "client"),
        ("clients:screening_clarify", "base"),
        ("sessions:adverse_event_create", "session"),
    }


# --- fields that were never on the page

# What a request may differ in although nothing was smuggled in: secrets drawn anew, and Django's own moment.
RANDOM = {"token_hash", "password", "date_joined", "content_hash", "chain_hash", "result_id"}


def rows_without_keys(before):
    """Return all rows as they read on any database: new rows have no number, and point at `new` ones."""
    known = {label: {row[0] for row in rows} for label, rows in before.items()}
    shown = {}
    for label in before:
        model = apps.get_model(label)
        fields = [field for field in model._meta.concrete_fields if field.name not in RANDOM]
        rows = model._base_manager.values_list(*(field.attname for field in fields))
        shown[label] = sorted(
            [
                repr([_shown(field, value, label, known) for field, value in zip(fields, row, strict=True)])
                for row in rows
            ]
        )
    return shown


def _shown(field, value, label, known):
    target = label if field.primary_key else field.is_relation and field.related_model._meta.label
    return "new" if target in known and value is not None and value not in known[target] else value


def smuggled(everything):
    """Every column of every table with a value a rogue would like to see there, and what a view might read besides."""
    values = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            values[field.name] = values[field.attname] = _rogue(field, everything)
    return values | {
        "pk": str(everything.ada.client.pk),
        "roles": ["owner", "therapist", "front_desk"],
        "user": str(everything.dana.pk),
        "client": str(everything.cleo.client.pk),
    }


def _rogue(field, everything):
    if field.is_relation:
        return str(everything.tom.pk)
    if isinstance(field, models.BooleanField):
        return "on"
    if isinstance(field, models.IntegerField | models.DecimalField):
        return "7"
    if isinstance(field, models.DateTimeField):
        return "2026-11-20 08:00:00"
    if isinstance(field, models.DateField):
        return "2026-11-20"
    return str(field.choices[-1][0]) if field.choices else "smuggled"


# Fields a form reads although no page draws them, or draws them for others only: what they do is their own tests' matter.
READ_BY_DESIGN = {
    "booking:appointment_create": {"client"},
    "booking:waitlist_add": {"client"},
    "referrals:referral_create": {"client"},
}


@pytest.mark.parametrize("route", FIRST_ACTING)
def test_a_form_writes_its_declared_fields_only(route, everything):
    actor, form = FIRST_ACTING[route], passing_form(route, everything)
    url, browser = url_of(route, everything, everything.ada), browser_of(actor, everything)
    kinds = set(form) | READ_BY_DESIGN.get(route, set())
    with rolled_back():
        page = browser.get(url)
        kinds |= set(getattr(page.context and page.context.get("form"), "fields", {})) if page.context else set()
    extra = {name: value for name, value in smuggled(everything).items() if name not in kinds}

    def result(data):
        with rolled_back():
            response = browser_of(actor, everything).post(url, data)
            return response.status_code, rows_without_keys(everything.rows)

    plain, forged = result(form), result(form | extra)

    assert plain[0] == 302
    assert {name for name in plain[1] if plain[1][name] != forged[1][name]} == set()
    assert plain[0] == forged[0]


def test_smuggled_fields_would_show(everything):
    """The control: a value that a form does take is seen by the comparison."""
    olga, url = everything.signed_in(everything.olga), url_of("workspace:staff_edit", everything, everything.ada)
    form = passing_form("workspace:staff_edit", everything)
    found = []
    for roles in (["front_desk"], ["front_desk", "owner"]):
        with rolled_back():
            olga.post(url, form | {"roles": roles})
            found.append(rows_without_keys(everything.rows))

    assert [name for name in found[0] if found[0][name] != found[1][name]] == ["practice.User"]


def test_every_route_that_acts_is_tried():
    acting = {
        route for route in LINES if "302" in {answer for cell, answer in cells(route).items() if cell[0] == "POST"}
    }

    assert set(FIRST_ACTING) == acting
