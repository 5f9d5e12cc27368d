"""Every address of the product in a practice that has everything: what stands in it, and what its form is sent with.

A record (tests.support.everything.Record) gives the ids, so the same address can be built for Ada, who is Mia's client, and
for Cleo, who is Tom's.
"""

from collections.abc import Callable, Iterator
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.http import urlencode

from clients.screening import emergency_keys
from clients.views.screening import stands_on
from tests.support.everything import MAIL, Everything, Record
from tests.support.pages import is_html, read_page

LIBRARY_PREFIXES = ("admin/", "accounts/")

Rows = tuple[Everything, Record]


def routes(resolver=None, prefix: str = "", name: str = "") -> Iterator[tuple[str, str, Callable]]:
    """Walk the resolver: (name, address pattern, view) of every route, the libraries' included."""
    for entry in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, pattern, f"{name}{entry.namespace}:" if entry.namespace else name)
        elif isinstance(entry, URLPattern):
            yield f"{name}{entry.name or entry.pattern}", pattern, entry.callback


def own_routes() -> dict[str, Callable]:
    """Return the views of the product's own routes by name."""
    return {name: view for name, pattern, view in routes() if not pattern.startswith(LIBRARY_PREFIXES)}


def url_of(route: str, everything: Everything, record: Record, **changes) -> str:
    """Return the address of `route` for one record, its query included; `changes` replace what stands in the path."""
    url = reverse(route.partition(", ")[0], kwargs=kwargs_of(route, everything, record) | changes)
    query = query_of(route, everything, record)
    return f"{url}?{urlencode(query)}" if query else url


def kwargs_of(route: str, everything: Everything, record: Record) -> dict:
    """Return what stands in the path."""
    return ARGUMENTS[route]((everything, record)) if route in ARGUMENTS else {}


def query_of(route: str, everything: Everything, record: Record) -> dict:
    """Return what stands behind the question mark."""
    return QUERIES[route]((everything, record)) if route in QUERIES else {}


def form_of(route: str, everything: Everything, record: Record, browser=None) -> dict:
    """Return what a person would send: what stands in the form that `browser` gets, and what they fill in."""
    sent = {}
    if browser is not None:
        url = url_of(route, everything, record)
        response = browser.get(url)
        if response.status_code == 200 and is_html(response):
            for form in read_page(response).forms:
                if form.method == "post" and form.action in ("", url, url.partition("?")[0]):
                    sent = dict(form.values)
    filled = FORMS.get(route.partition(", ")[0])
    return {**sent, **(filled((everything, record)) if filled else {})}


def _visit(name: str) -> Callable[[Rows], dict]:
    return lambda rows: {"pk": rows[1].visits[name].pk}


def _client(rows: Rows) -> dict:
    return {"client_id": rows[1].client.pk}


def _token(name: str) -> Callable[[Rows], dict]:
    return lambda rows: {"token": rows[1].tokens[name]}


def _handle(name: str, **more) -> Callable[[Rows], dict]:
    return lambda rows: {"handle": rows[1].handles[name], **more}


