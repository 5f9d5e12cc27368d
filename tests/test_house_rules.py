"""Rules of the house that a machine can keep. Those of templates, environment, sources and vendored files stand with their subject."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import allauth
import crispy_bootstrap5
import pytest
from django.apps import apps
from django.db import connection, models
from django.urls import NoReverseMatch, get_resolver, reverse

from practice.constraints import installed_triggers
from practice.context import NAVIGATION
from practice.errors import Refused
from practice.links import Link

ROOT = Path(__file__).resolve().parent.parent
APPS = ("anatomy", "practice", "clients", "protocols", "booking", "sessions", "referrals", "reminders", "workspace")
CODE = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for app in (*APPS, "config")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
}
TREES = {name: ast.parse(text) for name, text in CODE.items()}
TEMPLATES = ROOT / "templates"
MARKUP = {
    path.relative_to(TEMPLATES).as_posix(): re.sub(
        r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL
    )
    for path in sorted(TEMPLATES.rglob("*"))
    if path.is_file()
}
OURS = [model for model in apps.get_models() if model.__module__.partition(".")[0] in APPS]

once = pytest.mark.one_database


def nodes(kind) -> Iterator[tuple[str, ast.AST]]:
    """Every node of a kind in the product's code, with its file."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, kind):
                yield name, node


def found(pattern: str, texts: dict[str, str]) -> list[str]:
    """Return "file: line" of each match of `pattern`."""
    return [
        f"{name}: {line.strip()}"
        for name, text in texts.items()
        for line in text.splitlines()
        if re.search(pattern, line)
    ]


def doubled(items) -> set[str]:
    """Return what `items` holds, for comparing with a written set."""
    return set(items)


# --- code


@once
def test_modules_say_what_belongs_in_them():
    assert [name for name, tree in TREES.items() if CODE[name].strip() and not ast.get_docstring(tree)] == []


