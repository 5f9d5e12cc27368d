"""Try a rule set before anyone switches: what it would change over the screenings on file, or over built-in cases."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from clients.models import Screening
from clients.replay import (
    Case,
    Moved,
    Outcome,
    RuleChanges,
    Tally,
    Unreadable,
    built_in_cases,
    compare_all,
    load_candidate,
    rule_changes,
)
from clients.screening import RULES, BadRule

BAD_INPUT = 2
ROWS_AT_ONCE = 500
MOST_NAMED = 20
LEVELS = dict(Screening.Triage.choices)
PATTERNS = dict(Screening.Pattern.choices)


class Command(BaseCommand):
    """`screen_replay --rules PATH [--json] [--demo]`"""

    help = (
        "Run the rule set in a folder over every current screening (or over the built-in cases) and print what would "
        "change. Writes nothing. The folder holds the changed TOML files; the rest is taken from the rules in use."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--rules", required=True, type=Path, metavar="PATH", help="folder with the changed TOML files"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--demo", action="store_true", help="use the built-in cases, not the screenings on file")

    def handle(self, *, rules, demo, **options):
        try:
            candidate = load_candidate(rules)
        except BadRule as error:
            raise CommandError(f"These rules cannot be used. {error}", returncode=BAD_INPUT) from error
        try:
            is_stored = not demo and on_file().exists()
            cases = stored_cases() if is_stored else built_in_cases()
            outcomes = compare_all(cases, in_use=RULES, candidate=candidate)
            head = {
                "rules_in_use": RULES.version,
                "candidate": candidate.version,
                "cases_from": "screenings on file" if is_stored else "built-in cases",
                "rules": asdict(rule_changes(RULES, candidate)),
            }
            write = self.write_json if options["json"] else self.write_text
            write(head, outcomes)
        except Error as error:
            raise CommandError(f"The screenings on file cannot be read: {error} (--demo needs no database)") from error

    def write_json(self, head, outcomes):
        """One object; the changes are written as they are found, so that any number of rows fits."""
        tally = Tally()
        self.stdout.write(json.dumps(head)[:-1] + ', "changes": [', ending="")
        comma = ""
        for outcome in outcomes:
            tally.add(outcome)
            if isinstance(outcome, Unreadable) or outcome.is_change:
                self.stdout.write(comma + json.dumps(as_dict(outcome)), ending="")
                comma = ", "
        self.stdout.write("], " + json.dumps(totals(tally))[1:])

    def write_text(self, head, outcomes):
        """Each changed case, then the tables, then what matters most, last."""
        tally = Tally()
        self.stdout.write(f"Rules in use {head['rules_in_use']}, candidate {head['candidate']}; {head['cases_from']}.")
        for line in rule_lines(RuleChanges(**head["rules"])):
            self.stdout.write(line)
        for outcome in outcomes:
            tally.add(outcome)
            for line in case_lines(outcome):
                self.stdout.write(line)
        for line in (*table("Triage", tally.triage, LEVELS), *table("Pattern", tally.pattern, PATTERNS)):
            self.stdout.write(line)
        for line in summary(tally, head["cases_from"]):
            self.stdout.write(line)
        for line in warnings(tally, RuleChanges(**head["rules"])):
            self.stdout.write(self.style.ERROR(line))


def on_file():
    """Return the current screening of every client, by id: the one no newer version supersedes."""
    return Screening.objects.filter(superseded_by__isnull=True).order_by("pk")


def stored_cases() -> Iterator[Case]:
    """Return what is on file as cases, fetched a few hundred rows at a time: ids and answers, never a name."""
    rows = on_file().values_list("pk", "answers", "triage", "pattern")
    return (Case(pk, answers, (triage, pattern)) for pk, answers, triage, pattern in rows.iterator(ROWS_AT_ONCE))


def as_dict(outcome: Outcome | Unreadable) -> dict:
    """Return one case for JSON."""
    if isinstance(outcome, Unreadable):
        return asdict(outcome)
    return asdict(outcome) | {"less_safe": outcome.is_less_safe}


def totals(tally: Tally) -> dict:
    """Return the counts for JSON."""
    pairs = ("triage", "pattern")
    return asdict(tally) | {
        name: [{"in_use": a, "candidate": b, "cases": count} for (a, b), count in getattr(tally, name).items()]
        for name in pairs
    }


def rule_lines(changes: RuleChanges) -> Iterator[str]:
    """Say how the red flags differ, whether or not a case shows it."""
    if changes.new:
        yield f"New red flags: {', '.join(changes.new)}."
    if changes.gone:
        yield f"Red flags gone: {', '.join(changes.gone)}."
    for rule, before, after in changes.levels:
        yield f"Red flag {rule}: {LEVELS[before]} → {LEVELS[after]}."
    if changes.reworded:
        yield f"Red flags with another condition: {', '.join(changes.reworded)}."
    if changes.asked_otherwise:
        yield f"Must be answered under another condition: {', '.join(changes.asked_otherwise)}."


def case_lines(outcome: Outcome | Unreadable) -> Iterator[str]:
    """Say what changes for one case, by its id; nothing if nothing does."""
    name = f"Screening {outcome.case}" if isinstance(outcome.case, int) else outcome.case
    if isinstance(outcome, Unreadable):
        whose = "candidate" if outcome.by_candidate else "rules in use"
        yield f"\n{name}: cannot be read by the {whose}: {outcome.why}"
    elif outcome.is_change:
        alarm = "  LESS SAFE" if outcome.is_less_safe else ""
        yield f"\n{name}: {step(outcome.triage, LEVELS)}; {step(outcome.pattern, PATTERNS)}{alarm}"
        yield from moved_lines("flags", outcome.flags)
        yield from moved_lines("cautions", outcome.cautions)
        yield from moved_lines("open questions", outcome.open_questions)


def moved_lines(what: str, moved: Moved) -> Iterator[str]:
    """Say what went and what came."""
    if moved.gone:
        yield f"  {what} gone: {', '.join(moved.gone)}"
    if moved.new:
        yield f"  {what} new: {', '.join(moved.new)}"


def step(pair: tuple[str, str], words: dict) -> str:
    """Say "Emergency → Refer", or "Refer, as before"."""
    before, after = (words[name] for name in pair)
    return f"{before}, as before" if before == after else f"{before} → {after}"


def table(title: str, counts, words: dict) -> Iterator[str]:
    """Say how many cases went from which to which, in the order of the words."""
    order = list(words)
    yield f"\n{title}: in use → candidate"
    for pair in sorted(counts, key=lambda pair: [order.index(name) for name in pair]):
        yield f"{counts[pair]:>8}  {step(pair, words)}"


def summary(tally: Tally, cases_from: str) -> Iterator[str]:
    """Say how many cases there are and how many change."""
    yield f"\n{tally.cases} {cases_from}, {tally.changed} change."
    if tally.only_scores:
        yield f"{tally.only_scores} more keep all that and only their scores move."
    if tally.stored_otherwise:
        yield (
            f"{tally.stored_otherwise} have another triage or pattern on file than the rules in use give them now: "
            "earlier rules decided. Compared here are the rules in use and the candidate."
        )


def warnings(tally: Tally, changes: RuleChanges) -> Iterator[str]:
    """Say out loud what is less safe than before."""
    if tally.less_safe:
        yield f"LESS SAFE: the triage falls in {len(tally.less_safe)} of {tally.cases}: {named(tally.less_safe)}."
    if changes.lost_emergencies:
        yield f"LESS SAFE: no longer an emergency: {named(changes.lost_emergencies)}. No case need show it."
    if changes.lost_questions:
        yield f"LESS SAFE: may be left unanswered: {named(changes.lost_questions)}. No case need show it."
    if tally.unreadable:
        yield f"NOT COMPARED: {len(tally.unreadable)} cannot be read: {named(tally.unreadable)}."


def named(ids) -> str:
    """Name the first few."""
    more = len(ids) - MOST_NAMED
    return ", ".join(map(str, ids[:MOST_NAMED])) + (f" and {more} more" if more > 0 else "")
