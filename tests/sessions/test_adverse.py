"""What went wrong: recorded for good, corrected by a later entry, told where it matters."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from clients.models import Task
from clients.todo import OutcomeMissing, finish_task
from practice.models import AuditEvent
from protocols.models import Technique
from sessions.adverse import (
    CAUTION_LENGTH,
    CorrectedAlready,
    OtherClientsSession,
    adverse_cautions,
    correct_adverse_event,
    entries_of,
    report_adverse_event,
)
from sessions.charting import NotInYourCare
from sessions.models import AdverseEvent
from tests.sessions.conftest import make_visit
from tests.world import NINE, NOW, TODAY, minutes

LATER = NOW + timedelta(days=2)


@pytest.fixture
def told(ada, mia):
    """Report an event of Ada's; fields may be changed."""

    def report(**fields):
        return report_adverse_event(
            **{
                "client": ada,
                "happened_on": TODAY,
                "spot": "left:gluteus_maximus",
                "severity": "moderate",
                "description": "Bruise the size of a coin.",
                "action_taken": "Ice.",
                "by": mia,
                "at": NOW,
                **fields,
            }
        )

    return report


@pytest.fixture
def event(told, draft):
    return told(session=draft, used_technique=Technique.objects.get(key="deep_stripping"))


# --- recording


def test_an_event_says_where_and_after_what(event):
    assert event.place == "left gluteus maximus"
    assert event.technique_words == event.used_technique.name


def test_words_may_stand_beside_the_lists_or_instead(told, draft):
    assert told(site="near the sacrum").place == "left gluteus maximus, near the sacrum"
    assert told(spot="", site="right elbow").place == "right elbow"
    assert told(technique="hot stone").technique_words == "hot stone"


def test_the_database_wants_a_place(told, draft):
    with pytest.raises(IntegrityError, match="adverse_event_says_where"), transaction.atomic():
        told(spot="", site="")


def test_another_therapist_reports_and_corrects_nothing(told, event, tom):
    with pytest.raises(NotInYourCare):
        told(by=tom)
    with pytest.raises(NotInYourCare):
        correct_adverse_event(event, reason="x", by=tom, at=LATER)


def test_a_severe_event_calls_the_owner_once(told, draft, olga, mia, dana):
    event = told(severity="severe")

    task = Task.objects.get(kind=Task.Kind.ADVERSE_EVENT)
    assert (task.for_role, task.subject, task.client) == ("owner", f"adverse-event:{event.pk}", draft.client)
    assert Task.objects.visible_to(olga).filter(pk=task.pk).exists()
    assert not Task.objects.visible_to(mia).filter(pk=task.pk).exists()
    assert not Task.objects.visible_to(dana).filter(pk=task.pk).exists()
    assert task.why == ""


def test_a_milder_event_calls_nobody(event):
    assert not Task.objects.filter(kind=Task.Kind.ADVERSE_EVENT).exists()


def test_the_owner_says_what_came_of_it(told, draft, olga):
    told(severity="severe")
    task = Task.objects.get(kind=Task.Kind.ADVERSE_EVENT)

    with pytest.raises(OutcomeMissing):
        finish_task(task, by=olga, at=LATER)
    assert finish_task(task, by=olga, at=LATER, outcome="Insurer told").done_by == olga


# --- correcting


def test_a_correction_is_a_later_entry_and_the_first_stays(event, mia):
    correction = correct_adverse_event(event, reason="The other side", spot="right:gluteus_maximus", by=mia, at=LATER)

    event.refresh_from_db()
    assert (event.spot, correction.spot) == ("left:gluteus_maximus", "right:gluteus_maximus")
    assert correction.description == event.description
    assert entries_of(event) == entries_of(correction) == [event, correction]
    assert list(event.client.adverse_events.standing()) == [correction]
    assert AuditEvent.objects.filter(action="adverse_event.corrected", target_id=correction.pk, by=mia).exists()


def test_an_entry_is_corrected_once(event, mia):
    correct_adverse_event(event, reason="First", by=mia, at=LATER)

    with pytest.raises(CorrectedAlready):
        correct_adverse_event(event, reason="Second", by=mia, at=LATER)


def test_entered_in_error_stays_on_file_and_counts_nowhere(event, mia):
    correction = correct_adverse_event(event, reason="The wrong client", is_in_error=True, by=mia, at=LATER)

    assert not event.client.adverse_events.standing().exists()
    assert list(event.client.adverse_events.latest_words()) == [correction]
    assert adverse_cautions(event.client) == []


