"""Screen cases from a JSON file: `manage.py screen FILE`, or `-` for standard input. Needs no database and no secret."""

import json
import math
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from clients.screening import BadAnswer, UnknownQuestion, screen

BAD_INPUT = 2


class Command(BaseCommand):
    help = 'Print the screening result of {"answers": {…}}, or of a list of such objects, as JSON.'
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", help='JSON file; "-" reads standard input')

    def handle(self, *, file, **options):
        try:
            given = read_json(read_bytes(file))
            result = (
                [screen_case(case, at) for at, case in enumerate(given)]
                if isinstance(given, list)
                else screen_case(given, 0)
            )
            text = json.dumps(result, indent=2)
        except BadInput as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        except RecursionError as error:
            raise CommandError("Not a list of cases: nested too deeply.", returncode=BAD_INPUT) from error
        self.stdout.write(text)


class BadInput(Exception):
    """What was given cannot be screened; the text says where and why."""


def read_bytes(file):
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise BadInput(f"{file} cannot be read: {error}") from error


class Twice(dict):
    """An object in which `key` was given twice; dict() of it keeps the later one, which nobody may rely on."""

    def __init__(self, pairs):
        super().__init__(pairs)
        keys = [key for key, _ in pairs]
        self.key = next(key for key in keys if keys.count(key) > 1)


def read_json(data):
    """Return the parsed document. NaN, endless numbers and doubled keys are kept, to be refused by case and item."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once_each, parse_int=whole)
    except ValueError as error:  # bad UTF-8, bad JSON
        raise BadInput(f"Not valid JSON: {error}") from error


def once_each(pairs):
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(pairs)


def whole(digits):
    try:
        return int(digits)
    except ValueError:  # thousands of digits: beyond any item, so refused by its name
        return math.inf


def screen_case(case, at):
    """Return the result of one case as a dict, with the case's `id` first if it has one."""
    where = f"Case {at} (counting from 0)"
    if not isinstance(case, dict) or not isinstance(case.get("answers"), dict):
        raise BadInput(f'{where}: must be an object with an object under "answers".')
    for part in (case, case["answers"]):
        if isinstance(part, Twice):
            raise BadInput(f"{where}: {part.key!r} is given twice.")
    try:
        result = screen(case["answers"])
        json.dumps(case.get("id"), allow_nan=False)
    except (UnknownQuestion, BadAnswer) as error:
        raise BadInput(f"{where}: {error}") from error
    except ValueError as error:
        raise BadInput(f"{where}: id: holds a number that JSON cannot.") from error
    return ({"id": case["id"]} if "id" in case else {}) | result.as_dict()
