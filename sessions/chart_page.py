"""What the chart page lays before the therapist: cautions, the plan, the last visit, and a card per muscle."""

from dataclasses import dataclass, field

from anatomy.body import GROUPS, MUSCLES, SIDES
from clients.consents import has_consent
from clients.gate import GO, STOP_WORDS, gate_for
from clients.models import Consent, Screening
from clients.overruling import standing_overruling
from clients.screenings import current_screening
from protocols.knowledge import KNOWLEDGE
from protocols.models import Phase, Technique
from sessions.entries import FindingEntry, Plan, done_as_planned, in_order, spot, spot_name
from sessions.forms import ChartForm, FindingForm
from sessions.look_again import full_rescreen_reasons
from sessions.models import TreatmentSession
from sessions.reading import fetch_parts, finding_entries, phase_of, plans_for, previous_session, test_entries
from sessions.words import draft_objective, draft_work, in_words, test_in_words

NOTHING = "–"  # what stands in a comparison where one side has no word
ORDER = ("absolute", "clearance", "local", "caution")
TONES = {"absolute": "stop", "clearance": "stop", "local": "warn", "caution": "warn"}


@dataclass(slots=True)
class Card:
    """One muscle on one side as the page shows it. `own` and `other` are (key, name) of techniques."""

    form: FindingForm
    plan: Plan | None
    last: str
    own: list[tuple[str, str]]
    other: list[tuple[str, str]]
    chosen: set[str]

    @property
    def name(self) -> str:
        return spot_name(self.form.side, self.form.muscle)

    @property
    def opposite(self) -> str:
        return spot("left" if self.form.side == "right" else "right", self.form.muscle)


@dataclass(slots=True)
class ChartPage:
    """Everything about one open chart, read in a number of queries that does not grow with the client's history."""

    session: TreatmentSession
    phase: Phase | None
    plans: list[Plan]
    last: TreatmentSession | None
    techniques: dict[str, str]
    form: ChartForm = field(init=False)

    @property
    def by_spot(self) -> dict[str, Plan]:
        return {plan.spot: plan for plan in self.plans}

    @property
    def planned_minutes(self) -> int:
        return sum(plan.minutes for plan in self.plans)

    @property
    def findings(self) -> list[FindingEntry]:
        return in_order(finding_entries(self.session), self.plans)

    def tests(self) -> list[str]:
        """Return the keys of the tests on the page: the protocol's, and what was already entered."""
        wanted = self.session.plan.protocol.tests.split() if self.session.plan else []
        entered = [entry.test for entry in test_entries(self.session)]
        known = [key for key in dict.fromkeys([*wanted, *entered]) if key in KNOWLEDGE.tests]
        return [key for key in known if KNOWLEDGE.tests[key].by_side]

    def bind(self, data=None) -> ChartForm:
        """Make the forms: from what was typed, or from what is stored."""
        self.form = ChartForm(
            self.session,
            findings=self.findings,
            results=test_entries(self.session),
            techniques=self.techniques,
            tests=self.tests(),
            data=data,
        )
        return self.form

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
        )

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
        return self._stop() + self._look_again() + found

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


def open_page(session: TreatmentSession) -> ChartPage:
    """Read everything the chart page of `session` needs."""
    phase = phase_of(session)
    return ChartPage(
        session=fetch_parts(session),
        phase=phase,
        plans=plans_for(phase, session.plan.sides if session.plan else ()),
        last=previous_session(session),
        techniques=technique_names(),
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


def with_drafts(chart: dict, techniques: dict[str, str]) -> dict:
    """Return the chart with sentences from its entries under Objective and Plan, where they do not stand yet."""
    findings = in_order(chart["findings"])
    drafts = {
        "objective": draft_objective(findings, chart["test_results"]),
        "plan_text": draft_work(findings, techniques),
    }
    return chart | {name: _below(chart[name], draft) for name, draft in drafts.items()}


def _below(text: str, draft: str) -> str:
    new = [line for line in draft.splitlines() if line not in text.splitlines()]
    return "\n".join([*([text] if text else []), *new])


def differences(session: TreatmentSession, typed: dict, techniques: dict[str, str]) -> list[dict]:
    """Return where the stored chart differs from what was typed: label, stored and typed words."""
    stored = _rows(session, finding_entries(session), test_entries(session), techniques)
    wanted = _rows(None, typed["findings"], typed["test_results"], techniques, typed)
    labels = dict.fromkeys([*stored, *wanted])
    return [
        {"label": label, "stored": stored.get(label, "") or NOTHING, "typed": wanted.get(label, "") or NOTHING}
        for label in labels
        if stored.get(label, "") != wanted.get(label, "")
    ]


def _rows(session, findings, results, techniques, typed=None) -> dict[str, str]:
    def value(name):
        found = typed[name] if typed is not None else getattr(session, name)
        return "" if found is None else str(found)

    rows = {
        "Pain before": value("pain_before_nrs"),
        "Pain after": value("pain_after_nrs"),
        "Subjective": value("subjective"),
        "Objective": value("objective"),
        "Assessment": value("assessment"),
        "Plan": value("plan_text"),
    }
    rows |= {finding.name: in_words(finding, techniques) for finding in findings}
    return rows | {f"Test {place}": test_in_words(entry) for place, entry in enumerate(results, start=1)}
