"""The refusal: a 'no' whose words are fit for the person who asked."""


class Refused(Exception):
    """A rule said no. `str(refusal)` is shown to the person; every domain refusal descends from this."""


class Retry(Refused):
    """The same request may succeed in a moment."""
