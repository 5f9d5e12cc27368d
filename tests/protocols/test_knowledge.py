"""The knowledge cards: every key resolves, sessions add up, evidence is stated, and no unsupported claim is printed."""

import re
import shutil
from pathlib import Path

import pytest

from anatomy.body import MUSCLES
from anatomy.cards import KnowledgeError
from protocols.knowledge import KNOWLEDGE, EvidenceGrade, load_knowledge
from protocols.knowledge.loader import HERE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    line.removeprefix("### ")
    for line in (ROOT / "docs" / "clinical-sources.md").read_text().splitlines()
    if line.startswith("### ")
}
PROTOCOLS = list(KNOWLEDGE.protocols.values())
PHASES = [(protocol, phase) for protocol in PROTOCOLS for phase in protocol.phases]
CARDS = [
    *KNOWLEDGE.techniques.values(),
    *KNOWLEDGE.exercises.values(),
    *KNOWLEDGE.tests.values(),
    *KNOWLEDGE.advice.values(),
    *PROTOCOLS,
]
FILES = [*HERE.rglob("*.toml"), ROOT / "anatomy" / "muscles.toml"]
LIFE_ITEMS = {
    "wallet_back_pocket",
    "sits_hours_per_day",
    "stands_hours_per_day",
    "drives_hours_per_day",
    "fetal_sleep",
    "reclined_chair",
    "peers_at_screen",
}
EXAMINED = {  # test items of the examination card that a card must define
    "slr",
    "crossed_slr",
    "slump",
    "femoral_stretch",
    "active_piriformis",
    "seated_piriformis_stretch",
    "fair",
    "freiberg",
    "pace",
    "beatty",
    "thomas",
    "hip_internal_rotation",
    "notch_tenderness_familiar",
    "light_touch",
    "reflexes",
}


def named(card):
    return f"{type(card).__name__}-{card.key}"


@pytest.fixture
def knowledge_with(tmp_path):
    """Load a copy of the knowledge in which one text of one file was replaced."""

    def load(name, old, new):
        folder = tmp_path / "knowledge"
        shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        return load_knowledge(folder)

    return load


@pytest.mark.parametrize("card", CARDS, ids=named)
def test_card_names_sources_that_exist(card):
    assert set(card.sources) <= SOURCES


def test_there_is_a_protocol_for_each_picture():
    assert {"piriformis_deep_gluteal", "gluteal_myofascial", "psoas_hip_flexor", "radicular_beside_clinician"} <= set(
        KNOWLEDGE.protocols
    )


@pytest.mark.parametrize(("protocol", "phase"), PHASES, ids=lambda value: value.key)
def test_phase_fits_its_session_and_leaves_time_to_ask_and_teach(protocol, phase):
    assert 0 < phase.hands_on_minutes <= phase.session_minutes - 10
    assert phase.exercises
    assert phase.progress


@pytest.mark.parametrize(("protocol", "phase"), PHASES, ids=lambda value: value.key)
def test_phase_presses_no_harder_than_its_techniques_allow(protocol, phase):
    for share in phase.muscles:
        assert share.pressure <= max(KNOWLEDGE.techniques[key].pressure_max for key in share.techniques)


@pytest.mark.parametrize(("protocol", "phase"), PHASES, ids=lambda value: value.key)
def test_phase_uses_techniques_advised_for_the_muscle_or_lighter_ones(protocol, phase):
    light = {key for key, card in KNOWLEDGE.techniques.items() if card.pressure_max <= 5}

    for share in phase.muscles:
        assert set(share.techniques) <= {*MUSCLES[share.muscle].techniques, *light}


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=named)
def test_protocol_stops_for_spreading_pain_worse_visits_and_no_change(protocol):
    rules = " ".join(protocol.stop_rules).lower()

    for word in ("emergency", "further down the leg", "worse after", "weakness"):
        assert word in rules
    assert re.search(r"by visit \d|at visit \d", rules)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=named)
def test_protocol_states_weak_evidence_plainly(protocol):
    assert EvidenceGrade(protocol.evidence_grade).label
    assert re.search(r"weak|small trials|teaching|advises against|little", protocol.evidence)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=named)
def test_protocol_begins_softly(protocol):
    calm = protocol.phases[0]

    assert all(share.pressure <= 5 for share in calm.muscles)
    assert not {key for share in calm.muscles for key in share.techniques} & {"deep_stripping", "static_stretch"}


def test_only_cleared_care_is_offered_for_the_radicular_pattern():
    offered = [protocol for protocol in PROTOCOLS if "radicular" in protocol.offered_for]

    assert [protocol.key for protocol in offered] == ["radicular_beside_clinician"]
    assert all(protocol.requires_clearance for protocol in offered)


def test_cleared_care_keeps_off_the_nerve():
    protocol = KNOWLEDGE.protocols["radicular_beside_clinician"]
    used = {key for phase in protocol.phases for share in phase.muscles for key in share.techniques}

    assert used <= {"effleurage", "petrissage", "myofascial_release", "breathing"}
    assert max(share.pressure for phase in protocol.phases for share in phase.muscles) <= 4
    assert "piriformis" not in {share.muscle for phase in protocol.phases for share in phase.muscles}


