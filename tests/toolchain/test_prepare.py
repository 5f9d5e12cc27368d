"""What a start refuses before anything is opened."""

import pytest
from django.core.management import CommandError, call_command

from tests.world import make_practice


@pytest.mark.parametrize(("is_demo", "words"), [(True, "holds the demo practice"), (False, "holds a real practice")])
@pytest.mark.django_db(transaction=True)
def test_prepare_never_mixes_the_demo_and_a_real_practice(settings, is_demo, words):
    make_practice(is_demo=is_demo)
    settings.DEMO = not is_demo

    with pytest.raises(CommandError, match=words):
        call_command("prepare")


@pytest.mark.django_db(transaction=True)
def test_prepare_may_run_again(settings):
    make_practice(is_demo=True)
    settings.DEMO = True

    call_command("prepare")
    call_command("prepare")
