"""What a chart holds beside its words: entries per muscle and per test, as plain values that can be compared and hashed."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from anatomy.body import MUSCLES, Side

SCALE = range(5)  # tone and tenderness, 0 none – 4 most
NRS = range(11)  # pain and pressure as felt, 0 none – 10 worst


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """One muscle on one side. None and "" mean: not recorded. `techniques` are keys, `minutes` what was given."""

    muscle: str
    side: str
    tone: int | None = None
    tenderness: int | None = None
    has_trigger_point: bool | None = None
    is_familiar_pain: bool | None = None
    refers_to: str = ""
    techniques: tuple[str, ...] = ()
    pressure: int | None = None
    minutes: int = 0
    response: str = ""

    @property
    def spot(self) -> str:
        """Return where it is, such as `left:piriformis`; once per chart."""
        return spot(self.side, self.muscle)

    @property
    def name(self) -> str:
        """Return the side and the muscle in words, such as "Left piriformis"."""
        return spot_name(self.side, self.muscle)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was recorded: neither felt nor done."""
        return self == FindingEntry(self.muscle, self.side)


@dataclass(frozen=True, slots=True)
class TestEntry:
    """One examination test before or after the work: on one side, or of the whole person (no side).

    `result` is positive, negative or empty beside a value; `value` is in the test's own unit, degrees or minutes.
    """

    __test__ = False  # no test class, whatever pytest thinks of the name

    test: str
    side: str
    moment: str
    result: str = ""
    value: int | None = None
    felt_where: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the plan's phase intends for one muscle on one side: minutes, techniques in order, pressure at most (0–10)."""

    muscle: str
    side: str
    minutes: int
    techniques: tuple[str, ...]
    technique_names: tuple[str, ...] = ()
    pressure: int | None = None
    note: str = ""

    @property
    def spot(self) -> str:
        """Return where it is, such as `left:piriformis`."""
        return spot(self.side, self.muscle)

    @property
    def name(self) -> str:
        """Return the side and the muscle in words."""
        return spot_name(self.side, self.muscle)


def spot(side: str, muscle: str) -> str:
    """Return the value that stands for one muscle on one side in forms, such as `left:piriformis`."""
    return f"{Side(side).value}:{muscle}"


def parse_spot(value: str) -> tuple[str, str]:
    """Return side and muscle of a value such as `left:piriformis`. Raises ValueError for anything else."""
    side, _, muscle = value.partition(":")
    if side not in set(Side) or muscle not in MUSCLES:
        raise ValueError("That muscle is not in the practice's list.")
    return side, muscle


def spot_name(side: str, muscle: str) -> str:
    """Return words such as "Left piriformis"; a muscle that left the list keeps its key."""
    known = MUSCLES.get(muscle)
    name = known.name if known else muscle.replace("_", " ")
    return f"{Side(side).label} {name[:1].lower()}{name[1:]}"


def total_minutes(findings: Iterable[FindingEntry]) -> int:
    """Return the minutes given over all muscles."""
    return sum(finding.minutes for finding in findings)


def done_as_planned(finding: FindingEntry, plan: Plan) -> FindingEntry:
    """Return the finding with the plan's minutes and techniques as given, when the therapist says so.

    What is already recorded stays. What was felt is never filled in, nor the pressure: the plan knows only its ceiling.
    """
    return replace(
        finding,
        minutes=finding.minutes or plan.minutes,
        techniques=finding.techniques or plan.techniques,
    )


def in_order(findings: Iterable[FindingEntry], plans: Iterable[Plan] = ()) -> list[FindingEntry]:
    """Return the findings as a therapist works: the plan's muscles first, then the order of the muscle grid."""
    planned = {plan.spot: place for place, plan in enumerate(plans)}
    known = list(MUSCLES)

    def place(finding: FindingEntry) -> tuple[int, int, str]:
        grid = known.index(finding.muscle) if finding.muscle in known else len(known)
        return planned.get(finding.spot, len(planned)), grid, finding.side

    return sorted(findings, key=place)


def as_content(entries: Iterable[FindingEntry | TestEntry]) -> list[dict]:
    """Return the entries as plain values in a fixed order, for the hash of a signature."""
    rows = [asdict(entry) for entry in entries]
    for row in rows:
        if "techniques" in row:
            row["techniques"] = sorted(row["techniques"])
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])
