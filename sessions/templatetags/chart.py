"""Template tags of the chart: a short scale as one row of large targets, and a number with minus and plus."""

from django import template

from sessions.entries import spot_name

register = template.Library()


@register.inclusion_tag("sessions/_segments.html")
def segments(field, css="", label=""):
    """Show a choice field as one row of targets. `css` is nrs, sides or scale; the empty choice stands first."""
    return {"field": field, "css": css, "label": label or field.label, "options": _options(field)}


@register.inclusion_tag("sessions/_grid_choice.html")
def grid_choice(field, form):
    """Show a choice field as a select of the table, named after its muscle for who cannot see the column."""
    return {"field": field, "name": spot_name(form.side, form.muscle), "options": _options(field)}


def _options(field):
    chosen = field.value()
    chosen = "" if chosen is None else str(chosen)
    return [
        {"value": str(value), "label": words, "is_chosen": str(value) == chosen, "id": f"{field.auto_id}_{value}"}
        for value, words in field.field.choices
    ]


@register.inclusion_tag("sessions/_counter.html")
def counter(field, step=5, unit="", label="", most=""):
    """Show a number field with a minus and a plus that a thumb can hit."""
    value = field.value()
    return {
        "field": field,
        "value": "" if value is None else value,
        "step": step,
        "unit": unit,
        "label": label or field.label,
        "most": most,
    }


@register.inclusion_tag("sessions/_copied.html")
def copied(field):
    """Say at a field's label that its value was copied, and from which day; nothing when somebody has touched it."""
    form = field.form
    day = getattr(form, "copied", {}).get(field.name)
    return {"day": day, "short": day and day.rpartition(" ")[0], "mark": f"{getattr(form, 'spot', '')}/{field.name}"}
