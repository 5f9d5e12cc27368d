"""Template tags that draw the body: the pain map, its picker for forms, and the muscle map."""

from django import template

from anatomy.body import LEVEL_NAMES, REGIONS, SIDES, Side, lowest_level, spot, spot_choices, spots_of
from anatomy.drawing import MUSCLE_VIEWS, PAIN_VIEWS, MuscleMark

register = template.Library()


@register.inclusion_tag("anatomy/_body_map.html")
def body_map(regions, name="pain-map"):
    """Draw where it hurts. `regions` holds values such as `left:buttock`, or a stored drawing.

    `name` must differ between two maps on one page.
    """
    chosen = _chosen(regions)
    marked = [(value, label) for value, label in spot_choices() if value in chosen]
    level = lowest_level(value for value, _ in marked)
    return {
        "views": [{**each, "words": _seen(each["view"], chosen)} for each in _pain_views(name)],
        "chosen": chosen,
        "words": [label for _, label in marked],
        "level": LEVEL_NAMES[level] if level else "",
    }


@register.inclusion_tag("anatomy/_region_picker.html")
def region_picker(
    regions, legend="Where do you feel it?", field="regions", hint="Mark every place. Left and right are yours."
):
    """Draw the form part that marks where it hurts: checkboxes named `field`, each valued like `left:buttock`."""
    chosen = _chosen(regions)
    rows = [{"region": region, "sides": [_box(side, key, chosen) for side in SIDES]} for key, region in REGIONS.items()]
    return {"field": field, "legend": legend, "hint": hint, "views": _pain_views(field), "rows": rows}


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
