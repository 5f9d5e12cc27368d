"""What the chart page lays before the therapist: cautions, the plan, the last visit, and a card per muscle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.forms import BoundField
from django.utils import timezone
from django.utils.formats import date_format

from anatomy.body import GROUPS, MUSCLES, SIDES
from clients.consents import has_consent
from clients.gate import GO, STOP_WORDS, gate_for
from clients.models import Consent, Screening
from clients.overruling import standing_overruling
from clients.rescreen import counts_from, known_keys, last_asked
from clients.screening import ITEMS
from clients.screenings import current_screening
from protocols.knowledge import KNOWLEDGE
from protocols.models import Phase, Technique
from sessions.adverse import adverse_cautions
from sessions.chart_map import with_all_muscles
from sessions.copying import WORDS, Carried, Mark, carry_forward, still_copied, values_of
from sessions.entries import FindingEntry, Plan, done_as_planned, in_order, spot, spot_name
from sessions.forms import ChartForm, FindingForm
from sessions.history import history_url
from sessions.look_again import full_rescreen_reasons
from sessions.measures import Measures, measures_of
from sessions.models import TreatmentSession
from sessions.reading import (
    copied_from,
    fetch_parts,
    finding_entries,
    phase_of,
    plans_for,
    previous_session,
    test_entries,
)
from sessions.retests import is_row, row_of, rows_of
from sessions.words import (
    NOTHING,
    draft_objective,
    draft_work,
    in_words,
    lowered,
    replace_lines,
    test_in_words,
    without_lines,
)

BLANK = "–"  # what stands in a comparison where one side has no word
ORDER = ("absolute", "clearance", "local", "caution")
TONES = {"absolute": "stop", "clearance": "stop", "local": "warn", "caution": "warn"}

HIDDEN = ("has_trigger_point", "is_familiar_pain", "refers_to", "techniques", "pressure")
ANSWERS = {True: "yes", "not_sure": "not sure"}
CARD_WORDS = {
    ("has_trigger_point", "yes"): "trigger point",
    ("has_trigger_point", "no"): "no trigger point",
    ("is_familiar_pain", "yes"): "familiar pain",
    ("is_familiar_pain", "no"): "not the familiar pain",
}


@dataclass(slots=True)
class Card:
    """One muscle on one side as the page shows it. `own` and `other` are (key, name) of techniques; `history` its address."""

    form: FindingForm
    plan: Plan | None
    last: str
    own: list[tuple[str, str]]
    other: list[tuple[str, str]]
    chosen: set[str]
    history: str

    @property
    def name(self) -> str:
        return spot_name(self.form.side, self.form.muscle)

    @property
    def told(self) -> str:
        """What the folded part holds, in a few words; static/js/chart_card.js keeps it up to date."""
        value = {
            name: self.form[name].value() for name in ("has_trigger_point", "is_familiar_pain", "refers_to", "pressure")
        }
        said = [words for (name, answer), words in CARD_WORDS.items() if value[name] == answer]
        if value["refers_to"]:
            said.append(f"refers to {value['refers_to']}")
        said += [lowered(name) for key, name in (*self.own, *self.other) if key in self.chosen]
        if value["pressure"] not in (None, ""):
            said.append(f"pressure {value['pressure']}/10")
        return ", ".join(said)

    @property
    def has_hidden_error(self) -> bool:
        """Whether a message stands in the folded part, which then opens."""
        return any(self.form[name].errors for name in HIDDEN)

    @property
    def opposite(self) -> str:
        return spot("left" if self.form.side == "right" else "right", self.form.muscle)


@dataclass
class ChartPage:
    """Everything about one open chart, read in a number of queries that does not grow with the client's history."""

    session: TreatmentSession
    phase: Phase | None
    plans: list[Plan]
    last: TreatmentSession | None
    techniques: dict[str, str]
    view: str = "map"  # one of chart_map.VIEWS
    form: ChartForm = field(init=False)

    @cached_property
    def measures(self) -> Measures:
        """What is due at this visit, and each measure from baseline to now."""
        return measures_of(self.session.client, now=self.session.started_at, plan=self.session.plan)

    @property
    def by_spot(self) -> dict[str, Plan]:
        return {plan.spot: plan for plan in self.plans}

    @property
    def planned_minutes(self) -> int:
        return sum(plan.minutes for plan in self.plans)

    @property
    def findings(self) -> list[FindingEntry]:
        return in_order(finding_entries(self.session), self.plans)

    def planned_tests(self) -> list[str]:
        """Return the rows of tests that the protocol asks for, on the plan's sides."""
        plan = self.session.plan
        return rows_of(plan.protocol.tests.split(), plan.sides) if plan else []

    def tests(self, added: Iterable[str] = ()) -> list[str]:
        """Return the rows of tests on the page: the protocol's, what is entered, and those `added` and still empty."""
        entered = [row_of(entry.test, entry.side) for entry in test_entries(self.session)]
        return [row for row in dict.fromkeys([*self.planned_tests(), *entered, *added]) if is_row(row)]

    def bind(self, data=None, added: Iterable[str] = ()) -> ChartForm:
        """Make the forms: from what was typed, or from what is stored. `added` rows of tests stand there empty."""
        self.form = ChartForm(
            self.session,
            findings=with_all_muscles(self.findings) if self.view == "grid" else self.findings,
            results=test_entries(self.session),
            techniques=self.techniques,
            tests=self.tests(added),
            copied={mark: day_of(source) for mark, source in copied_from(self.session).items()},
            data=data,
        )
        return self.form

    def marks(self, chart: dict) -> dict[Mark, TreatmentSession]:
        """Return the copy marks that stay with the chart as typed, each with the visit it came from."""
        marks = copied_from(self.session)
        stored = {name: getattr(self.session, name) for name in WORDS}
        kept = still_copied(
            marks,
            before=values_of(finding_entries(self.session), stored),
            after=values_of(chart["findings"], chart),
            confirmed=chart["confirmed"],
        )
        return {mark: marks[mark] for mark in kept}

    def marks_at(self, where: str) -> list[Mark]:
        """Return the copy marks of one muscle (`left:piriformis`) or of one text (`subjective`)."""
        return [
            mark for mark in copied_from(self.session) if where in (mark.spot, mark.field if mark.is_of_words else "")
        ]

    @property
    def can_carry(self) -> bool:
        """Whether there is a visit to carry forward: one that is signed and says something."""
        return self.last is not None and self.last.is_signed

    def carried(self, chart: dict) -> Carried:
        """Return the chart as typed, filled up from the last visit; sentences drafted from its entries stay behind."""
        return carry_forward(
            chart["findings"],
            {name: chart[name] for name in WORDS},
            last=in_order(finding_entries(self.last)),
            last_words={name: without_lines(getattr(self.last, name), self.last.drafted) for name in WORDS},
            booked_minutes=self.session.booked_minutes,
        )

    @property
    def tests_entered(self) -> int:
        """How many results are stored, for the fold that hides them."""
        return len(test_entries(self.session))

    @property
    def shows_tests(self) -> bool:
        """Say whether the rows of tests stand open: one was just added, or has something to put right."""
        extra = {*self.tests(), *self.planned_tests()}
        return any(form.row not in extra or (form.is_bound and form.errors) for form in self.form.tests)

    def addable_tests(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return, per known test, the rows that are not on the page yet, each with the word of its button."""
        shown = {form.row for form in self.form.tests}
        rows = [
            (card.name, [(row_of(card.key, side), side.capitalize() or "Add") for side in card.sides])
            for card in KNOWLEDGE.tests.values()
        ]
        free = [(name, [(row, word) for row, word in each if row not in shown]) for name, each in rows]
        return [(name, each) for name, each in free if each]

    def cards(self) -> list[Card]:
        """Return a card per muscle that is charted or laid out."""
        last = {entry.spot: entry for entry in finding_entries(self.last)} if self.last else {}
        return [self._card(form, last.get(form.spot)) for form in self.form.findings]

    def _card(self, form: FindingForm, last: FindingEntry | None) -> Card:
        plan = self.by_spot.get(form.spot)
        chosen = set(form["techniques"].value() or ())
        first = dict.fromkeys([*(plan.techniques if plan else ()), *form.card.techniques, *sorted(chosen)])
        return Card(
            form=form,
            plan=plan,
            last=in_words(last, self.techniques) if last else "",
            own=[(key, self.techniques[key]) for key in first if key in self.techniques],
            other=[(key, name) for key, name in self.techniques.items() if key not in first],
            chosen=chosen,
            history=history_url(self.session.client_id, form.muscle, form.side),
        )

    def texts(self, snippets: Mapping[str, list[str]]) -> list[tuple[BoundField, list[str]]]:
        """Return the four texts, each with the therapist's phrases for it."""
        return [(self.form.head[name], snippets.get(name, [])) for name in WORDS]

    def addable(self) -> list[tuple[str, list[tuple[str, list[str]]]]]:
        """Return, per muscle group, the muscles with the sides that are not on the page yet."""
        shown = {form.spot for form in self.form.findings}
        groups = []
        for group in GROUPS:
            free = [
                (muscle.name, [spot(side, muscle.key) for side in SIDES if spot(side, muscle.key) not in shown])
                for muscle in group.muscles
            ]
            groups.append((group.name, [(name, spots) for name, spots in free if spots]))
        return [(name, muscles) for name, muscles in groups if muscles]

    def last_words(self) -> list[tuple[str, str]]:
        """Return the last visit's findings as (muscle, words)."""
        if self.last is None:
            return []
        entries = in_order(entry for entry in finding_entries(self.last) if not entry.is_empty)
        return [(entry.name, in_words(entry, self.techniques)) for entry in entries]

    def cautions(self) -> list[dict]:
        """Return what to mind at the table, the gravest first: of the screening, the consents and the letter."""
        found = screening_cautions(current_screening(self.session.client)) + self._consent() + self._letter()
        return self._stop() + self._look_again() + adverse_cautions(self.session.client) + found

    @property
    def asked_today(self) -> dict | None:
        """Return when the safety questions of this visit were asked, by whom, and what stands as (label, answer)."""
        client, since = self.session.client, counts_from(self.session.appointment.starts_at)
        newest = client.screenings.newest_first().select_related("by").first()
        if newest is None:
            return None
        standing = [(ITEMS[key].label, newest.answers[key]) for key in known_keys(newest)]
        return {
            "at": last_asked([client.pk], since).get(client.pk),
            "by": newest.by,
            "standing": [(label, ANSWERS.get(answer, answer)) for label, answer in standing],
        }

    def _stop(self) -> list[dict]:
        """Say that the gate has shut since this chart was opened: an alert, an answer, a newer screening."""
        if self.session.is_signed or gate_for(self.session.client).state == GO:
            return []
        words = "This came up after the chart was opened. Leave the table, and look at the screening before you go on."
        return [{"tone": "stop", "title": STOP_WORDS, "words": words}]

    def _look_again(self) -> list[dict]:
        reasons = full_rescreen_reasons(self.session.client, now=self.session.started_at)
        if not reasons:
            return []
        words = f"{' '.join(reasons)} Go through all questions with the client again: the screening leads to the intake in person."
        return [{"tone": "warn", "title": "A full re-screen is due", "words": words}]

    def _consent(self) -> list[dict]:
        shown = {plan.muscle for plan in self.plans} | {entry.muscle for entry in finding_entries(self.session)}
        regions = sorted({MUSCLES[key].consent for key in shown if key in MUSCLES and MUSCLES[key].consent})
        if not regions or has_consent(self.session.client, Consent.Scope.SENSITIVE_AREAS):
            return []
        return [
            {
                "tone": "warn",
                "title": f"No consent on file for: {', '.join(regions)}",
                "words": "Ask before you touch, and leave it out if the answer is no.",
            }
        ]

    def _letter(self) -> list[dict]:
        letters = self.session.client.referrals.exclude(precautions="")  # by relation: letters stand to the right
        letter = letters.order_by("-received_on", "-pk").first()
        if letter is None:
            return []
        return [{"tone": "warn", "title": "From the referral letter", "words": letter.precautions}]


def open_page(session: TreatmentSession, *, view: str = "map") -> ChartPage:
    """Read everything the chart page of `session` needs, its muscles laid out as `view` says (chart_map.VIEWS)."""
    phase = phase_of(session)
    return ChartPage(
        session=fetch_parts(session),
        phase=phase,
        plans=plans_for(phase, session.plan.sides if session.plan else ()),
        last=previous_session(session),
        techniques=technique_names(),
        view=view,
    )


def technique_names() -> dict[str, str]:
    """Return the name of every technique by key, in the order of the reviewed text."""
    return dict(Technique.objects.order_by("-is_active", "position").values_list("key", "name"))


def screening_cautions(screening: Screening | None) -> list[dict]:
    """Return the newest screening's result if it no longer allows treatment, then its cautions, the gravest first."""
    if screening is None:
        return []
    found = []
    if screening.triage != Screening.Triage.TREAT:
        words = f"Its result is now: {screening.get_triage_display().lower()}. Do not treat before you have read it."
        found.append({"tone": "stop", "title": "Stop: the screening changed", "words": words})
    if overruling := standing_overruling(screening):
        words = f"{overruling.by.name}, instead of “{overruling.get_overruled_display()}”: {overruling.reason}"
        found.append({"tone": "warn", "title": f"Works with “{overruling.get_pattern_display()}”", "words": words})
    cautions = [caution for caution in screening.result.get("cautions", ()) if caution["kind"] in ORDER]
    return found + [
        {"tone": TONES[each["kind"]], "title": each["why"], "words": each["therapist_words"]}
        for each in sorted(cautions, key=lambda each: ORDER.index(each["kind"]))
    ]


def fill_as_planned(findings: list[FindingEntry], plans: dict[str, Plan], which: str) -> list[FindingEntry]:
    """Return the findings with the plan's dose given for `which` spot, or for "all" of them."""
    return [
        done_as_planned(finding, plans[finding.spot])
        if finding.spot in plans and which in ("all", finding.spot)
        else finding
        for finding in findings
    ]


def with_drafts(
    chart: dict, techniques: dict[str, str], *, drafted: str = "", copied: Mapping[Mark, TreatmentSession] = NOTHING
) -> dict:
    """Return the chart with sentences from its entries under Objective and Plan, and all that were ever `drafted`.

    Sentences drafted earlier give way to the new ones; a line with a hand's word in it is the therapist's own and stays.
    """
    drafts = _drafts(chart, techniques, copied)
    own = {name: without_lines(chart[name], drafted) for name in drafts}
    texts = {name: "\n".join(filter(None, [own[name], draft])) for name, draft in drafts.items()}
    return chart | texts | {"drafted": _all_drafted(drafted, drafts)}


def with_drafts_of_now(
    chart: dict, techniques: dict[str, str], *, drafted: str, copied: Mapping[Mark, TreatmentSession] = NOTHING
) -> dict:
    """Return the chart with each drafted sentence that still stands saying what the entries say now, or gone with its entry.

    What a hand wrote, changed or took out stays as the hand left it.
    """
    drafts = _drafts(chart, techniques, copied)
    texts = {name: replace_lines(chart[name], drafted, draft) for name, draft in drafts.items()}
    if all(chart[name] == text for name, text in texts.items()):
        return chart
    return chart | texts | {"drafted": _all_drafted(drafted, drafts)}


def _drafts(chart: dict, techniques: dict[str, str], copied: Mapping[Mark, TreatmentSession]) -> dict[str, str]:
    findings = in_order(chart["findings"])
    days = {mark: day_of(source) for mark, source in copied.items()}
    return {
        "objective": draft_objective(findings, chart["test_results"], days),
        "plan_text": draft_work(findings, techniques, days),
    }


def _all_drafted(drafted: str, drafts: dict[str, str]) -> str:
    lines = dict.fromkeys("\n".join([drafted, *drafts.values()]).splitlines())
    return "\n".join(filter(None, lines))


def day_of(session: TreatmentSession) -> str:
    """Return the day of a visit as the copy marks say it, such as "18 Nov 2026"."""
    return date_format(timezone.localtime(session.appointment.starts_at), "j M Y")


def differences(session: TreatmentSession, typed: dict, techniques: dict[str, str]) -> list[dict]:
    """Return where the stored chart differs from what was typed: label, stored and typed words."""
    stored = _rows(session, finding_entries(session), test_entries(session), techniques)
    wanted = _rows(None, typed["findings"], typed["test_results"], techniques, typed)
    labels = dict.fromkeys([*stored, *wanted])
    return [
        {"label": label, "stored": stored.get(label, "") or BLANK, "typed": wanted.get(label, "") or BLANK}
        for label in labels
        if stored.get(label, "") != wanted.get(label, "")
    ]


def _rows(session, findings, results, techniques, typed=None) -> dict[str, str]:
    def value(name):
        found = typed[name] if typed is not None else getattr(session, name)
        return "" if found is None else str(found)

    rows = {
        "Pain before": value("pain_before_nrs"),
        "Back before": value("pain_back_nrs"),
        "Buttock before": value("pain_buttock_nrs"),
        "Leg before": value("pain_leg_nrs"),
        "Pain after": value("pain_after_nrs"),
        "Subjective": value("subjective"),
        "Objective": value("objective"),
        "Assessment": value("assessment"),
        "Plan": value("plan_text"),
    }
    rows |= {finding.name: in_words(finding, techniques) for finding in findings}
    return rows | {f"Test {place}": test_in_words(entry) for place, entry in enumerate(results, start=1)}