ARGUMENTS: dict[str, Callable[[Rows], dict]] = {
    "clients:client_edit": _client,
    "clients:intake_open": _token("intake"),
    "clients:intake_page": _handle("intake"),
    "clients:intake_emergency": _handle("intake"),
    "clients:intake_group": _handle("intake", step="urgent_pelvis"),
    "clients:intake_done": _handle("handed_in"),
    "clients:intake_copy": _handle("handed_in"),
    "clients:intake_request": _client,
    "clients:intake_on_tablet": _client,
    "clients:intake_send_again": _client,
    "clients:intake_by_phone": _client,
    "clients:intake_by_phone_group": lambda rows: {**_client(rows), "step": "urgent_pelvis"},
    "clients:intake_read": lambda rows: {**_client(rows), "intake_id": rows[1].intake.pk},
    "clients:screening_page": _client,
    "clients:screening_clarify": _client,
    "clients:rescreen": _client,
    "clients:screening_overrule": _client,
    "clients:screening_compare": _client,
    "clients:screening_confirm": _client,
    "clients:screening_preview": _client,
    "clients:client_take_on": lambda rows: {"task_id": rows[1].open_alert.pk},
    "clients:screening_version": lambda rows: {**_client(rows), "screening_id": rows[1].first_screening.pk},
    "clients:clearance_create": _client,
    "clients:consent_record": _client,
    "clients:task_done": lambda rows: {"task_id": rows[1].call.pk},
    "clients:task_done, an alert": lambda rows: {"task_id": rows[1].open_alert.pk},
    "protocols:protocol_detail": lambda rows: {"key": rows[1].plan.protocol.key},
    "protocols:plan_create": lambda rows: {"client_id": rows[1].neighbour.pk},
    "protocols:plan_detail": lambda rows: {"pk": rows[1].plan.pk},
    "protocols:plan_close": lambda rows: {"pk": rows[1].plan.pk},
    "protocols:home_programme": lambda rows: {"pk": rows[1].plan.pk},
    "booking:appointment_detail": _visit("coming"),
    "booking:appointment_move": _visit("coming"),
    "booking:appointment_drop": _visit("coming"),
    "booking:appointment_undo": _visit("cancelled"),
    "booking:appointment_cancel": _visit("coming"),
    "booking:appointment_confirm": _visit("coming"),
    "booking:appointment_arrive": _visit("today"),
    "booking:appointment_no_show": _visit("missed"),
    "booking:appointment_reopen": _visit("cancelled"),
    "booking:calendar_feed": lambda rows: {"token": rows[1].feed_token},
    "booking:calendar_feed_revoke": lambda rows: {"pk": rows[1].feed.pk},
    "booking:waitlist_offer": lambda rows: {"pk": rows[1].neighbour_waiting.pk},
    "booking:offer_accept": lambda rows: {"pk": rows[1].offer.pk},
    "booking:offer_decline": lambda rows: {"pk": rows[1].offer.pk},
    "booking:offer_withdraw": lambda rows: {"pk": rows[1].offer.pk},
    "booking:series_cancel": _visit("of_series"),
    "booking:offer_open": _token("offer"),
    "booking:my_offer": _handle("offer"),
    "booking:my_offer_accept": _handle("offer"),
    "booking:my_offer_decline": _handle("offer"),
    "booking:waitlist_close": lambda rows: {"pk": rows[1].waiting.pk},
    "booking:appointment_open": _token("visit"),
    "booking:my_appointment": _handle("visit"),
    "booking:my_appointment_confirm": _handle("visit"),
    "booking:my_appointment_cancel": _handle("visit"),
    "booking:my_appointment_ics": _handle("visit"),
    "booking:my_appointment_accept": _handle("held"),
    "booking:my_appointment_move": _handle("visit"),
    "booking:my_appointment_undo": _handle("called_off"),
    "booking:my_appointment_again": _handle("called_off"),
    "online:booking_open": _token("book"),
    "online:my_booking": _handle("book"),
    "sessions:session_start": lambda rows: {"appointment_id": rows[1].visits["today"].pk},
    "sessions:session_detail": lambda rows: {"pk": rows[1].first_session.pk},
    "sessions:session_chart": lambda rows: {"pk": rows[1].draft.pk},
    "sessions:session_sign": lambda rows: {"pk": rows[1].draft.pk},
    "sessions:session_amend": lambda rows: {"pk": rows[1].first_session.pk},
    "sessions:session_withdraw": lambda rows: {"pk": rows[1].draft.pk},
    "sessions:session_print": lambda rows: {"pk": rows[1].first_session.pk},
    "sessions:snippet_change": lambda rows: {"pk": rows[1].snippet.pk},
    "sessions:session_pdf": lambda rows: {"pk": rows[1].first_session.pk},
    "sessions:muscles_treated": _client,
    "sessions:muscle_history": lambda rows: {**_client(rows), "muscle": "piriformis"},
    "sessions:measure_list": _client,
    "sessions:measure_record": lambda rows: {**_client(rows), "measure": "psfs"},
    "sessions:measure_record, RMDQ": lambda rows: {**_client(rows), "measure": "rmdq"},
    "sessions:measure_record, GROC": lambda rows: {**_client(rows), "measure": "groc"},
    "sessions:measure_record, ODI": lambda rows: {**_client(rows), "measure": "odi"},
    "sessions:activities_name": _client,
    "sessions:score_correct": lambda rows: {"pk": rows[1].score.pk},
    "sessions:adverse_event_create": _client,
    "sessions:adverse_event_detail": lambda rows: {"pk": rows[1].adverse_event.pk},
    "sessions:adverse_event_correct": lambda rows: {"pk": rows[1].adverse_event.pk},
    "referrals:referral_detail": lambda rows: {"pk": rows[1].referral.pk},
    "referrals:report_write": lambda rows: {"referral_id": rows[1].referral.pk},
    "referrals:report_preview": lambda rows: {"pk": rows[1].report.pk},
    "referrals:report_send": lambda rows: {"pk": rows[1].draft_report.pk},
    "referrals:report_open": _token("report"),
    "referrals:report_page": _handle("report"),
    "referrals:referrer_edit": lambda rows: {"pk": rows[0].referrer.pk},
    "referrals:status_open": _token("status"),
    "referrals:status_page": _handle("status"),
    "referrals:status_report": _handle("status"),
    "protocols:home_open": _token("home"),
    "protocols:my_programme": _handle("home"),
    "reminders:message_detail": lambda rows: {"pk": rows[1].message.pk},
    "reminders:message_resend": lambda rows: {"pk": rows[1].message.pk},
    "reminders:referral_send_again": lambda rows: {"referral_id": rows[1].referral.pk},
    "reminders:message_arrived": lambda rows: {"pk": rows[1].message.pk},
    "reminders:rule_edit": lambda _rows: {"key": "first_reminder"},
    "reminders:mail_preview": lambda _rows: {"kind": "recall"},
    "reminders:mail_look": lambda _rows: {"kind": "recall"},
    "reminders:mail_test": lambda _rows: {"kind": "recall"},
    "reminders:own_words_edit": lambda _rows: {"kind": "recall"},
    "reminders:mail_choose": _client,
    "reminders:check_in_open": _token("check_in"),
    "reminders:check_in_page": _handle("check_in"),
    "reminders:check_in_done": _handle("answered"),
    "reminders:stop_open": _token("stop"),
    "reminders:stop_page": _handle("stop"),
    "workspace:client_page": _client,
    "workspace:room_edit": lambda rows: {"pk": rows[0].spare_room.pk},
    "workspace:service_edit": lambda rows: {"pk": rows[1].service.pk},
    "workspace:hours_edit": lambda rows: {"user_id": rows[1].therapist.pk},
    "workspace:hours_remove": lambda rows: {"pk": rows[0].hours.pk},
    "workspace:closure_remove": lambda rows: {"pk": rows[0].closure.pk},
    "workspace:staff_edit": lambda rows: {"pk": rows[0].nia.pk},
    "workspace:staff_link": lambda rows: {"pk": rows[0].nia.pk},
    "workspace:staff_deactivate": lambda rows: {"pk": rows[0].nia.pk},
    "workspace:cover_end": lambda rows: {"pk": rows[0].cover.pk},
    "workspace:mailbox_mail": lambda _rows: {"name": MAIL},
}


