"""The pure engine is fast enough to replay years of screenings; `make bench` reports the figure."""

import sys
import time

from clients.screening import screen
from tests.screening.cases import EVERY_NO
from tests.screening.test_vignettes import VIGNETTES, told

WANTED_PER_SECOND = 5_000
SHEETS = [EVERY_NO | told(vignette) for vignette in VIGNETTES]  # every question answered: the slowest kind


def cases_per_second():
    """Cases per second of processor time on one core."""
    start = time.process_time()
    for sheet in SHEETS:
        screen(sheet)
    return len(SHEETS) / (time.process_time() - start)


def test_screening_speed():
    best = max(cases_per_second() for _ in range(12))
    sys.stdout.write(f"{best:,.0f} cases per second and core\n")

    assert best >= WANTED_PER_SECOND
