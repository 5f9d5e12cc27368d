"""Places on the body that an entry may name: a muscle, or a region of the pain map, on one side."""

from anatomy.body import GROUPS, MUSCLES, REGIONS, SIDES, Side


def place_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the choices of a form, muscles by group and then the regions, each side by side: `left:piriformis`."""
    muscles = [(group.name, [_choice(side, each) for each in group.muscles for side in SIDES]) for group in GROUPS]
    return [*muscles, ("Regions", [_choice(side, each) for each in REGIONS.values() for side in SIDES])]


def place_name(spot: str) -> str:
    """Return words for a value such as `left:piriformis`: "left piriformis". Empty stays empty; what left the list keeps its key."""
    if not spot:
        return ""
    side, _, key = spot.partition(":")
    known = MUSCLES.get(key) or REGIONS.get(key)
    return f"{side} {_lowered(known.name) if known else key.replace('_', ' ')}"


def _choice(side: Side, each) -> tuple[str, str]:
    return f"{side.value}:{each.key}", f"{side.label} {_lowered(each.name)}"


def _lowered(name: str) -> str:
    return name if name[:2].isupper() else name[:1].lower() + name[1:]
