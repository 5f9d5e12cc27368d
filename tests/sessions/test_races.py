"""Signing and writing at once: one signature, over exactly the text that its signer saw; the chain never forks."""

import re
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Barrier

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.html import escape

from practice.errors import Refused
from practice.models import AuditEvent
from sessions import charting
from sessions.chain import content_hash, session_content, verify
from sessions.charting import (
    ChartChanged,
    SessionAlreadySigned,
    amend_session,
    save_chart,
    sign_session,
    start_session,
    withdraw_session,
)
from sessions.models import Amendment, OutcomeScore, TreatmentSession
from sessions.reading import fetch_parts
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.sessions.test_views import typed
from tests.support.crowd import Answer, all_at_once, get, post, session_of
from tests.support.proof import keep, size
from tests.world import NINE, minutes

RACERS = 8
READING_SECONDS = 10
ROUNDS = 50

pytestmark = pytest.mark.django_db(transaction=True)


def race(act, racers=RACERS):
    """Run `act(number)` in threads that start together and return what each gave back, in order."""
    start = Barrier(racers)

    def run(number):
        try:
            start.wait(30)
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def test_one_signature_stands_over_the_text_that_was_shown(charted, mia):
    """50 writers and signers on 8 threads: whoever comes second is told, and keeps what they typed."""
    tickets, shown, over = count(), {}, []

    def act(number):
        told = []
        # On a busy machine every signer may come second for long: go on until one has signed, and one was told so.
        while (ticket := next(tickets)) < ROUNDS or len(over) < 2:
            now = TreatmentSession.objects.get(pk=charted.pk)
            shown[now.version] = now.subjective
            try:
                if ticket % 5 == 4:
                    sign_session(now, version=now.version, by=mia, at=NINE + minutes(60))
                    told.append("signed")
                    over.append(ticket)
                else:
                    words = f"words {ticket} of writer {number}"
                    save_chart(now, version=now.version, by=mia, at=NINE, subjective=words)
                    told.append("saved")
            except (ChartChanged, SessionAlreadySigned) as refusal:
                told.append(type(refusal).__name__)
                if isinstance(refusal, SessionAlreadySigned):
                    over.append(ticket)
        return told

    told = [word for words in race(act) for word in words]

    session = TreatmentSession.objects.get(pk=charted.pk)
    assert len(told) >= ROUNDS
    assert told.count("signed") == 1
    assert "SessionAlreadySigned" in told
    assert session.version == charted.version + told.count("saved")
    assert session.subjective == shown[session.version]
    assert OutcomeScore.objects.filter(session=session).count() == 2
    assert verify().fault is None


# --- the same through the web server: fifty windows


class Windows:
    """Browser windows of Mia on one chart, and what their sign pages showed, by the version they showed it for."""

    def __init__(self, server: str, session: TreatmentSession):
        self.server, self.session = server, session
        self.browser = session_of(session.therapist)
        self.shown = defaultdict(set)

    def url(self, page: str) -> str:
        return reverse(f"sessions:session_{page}", args=[self.session.pk])

    def open(self, page: str) -> Answer:
        return get(self.server, self.url(page), session=self.browser)

    def save(self, words: str, version: int) -> Answer:
        form = typed(self.session, PIRIFORMIS, pain_before_nrs=6, pain_after_nrs=3, subjective=words)
        return post(self.server, self.url("chart"), {**form, "version": version}, session=self.browser)

    def open_to_sign(self) -> int | None:
        """Read the sign page and return the version it shows, or None once the chart is signed."""
        page = self.open("sign")
        if page.status == 302:
            return None
        self.shown[version_in(page)].add(note_in(page))
        return version_in(page)

    def sign(self, version: int) -> Answer:
        return post(self.server, self.url("sign"), {"version": version}, session=self.browser)

    def assert_one_signature_over_what_was_shown(self) -> None:
        signed = TreatmentSession.objects.get(pk=self.session.pk)
        signature = AuditEvent.objects.get(action="session.signed")  # more than one would raise
        assert signature.detail["version"] == signed.version  # what the signer's own page showed
        assert self.shown[signed.version] == {note_in(self.open("detail"))}
        assert signed.content_hash == content_hash(session_content(fetch_parts(signed)))
        assert (verify().sessions, verify().fault) == (1, None)


def version_in(page: Answer) -> int:
    return int(re.search(r'name="version" value="(\d+)"', page.body)[1])


def note_in(page: Answer) -> str:
    return re.search(r'<div class="stack note-body">.*?\n</div>', page.body, re.DOTALL)[0]


@pytest.fixture
def windows(live_server, charted):
    return Windows(live_server.url, charted)


