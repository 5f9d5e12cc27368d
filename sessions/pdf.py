"""The printed note as PDF: what sessions/paper.py tells, set by typst. Pure: no database, no clock, no network."""

import json
import re
import unicodedata
from pathlib import Path

import typst

SOURCE = (Path(__file__).parent / "session_record.typ").read_bytes()
ARCHIVE = ["a-2a"]  # PDF/A with tags: kept readable for the ten years a record is kept, and read aloud in order
NO_GLYPH = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")
OVERRIDES = "\u202d\u202e"  # turn what follows round: a record shows that they are there
LONG_RUN = re.compile(r"\S{40}(?=\S)")
BREAK_HERE = "\u200b"
MOST_TRIES = 8


def note_pdf(paper: dict) -> bytes:
    """Return the paper as PDF/A. What is typed is printed as text, all of it.

    A character that no font inside has (emoji, Chinese, control characters) is printed by its number and name, for PDF/A
    allows no empty box in its place.
    """
    paper = _each_text(paper, _printable)
    for _ in range(MOST_TRIES):
        try:
            return _set(paper)
        except typst.TypstError as error:
            strangers = {letter for text in NO_GLYPH.findall(error.diagnostic) for letter in _unescaped(text)}
            if not strangers:
                raise
        paper = _each_text(paper, lambda text: _spelled(text, strangers))  # noqa: B023  # used at once
    raise ValueError("The note holds characters that cannot be printed.")


def _set(paper: dict) -> bytes:
    return typst.compile(
        SOURCE, format="pdf", ignore_system_fonts=True, sys_inputs={"data": json.dumps(paper)}, pdf_standards=ARCHIVE
    )


def _each_text(value, change):
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(each, change) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(each, change) for each in value]
    return value


def _printable(text: str) -> str:
    """One kind of line end, no tabs, overrides and private letters spelled out, and a place to break in a long run.

    A private letter means something in one font only, and PDF/A forbids it even where a font inside has it.
    """
    private = {letter for letter in text if unicodedata.category(letter) == "Co"}
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return LONG_RUN.sub(lambda run: run.group() + BREAK_HERE, _spelled(text, {*OVERRIDES, *private}))


def _spelled(text: str, strangers) -> str:
    return "".join(_name(letter) if letter in strangers else letter for letter in text)


def _name(letter: str) -> str:
    name = unicodedata.name(letter, "").lower()
    name = "" if name.endswith(f"{ord(letter):x}") else name  # a name that only repeats the number
    return f"[U+{ord(letter):04X}{' ' if name else ''}{name}]"


def _unescaped(text: str) -> str:
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)
