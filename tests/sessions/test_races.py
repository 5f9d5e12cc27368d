"""Signing and writing at once: one signature, over exactly the text that its signer saw; the chain never forks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Barrier

import pytest
from django.db import connection

from practice.errors import Refused
from sessions.chain import verify
from sessions.charting import ChartChanged, SessionAlreadySigned, amend_session, save_chart, sign_session, start_session
from sessions.models import Amendment, OutcomeScore, TreatmentSession
from tests.sessions.conftest import PIRIFORMIS, ask_and_start, make_visit
from tests.world import NINE, minutes

RACERS = 8
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
