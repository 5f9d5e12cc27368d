"""`manage.py verify_chain`: walk the signed sessions and amendments and say whether anything was altered."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sessions.anchors import Anchor, read
from sessions.chain import Fault, verify


class Command(BaseCommand):
    """Verifies the chains of signatures."""

    help = (
        "Verify every signed session and amendment against its chain, and both chains against the anchors. "
        "Names the first bad row and exits with 1."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--anchors",
            type=Path,
            metavar="FILE",
            help="a file of anchors kept elsewhere, one a line; without it the practice's own (CHAIN_ANCHORS)",
        )

    def handle(self, *, anchors: Path | None, **options):
        path = anchors or settings.CHAIN_ANCHORS
        kept, forged = _read(path, is_named=anchors is not None)
        verdict = verify(anchor.heads for anchor in kept)
        if fault := verdict.fault or forged:
            raise CommandError(str(fault), returncode=1)
        if kept:
            times = "1 time" if len(kept) == 1 else f"{len(kept)} times"
            self.stdout.write(f"Anchored: {times}, the last on {kept[-1].at:%Y-%m-%d %H:%M} UTC.")
        else:
            self.stdout.write(f"There are no anchors ({path}): a tail cut off the chain cannot be found.")
        self.stdout.write(f"{verdict.sessions} signed sessions and {verdict.amendments} amendments: the chain holds.")


def _read(path: Path, *, is_named: bool) -> tuple[list[Anchor], Fault | None]:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return read(lines)
    except FileNotFoundError as error:
        if is_named:
            raise CommandError(f"There is no file {path}.", returncode=1) from error
        return [], None
    except OSError as error:
        raise CommandError(f"The anchors in {path} cannot be read: {error.strerror}.", returncode=1) from error
