"""When everything in a story happens: cells of the timetable for its visits, moments for its acts."""

from collections.abc import Collection
from datetime import datetime, timedelta

from workspace.demo.timetable import Place
from workspace.demo.walk import CHECK_IN_AFTER, Visit, Walk, minutes

PRESENT = ("charting", "arrived")
TODAY_ENDINGS = {"past": "signed", "missed": "missed", "charting": "charting", "arrived": "arrived", "later": "booked"}
SOON = timedelta(days=2)
CONFIRMS = 0.6  # share of the visits of these days that were confirmed by link


class Case(Walk):
    """A story with its times. First all cases take those of today, people who are here now before others; then plan."""

    def take_times_of_today(self, endings: Collection[str]) -> None:
        """Take cells of the timetable for the visits of today that end so."""
        row_now = self.timetable.row_now
        has_begun = self.timetable.start(Place(0, row_now)) <= self.telling.now
        rows = {
            "past": range(row_now - 1, -1, -1),
            "missed": range(row_now - 1, -1, -1),
            "charting": (row_now, row_now - 1) if has_begun else (row_now - 1, row_now),
            "arrived": (row_now, row_now - 1),
            "later": range(row_now + 1, row_now + 8),
        }
        for number, words in enumerate(self.story.get("visits", [])):
            if words in endings:
                place = self.timetable.take_today(self.username, rows[words])
                place = place or self.timetable.take_near(self.username, 1 if words == "later" else -1)
                self._add_visit(number, place, TODAY_ENDINGS[words])

    def take_other_times(self) -> None:
        """Take cells for the visits of other days."""
        for number, words in enumerate(self.story.get("visits", [])):
            if words not in TODAY_ENDINGS:
                day, _, ending = words.partition(" ")
                place = self.timetable.take_near(self.username, int(day))
                self._add_visit(number, place, ending or ("signed" if place.day < 0 else "booked"))
        self.visits.sort(key=lambda visit: visit.number)

    def take_series_times(self) -> None:
        """Take the cells of the visits that are booked together."""
        if series := self.story.get("series"):
            self.series_places = self.timetable.take_weekly(self.username, series["day"], series["visits"])

    def _add_visit(self, number: int, place: Place, ending: str) -> None:
        if place.day < 0 and ending in ("charting", "arrived"):
            ending = "signed"
        self.visits.append(Visit(number, place, ending, self.timetable.start(place)))

    @property
    def came_at(self) -> datetime:
        """When the desk first heard of the client."""
        if "minutes_ago" in self.story:
            return self.telling.now - minutes(self.story["minutes_ago"])
        at = self.timetable.moment(self.story["came"], 9) + minutes(len(self.story["first"]) * 17 + self._offset)
        return min(at, self.telling.now - minutes(45))

    @property
    def _offset(self) -> int:
        return sum(map(ord, self.story["last"])) % 60

    def plan_all(self) -> None:
        """Plan every act of the story."""
        plan, story = self.telling.plan, self.story
        plan(self.came_at, self.take_in)
        self._plan_bookings()
        self._plan_intake()
        for visit in self.visits:
            self._plan_visit(visit)
        if clearance := story.get("clearance"):
            plan(self.timetable.moment(clearance["day"], 11, self._offset), self.clear)
        if report := story.get("report"):
            late = report.get("minutes_ago")
            plan(self.telling.now - minutes(late) if late else self._on(report["day"], 16), self.write_report)
        if closing := story.get("close"):
            plan(self._on(closing["day"], 17), self.close_plan)
        if waitlist := story.get("waitlist"):
            plan(self._on(waitlist["day"], 18), self.wait)
        if "series" in story:
            plan(self._on(-1, 17), self.book_series)

    def _on(self, day: int, hour: int) -> datetime:
        return min(self.timetable.moment(day, hour, self._offset), self.telling.now - minutes(25))

    def _plan_bookings(self) -> None:
        booked_at = self.came_at + minutes(1 if "minutes_ago" in self.story else 3)
        for before, visit in zip([None, *self.visits], self.visits, strict=False):
            if before is not None and (after := self._free_after(before)) <= self.telling.now:
                booked_at = after
            visit.booked_at = booked_at
            self.telling.plan(booked_at, lambda at, visit=visit: self.book(visit, at))
            booked_at += minutes(1)

    def _free_after(self, visit: Visit) -> datetime:
        """When the next visit is booked: at the desk on the way out, or on the phone."""
        if visit.ending == "cancelled":
            return self._cancelled_at(visit) + minutes(2)
        return visit.ends_at + minutes(2)

    def _cancelled_at(self, visit: Visit) -> datetime:
        return min(visit.starts_at - timedelta(hours=30), self.telling.now - timedelta(hours=3))

    def _plan_intake(self) -> None:
        state = self.story.get("intake", "done")
        if not self.visits or state in ("unopened", "to_phone"):
            return
        at = self.came_at + minutes(180 + self.rng.randrange(400))
        if "answered_minutes_ago" in self.story and state == "emergency":
            at = self.telling.now - minutes(self.story["answered_minutes_ago"])
        if state != "emergency":
            at = min(at, self.visits[0].starts_at - timedelta(hours=2), self.telling.now - minutes(20))
        acts = {"half": self.answer_half, "emergency": self.answer_emergency}
        self.telling.plan(at, acts.get(state, self.hand_in))

    def _plan_visit(self, visit: Visit) -> None:
        now = self.telling.now

        def plan(at, act):
            self.telling.plan(at, lambda at: act(visit, at))

        begins = min(visit.starts_at, now - minutes(4))
        match visit.ending:
            case "booked":
                if visit.starts_at - now < SOON and self.rng.random() < CONFIRMS:
                    plan(
                        max(visit.booked_at + minutes(9), now - timedelta(hours=self.rng.randrange(2, 20))),
                        self.confirm,
                    )
            case "cancelled":
                plan(self._cancelled_at(visit), self.cancel)
            case "missed":
                plan(min(visit.starts_at + minutes(20), now), self.miss)
            case "arrived" | "assessed":
                plan(begins - minutes(5), self.arrive)
                plan(begins, self.examine)
            case "charting":
                plan(begins - minutes(5), self.arrive)
                plan(begins, self.open)
                plan(min(begins + minutes(25), now), self.chart_some)
            case "signed" | "unsigned":
                plan(visit.starts_at - minutes(self.rng.randrange(1, 8)), self.arrive)
                plan(visit.starts_at, self.open)
                plan(self._finished_at(visit), self.finish)

    def _finished_at(self, visit: Visit) -> datetime:
        """When the note is signed: minutes after the visit, or a day before the check-in that is due just now."""
        now = self.telling.now
        at = min(visit.ends_at + minutes(self.rng.randrange(1, 9)), now)
        if visit.place.day == -1 and "check_in_due_minutes_ago" in self.story:
            return max(at, now - CHECK_IN_AFTER - minutes(self.story["check_in_due_minutes_ago"]))
        return at