def _asked_client(rows: Rows) -> dict:
    return {"client": rows[1].client.pk}


QUERIES: dict[str, Callable[[Rows], dict]] = {
    "online:book_time": lambda rows: {"day": "2026-11-26", "therapist": rows[1].therapist.pk},
    "online:my_booking": lambda _rows: {"month": "2026-12-01", "therapist": ""},
    "booking:day_board": lambda rows: {"day": "2026-11-23", "said": rows[1].visits["coming"].pk},
    "booking:board_find": lambda _rows: {"q": "7911", "day": "2026-11-23"},
    "booking:appointment_create": _asked_client,
    "booking:appointment_slots": lambda rows: {
        **_asked_client(rows),
        "service": rows[1].service.pk,
        "therapist": rows[1].therapist.pk,
        "day": "2026-11-26",
    },
    "booking:appointment_slots, to move": lambda rows: {
        "appointment": rows[1].visits["coming"].pk,
        "service": rows[1].service.pk,
        "day": "2026-11-26",
    },
    "booking:waitlist_add": _asked_client,
    "booking:series_create": lambda rows: {
        **_asked_client(rows),
        "service": rows[1].service.pk,
        "therapist": rows[1].therapist.pk,
        "day": "2027-01-04",
        "time": "10:00",
        "weeks_apart": "1",
        "count": "2",
    },
    "clients:client_list": lambda _rows: {"q": "7911", "page": 1},
    "clients:client_create": lambda _rows: {"q": "Zoe Young"},
    "clients:consent_record": lambda _rows: {"scope": "treatment"},
    "referrals:referral_create": _asked_client,
    "referrals:referral_list": lambda _rows: {"page": 1},
    "reminders:outbox": lambda _rows: {"show": "sent", "q": "7911", "kind": "check_in", "page": 1},
    "reminders:mail_preview": lambda _rows: {"words": "recall"},
    "reminders:mail_look": lambda _rows: {"words": "recall", "look": "dark"},
    "reminders:outbox, of one client": lambda rows: {"show": "all", **_asked_client(rows)},
    "sessions:session_chart": lambda _rows: {"test": "slr:left"},
    "sessions:snippet_list": lambda rows: {"session": rows[1].first_session.pk},
    "sessions:measure_list": lambda rows: {"session": rows[1].first_session.pk},
    "sessions:measure_record": lambda rows: {"session": rows[1].first_session.pk},
    "sessions:activities_name": lambda rows: {"session": rows[1].first_session.pk},
    "sessions:adverse_event_create": lambda rows: {"session": rows[1].first_session.pk},
    "sessions:adverse_event_list": lambda _rows: {
        "severity": "mild",
        "technique": "1",
        "spot": "right:piriformis",
        "page": 1,
    },
    "sessions:adverse_event_list, of one client": _asked_client,
    "sessions:muscle_history": lambda _rows: {"side": "right", "page": 1},
    "sessions:session_pdf": lambda _rows: {"show": "1"},
    "workspace:client_page": lambda _rows: {"story": "all"},
    "workspace:audit_list": lambda rows: {**_asked_client(rows), "page": 1},
}


