"""Template tags that draw the body: the pain map, its picker for forms, and the muscle map."""

from django import template

from anatomy.body import LEVEL_NAMES, REGIONS, SIDES, Side, lowest_level, spot, spot_choices, spots_of
from anatomy.drawing import MUSCLE_VIEWS, PAIN_VIEWS, MuscleMark

register = template.Library()


@register.inclusion_tag("anatomy/_body_map.html")
def body_map(regions, name="pain-map", takes_referral=False):
    """Draw where it hurts. `regions` holds values such as `left:buttock`, or a stored drawing.

    `name` must differ between two maps on one page. With `takes_referral` the page's script can lay a muscle's usual
    referral over it, hatched.
    """
    chosen = _chosen(regions)
    marked = [(value, label) for value, label in spot_choices() if value in chosen]
    level = lowest_level(value for value, _ in marked)
    return {
        "views": [{**each, "words": _seen(each["view"], chosen)} for each in _pain_views(name)],
        "chosen": chosen,
        "words": [label for _, label in marked],
        "level": LEVEL_NAMES[level] if level else "",
        "takes_referral": takes_referral,
    }


@register.inclusion_tag("anatomy/_region_picker.html")
def region_picker(
    regions,
    legend="Where do you feel it?",
    field="regions",
    hint="Mark every place. Left and right are yours.",
    nowhere=None,
):
    """Draw the form part that marks where it hurts: checkboxes named `field`, each valued like `left:buttock`.

    `nowhere` is a bound field, a box that answers "Nowhere now": it stands first, and the list is folded below the picture.
    """
    chosen = _chosen(regions)
    rows = [{"region": region, "sides": [_box(side, key, chosen) for side in SIDES]} for key, region in REGIONS.items()]
    return {
        "field": field,
        "legend": legend,
        "hint": hint,
        "views": _pain_views(field),
        "rows": rows,
        "nowhere": nowhere,
    }


@register.inclusion_tag("anatomy/_muscle_map.html")
def muscle_map(findings, name="muscle-map"):
    """Draw muscles with findings: MuscleMarks, or rows with muscle, side, tenderness and is_familiar_pain.

    `name` must differ between two maps on one page.
    """
    marks = {f"{mark.side}:{mark.muscle}": mark for mark in map(_mark, findings)}
    views = [
        {
            "view": view,
            "id": f"{name}-{view.key}",
            "shapes": [{"shape": shape, "mark": marks.get(shape.spot)} for shape in view.shapes],
        }
        for view in MUSCLE_VIEWS
    ]
    return {"views": views, "marks": list(marks.values())}


@register.inclusion_tag("anatomy/_muscle_aspects.html")
def muscle_aspects(marks, name="muscles"):
    """Draw the muscles as pictures to tap: back, side and front, one at a time, surface beside depth.

    `marks` holds the MuscleMarks of the chart. The page lists the same muscles as buttons beside it.
    """
    found = {f"{mark.side}:{mark.muscle}": mark for mark in marks}
    aspects = [
        {
            "key": key,
            "name": key.capitalize(),
            "views": [_tapped(view, found, name) for view in MUSCLE_VIEWS if view.aspect == key],
        }
        for key in dict.fromkeys(view.aspect for view in MUSCLE_VIEWS)
    ]
    for each in aspects:
        shown = {one["shape"].spot for view in each["views"] for one in view["shapes"]}
        each["count"] = len(shown & found.keys())
    first = next((each["key"] for each in aspects if each["count"]), aspects[0]["key"])
    return {"aspects": aspects, "name": name, "shown": first}


def _tapped(view, found, name):
    return {
        "view": view,
        "id": f"{name}-{view.key}",
        "shapes": [{"shape": shape, "mark": found.get(shape.spot)} for shape in view.shapes],
    }


def _pain_views(name):
    return [{"view": view, "id": f"{name}-{view.key}"} for view in PAIN_VIEWS]


def _seen(view, chosen):
    labels = [shape.label.lower() for shape in view.shapes if shape.spot in chosen]
    return f"{view.name} of the body: {', '.join(labels) if labels else 'nothing'} marked"


def _box(side, key, chosen):
    value = spot(side, key)
    return {"side": side, "value": value, "is_chosen": value in chosen}


def _chosen(regions):
    given = list(regions or ())
    return frozenset(given if all(isinstance(each, str) for each in given) else spots_of(given))


def _mark(finding):
    if isinstance(finding, MuscleMark):
        return finding
    return MuscleMark(
        muscle=finding.muscle,
        side=Side(finding.side),
        tenderness=finding.tenderness,
        is_familiar=bool(finding.is_familiar_pain),
    )