def test_a_correction_to_severe_calls_the_owner(event, mia):
    correction = correct_adverse_event(event, reason="Went to hospital", severity="severe", by=mia, at=LATER)
    assert Task.objects.filter(subject=f"adverse-event:{correction.pk}").exists()

    correct_adverse_event(correction, reason="A word", description="Bruise.", by=mia, at=LATER)
    assert Task.objects.filter(kind=Task.Kind.ADVERSE_EVENT).count() == 1


def test_a_correction_names_only_this_client_s_sessions(event, ben, mia, massage, draft):
    other = make_visit(ben, mia, massage, None, starts_at=NINE + minutes(120))
    stranger = type(draft)(appointment=other, client=ben, therapist=mia, screening=draft.screening, started_at=NINE)
    stranger.save()

    with pytest.raises(OtherClientsSession):
        correct_adverse_event(event, reason="x", session=stranger, by=mia, at=LATER)


def test_the_database_wants_a_reason_for_a_correction_and_refuses_change(event, mia):
    with pytest.raises(IntegrityError, match="adverse_event_correction_has_a_reason"), transaction.atomic():
        correct_adverse_event(event, reason="", by=mia, at=LATER)
    for change in ({"severity": "mild"}, {"is_in_error": True}):
        with (
            pytest.raises(IntegrityError, match=r"kept as it was written|adverse_event_is_append_only"),
            transaction.atomic(),
        ):
            AdverseEvent.objects.filter(pk=event.pk).update(**change)


# --- as a caution of later visits


def test_cautions_tell_the_newest_first_and_the_gravest_loudest(told, event):
    told(happened_on=date(2026, 11, 3), severity="severe", spot="", site="left hip", technique="deep stripping")

    titles = [(each["tone"], each["title"]) for each in adverse_cautions(event.client)]

    name = event.used_technique.name
    assert titles == [
        ("warn", f"Adverse event 23 Nov 2026 after {name[0].lower()}{name[1:]}, left gluteus maximus: moderate"),
        ("stop", "Adverse event 3 Nov 2026 after deep stripping, left hip: severe"),
    ]


def test_a_long_description_says_that_it_goes_on(told, draft):
    told(description="x" * 2000)

    (caution,) = adverse_cautions(draft.client)

    assert caution["words"] == "x" * CAUTION_LENGTH + " … (goes on in the entry)"
    assert caution["url"]


def test_many_events_are_not_hidden(told, draft):
    for _ in range(7):
        told()

    cautions = adverse_cautions(draft.client)

    assert len(cautions) == 5
    assert "There are earlier events as well" in cautions[-1]["words"]


def test_the_chart_of_a_later_visit_warns(event, draft, mia, signed_in):
    page = signed_in(mia).get(reverse("sessions:session_chart", args=[draft.pk])).content.decode()

    assert "Adverse event 23 Nov 2026 after" in page
    assert event.get_absolute_url() in page


# --- pages


def fields(**changes):
    return {
        "happened_on": "2026-11-23",
        "spot": "left:gluteus_maximus",
        "severity": "mild",
        "description": "Bruise.",
        "action_taken": "Ice.",
        **changes,
    }


def test_create_takes_a_place_and_a_technique_from_the_lists(draft, ada, mia, signed_in):
    technique = Technique.objects.get(key="deep_stripping")
    answer = signed_in(mia).post(
        reverse("sessions:adverse_event_create", args=[ada.pk]), fields(used_technique=technique.pk, site="low")
    )

    event = AdverseEvent.objects.get()
    assert answer.url == event.get_absolute_url()
    assert (event.used_technique, event.spot, event.site) == (technique, "left:gluteus_maximus", "low")


@pytest.mark.parametrize(
    "changes",
    [{"spot": ""}, {"spot": "left:elbow"}, {"used_technique": "999999"}, {"site": "x" * 121}, {"reason": "y"}],
)
def test_create_keeps_what_was_typed_when_something_is_wrong(draft, ada, mia, signed_in, changes):
    answer = signed_in(mia).post(reverse("sessions:adverse_event_create", args=[ada.pk]), fields(**changes))

    if "reason" in changes:  # a field of the other form is no part of this one
        assert AdverseEvent.objects.get().reason == ""
        return
    assert answer.status_code == 422
    assert "Bruise." in answer.content.decode()
    assert not AdverseEvent.objects.exists()


