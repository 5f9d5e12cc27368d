"""The rules as a document for clinicians. `python -m tests.screening.rulebook` writes docs/screening-rules.md anew."""

import tomllib
from pathlib import Path

from clients.screening import ITEMS, RULES
from clients.screening.rules import DATA

DOCUMENT = Path(__file__).parents[2] / "docs" / "screening-rules.md"
QUESTION_HEAD = ("Question", "While", "Source, grade")
LEVELS = {"emergency": "Emergency", "urgent_referral": "Urgent referral", "routine_referral": "Routine referral"}

HEAD = f"""# The rules of the screening

Written from the data in `clients/screening/` by `python -m tests.screening.rulebook`; a test fails while the two differ. How to
read it, and how the parts work together: [screening.md](screening.md). Sources: [clinical-sources.md](clinical-sources.md).
Grade: *published* (a source was checked, how far is said there), *unverified* (a source is named, not checked), *expert* (our own).

In conditions: *possible* is yes or not sure, *open* is unanswered or not sure, *not denied* is anything but no, *known* is answered
or tested. Version {RULES.version}.
"""


def rulebook() -> str:
    """Return the whole document."""
    parts = [
        HEAD,
        _definitions(),
        *(_flags(level) for level in LEVELS),
        _open(),
        _besides(),
        _cautions(),
        _minimum(),
        _weights(),
        _patterns(),
        _scores(),
    ]
    return "\n".join(parts)


def _definitions():
    rows = [
        (_code(name), _code(" ".join(text.split())))
        for file in ("rules", "weights")
        for name, text in tomllib.loads((DATA / f"{file}.toml").read_text(encoding="utf-8"))["define"].items()
    ]
    return _table("Terms the conditions use", ("Term", "Means"), rows)


def _flags(level):
    rows = [
        (f"`{rule.id}`", rule.why, _condition(rule), "yes" if rule.clearable else "no", _source(rule))
        for rule in RULES.rules
        if rule.level == level
    ]
    return _table(
        f"Red flags: {LEVELS[level].lower()}", ("Rule", "Why", "When", "Clearance lifts it", "Source, grade"), rows
    )


def _open():
    title = "What keeps a screening incomplete"
    return _table(title, QUESTION_HEAD, map(_question, RULES.open_questions))


def _besides():
    title = "What is asked for besides, and decides nothing"
    return _table(title, QUESTION_HEAD, map(_question, RULES.asked_besides))


def _question(question):
    source = _source(question) if question.source else "emergency question"
    return ITEMS[question.item].label, _code(question.when.text), source


def _cautions():
    rows = [
        (rule.caution.why, rule.caution.therapist_words, rule.caution.kind, _condition(rule), _source(rule.caution))
        for rule in (*RULES.cautions, *RULES.advice)
    ]
    return _table("Cautions at the table, and advice", ("Why", "What to do", "Kind", "When", "Source, grade"), rows)


def _minimum():
    rows = [(group.label, _code(group.when.text)) for group in RULES.minimum]
    return _table("Needed before a pattern is named", ("Group", "When"), rows)


def _weights():
    rows = [
        (RULES.words["axis"][group.axis]["title"], group.label, value.evidence.text, _signed(value.ln_lr),
         _signed(value.evidence.weight), _condition(value), _source(value.evidence))
        for group in RULES.weights
        for value in group.values
    ]  # fmt: skip
    return _table(
        "What a finding counts", ("Axis", "Group", "Finding", "ln LR", "Counts", "When", "Source, grade"), rows
    )


def _patterns():
    rows = [("mixed_or_unclear, looked at first", _code(RULES.mixed.text))]
    rows += [(pattern.id, _condition(pattern)) for pattern in RULES.patterns]
    return _table("Patterns", ("Pattern", "When"), rows)


def _scores():
    rows = [(score.title, "on" if score.on else "off", score.note, _source(score)) for score in RULES.scores]
    return _table("Published scores", ("Score", "On", "Note", "Source, grade"), rows)


def _table(title, head, rows):
    lines = (head, ["---"] * len(head), *rows)
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"## {title}\n\n{body}\n"


def _condition(entry):
    unless = f", unless {_code(entry.unless.text)}" if entry.unless else ""
    return _code(entry.when.text) + unless


def _code(text):
    return f"`{text}`"


def _source(entry):
    return f"[{entry.source}](clinical-sources.md#{entry.source}), {entry.grade}"


def _signed(number):
    return f"{number:+g}".replace("-", "−")


if __name__ == "__main__":
    DOCUMENT.write_text(rulebook(), encoding="utf-8")
