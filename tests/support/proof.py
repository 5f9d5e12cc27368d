"""Proofs that come in two lengths: a quick one in every run of the tests, a long one in `make chaos`, which keeps the figures."""

import json
import os
from pathlib import Path

IS_LONG = os.environ.get("CHAOS") == "long"


def size(*, quick: int, long: int) -> int:
    """Return how often, or how many, this run does it."""
    return long if IS_LONG else quick


def keep(proof: str, **figures) -> None:
    """Keep what a proof counted; `make chaos` gathers it by proof and database. The quick form keeps nothing.

    Call it before the assertions: what did not hold is told, too.
    """
    if folder := os.environ.get("CHAOS_RESULTS"):
        test = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].rpartition(" ")[0]
        (Path(folder) / f"{proof}.json").write_text(json.dumps({"test": test, **figures}))
