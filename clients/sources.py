"""The sources behind rules and weights, as docs/clinical-sources.md names them: for a therapist, a title and not a key."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs" / "clinical-sources.md"
ENTRY = re.compile(r"^### (\S+)\n\n(.+)\nUsed for: (.+) Checked: (.+)\.$", re.MULTILINE)
AUTHOR = re.compile(r"^([^.,]+?) [A-Z]{1,5}[,. ]")
YEAR = re.compile(r"-(\d{4})$")
NAMES_ITSELF = {"expert-design": "Our own choice", "common-clinical-knowledge": "General clinical teaching"}
CHECKED = {
    "abstract": "read: abstract or summary",
    "page": "read: the page itself",
    "secondary": "read: in somebody else’s text",
    "not read": "not read by us",
    "–": "to be reviewed by the clinical lead",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its short name, the whole citation, what it is used for and how far it was read."""

    key: str
    name: str
    citation: str
    used_for: str
    checked: str


@cache
def all_sources() -> dict[str, Source]:
    """Return every source by its key; empty where the page was left out of an installation."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    return {
        key: Source(key, _short(key, citation), citation, used_for, CHECKED.get(checked, checked))
        for key, citation, used_for, checked in ENTRY.findall(text)
    }


def source_of(key: str) -> Source:
    """Return one source; a key without an entry stands for itself."""
    return all_sources().get(key) or Source(key, key.replace("-", " "), "", "", "")


def _short(key: str, citation: str) -> str:
    """Return "Martin 2014" for a paper, the first words of the citation for anything else."""
    if key in NAMES_ITSELF:
        return NAMES_ITSELF[key]
    if (author := AUTHOR.match(citation)) and (year := YEAR.search(key)):
        return f"{author[1]} {year[1]}"
    return re.split(r"[,.(:]", citation)[0].strip()