def test_correct_adds_an_entry_and_shows_both(event, mia, signed_in):
    browser = signed_in(mia)
    url = reverse("sessions:adverse_event_correct", args=[event.pk])
    assert 'value="left:gluteus_maximus" selected' in browser.get(url).content.decode()

    answer = browser.post(url, fields(reason="The other side", spot="right:gluteus_maximus"), follow=True)

    page = answer.content.decode()
    assert "right gluteus maximus" in page and "left gluteus maximus" in page
    assert "Corrects an earlier entry: The other side" in page


@pytest.mark.parametrize("reason", ["", "   "])
def test_correct_wants_a_reason(event, mia, signed_in, reason):
    answer = signed_in(mia).post(reverse("sessions:adverse_event_correct", args=[event.pk]), fields(reason=reason))

    assert answer.status_code == 422
    assert AdverseEvent.objects.count() == 1


def test_correcting_what_was_corrected_meanwhile_is_refused_with_words(event, mia, signed_in):
    correct_adverse_event(event, reason="First", by=mia, at=LATER)

    answer = signed_in(mia).post(reverse("sessions:adverse_event_correct", args=[event.pk]), fields(reason="Mine"))

    assert answer.status_code == 422
    assert "corrected this entry meanwhile" in answer.content.decode()
    assert "Mine" in answer.content.decode()


def listed(browser, **query):
    answer = browser.get(reverse("sessions:adverse_event_list"), query)
    return answer, [event.pk for event in answer.context["page"]]


def test_the_owner_sees_all_and_a_therapist_their_own(event, told, olga, tom, mia, signed_in):
    assert listed(signed_in(olga))[1] == [event.pk]
    assert listed(signed_in(mia))[1] == [event.pk]
    assert listed(signed_in(tom))[1] == []


def test_the_list_is_narrowed(event, told, olga, signed_in):
    other = told(severity="severe", spot="right:calf", happened_on=date(2026, 11, 1))
    browser = signed_in(olga)

    assert listed(browser)[1] == [event.pk, other.pk]
    assert listed(browser, severity="severe")[1] == [other.pk]
    assert listed(browser, technique=event.used_technique_id)[1] == [event.pk]
    assert listed(browser, spot="right:calf")[1] == [other.pk]
    assert listed(browser, severity="awful", spot="x", technique="y")[1] == [event.pk, other.pk]


def test_the_list_of_one_client_is_for_readers_of_the_chart(event, ada, ben, olga, tom, signed_in):
    assert listed(signed_in(olga), client=ada.pk)[1] == [event.pk]
    assert listed(signed_in(olga), client=ben.pk)[1] == []
    for unknown in (ada.pk, "x", "9" * 400):
        assert signed_in(tom).get(reverse("sessions:adverse_event_list"), {"client": unknown}).status_code == 404


def test_reading_the_list_is_written_down_for_each_client_on_it(event, olga, signed_in):
    listed(signed_in(olga))

    read = AuditEvent.objects.get(action="chart.read", page="sessions:adverse_event_list")
    assert (read.about_client_id, read.by) == (event.client_id, olga)


def test_the_owner_closes_the_task_on_the_entry(told, draft, olga, mia, signed_in):
    event = told(severity="severe")
    task = Task.objects.get(kind=Task.Kind.ADVERSE_EVENT)
    assert "Looked at" not in signed_in(mia).get(event.get_absolute_url()).content.decode()
    browser = signed_in(olga)
    assert "1 to look at" in browser.get(reverse("workspace:settings")).content.decode()

    browser.post(
        reverse("clients:task_done", args=[task.pk]), {"outcome": "Insurer told", "next": event.get_absolute_url()}
    )

    assert "Insurer told" in browser.get(event.get_absolute_url()).content.decode()
    assert "1 to look at" not in browser.get(reverse("workspace:settings")).content.decode()


def test_the_note_and_the_story_tell_it(event, draft, mia, signed_in):
    correct_adverse_event(event, reason="The other side", spot="right:gluteus_maximus", by=mia, at=LATER)
    browser = signed_in(mia)

    note = browser.get(reverse("sessions:session_detail", args=[draft.pk])).content.decode()
    story = browser.get(reverse("workspace:client_page", args=[draft.client_id])).content.decode()

    assert "right gluteus maximus" in note and "left gluteus maximus" not in note
    assert "Adverse event corrected" in story and "The other side" in story
