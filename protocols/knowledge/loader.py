"""Reads the knowledge files and checks every key that points from one card to another."""

from pathlib import Path

from anatomy.body import MUSCLES
from anatomy.cards import KeyedCard, KnowledgeError, build, by_key, check_known, read_toml
from protocols.knowledge.cards import (
    Advice,
    EvidenceGrade,
    ExerciseCard,
    Knowledge,
    MeasureCard,
    PhaseCard,
    ProtocolCard,
    TechniqueCard,
    TestCard,
)

HERE = Path(__file__).parent
PHASE_KEYS = ("calm", "restore", "keep")
PATTERNS = ("deep_gluteal", "mixed_or_unclear", "myofascial", "radicular", "sacroiliac")
UNITS = ("", "degrees", "minutes")
RESULTS = ("asked", "optional", "none")  # of a test: positive or negative
BETTER = ("higher", "lower")
WAYS = ("activities", "chart", "number", "scale", "statements")
WHENS = ("", "milestone", "retest", "visit")
LOADS = ("easy", "middle", "strong")
TALK_MINUTES = 10  # what a session keeps free for re-screening, tests before and after, and the home programme
PRESSURE_CEILING = 7  # "good pain" on the client's own 0–10
SECONDS_PER_POINT = (30, 90)


def load_knowledge(folder: Path = HERE) -> Knowledge:
    """Return all cards of `folder`, cross-checked. Raises KnowledgeError naming file, entry and field."""
    knowledge = Knowledge(
        techniques=_cards(TechniqueCard, folder / "techniques.toml", "technique"),
        exercises=_cards(ExerciseCard, folder / "exercises.toml", "exercise"),
        tests=_cards(TestCard, folder / "tests.toml", "test"),
        measures=_cards(MeasureCard, folder / "measures.toml", "measure"),
        advice=_cards(Advice, folder / "advice.toml", "advice"),
        protocols=by_key(
            (_protocol(path) for path in sorted((folder / "protocols").glob("*.toml"))), where="protocols"
        ),
    )
    _check_techniques(knowledge)
    _check_exercises(knowledge)
    for test in knowledge.tests.values():
        _check_test(test)
    for measure in knowledge.measures.values():
        _check_measure(measure)
    for protocol in knowledge.protocols.values():
        _check_protocol(protocol, knowledge)
    return knowledge


def _cards(kind: type[KeyedCard], path: Path, table: str) -> dict[str, KeyedCard]:
    rows = read_toml(path).get(table, [])
    return by_key((build(kind, row, where=f"{path.name}: {row.get('key')}") for row in rows), where=path.name)


def _protocol(path: Path) -> ProtocolCard:
    return build(ProtocolCard, read_toml(path), where=path.name)


def _check_techniques(knowledge: Knowledge) -> None:
    shortest, longest = SECONDS_PER_POINT
    for card in knowledge.techniques.values():
        if not 1 <= card.pressure_max <= PRESSURE_CEILING:
            raise KnowledgeError(f"technique {card.key}: pressure_max must be 1 to {PRESSURE_CEILING}")
        if not shortest <= card.seconds_min <= card.seconds_max <= longest:
            raise KnowledgeError(f"technique {card.key}: seconds must lie in {shortest} to {longest}")
    for muscle in MUSCLES.values():
        check_known(muscle.techniques, knowledge.techniques, where=f"muscle {muscle.key}.techniques")


def _check_exercises(knowledge: Knowledge) -> None:
    for card in knowledge.exercises.values():
        check_known([card.load], LOADS, where=f"exercise {card.key}.load")
        check_known(card.muscles, MUSCLES, where=f"exercise {card.key}.muscles")


def _check_test(card: TestCard) -> None:
    where = f"test {card.key}"
    check_known([card.unit], UNITS, where=f"{where}.unit")
    check_known([card.result], RESULTS, where=f"{where}.result")
    if bool(card.unit) != (card.unit_max > 0):
        raise KnowledgeError(f"{where}: a unit goes with the most that can be measured")
    if card.result != "asked" and not card.unit:
        raise KnowledgeError(f"{where}: without a unit nothing but the result can be entered")


def _check_measure(card: MeasureCard) -> None:
    where = f"measure {card.key}"
    check_known([card.better], BETTER, where=f"{where}.better")
    check_known([card.way], WAYS, where=f"{where}.way")
    check_known([card.when], WHENS, where=f"{where}.when")
    if not card.least < card.most:
        raise KnowledgeError(f"{where}: least must be under most")
    if card.decimals not in (0, 1):
        raise KnowledgeError(f"{where}: a score has no decimals or one")
    if not (0 <= card.matters_points <= card.most - card.least and 0 <= card.matters_share < 1):
        raise KnowledgeError(f"{where}: the change that matters lies outside the measure")
    if card.matters_share and not card.matters_points:
        raise KnowledgeError(f"{where}: a share of the first value needs its points beside it")
    if (card.way == "statements") != bool(card.statements) or len(card.statements) not in (0, card.most):
        raise KnowledgeError(f"{where}: statements are asked one for each point, and only where they are scored so")
    if card.way in ("activities", "statements") and not card.is_embedded:
        raise KnowledgeError(f"{where}: what may not be embedded is entered as a score only")


def _check_protocol(protocol: ProtocolCard, knowledge: Knowledge) -> None:
    where = f"protocol {protocol.key}"
    check_known([protocol.evidence_grade], EvidenceGrade, where=f"{where}.evidence_grade")
    check_known(protocol.offered_for, PATTERNS, where=f"{where}.offered_for")
    check_known(protocol.advice, knowledge.advice, where=f"{where}.advice")
    check_known(protocol.tests, knowledge.tests, where=f"{where}.tests")
    if "radicular" in protocol.offered_for and not protocol.requires_clearance:
        raise KnowledgeError(f"{where}: nerve-root pain is only ever treated beside a clinician, with clearance")
    if tuple(phase.key for phase in protocol.phases) != PHASE_KEYS:
        raise KnowledgeError(f"{where}: phases must be {', '.join(PHASE_KEYS)}, in this order")
    for phase in protocol.phases:
        _check_phase(phase, knowledge, where=f"{where}.{phase.key}")


def _check_phase(phase: PhaseCard, knowledge: Knowledge, *, where: str) -> None:
    check_known(phase.exercises, knowledge.exercises, where=f"{where}.exercises")
    if phase.visits < 1 or phase.days_between < 1:
        raise KnowledgeError(f"{where}: visits and days_between must be at least 1")
    if phase.hands_on_minutes > phase.session_minutes - TALK_MINUTES:
        raise KnowledgeError(f"{where}: {phase.hands_on_minutes} hands-on minutes do not fit {phase.session_minutes}")
    if len({share.muscle for share in phase.muscles}) < len(phase.muscles):
        raise KnowledgeError(f"{where}.muscles: a muscle is listed twice")
    for share in phase.muscles:
        check_known([share.muscle], MUSCLES, where=f"{where}.muscles")
        check_known(share.techniques, knowledge.techniques, where=f"{where}.{share.muscle}.techniques")
        if share.minutes < 1:
            raise KnowledgeError(f"{where}.{share.muscle}: minutes must be at least 1")
        if not 1 <= share.pressure <= PRESSURE_CEILING:
            raise KnowledgeError(f"{where}.{share.muscle}: pressure must be 1 to {PRESSURE_CEILING}")
