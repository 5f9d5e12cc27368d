"""Template tags of outcome measures: figures as people write them, a course as a line of a table and as a drawing."""

from django import template

from protocols.charts import chart_of
from protocols.progress import in_figures

register = template.Library()


@register.filter
def figures(value):
    """Write a value: 6.3, 4, −2; a dash for nothing."""
    return "–" if value in (None, "") else in_figures(value)


@register.filter
def points(value):
    """Write a change with its sign: +3.3, −2, 0."""
    return f"+{in_figures(value)}" if value > 0 else in_figures(value)


@register.filter
def towards(course):
    """Say whether a course got better, worse or stayed."""
    if course.gain == 0:
        return "no change"
    return "better" if course.gain > 0 else "worse"


@register.filter
def rule(card):
    """Write from which change on it matters: "2 points or 30 % of the first value"; empty where no source says."""
    if not card.matters_points:
        return ""
    points_words = f"{in_figures(card.matters_points)} points"
    return (
        f"{points_words} or {card.matters_share:.0%} of the first value".replace("%", " %")
        if card.matters_share
        else points_words
    )


@register.inclusion_tag("protocols/_course_chart.html")
def course_chart(course):
    """Draw one course, with the same in a sentence and a table; nothing with fewer than two values."""
    return {"chart": chart_of(course), "course": course}
