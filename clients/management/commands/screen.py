"""Screen cases from a JSON file: `manage.py screen FILE`, or `-` for standard input. Needs no database and no secret."""

import json
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
        except BadInput as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        self.stdout.write(json.dumps(result, indent=2))


class BadInput(Exception):
    """What was given cannot be screened; the text says where and why."""


def read_bytes(file):
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise BadInput(f"{file} cannot be read: {error}") from error


def read_json(data):
    """Return the parsed document. A key given twice, NaN and Infinity are refused: nothing is guessed."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once_each, parse_constant=no_constant)
    except RecursionError as error:
        raise BadInput("Not a list of cases: nested too deeply.") from error
    except ValueError as error:  # bad UTF-8, bad JSON, numbers of thousands of digits
        raise BadInput(f"Not valid JSON: {error}") from error


def once_each(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} is given twice")
    return found


def no_constant(name):
    raise ValueError(f"{name} is not a value")


def screen_case(case, at):
    """Return the result of one case as a dict, with the case's `id` first if it has one."""
    if not isinstance(case, dict) or not isinstance(case.get("answers"), dict):
        raise BadInput(f'Case {at} (counting from 0): must be an object with an object under "answers".')
    try:
        result = screen(case["answers"])
    except (UnknownQuestion, BadAnswer) as error:
        raise BadInput(f"Case {at} (counting from 0): {error}") from error
    return ({"id": case["id"]} if "id" in case else {}) | result.as_dict()
