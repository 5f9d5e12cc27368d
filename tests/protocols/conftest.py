"""The fixtures of a charted visit serve plans as well."""

from tests.sessions.conftest import (  # noqa: F401
    charted,
    draft,
    knowledge,
    plan,
    screening,
    signed,
    visit,
)