def test_fifty_windows_that_sign_and_edit_make_one_signature_over_what_was_shown(windows):
    began, rounds = time.monotonic(), size(quick=1, long=8)
    saved, told, signatures = [], [], []

    def write(number):
        for round_ in range(rounds):
            page = windows.open("chart")
            if page.status == 302:  # signed meanwhile: the page leads to reading it
                break
            words = f"Window {number} wrote this, {round_} & “kept”."
            answer = windows.save(words, version_in(page))
            if answer.status == 302:
                saved.append(words)
                continue
            assert answer.status == 409, answer.body
            assert escape(words) in answer.body
            assert "stays as it is" in answer.body or "was changed in another window" in answer.body
            told.append(words)
        return "done"

    def sign():
        is_first = True
        while (version := windows.open_to_sign()) is not None:
            so_far, until = len(saved), time.monotonic() + READING_SECONDS
            while is_first and len(saved) == so_far and time.monotonic() < until:
                time.sleep(0.01)  # somebody writes while the page is read; whoever was told once signs at once
            is_first = False
            answer = windows.sign(version)
            assert answer.status in (302, 409)
            if answer.status == 409:
                assert "Read it again before you sign" in answer.body
            signatures.append(answer.status)
        return "done"

    writers = [lambda number=number: write(number) for number in range(40)]
    assert all_at_once([*writers, *[sign] * 10]) == ["done"] * 50
    windows.assert_one_signature_over_what_was_shown()
    session = TreatmentSession.objects.get(pk=windows.session.pk)
    assert session.version == windows.session.version + len(saved)
    assert saved
    assert 409 in signatures
    assert told, "nobody came second: this was no race"
    took = round(time.monotonic() - began, 1)
    keep("signing_race", windows=50, saved=len(saved), told=len(told), sign_attempts=len(signatures), seconds=took)


def test_a_text_changed_after_the_sign_page_was_read_is_not_signed(windows):
    version = windows.open_to_sign()
    windows.save("Written in another window.", version)

    answer = windows.sign(version)

    assert answer.status == 409
    assert "Written in another window." in answer.body
    assert version_in(answer) == version + 1
    assert not TreatmentSession.objects.signed().exists()


def test_without_the_version_check_the_proof_goes_red(windows, monkeypatch):
    """The negative control."""
    monkeypatch.setattr(charting, "_check_version", lambda session, version: None)
    version = windows.open_to_sign()
    windows.save("Written in another window.", version)

    windows.sign(version)

    assert TreatmentSession.objects.signed().exists()
    with pytest.raises(AssertionError):
        windows.assert_one_signature_over_what_was_shown()


def test_signing_and_withdrawing_at_once_leave_one_truth(charted, mia):
    def act(number):
        now = TreatmentSession.objects.get(pk=charted.pk)
        try:
            if number % 2:
                sign_session(now, version=now.version, by=mia, at=NINE + minutes(60))
            else:
                withdraw_session(now, reason="Wrong client", by=mia, at=NINE + minutes(60))
        except Refused as refusal:
            return type(refusal).__name__
        return "signed" if number % 2 else "withdrawn"

    told = race(act)

    assert told.count("withdrawn") == 1
    assert told.count("signed") <= 1
    assert verify().fault is None
    assert not TreatmentSession.objects.standing().exists()


def test_charting_anew_from_many_windows_makes_one_chart(signed, visit, mia):
    withdraw_session(signed, reason="Wrong client", by=mia, at=NINE + minutes(90))

    charts = race(lambda _: start_session(visit, by=mia, at=NINE + minutes(95)).pk)

    assert len(set(charts)) == 1
    assert TreatmentSession.objects.standing().count() == 1


def test_the_chain_does_not_fork_when_many_sign_at_once(plan, ada, mia, massage, green_room):
    sessions = []
    for day in range(RACERS):
        visit = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=day + 1))
        session = ask_and_start(visit, mia)
        chart = {"pain_before_nrs": 5, "pain_after_nrs": 4, "findings": [PIRIFORMIS]}
        sessions.append(save_chart(session, version=1, by=mia, at=visit.starts_at, **chart))

    def sign_and_amend(number):
        session = sessions[number]
        signed = sign_session(session, version=session.version, by=mia, at=NINE + timedelta(days=30))
        return amend_session(
            signed, kind="addendum", text="Late word.", reason="Left out", by=mia, at=NINE + timedelta(days=31)
        )

    race(sign_and_amend)

    verdict = verify()
    assert (verdict.sessions, verdict.amendments, verdict.fault) == (RACERS, RACERS, None)
    places = range(1, RACERS + 1)
    assert set(TreatmentSession.objects.values_list("chain_position", flat=True)) == set(places)
    assert set(Amendment.objects.values_list("chain_position", flat=True)) == set(places)


def test_starting_one_visit_from_many_windows_makes_one_chart(plan, visit, mia):
    def start(_):
        try:
            return start_session(visit, by=mia, at=NINE).pk
        except Refused as refusal:
            return str(refusal)

    assert len(set(race(start))) == 1
    assert TreatmentSession.objects.count() == 1
