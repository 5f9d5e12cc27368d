"""Folding text so that 'muller', 'Müller' and 'MÜLLER' are one word. Same on every database, unlike icontains."""

import unicodedata

from practice.phones import national_digits


def fold(text: str) -> str:
    """Return `text` without accents, case or doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.casefold().split())


def folded_words(text: str) -> list[str]:
    """Return the words to look for; a phone number, however it is typed, becomes one word of digits."""
    if digits := national_digits(text):
        return [digits]
    folded = fold(text)
    compact = "".join(character for character in folded if character not in " ()-+./")
    if len(compact) >= 4 and compact.isdigit() and "-" not in folded and "." not in folded and "/" not in folded:
        return [compact.removeprefix("00").removeprefix("0")]
    return folded.split()