@once
def test_apps_import_only_from_their_left():
    """With `make test`, too: a room that reaches to its right is wrong before anybody runs the checks."""
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@once
def test_nothing_is_imported_inside_a_function():
    inside = [
        f"{name}:{node.lineno}"
        for name, function in nodes((ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert inside == []


@once
def test_there_are_no_signals():
    assert found(r"django\.dispatch|db\.models\.signals|core\.signals|@receiver", CODE) == []


@once
def test_nothing_is_handed_to_celery_but_by_its_timetable():
    assert found(r"\.delay\(|\.apply_async\(|send_task\(|\beta=", CODE) == []


@once
def test_only_the_clock_reads_the_time():
    clocks = {"now", "today", "utcnow", "time"}
    reading = [
        f"{name}:{node.lineno}"
        for name, node in nodes(ast.Attribute)
        if node.attr in clocks
        and isinstance(node.value, ast.Name)
        and node.value.id in {"datetime", "date", "timezone", "time"}
        and not (node.value.id in {"date", "datetime"} and node.attr == "time")
    ]

    assert {place.partition(":")[0] for place in reading} - {"config/processes.py", "config/healthcheck.py"} == {
        "practice/clock.py"
    }
    assert found(r"auto_now|\{% now ", {**CODE, **MARKUP}) == []


@once
def test_only_config_reads_the_environment():
    reading = [name for name, node in nodes(ast.Attribute) if node.attr in {"environ", "getenv"}]

    assert [name for name in reading if not name.startswith("config/")] == []


@once
@pytest.mark.parametrize(
    "pattern",
    [
        r"mark_safe|SafeString|\|safe\b|autoescape off",  # what people type is shown as they typed it
        r"xframe_options_exempt",
        r"__all__\"|fields = '__all__'",
        r"\.raw\(|\.extra\(|RawSQL",
        r"^\s+ordering = ",  # the order is said where the rows are used
        r"\*\*request\.(GET|POST)",
        r"format_html\(f",
        r"ADMINS|mail_admins",
    ],
)
def test_this_is_written_nowhere(pattern):
    texts = {name: text.replace('name != "__all__"', "") for name, text in CODE.items()}

    pages = {name: text for name, text in MARKUP.items() if not name.endswith(".txt")}  # plain text escapes nothing
    assert found(pattern, {**texts, **pages}) == []


@once
def test_one_address_takes_a_form_without_its_token():
    """Mail programs cannot send one; what they may post is a link's own right, and one thing."""
    exempt = [
        f"{name}:{node.name}"
        for name, node in nodes(ast.FunctionDef)
        if any("csrf_exempt" in ast.unparse(each) for each in node.decorator_list)
    ]

    assert exempt == ["reminders/stop_views.py:stop_open"]
    assert {place.partition(":")[0] for place in found("csrf_exempt", CODE)} == {"reminders/stop_views.py"}


@once
def test_rows_are_fetched_through_what_a_person_may_see():
    """The first argument of get_object_or_404 in a view begins with visible_to, or with rows narrowed before."""
    unguarded = [
        f"{name}: {ast.unparse(node.args[0])}"
        for name, node in nodes(ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "get_object_or_404" and node.args
        if not re.search(r"visible_to\(", ast.unparse(node.args[0])) and ast.unparse(node.args[0])[0].isupper()
    ]

    assert doubled(unguarded) == {
        # asked by id of a therapist, by the owner
        "workspace/views/practice.py: User.objects.therapists()",
        # narrowed to the charts of this person just above
        "referrals/views.py: Referral.objects.filter(among(charts)).select_related('client', 'referrer')",
    }


# --- refusals


def refusals(of=Refused) -> set[type]:
    get_resolver().url_patterns  # noqa: B018  # every room has been read by then
    return {of, *(each for one in of.__subclasses__() for each in refusals(one))}


@once
def test_every_refusal_says_what_it_means():
    named = [refusal for refusal in refusals() if refusal.__module__.partition(".")[0] in APPS]

    assert len(named) > 30
    assert [refusal.__name__ for refusal in named if not (refusal.__doc__ or "").rstrip().endswith(".")] == []


@once
def test_every_refusal_is_raised_with_words_for_the_person():
    """Whole sentences, shown as they are; those made of data are tried where they are raised."""
    names, wordless = {refusal.__name__ for refusal in refusals()}, []
    for name, node in nodes(ast.Raise):
        call = node.exc
        if isinstance(call, ast.Name) and call.id in names:
            wordless.append(f"{name}: {call.id}")
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in names):
            continue
        words = call.args[0] if call.args else None
        if words is None:
            wordless.append(f"{name}: {ast.unparse(call)}")
        elif isinstance(words, ast.Constant) and not re.fullmatch(r"[A-Z“].*[.!?]", words.value, re.DOTALL):
            wordless.append(f"{name}: {words.value}")

    assert wordless == []


# --- models

# Rows that are reached only through a row somebody may see, or by their own secret; and what the machine keeps for itself.
THROUGH_ANOTHER_ROW = {
    "booking.AppointmentChange",
    "practice.IdempotencyKey",
    "treatment_sessions.FindingTechnique",
}
# What goes with the row it belongs to.
GOES_WITH = {
    "practice.Closure.room",
    "practice.Closure.therapist",
    "practice.WorkingHours.therapist",
    "protocols.Phase.protocol",
    "protocols.PhaseMuscle.phase",
    "reminders.ToldVisit.message",
    "treatment_sessions.CopiedField.session",
    "treatment_sessions.FindingTechnique.finding",
    "treatment_sessions.MuscleFinding.session",
    "treatment_sessions.TestResult.session",
}


@once
def test_every_model_says_who_may_see_its_rows():
    silent = {
        model._meta.label
        for model in OURS
        if not hasattr(model._default_manager.all(), "visible_to") and not issubclass(model, Link)
    }

    assert silent == THROUGH_ANOTHER_ROW


def when_and_who(model) -> Iterator[str]:
    """Stems of nullable pairs such as done_at and done_by."""
    nullable = {field.name for field in model._meta.concrete_fields if field.null}
    yield from (name[:-3] for name in nullable if name.endswith("_at") and f"{name[:-3]}_by" in nullable)


@once
def test_moments_and_their_people_go_together():
    pairs = [(model, stem) for model in OURS for stem in when_and_who(model)]
    loose = []
    for model, stem in pairs:
        checks = [str(one.condition) for one in model._meta.constraints if isinstance(one, models.CheckConstraint)]
        if not any(f"'{stem}_at__" in check and f"'{stem}_by__" in check for check in checks):
            loose.append(f"{model._meta.label}.{stem}_at")

    assert {f"{model._meta.label}.{stem}" for model, stem in pairs} == {
        "clients.Task.done",
        "protocols.TreatmentPlan.closed",
        "referrals.Report.sent",
        "treatment_sessions.TreatmentSession.signed",
    }
    assert loose == []


@once
def test_nothing_is_deleted_with_a_client_or_a_colleague():
    cascading = {
        f"{model._meta.label}.{field.name}"
        for model in OURS
        for field in model._meta.concrete_fields
        if field.is_relation and field.remote_field.on_delete is models.CASCADE and not issubclass(model, Link)
    }

    assert cascading == GOES_WITH


@once
def test_models_save_nothing_behind_ones_back():
    saving = [
        f"{name}: {node.name}.{part.name}"
        for name, node in nodes(ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.FunctionDef) and part.name in {"save", "delete"} and name.endswith("models.py")
    ]

    assert saving == []


GUARDED = {
    "activity_rating_is_append_only": "update delete",
    "adverse_event_is_append_only": "update delete",
    "amendment_is_append_only": "update delete",
    "appointment_change_is_append_only": "update delete",
    "appointment_client_is_free": "insert update",
    "appointment_room_is_free": "insert update",
    "appointment_therapist_is_free": "insert update",
    "audit_event_is_append_only": "update delete",
    "check_in_is_frozen_when_answered": "update delete",
    "clearance_is_append_only": "update delete",
    "consent_is_append_only": "update delete",
    "copied_field_is_frozen_when_signed": "insert update delete",
    "functional_activity_is_append_only": "update delete",
    "finding_technique_is_frozen_when_signed": "insert update delete",
    "intake_is_frozen_when_submitted": "update delete",
    "muscle_finding_is_frozen_when_signed": "insert update delete",
    "home_report_is_append_only": "update delete",
    "mail_choice_is_append_only": "update delete",
    "outcome_score_is_append_only": "update delete",
    "overruling_is_append_only": "update delete",
    "pain_drawing_is_append_only": "update delete",
    "report_is_frozen_when_sent": "update delete",
    "screening_is_append_only": "update delete",
    "taken_on_is_append_only": "update delete",
    "test_result_is_frozen_when_signed": "insert update delete",
    "treatment_session_is_frozen_when_signed": "update delete",
}


def test_the_database_guards_what_may_never_change(db):
    """After all migrations, on the engine at hand: overlaps are EXCLUDE on PostgreSQL, and TRUNCATE is refused there."""
    is_sqlite = connection.vendor == "sqlite"
    wanted = {
        f"{name}_{event}"
        for name, events in GUARDED.items()
        if is_sqlite or not name.endswith("_is_free")
        for event in (events if is_sqlite else f"{events} truncate").split()
    }
    tests_own = re.compile(r"(line|mark|paper|stay|log_entry)_")

    assert {name for name in installed_triggers(connection) if not tests_own.match(name)} == wanted


def test_no_time_is_given_twice_by_the_database_s_own_word(db):
    names = {name for name in GUARDED if name.endswith("_is_free")}
    if connection.vendor == "sqlite":
        return  # triggers there, listed above
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'x' AND conname LIKE 'appointment_%'")
        assert {row[0] for row in cursor.fetchall()} == names


# --- templates

# Parts of the look that no page shows yet; their own tests draw them.
NOT_YET_SHOWN = {f"_components/{name}.html" for name in ("choices", "confirm", "flag", "notice", "nrs_ends", "stat")}
ERROR_PAGES = {f"{status}.html" for status in (400, 403, 404, 413, 500, 503)}
LIBRARIES = [Path(allauth.__file__).parent / "templates", Path(crispy_bootstrap5.__file__).parent / "templates"]


@once
def test_no_template_is_unused():
    """A page is named in code or in another template, or stands in for a library's own."""
    named = set(re.findall(r"[\"']([\w./-]+\.(?:html|txt))[\"']", "\n".join([*CODE.values(), *MARKUP.values()])))
    theirs = {name for name in MARKUP if any((folder / name).exists() for folder in LIBRARIES)}

    assert set(MARKUP) - named - theirs - ERROR_PAGES == NOT_YET_SHOWN - named


@once
def test_every_template_named_exists():
    named = set(re.findall(r"\"([\w./-]+/[\w.-]+\.html)\"", "\n".join(CODE.values())))
    named |= set(re.findall(r"{% (?:include|extends) [\"']([\w./-]+)[\"']", "\n".join(MARKUP.values())))

    assert {name for name in named if not any((folder / name).exists() for folder in (TEMPLATES, *LIBRARIES))} == set()


def names_of_addresses() -> set[str]:
    texts = "\n".join([*CODE.values(), *MARKUP.values()])
    in_templates = re.findall(r"{% url [\"']([\w:]+)[\"']", texts)
    in_code = re.findall(r"(?:reverse|reverse_lazy|redirect|_absolute)\(\s*\"([\w:]+)\"", texts)
    return {*in_templates, *in_code, *(entry[1] for entry in NAVIGATION)}


def is_known(name: str) -> bool:
    """Say whether an address of that name exists, whatever has to stand in it."""
    *spaces, last = name.split(":")
    resolver = get_resolver()
    for space in spaces:
        if space not in resolver.namespace_dict:
            return False
        resolver = resolver.namespace_dict[space][1]
    return last in resolver.reverse_dict


@once
def test_every_address_named_exists():
    assert len(names_of_addresses()) > 60
    assert [name for name in sorted(names_of_addresses()) if not is_known(name)] == []


@once
def test_an_unknown_address_would_be_found():
    assert is_known("clients:client_edit")
    assert not is_known("clients:client_delete")
    assert not is_known("billing:invoice")
    with pytest.raises(NoReverseMatch):
        reverse("clients:client_delete")
