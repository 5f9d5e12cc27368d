"""When a rule's moment comes: whole days by the calendar on the wall, the rest in real hours, never in quiet hours."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from practice.models import Practice
from practice.zones import at_wall_time, wall_days_later

DAY = 24
TOO_LATE = timedelta(hours=1)  # a reminder that comes less than this before the visit finds people on their way
EVENING = timedelta(minutes=15)  # before quiet hours begin


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which no reminder goes out, by the practice's clock; over midnight if `begins` is after `ends`."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def of(cls, practice: Practice) -> "Quiet":
        """Return the practice's quiet hours."""
        return cls(practice.quiet_from, practice.quiet_until, ZoneInfo(practice.time_zone))

    def around(self, moment: datetime) -> tuple[datetime, datetime] | None:
        """Return the quiet hours [begin, end) in which `moment` falls, in UTC, or None. None at all if both ends are the same.

        Two nights with nothing between them, because the clocks skip it, are one.
        """
        night = self._night(moment)
        if night is None:
            return None
        begin, end = night
        while following := self._night(end):
            end = following[1]
        while preceding := self._night(begin - timedelta.resolution):
            begin = preceding[0]
        return begin, end

    def _night(self, moment: datetime) -> tuple[datetime, datetime] | None:
        if self.begins == self.ends:
            return None
        local_day = moment.astimezone(self.zone).date()
        for days in (-1, 0):
            day = local_day + timedelta(days=days)
            last_day = day + timedelta(days=self.begins > self.ends)
            begin, end = at_wall_time(day, self.begins, self.zone), at_wall_time(last_day, self.ends, self.zone)
            if begin <= moment < end:
                return begin, end
        return None


def hours_after(moment: datetime, hours: int, zone: ZoneInfo) -> datetime:
    """Return the UTC moment `hours` after `moment`; 24 of them are a day at the same time by the clock on the wall."""
    days, rest = divmod(hours, DAY)
    return wall_days_later(moment, days, zone) + timedelta(hours=rest)


def hours_before(moment: datetime, hours: int, zone: ZoneInfo) -> datetime:
    """Return the UTC moment `hours` before `moment`; 24 of them are a day at the same time by the clock on the wall."""
    days, rest = divmod(hours, DAY)
    return wall_days_later(moment, -days, zone) - timedelta(hours=rest)


def reminder_at(starts_at: datetime, hours: int, quiet: Quiet) -> datetime:
    """Return when a visit is reminded of: `hours` before it, in quiet hours once they end.

    Where that would be less than TOO_LATE before the visit it is the evening before: EVENING before quiet hours begin,
    or when those before them end, if that is later.
    """
    moment = hours_before(starts_at, hours, quiet.zone)
    asleep = quiet.around(moment)
    if asleep is None:
        return moment
    begins, ends = asleep
    if ends <= starts_at - TOO_LATE:
        return ends
    still_asleep = quiet.around(begins - EVENING)
    return still_asleep[1] if still_asleep else begins - EVENING


def follow_up_at(moment: datetime, hours: int, quiet: Quiet) -> datetime:
    """Return when something that lies back is followed up: `hours` after `moment`, in quiet hours once they end."""
    then = hours_after(moment, hours, quiet.zone)
    asleep = quiet.around(then)
    return asleep[1] if asleep else then
