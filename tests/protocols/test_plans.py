"""Loading the reviewed text, and one client's plan."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from clients.gate import ScreeningNotClear
from clients.screening import screen
from clients.screenings import record_clearance, run_screening
from practice.models import AuditEvent
from protocols import plans
from protocols.knowledge import KNOWLEDGE
from protocols.library import load_knowledge
from protocols.models import Exercise, Phase, PhaseMuscle, Protocol, Technique, TreatmentPlan
from protocols.plans import advice_for, close_plan, current_phase, planned_minutes, start_plan
from protocols.progress import change_of
from sessions.charting import save_chart
from tests.clients.answers import calm, emergency
from tests.sessions.conftest import ask_and_start, make_visit
from tests.world import NINE, NOW, TODAY, minutes


def snapshot():
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Technique, Exercise, Protocol, Phase, PhaseMuscle)
    }


# --- the library


def test_load_knowledge_twice_changes_nothing(knowledge):
    before = snapshot()

    load_knowledge()

    assert snapshot() == before
    assert knowledge.protocols == len(KNOWLEDGE.protocols)


def test_load_knowledge_carries_the_phases_of_the_text(knowledge):
    card = KNOWLEDGE.protocols["piriformis_deep_gluteal"].phases[1]
    phase = Phase.objects.get(protocol__key="piriformis_deep_gluteal", key="restore")

    assert (phase.first_visit, phase.last_visit) == (3, 6)
    assert [(share.muscle, share.minutes) for share in phase.muscles.order_by("position")] == [
        (share.muscle, share.minutes) for share in card.muscles
    ]
    assert {exercise.key for exercise in phase.exercises.all()} == set(card.exercises)


def test_load_knowledge_sets_aside_what_vanished_and_takes_it_up_again(knowledge):
    kept = {key: card for key, card in KNOWLEDGE.protocols.items() if key != "psoas_hip_flexor"}

    assert load_knowledge(replace(KNOWLEDGE, protocols=kept)).set_aside == 1
    assert not Protocol.objects.get(key="psoas_hip_flexor").is_active

    load_knowledge()
    assert Protocol.objects.get(key="psoas_hip_flexor").is_active


def test_load_knowledge_follows_a_changed_phase(knowledge):
    card = KNOWLEDGE.protocols["psoas_hip_flexor"]
    phase = replace(card.phases[0], name="Settle", muscles=card.phases[0].muscles[:1])
    changed = replace(card, phases=(phase, *card.phases[1:]))

    load_knowledge(replace(KNOWLEDGE, protocols={**KNOWLEDGE.protocols, card.key: changed}))

    stored = Phase.objects.get(protocol__key=card.key, key="calm")
    assert (stored.name, stored.muscles.count()) == ("Settle", 1)


def test_the_command_prints_one_line(db):
    out = io.StringIO()
    call_command("load_knowledge", stdout=out)

    assert out.getvalue().count("\n") == 1
    assert f"{len(KNOWLEDGE.protocols)} protocols are on offer; 0 set aside." in out.getvalue()


# --- starting and closing


def start(client, screening, by, key="piriformis_deep_gluteal", **fields):
    return start_plan(
        client=client,
        protocol=Protocol.objects.get(key=key),
        screening=screening,
        by=by,
        at=NOW,
        **{"side": "right", "goal": "Sit through a film", **fields},
    )


def test_start_plan_takes_the_protocols_visits_unless_told(plan, mia):
    assert (plan.planned_visits, plan.therapist) == (8, mia)
    assert AuditEvent.objects.filter(action="plan.started", target_id=plan.pk).count() == 1


def test_start_plan_is_refused_to_another_therapist(ada, screening, knowledge, tom):
    with pytest.raises(plans.NotInCare):
        start(ada, screening, tom)


def test_start_plan_is_refused_on_a_screening_that_was_replaced(ada, screening, knowledge, mia):
    run_screening(client=ada, answers=calm(pain_now=5), at=NOW + minutes(5))

    with pytest.raises(plans.ScreeningIsNotCurrent):
        start(ada, screening, mia)


def test_start_plan_is_refused_when_the_screening_says_stop(ada, visit, knowledge, mia):
    stop = run_screening(client=ada, answers=emergency(), at=NOW)

    with pytest.raises(ScreeningNotClear):
        start(ada, stop, mia)


def test_start_plan_beside_a_clinician_needs_their_clearance(ada, screening, knowledge, mia):
    with pytest.raises(plans.ClearanceMissing):
        start(ada, screening, mia, key="radicular_beside_clinician")

    cleared = record_clearance(
        client=ada, clinician_name="Dr Lee", profession="GP", given_on=TODAY, note="Letter", by=mia, at=NOW
    )
    assert start(ada, cleared, mia, key="radicular_beside_clinician").is_open


def test_start_plan_is_refused_beside_an_open_one(ada, screening, plan, mia):
    with pytest.raises(plans.PlanAlreadyOpen):
        start(ada, screening, mia)


def test_a_plan_can_follow_a_closed_one(ada, screening, plan, mia):
    close_plan(plan, note="Goal reached", by=mia, at=NOW)

    assert start(ada, screening, mia).pk != plan.pk


def test_close_plan_twice_is_refused(plan, mia):
    close_plan(plan, note="Goal reached", by=mia, at=NOW)

    with pytest.raises(plans.PlanAlreadyClosed):
        close_plan(plan, note="again", by=mia, at=NOW)


def test_close_plan_is_refused_to_another_therapist(plan, tom):
    with pytest.raises(plans.NotInCare):
        close_plan(plan, note="x", by=tom, at=NOW)


# --- where it stands


@pytest.mark.parametrize(("visit_number", "key"), [(1, "calm"), (2, "calm"), (3, "restore"), (7, "keep"), (40, "keep")])
def test_current_phase_follows_the_visits_and_stays_in_the_last(plan, visit_number, key):
    assert current_phase(plan, visit_number).key == key


def test_planned_minutes_are_shared_by_two_sides():
    share = PhaseMuscle(minutes=15)

    assert planned_minutes(share, ("right",)) == 15
    assert planned_minutes(share, ("left", "right")) == 7
    assert planned_minutes(PhaseMuscle(minutes=1), ("left", "right")) == 1


@pytest.mark.parametrize(
    ("ratings", "matters", "is_plateau"),
    [
        ([6, 4], True, False),
        ([3, 2], True, False),
        ([5, 4], False, False),
        ([4, 6], False, False),
        ([6, 6, None, 6, 5, 5], False, True),
        ([6, 6, None, 6, 5], False, False),
        ([0, 0, 0, 0, 0, 0], False, False),
    ],
)
def test_change_of_knows_what_matters(ratings, matters, is_plateau):
    change = change_of(ratings)

    assert (change.matters, change.is_plateau) == (matters, is_plateau)


def test_change_of_is_nothing_when_nobody_asked():
    assert change_of([None, None]) is None


@pytest.mark.parametrize(
    ("answers", "keys"),
    [
        ({}, []),
        ({"wallet_back_pocket": True, "fetal_sleep": False}, ["wallet_back_pocket"]),
        ({"sits_hours_per_day": 8, "drives_hours_per_day": 0}, ["sits_hours_per_day"]),
        ({"sits_hours_per_day": 3, "fetal_sleep": "unsure"}, []),
    ],
)
def test_advice_is_what_the_client_brought_up(knowledge, answers, keys):
    protocol = Protocol.objects.get(key="piriformis_deep_gluteal")

    assert [card.key for card in advice_for(protocol, answers)] == keys


FACTORS = {
    "sits_hours_per_day": (6, 1),
    "stands_hours_per_day": (6, 1),
    "drives_hours_per_day": (2, 0),
    "wallet_back_pocket": (True, False),
    "reclined_chair": (True, False),
    "peers_at_screen": (True, False),
    "fetal_sleep": (True, False),
}


@pytest.mark.parametrize("factor", FACTORS)
def test_each_factor_brings_up_its_own_advice_under_every_protocol(knowledge, factor):
    answers = {name: no for name, (_, no) in FACTORS.items()} | {factor: FACTORS[factor][0]}

    for protocol in Protocol.objects.all():
        assert [card.item for card in advice_for(protocol, answers)] == [factor], protocol.key


@pytest.mark.parametrize("page", ["plan_detail", "home_programme"])
def test_plan_and_home_sheet_advise_on_exactly_what_was_answered(plan, ada, mia, signed_in, page):
    brought_up = {"peers_at_screen", "drives_hours_per_day"}
    given = {name: yes if name in brought_up else no for name, (yes, no) in FACTORS.items()}
    run_screening(client=ada, answers=calm(**given), at=NOW, by=mia)

    shown = signed_in(mia).get(address(page, plan.pk)).content.decode()

    assert {card.item for card in KNOWLEDGE.advice.values() if card.words in shown} == brought_up


@pytest.mark.parametrize("factor", [name for name in FACTORS if name != "wallet_back_pocket"])
def test_a_habit_changes_no_score(factor):
    yes, no = FACTORS[factor]

    assert screen(calm(**{factor: yes})).scores == screen(calm(**{factor: no})).scores


# --- the pages


def address(name, *args):
    return reverse(f"protocols:{name}", args=args)


def plan_pages(plan):
    return [
        address("plan_create", plan.client_id),
        *(address(page, plan.pk) for page in ("plan_detail", "plan_close", "home_programme")),
    ]


def test_another_therapist_meets_404_and_the_desk_403(plan, tom, dana, signed_in):
    assert {signed_in(tom).get(page).status_code for page in plan_pages(plan)} == {404}
    assert {signed_in(dana).get(page).status_code for page in plan_pages(plan)} == {403}
    assert signed_in(dana).get(address("protocol_list")).status_code == 403


@pytest.mark.parametrize("page", ["plan_detail", "plan_close", "home_programme"])
def test_reading_a_plan_is_written_down(plan, mia, signed_in, page):
    assert signed_in(mia).get(address(page, plan.pk)).status_code == 200

    assert AuditEvent.objects.filter(action="chart.read", by=mia, page=f"protocols:{page}").count() == 1


def test_the_protocols_show_their_evidence_and_sources(knowledge, mia, signed_in):
    browser = signed_in(mia)
    assert "Piriformis and deep gluteal" in browser.get(address("protocol_list")).content.decode()

    page = browser.get(address("protocol_detail", "radicular_beside_clinician")).content.decode()
    assert "Guidelines advise against massage as the treatment" in page
    assert "kngf-2021" in page
    assert browser.get(address("protocol_detail", "nothing")).status_code == 404


def test_plan_create_chooses_nothing_beforehand_and_sorts_by_the_pattern(ada, screening, knowledge, mia, signed_in):
    page = signed_in(mia).get(address("plan_create", ada.pk)).content.decode()

    assert "checked" not in page
    first = min(KNOWLEDGE.protocols, key=lambda key: page.index(f'id="protocol-{key}"'))
    offered = [key for key, card in KNOWLEDGE.protocols.items() if screening.pattern in card.offered_for]
    assert not offered or first in offered


def test_plan_create_starts_the_plan(ada, screening, knowledge, mia, signed_in):
    data = {"protocol": "gluteal_myofascial", "side": "both", "goal": "Drive to work", "planned_visits": "6"}

    answer = signed_in(mia).post(address("plan_create", ada.pk), data)

    plan = TreatmentPlan.objects.get()
    assert answer.url == address("plan_detail", plan.pk)
    assert (plan.protocol.key, plan.side, plan.planned_visits) == ("gluteal_myofascial", "both", 6)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("protocol", "", "Choose a protocol"),
        ("protocol", "nothing", "not on offer"),
        ("side", "middle", "middle is not one of the available choices"),
        ("goal", " ", "should be possible again"),
        ("planned_visits", "61", "less than or equal to 60"),
        ("protocol", "radicular_beside_clinician", "Enter their clearance first"),
    ],
)
def test_plan_create_refuses_with_words_and_keeps_what_was_typed(
    ada, screening, knowledge, mia, signed_in, field, value, words
):
    data = {"protocol": "gluteal_myofascial", "side": "both", "goal": "Drive to work", "planned_visits": "6"}

    answer = signed_in(mia).post(address("plan_create", ada.pk), data | {field: value})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert field == "goal" or "Drive to work" in page
    assert not TreatmentPlan.objects.exists()


def test_plan_create_without_a_screening_leads_to_it(ada, visit, knowledge, mia, signed_in):
    page = signed_in(mia).get(address("plan_create", ada.pk)).content.decode()

    assert "No screening yet" in page


def test_plan_detail_counts_visits_and_shows_the_change(signed, plan, ada, mia, massage, green_room, signed_in):
    second = make_visit(ada, mia, massage, green_room, starts_at=NINE + timedelta(days=7))
    session = ask_and_start(second, mia)
    save_chart(session, version=1, by=mia, at=second.starts_at, pain_before_nrs=4)

    page = signed_in(mia).get(address("plan_detail", plan.pk)).content.decode()

    assert "2 of 8" in page
    assert "6 → 4" in page
    assert "a change that matters" in page


def test_plan_close_asks_what_came_of_it(plan, mia, signed_in):
    browser = signed_in(mia)

    assert browser.post(address("plan_close", plan.pk), {"note": ""}).status_code == 422
    assert browser.post(address("plan_close", plan.pk), {"note": "Goal reached"}).status_code == 302
    assert "Goal reached" in browser.get(address("plan_detail", plan.pk)).content.decode()


def test_the_home_programme_has_dose_stop_rule_and_safety_net(plan, mia, signed_in):
    page = signed_in(mia).get(address("home_programme", plan.pk)).content.decode()

    card = KNOWLEDGE.exercises["figure_four"]
    assert card.dose in page
    assert card.stop in page
    assert "numbness between your legs" in page