def _place(rows: Rows) -> dict:
    """Thursday at ten, with the record's therapist."""
    therapist = rows[1].therapist.pk
    return {"therapist": therapist, "day": "2026-11-26", "slot": f"2026-11-26T10:00Z|{therapist}", "overrule": ""}


def _slot(rows: Rows) -> str:
    return _place(rows)["slot"]


def _last_change(visit) -> dict:
    """What the board shows of the last act, for taking it back."""
    change = visit.changes.latest("pk")
    return {"version": change.version, "seen": change.pk, "view": ""}


FORMS: dict[str, Callable[[Rows], dict]] = {
    "clients:client_create": lambda _rows: {"first_name": "Zoe", "last_name": "Young", "phone": "+442079460999"},
    "clients:client_edit": lambda _rows: {"desk_note": "Comes by train"},
    "clients:intake_group": lambda _rows: {"saddle_numbness": "no", "bladder_change": "no"},
    "clients:intake_by_phone_group": lambda _rows: {"saddle_numbness": "no", "bladder_change": "no"},
    "clients:screening_clarify": lambda _rows: {"duration_weeks": "11"},
    "clients:screening_overrule": lambda _rows: {"pattern": "sacroiliac", "reason": "Found so at the table"},
    "clients:rescreen": lambda rows: {**stands_on(rows[1].client), "act": "all_no"},
    "clients:clearance_create": lambda _rows: {
        "clinician_name": "Dr Kim",
        "profession": "GP",
        "given_on": "2026-11-20",
        "note": "On paper",
        "is_same_episode": "on",
    },
    "clients:consent_record": lambda rows: {
        "scope": "treatment",
        "is_given": "yes",
        "signed_name": rows[1].client.name,
    },
    "clients:task_done": lambda _rows: {"outcome": "Spoke on the phone"},
    "protocols:plan_create": lambda rows: {
        "protocol": rows[1].plan.protocol.key,
        "side": "left",
        "goal": "Walk the dog",
        "planned_visits": "4",
    },
    "protocols:plan_close": lambda _rows: {"note": "Moved away"},
    "booking:appointment_create": lambda rows: {
        **_place(rows),
        "client": rows[1].client.pk,
        "service": rows[1].service.pk,
        "note": "",
    },
    "booking:appointment_move": lambda rows: {**_place(rows), "version": rows[1].visits["coming"].version},
    "booking:appointment_drop": lambda rows: {
        "starts": "2026-11-26T10:00Z",
        "length": "60",
        "therapist": rows[1].therapist.pk,
        "room": "",
        "version": rows[1].visits["coming"].version,
        "key": uuid4(),
        "overrule": "",
        "view": "day=2026-11-26",
    },
    "booking:appointment_undo": lambda rows: _last_change(rows[1].visits["cancelled"]),
    "booking:appointment_cancel": lambda rows: {"reason": "sick", "version": rows[1].visits["coming"].version},
    "booking:calendar_feeds": lambda _rows: {"label": "My phone"},
    "booking:waitlist_add": lambda rows: {
        "client": rows[1].client.pk,
        "service": rows[1].service.pk,
        "therapist": rows[1].therapist.pk,
        "wishes": "Evenings",
    },
    "booking:series_create": _asked_client,
    "booking:series_cancel": lambda _rows: {"reason": "away"},
    "booking:waitlist_offer": _place,
    "booking:my_offer_accept": lambda _rows: {"will_come": "on"},
    "booking:my_offer_decline": lambda _rows: {"is_sure": "on"},
    "booking:my_appointment_confirm": lambda _rows: {"will_come": "on"},
    "booking:my_appointment_cancel": lambda _rows: {"is_sure": "on", "reason": "away"},
    "booking:my_appointment_accept": lambda _rows: {"will_come": "on"},
    "booking:my_appointment_move": lambda rows: {"slot": _slot(rows), "is_sure": "on"},
    "booking:my_appointment_undo": lambda _rows: {"is_sure": "on"},
    "booking:my_appointment_again": lambda rows: {"slot": _slot(rows), "is_sure": "on"},
    "online:book_link": lambda rows: {"email": rows[1].client.email},
    "online:book_safety": lambda _rows: dict.fromkeys(emergency_keys(), "no"),
    "online:book_time": lambda rows: {"slot": _slot(rows)},
    "online:book_details": lambda _rows: {
        "first_name": "Zoe",
        "last_name": "Young",
        "born_on": "1990-01-31",
        "phone": "+442079460999",
        "email": "zoe@mail.example",
        "may_contact": "on",
    },
    "online:my_booking": lambda rows: {"slot": _slot(rows), "is_sure": "on"},
    "sessions:session_chart": lambda rows: {"version": rows[1].draft.version, "subjective": "Slept better"},
    "sessions:session_sign": lambda rows: {"version": rows[1].draft.version},
    "sessions:session_amend": lambda _rows: {"kind": "addendum", "reason": "Left out", "text": "It was the left side."},
    "sessions:session_withdraw": lambda _rows: {"reason": "The wrong client."},
    "sessions:snippet_list": lambda _rows: {"section": "assessment", "words": "Answers well."},
    "sessions:measure_record": lambda rows: {
        **{f"activity-{activity.pk}": "4" for activity in rows[1].activities},
        "ticked": ["2", "13"],
        "value": "3",
        "since_on": "2026-11-09",
        "session": rows[1].first_session.pk,
        "measured_on": "2026-11-20",
    },
    "sessions:activities_name": lambda _rows: {
        "activity_1": "Sit through a film",
        "activity_2": "Drive an hour",
        "activity_3": "Tie shoes",
    },
    "sessions:score_correct": lambda _rows: {"act": "strike", "reason": "Wrong client"},
    "sessions:adverse_event_create": lambda rows: {
        "session": rows[1].first_session.pk,
        "happened_on": "2026-11-20",
        "site": "Calf",
        "severity": "mild",
        "description": "Bruise",
        "action_taken": "Ice",
    },
    "sessions:adverse_event_correct": lambda rows: {
        "reason": "It was the other leg",
        "session": rows[1].first_session.pk,
        "happened_on": "2026-11-20",
        "spot": "left:calf",
        "severity": "moderate",
        "description": "Bruise",
        "action_taken": "Ice",
    },
    "referrals:referral_create": lambda rows: {
        "client": rows[1].client.pk,
        "letter-referrer": rows[0].referrer.pk,
        "letter-received_on": "2026-11-20",
        "letter-question": "Please treat",
        "letter-precautions": "",
        "letter-visits_allowed": "6",
    },
    "referrals:referrer_create": lambda _rows: {"name": "Jo Park", "profession": "chiropractor"},
    "referrals:referrer_edit": lambda _rows: {"name": "Jo Park", "profession": "chiropractor", "is_active": "on"},
    "protocols:my_programme": lambda _rows: {"how_often": "most_days"},
    "referrals:report_write": lambda _rows: {"message": "Responds well"},
    "reminders:stop_open": lambda _rows: {"List-Unsubscribe": "One-Click"},
    "reminders:stop_page": lambda _rows: {"wanted": ["reminders", "follow_up"]},
    "reminders:check_in_page": lambda _rows: {
        "pain_now_nrs": "3",
        "nowhere_now": "on",
        "warning_sign": "no",
        "comment": "Fine",
    },
    "reminders:rule_edit": lambda _rows: {"hours": "30", "is_active": "on"},
    "reminders:own_words_edit": lambda _rows: {"text": "Park behind the house."},
    "reminders:mail_choose": lambda _rows: {"wanted": ["reminders"], "shown": ["reminders", "recall"]},
    "reminders:quiet_edit": lambda _rows: {"quiet_from": "22:00", "quiet_until": "07:00"},
    "workspace:settings_practice": lambda _rows: {"name": "Oak Street Massage"},
    "workspace:room_create": lambda _rows: {"name": "Red room", "is_active": "on"},
    "workspace:room_edit": lambda _rows: {"name": "Garden room"},
    "workspace:service_create": lambda rows: {
        "name": "First visit",
        "duration_minutes": "75",
        "buffer_before_minutes": "0",
        "buffer_after_minutes": "15",
        "therapists": [rows[1].therapist.pk],
        "is_active": "on",
    },
    "workspace:service_edit": lambda _rows: {"duration_minutes": "50"},
    "workspace:hours_edit": lambda _rows: {"weekday": "5", "starts": "10:00", "ends": "13:00"},
    "workspace:closure_create": lambda _rows: {
        "first_day": "2026-12-24",
        "last_day": "2026-12-26",
        "reason": "Christmas",
    },
    "workspace:staff_invite": lambda _rows: {
        "first_name": "Uma",
        "last_name": "Fox",
        "username": "uma",
        "email": "uma@elmstreet.example",
        "roles": ["front_desk"],
    },
    "workspace:staff_edit": lambda _rows: {"last_name": "Novak-Lee"},
    "workspace:cover_create": lambda rows: {
        "who": rows[0].mia.pk,
        "for_whom": rows[0].tom.pk,
        "first_day": "2026-12-01",
        "last_day": "2026-12-02",
    },
    "workspace:clock_move": lambda _rows: {"step": "hour"},
}