def test_psoas_work_stays_gentle():
    for _, phase in PHASES:
        for share in phase.muscles:
            assert share.muscle not in {"psoas", "iliacus"} or share.pressure <= 3


def test_every_pattern_that_may_be_treated_has_a_protocol():
    assert {pattern for protocol in PROTOCOLS for pattern in protocol.offered_for} == {
        "deep_gluteal",
        "myofascial",
        "sacroiliac",
        "radicular",
        "mixed_or_unclear",
    }


def test_every_muscle_can_be_exercised_at_home():
    assert {muscle for card in KNOWLEDGE.exercises.values() for muscle in card.muscles} == set(MUSCLES)


def test_every_exercise_says_when_to_stop():
    assert [
        card.key for card in KNOWLEDGE.exercises.values() if not re.match(r"(Stop|Turn back|Change)", card.stop)
    ] == []


def test_test_cards_define_the_examination():
    assert set(KNOWLEDGE.tests) >= EXAMINED


def test_test_cards_with_a_unit_have_a_range():
    assert [card.key for card in KNOWLEDGE.tests.values() if bool(card.unit) != bool(card.unit_max)] == []


def test_advice_covers_the_habits_the_intake_asks_about():
    assert {advice.item for advice in KNOWLEDGE.advice.values()} == LIFE_ITEMS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_card_claims_what_the_evidence_does_not_carry(path):
    text = path.read_text().lower()

    for claim in (
        r"\bcures?\b",
        r"you have\b(?! to)",
        r"more common than",
        r"better than surgery|instead of surgery|avoids? surgery",
        r"homeopath",
        r"rules? out",
        r"guarantee",
        r"sciatica confirmed",
        r"ibuprofen|nsaid|supplement",
        r"[\w ]*\bper ?cent\b",
    ):
        assert re.findall(claim, text) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        (
            "techniques.toml",
            "pressure_max = 3",
            "pressure_max = 9",
            "technique effleurage: pressure_max must be 1 to 7",
        ),
        (
            "techniques.toml",
            "seconds_max = 90",
            "seconds_max = 240",
            "technique effleurage: seconds must lie in 30 to 90",
        ),
        ("techniques.toml", 'key = "met_pir"', 'key = "met"', "muscle piriformis.techniques: unknown key 'met_pir'"),
        ("techniques.toml", 'key = "petrissage"', 'key = "effleurage"', "key 'effleurage' is used twice"),
        ("exercises.toml", 'load = "easy"', 'load = "brutal"', "exercise figure_four.load: unknown key 'brutal'"),
        ("exercises.toml", '"piriformis"', '"spleen"', "exercise figure_four.muscles: unknown key 'spleen'"),
        ("exercises.toml", 'key = "walking"', 'key = "running"', "exercises: unknown key 'walking'"),
        ("tests.toml", 'key = "slr"', 'key = "leg"', "tests: unknown key 'slr'"),
        ("advice.toml", 'key = "fetal_sleep"', 'key = "sleep"', "advice: unknown key 'fetal_sleep'"),
        ("protocols/piriformis.toml", "minutes = 10", "minutes = 40", "calm: 60 hands-on minutes do not fit 45"),
        ("protocols/piriformis.toml", "minutes = 10", "minutes = 0", "calm.piriformis: minutes must be at least 1"),
        ("protocols/piriformis.toml", "minutes = 10", "minutes = true", "minutes: expected int, got True"),
        ("protocols/piriformis.toml", "pressure = 5", "pressure = 8", "calm.piriformis: pressure must be 1 to 7"),
        ("protocols/piriformis.toml", "visits = 2", "visits = 0", "calm: visits and days_between must be at least 1"),
        ("protocols/piriformis.toml", 'muscle = "piriformis"', 'muscle = "gluteus_medius"', "a muscle is listed twice"),
        ("protocols/piriformis.toml", 'muscle = "piriformis"', 'muscle = "spleen"', "unknown key 'spleen'"),
        (
            "protocols/piriformis.toml",
            '"myofascial_release", ',
            '"thrust", ',
            "calm.piriformis.techniques: unknown key 'thrust'",
        ),
        ("protocols/piriformis.toml", 'key = "calm"', 'key = "keep"', "phases must be calm, restore, keep"),
        ("protocols/piriformis.toml", 'evidence_grade = "very_low"', 'evidence_grade = "high"', "unknown key 'high'"),
        ("protocols/piriformis.toml", '["deep_gluteal"]', '["sciatica"]', "offered_for: unknown key 'sciatica'"),
        ("protocols/piriformis.toml", '["deep_gluteal"]', '["radicular"]', "only ever treated beside a clinician"),
        ("protocols/piriformis.toml", 'name = "Piriformis and deep gluteal"', "", "piriformis.toml: 'name' is missing"),
    ],
)
def test_load_knowledge_refuses_cards_that_do_not_fit(knowledge_with, name, old, new, complaint):
    with pytest.raises(KnowledgeError, match=re.escape(complaint)):
        knowledge_with(name, old, new)


def test_load_knowledge_reads_the_same_cards_again(knowledge_with):
    assert knowledge_with("advice.toml", "wallet", "wallet") == KNOWLEDGE
