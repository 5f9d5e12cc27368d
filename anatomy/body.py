"""The body as the practice charts it: muscles in groups, sides, and the regions of the pain map."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from anatomy.cards import KnowledgeError, build, by_key, check_known, read_toml

HERE = Path(__file__).parent
LEVELS = ("back", "buttock", "thigh", "knee", "calf", "foot")  # from the spine outwards; further along = lower
VIEWS = ("front", "back")
LEVEL_NAMES = {
    "back": "low back",
    "buttock": "buttock or groin",
    "thigh": "thigh",
    "knee": "knee",
    "calf": "lower leg",
    "foot": "foot",
}


class Side(StrEnum):
    """The client's own left or right, never the picture's."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def label(self) -> str:
        """Return "Left" or "Right"."""
        return self.value.capitalize()


SIDES = tuple(Side)


@dataclass(frozen=True, slots=True)
class Muscle:
    """One knowledge card. `techniques` are keys of protocols/knowledge; `sources` keys of clinical-sources.md."""

    key: str
    name: str
    group: str
    where: str
    action: str
    nerve: str
    refers_to: str
    refers_regions: tuple[str, ...]
    findings: tuple[str, ...]
    techniques: tuple[str, ...]
    home: str
    caution: str
    sources: tuple[str, ...]
    consent: str = ""  # the sensitive region that needs its own consent before this muscle is touched


@dataclass(frozen=True, slots=True)
class MuscleGroup:
    """Muscles charted together, in the order in which the grid shows them."""

    key: str
    name: str
    muscles: tuple[Muscle, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A place on the pain map. `level` tells how far down the leg it lies; `views` where it is drawn."""

    key: str
    name: str
    level: str
    views: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class _GroupRow:
    key: str
    name: str


def load_regions(path: Path) -> dict[str, Region]:
    """Return the regions by key, in the file's order; raise KnowledgeError for a level or view nobody knows."""
    rows = read_toml(path)["region"]
    regions = by_key((build(Region, row, where=f"{path.name}: {row.get('key')}") for row in rows), where=path.name)
    for region in regions.values():
        check_known([region.level], LEVELS, where=f"{path.name}: {region.key}.level")
        check_known(region.views, VIEWS, where=f"{path.name}: {region.key}.views")
    return regions


def load_groups(path: Path) -> tuple[MuscleGroup, ...]:
    """Return the muscle groups in order, each with its muscles; raise KnowledgeError when they do not fit."""
    file = read_toml(path)
    muscles = by_key(
        (build(Muscle, row, where=f"{path.name}: {row.get('key')}") for row in file["muscle"]), where=path.name
    )
    groups = by_key((build(_GroupRow, row, where=f"{path.name}: group") for row in file["group"]), where=path.name)
    for each in muscles.values():
        check_known(each.refers_regions, REGIONS, where=f"{path.name}: {each.key}.refers_regions")
    check_known((each.group for each in muscles.values()), groups, where=f"{path.name}: group")
    found = tuple(
        MuscleGroup(group.key, group.name, tuple(each for each in muscles.values() if each.group == group.key))
        for group in groups.values()
    )
    if empty := [group.key for group in found if not group.muscles]:
        raise KnowledgeError(f"{path.name}: group {empty[0]!r} has no muscles")
    return found


REGIONS: dict[str, Region] = load_regions(HERE / "regions.toml")
GROUPS: tuple[MuscleGroup, ...] = load_groups(HERE / "muscles.toml")
MUSCLES: dict[str, Muscle] = {each.key: each for group in GROUPS for each in group.muscles}


def muscle(key: str) -> Muscle:
    """Return the muscle with that key. Raises KeyError."""
    return MUSCLES[key]


def region(key: str) -> Region:
    """Return the region with that key. Raises KeyError."""
    return REGIONS[key]


def spot(side: str, key: str) -> str:
    """Return the value that travels in forms and rows for one place on one side, such as `left:buttock`."""
    return f"{Side(side).value}:{key}"


def parse_spot(value: str) -> tuple[Side, Region]:
    """Return side and region of a value such as `left:buttock`. Raises ValueError for anything else."""
    side, _, key = value.partition(":")
    if side not in set(SIDES) or key not in REGIONS:
        raise ValueError("That place is not on the body map.")
    return Side(side), REGIONS[key]


def spot_choices() -> list[tuple[str, str]]:
    """Return every (value, label) of the pain map for a form's choices, region by region, left before right."""
    return [(spot(side, key), f"{side.label} {each.name.lower()}") for key, each in REGIONS.items() for side in SIDES]


def spot_label(value: str) -> str:
    """Return words for a value such as `left:buttock`: "Left buttock". Raises ValueError."""
    side, found = parse_spot(value)
    return f"{side.label} {found.name.lower()}"


def spots_of(drawing: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the values of a stored drawing, a list of {"region", "side"}: `left:buttock`."""
    return [spot(each["side"], each["region"]) for each in drawing]


def stored_drawing(spots: Iterable[str]) -> list[dict[str, str]]:
    """Return the list of {"region", "side"} to store for such values, each once, in the map's order. Raises ValueError."""
    wanted = {value: parse_spot(value) for value in spots}
    return [
        {"region": found.key, "side": side.value}
        for side, found in (wanted[v] for v, _ in spot_choices() if v in wanted)
    ]


def lowest_level(regions: Iterable[str]) -> str | None:
    """Return how far down the pain reaches: the last of LEVELS touched, or None when nothing is marked.

    Takes region keys (`calf`) or side and region (`left:calf`). A level that moves down between two drawings is
    peripheralisation. Raises ValueError for a place that is not on the map.
    """
    reached = [LEVELS.index(_region_of(value).level) for value in regions]
    return LEVELS[max(reached)] if reached else None


def _region_of(value: str) -> Region:
    if value in REGIONS:
        return REGIONS[value]
    return parse_spot(value)[1]
