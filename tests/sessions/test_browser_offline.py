"""What is typed into a chart is not lost: no network, a reload, a crash, the lock, a second window, somebody else at the tablet."""

import contextlib
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from sessions.charting import save_chart, sign_session
from sessions.models import Amendment, TreatmentSession
from tests.look.conftest import FLAGS, chrome, complaints, open_as  # noqa: F401
from tests.look.test_axe import AXE, SERIOUS
from tests.world import NINE, NOW, PASSWORD, minutes
from tools import browser as chromium

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET = 820
SOON, LATER = 15_000, 30_000
SEALED = """() => new Promise((resolve) => {
  const request = indexedDB.open("charts");
  request.onsuccess = () => {
    const asked = request.result.transaction("unsent").objectStore("unsent").getAll();
    asked.onsuccess = () => resolve(asked.result.map((entry) => ({
      user: entry.user, session: entry.session, page: entry.page, discarded: entry.discardedAt, visit: entry.visit,
      sealed: new TextDecoder("latin1").decode(entry.sealed),
    })));
  };
})"""


@pytest.fixture
def chart(draft):
    return f"/sessions/{draft.pk}/chart/"


@pytest.fixture
def open_chart(open_as, chart, mia):  # noqa: F811
    return lambda **options: open_as(mia, chart, width=TABLET, **options)


def stored(draft) -> TreatmentSession:
    return TreatmentSession.objects.get(pk=draft.pk)


def told(page):
    return page.locator("[data-chart-saved]")


def write(page, words, field="Subjective"):
    page.get_by_label(field).fill(words)


def waits(page, count=1):
    """Wait until so many entries stand in the browser's store, and return them."""
    for _ in range(100):
        entries = [entry for entry in page.evaluate(SEALED) if not entry["discarded"]]
        if len(entries) == count:
            return entries
        page.wait_for_timeout(100)
    raise AssertionError(f"{len(entries)} entries wait, not {count}")


def type_offline(page, words):
    page.context.set_offline(True)
    write(page, words)
    expect(told(page)).to_contain_text("no connection", timeout=SOON)
    return waits(page)


def another_window(page, path):
    other = page.context.new_page()
    other.goto(path)
    return other


def let_go(page):
    """Leave a page with unsaved text as a crash does: nobody is asked."""
    page.close(run_before_unload=False)


# --- lost network, reload, crash


def test_what_is_typed_offline_waits_sealed_and_is_let_go_once_saved(open_chart, draft, mia):
    page = open_chart()
    (entry,) = type_offline(page, "Sciatica since the move.")

    assert (entry["user"], entry["session"]) == (str(mia.pk), str(draft.pk))
    assert "Sciatica" not in str(entry)
    assert "subjective" not in str(entry)
    page.context.set_offline(False)
    expect(told(page)).to_contain_text("Saved", timeout=SOON)

    assert stored(draft).subjective == "Sciatica since the move."
    waits(page, 0)


def test_a_reload_after_the_network_returned_brings_back_what_was_typed(open_chart, chart, draft):
    page = open_chart()
    type_offline(page, "Typed in the cellar.")
    context = page.context
    let_go(page)
    context.set_offline(False)

    page = context.new_page()
    page.goto(chart)
    expect(page.get_by_label("Subjective")).to_have_value("Typed in the cellar.", timeout=SOON)

    assert stored(draft).subjective == "Typed in the cellar."
    waits(page, 0)


def test_a_button_without_a_network_keeps_the_page_and_the_text(open_chart, chart, draft):
    page = open_chart()
    type_offline(page, "Not lost.")

    page.get_by_role("button", name="Check and sign").click()
    expect(told(page)).to_contain_text("no connection", timeout=SOON)

    assert page.url.endswith(chart)
    assert page.get_by_label("Subjective").input_value() == "Not lost."
    page.context.set_offline(False)
    expect(told(page)).to_contain_text("Saved", timeout=SOON)


def test_a_button_with_nothing_unsaved_waits_for_the_network_too(open_chart, chart):
    page = open_chart()
    page.context.set_offline(True)

    page.get_by_role("button", name="Check and sign").click()
    expect(told(page)).to_contain_text("No connection", timeout=SOON)

    assert page.url.endswith(chart)


def test_a_browser_that_is_killed_brings_it_back_at_the_next_start(
    chrome,  # noqa: F811
    live_server,
    client,
    mia,
    draft,
    chart,
    tmp_path,
):
    client.force_login(mia)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}

    def start():
        context = chrome.browser_type.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium.find(), args=FLAGS, base_url=live_server.url
        )
        context.add_cookies([cookie])
        return context

    context = start()
    page = context.pages[0]
    page.goto(chart)
    type_offline(page, "Before the battery died.")
    kill_chromium_of(tmp_path / "profile")

    context = start()
    page = context.pages[0]
    page.goto(chart)
    expect(page.get_by_label("Subjective")).to_have_value("Before the battery died.", timeout=LATER)
    waits(page, 0)
    context.close()

    assert stored(draft).subjective == "Before the battery died."


def kill_chromium_of(profile):
    """Kill, without a word, the processes this test started on `profile`, and only those."""
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if f"--user-data-dir={profile}".encode() in (process / "cmdline").read_bytes().split(b"\0"):
                os.kill(int(process.name), signal.SIGKILL)


def test_a_save_whose_answer_got_lost_is_no_conflict(open_chart, chart, draft):
    page = open_chart()
    page.route(
        "**/chart/",
        lambda route: (route.fetch(), route.abort()) if route.request.method == "POST" else route.continue_(),
    )
    write(page, "It had arrived.")
    expect(told(page)).to_contain_text("no connection", timeout=SOON)
    assert stored(draft).subjective == "It had arrived."
    context = page.context
    let_go(page)

    page = context.new_page()
    page.goto(chart)
    expect(page.get_by_label("Subjective")).to_have_value("It had arrived.", timeout=SOON)

    waits(page, 0)
    expect(page.locator("#conflict")).to_have_count(0)


def test_an_older_text_meets_a_newer_chart_as_a_comparison(open_chart, chart, draft, mia):
    page = open_chart()
    type_offline(page, "Typed here.")
    context = page.context
    let_go(page)
    save_chart(draft, version=draft.version, by=mia, at=NINE, subjective="Typed at the desk.")
    context.set_offline(False)

    page = context.new_page()
    page.goto(chart)
    expect(page.get_by_role("cell", name="Typed at the desk.")).to_be_visible(timeout=SOON)
    assert page.get_by_label("Subjective").input_value() == "Typed here."
    assert stored(draft).subjective == "Typed at the desk."
    waits(page)

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible(timeout=SOON)
    assert stored(draft).subjective == "Typed here."
    waits(page, 0)


def test_what_was_typed_can_be_discarded_and_taken_back(open_chart, chart, draft, mia):
    page = open_chart()
    type_offline(page, "Typed here.")
    context = page.context
    let_go(page)
    save_chart(draft, version=draft.version, by=mia, at=NINE, subjective="Typed at the desk.")
    context.set_offline(False)
    page = context.new_page()
    page.goto(chart)

    page.get_by_role("button", name="Discard what I typed").click(timeout=SOON)
    page.get_by_role("button", name="Yes, go on").click()
    page.get_by_text("is discarded").wait_for()
    waits(page, 0)
    assert page.get_by_label("Subjective").input_value() == "Typed at the desk."

    page.get_by_role("button", name="Take that back").click()
    expect(page.get_by_role("cell", name="Typed here.")).to_be_visible(timeout=SOON)


# --- signed meanwhile


@pytest.fixture
def left_behind(open_chart, draft, mia):
    """A browser in which text waits, of a chart that was signed elsewhere since."""
    page = open_chart()
    type_offline(page, "The knee gave way.")
    context = page.context
    let_go(page)
    version = save_chart(draft, version=draft.version, by=mia, at=NINE, pain_before_nrs=3, subjective="Fine.").version
    sign_session(draft, version=version, by=mia, at=NINE)
    context.set_offline(False)
    return context.new_page()


def test_text_of_a_chart_signed_meanwhile_becomes_an_amendment_or_goes(left_behind, chart, draft):
    page = left_behind
    page.goto(chart)
    page.get_by_role("button", name="Look at it").click(timeout=SOON)
    expect(page.get_by_role("cell", name="The knee gave way.")).to_be_visible()
    expect(page.get_by_label("Subjective")).to_be_hidden()

    page.get_by_role("button", name="Add as an amendment").click()
    expect(page.get_by_label("What to add or correct")).to_have_value("Subjective: The knee gave way.")
    assert not Amendment.objects.exists()
    page.get_by_text("Addendum: something to add").click()
    page.get_by_label("Reason").fill("Left out")
    page.get_by_role("button", name="Add to the chart").click()
    expect(page.get_by_text("The amendment is added.")).to_be_visible()
    assert stored(draft).subjective == "Fine."

    page.get_by_role("button", name="Discard it").click(timeout=SOON)
    page.get_by_role("button", name="Yes, go on").click()
    waits(page, 0)
    page.get_by_role("button", name="Take that back").click()
    expect(page.get_by_role("button", name="Look at it")).to_be_visible()
    waits(page, 1)


def test_text_that_was_signed_is_let_go(open_chart, chart, draft, mia):
    page = open_chart()
    type_offline(page, "Fine.")
    context = page.context
    let_go(page)
    version = save_chart(draft, version=draft.version, by=mia, at=NINE, pain_before_nrs=3, subjective="Fine.").version
    sign_session(draft, version=version, by=mia, at=NINE)
    TreatmentSession.objects.get(pk=draft.pk)
    context.set_offline(False)
    page = context.new_page()
    page.goto(chart)
    expect(page.get_by_role("button", name="Look at it")).to_be_visible(
        timeout=SOON
    )  # the pain is not in what was typed

    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("cell", name="Fine.")).to_have_count(0)


# --- other pages, other people


def test_other_pages_tell_that_text_waits_by_time_alone(open_chart, draft, ada):
    page = open_chart()
    type_offline(page, "About the hip.")
    context = page.context
    let_go(page)
    context.set_offline(False)
    page = context.new_page()

    page.goto("/today/")

    link = page.get_by_role("link", name="Chart of Mon 23 Nov, 09:00")
    expect(link).to_be_visible(timeout=SOON)
    assert "About the hip" not in page.content()
    link.click()
    expect(page.get_by_label("Subjective")).to_have_value("About the hip.", timeout=SOON)


def test_somebody_else_at_the_same_tablet_sees_nothing_of_it(open_chart, live_server, client, draft, mia, olga):
    page = open_chart()
    type_offline(page, "About the hip.")
    context = page.context
    let_go(page)
    context.set_offline(False)
    client.logout()
    client.force_login(olga)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    page = context.new_page()

    page.goto("/booking/")
    page.wait_for_function("window.chartStore")
    assert page.evaluate("window.chartStore.list()") == []
    expect(page.get_by_text("waits in this browser")).to_have_count(0)
    page.goto(f"/sessions/{draft.pk}/")
    page.wait_for_timeout(1000)
    assert "data-keys" not in page.content()
    (entry,) = waits(page)
    assert entry["user"] == str(mia.pk)


def test_keys_differ_by_person_and_open_nothing_of_another_chart(open_chart):
    page = open_chart()
    opened = page.evaluate("""async () => {
      const store = window.chartStore;
      const keys = store.keysFrom(document.querySelector("[data-keys]").dataset.keys);
      await store.keep({ keys, session: "7", address: "/", visit: "", text: "hip" });
      const [entry] = await store.list({ session: "7" });
      const other = store.keysFrom("00".repeat(32));
      return [await store.read(entry, keys), await store.read(entry, other), await store.read({ ...entry, session: "8" }, keys)];
    }""")

    assert opened == ["hip", None, None]


def test_a_replaced_secret_still_opens_what_waits(open_chart, chart, draft, settings):
    page = open_chart()
    type_offline(page, "Under the old key.")
    context = page.context
    let_go(page)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-of-at-least-thirty-two-characters"
    context.set_offline(False)

    page = context.new_page()
    page.goto(chart)

    expect(page.get_by_label("Subjective")).to_have_value("Under the old key.", timeout=SOON)


def test_signing_out_with_unsent_text_asks_first(open_chart, chart, draft):
    page = open_chart()
    type_offline(page, "Ask me first.")
    context = page.context
    let_go(page)
    context.set_offline(False)
    page = context.new_page()
    page.goto("/today/")

    def sign_out(choice):
        page.get_by_role("button", name="Menu of Mia Berg").click()
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("button", name=choice).click(timeout=SOON)

    sign_out("Stay signed in")
    assert page.url.endswith("/today/")
    waits(page)
    sign_out("Keep it and sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SOON)
    waits(page)

    page.get_by_label("Username or e-mail address").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Chart of")).to_be_visible(timeout=SOON)
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Delete it and sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SOON)
    waits(page, 0)
    assert stored(draft).subjective == ""


def test_signing_out_with_nothing_unsent_asks_nothing_and_back_shows_nothing(open_chart, draft, mia):
    save_chart(draft, version=draft.version, by=mia, at=NINE, subjective="Behind the door.")
    page = open_chart()
    page.get_by_role("button", name="Menu of Mia Berg").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=SOON)

    page.go_back()
    page.wait_for_timeout(1000)

    assert "Behind the door." not in page.content()


# --- the lock


def test_the_lock_covers_the_page_and_the_password_saves_what_was_typed(open_chart, draft, still_clock):
    page = open_chart()
    still_clock.at = NOW + minutes(15)

    write(page, "Typed before the lock.")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible(timeout=SOON)
    expect(page.get_by_label("Subjective")).to_be_hidden()
    assert page.title() == "Locked"
    assert stored(draft).subjective == ""
    (entry,) = waits(page)
    assert "before the lock" not in str(entry)

    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Subjective")).to_be_hidden()
    page.get_by_label("Password").fill("not mine")
    page.get_by_role("button", name="Unlock").click()
    expect(page.locator("#lock-said")).to_contain_text("Incorrect password", timeout=SOON)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Unlock").click()

    expect(page.get_by_label("Subjective")).to_have_value("Typed before the lock.", timeout=SOON)
    expect(told(page)).to_contain_text("Saved", timeout=SOON)
    assert stored(draft).subjective == "Typed before the lock."
    waits(page, 0)


def test_the_warning_comes_in_time_and_one_press_stays(open_as, mia, chart, still_clock):  # noqa: F811
    page = open_as(mia, "/accounts/logout/", width=TABLET)
    page.clock.install()
    page.goto(chart)

    def pass_time(seconds):
        still_clock.at += timedelta(seconds=seconds)
        page.clock.fast_forward(seconds * 1000)

    pass_time(14 * 60 + 10)
    expect(page.get_by_role("alertdialog")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Stay").click()
    expect(page.get_by_role("alertdialog")).to_be_hidden(timeout=SOON)

    pass_time(13 * 60)
    page.wait_for_timeout(500)
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    expect(page.get_by_label("Subjective")).to_be_visible()
    pass_time(3 * 60)
    expect(page.get_by_role("heading", name="Locked")).to_be_visible(timeout=SOON)


def test_what_is_touched_in_another_window_keeps_this_one_open(open_as, mia, chart, still_clock):  # noqa: F811
    page = open_as(mia, "/accounts/logout/", width=TABLET)
    page.clock.install()
    page.goto(chart)
    still_clock.at += minutes(14)
    another_window(page, "/today/").wait_for_function("window.presence")

    page.clock.fast_forward(15 * 60_000)
    page.wait_for_timeout(1500)

    expect(page.get_by_role("heading", name="Locked")).to_be_hidden()
    expect(page.get_by_label("Subjective")).to_be_visible()


def test_the_board_that_asks_for_itself_locks_too(open_as, dana, still_clock):  # noqa: F811
    page = open_as(dana, "/booking/")
    page.wait_for_function("window.presence")
    still_clock.at = NOW + minutes(5)

    page.evaluate(
        "htmx.trigger('#board', 'every'); htmx.ajax('GET', '/booking/', { target: '#board', swap: 'outerHTML' })"
    )

    expect(page.get_by_role("heading", name="Locked")).to_be_visible(timeout=SOON)
    expect(page.locator("#board")).to_be_hidden()


def test_the_end_of_a_sign_in_covers_the_page_and_the_text_waits(open_chart, draft, still_clock):
    page = open_chart()
    still_clock.at = NOW + timedelta(hours=12)
    write(page, "At the end of a long day.")

    expect(page.get_by_role("link", name="Sign in again")).to_be_visible(timeout=SOON)
    waits(page)
    page.get_by_role("link", name="Sign in again").click()
    page.get_by_label("Username or e-mail address").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_label("Subjective")).to_have_value("At the end of a long day.", timeout=SOON)
    waits(page, 0)


# --- two windows


def test_a_second_window_is_told_of_and_takes_over_what_is_saved(open_chart, chart, draft):
    first = open_chart()
    second = another_window(first, chart)
    for page in (first, second):
        expect(page.get_by_text("also open in another window")).to_be_visible(timeout=SOON)

    first.bring_to_front()
    write(first, "From the first window.")
    expect(told(first)).to_contain_text("Saved", timeout=SOON)
    second.bring_to_front()

    expect(second.get_by_label("Subjective")).to_have_value("From the first window.", timeout=SOON)
    second.close()
    expect(first.get_by_text("also open in another window")).to_have_count(0, timeout=SOON)


def test_two_windows_with_words_of_their_own_lose_neither(open_chart, chart, draft):
    first = open_chart()
    second = another_window(first, chart)
    first.context.set_offline(True)
    write(first, "From the first window.")
    write(second, "From the second window.")
    one, two = waits(first, 2)
    assert one["page"] != two["page"]

    first.context.set_offline(False)
    for page in (first, second):
        page.bring_to_front()
        page.evaluate("dispatchEvent(new Event('online'))")
    conflict = "What you typed is still here."
    first.wait_for_timeout(4000)
    assert [page.get_by_text(conflict).count() for page in (first, second)].count(1) == 1
    waits(first, 1)
    loser = second if stored(draft).subjective.startswith("From the first") else first

    loser.get_by_role("button", name="Compare both").click()
    expect(loser.get_by_role("cell", name=stored(draft).subjective)).to_be_visible(timeout=SOON)
    waits(loser, 1)


# --- what cannot be stored


def test_a_long_text_is_refused_in_words_and_kept_whole(open_chart, chart, draft):
    page = open_chart()
    words = "lang " * 1100
    write(page, words)

    expect(told(page)).to_contain_text("at most 5000 characters", timeout=SOON)
    assert page.get_by_label("Subjective").input_value() == words
    waits(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Not saved yet. Please check")).to_be_visible(timeout=SOON)
    assert page.get_by_label("Subjective").input_value() == words
    waits(page)

    write(page, "kurz")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("The draft is saved.")).to_be_visible(timeout=SOON)
    waits(page, 0)
    assert stored(draft).subjective == "kurz"


def test_a_character_no_text_has_is_named_and_the_rest_stays(open_chart, draft):
    page = open_chart()
    page.get_by_label("Assessment").evaluate(
        "(field) => { field.value = 'a\\u0000b'; field.dispatchEvent(new Event('input', { bubbles: true })); }"
    )

    expect(told(page)).to_contain_text("“Assessment” holds a character that cannot be stored", timeout=SOON)
    assert stored(draft).assessment == ""
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Assessment")).to_be_visible()


def test_right_to_left_and_emoji_come_back_as_typed(open_chart, chart, draft):
    words = "נועה: שלום \u202e 🙂👩‍👩‍👧 كتف"
    page = open_chart()
    type_offline(page, words)
    context = page.context
    let_go(page)
    context.set_offline(False)
    page = context.new_page()
    page.goto(chart)

    expect(page.get_by_label("Subjective")).to_have_value(words, timeout=SOON)
    assert stored(draft).subjective == words


def test_a_browser_that_keeps_nothing_says_so(open_as, mia, chart):  # noqa: F811
    page = open_as(mia, "/today/", width=TABLET)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { value: undefined });")

    page.goto(chart)

    expect(page.get_by_text("This browser cannot keep unsent text")).to_be_visible(timeout=SOON)


def test_a_store_that_is_full_says_so(open_as, mia, chart):  # noqa: F811
    page = open_as(mia, "/today/", width=TABLET)
    page.add_init_script(
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"
    )
    page.goto(chart)
    page.context.set_offline(True)

    write(page, "No room left.")

    expect(page.get_by_text("This browser cannot keep unsent text")).to_be_visible(timeout=SOON)
    expect(told(page)).to_contain_text("Keep this page open", timeout=SOON)


# --- how it looks


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_serious_on_what_is_new(open_chart, open_as, mia, chart, draft, still_clock, colours):  # noqa: F811
    page = open_chart(color_scheme=colours, bypass_csp=True)
    page.add_script_tag(path=AXE)
    type_offline(page, "About the hip.")
    page.evaluate("window.presence.lock()")
    locked = page.evaluate(SERIOUS)
    page.context.set_offline(False)
    context = page.context
    let_go(page)
    page = context.new_page()
    page.goto("/today/")
    page.get_by_role("link", name="Chart of").wait_for()
    page.add_script_tag(path=AXE)
    banner = page.evaluate(SERIOUS)
    page.get_by_role("button", name="Menu of Mia Berg").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Stay signed in").wait_for()
    asked = page.evaluate(SERIOUS)
    still_clock.at = NOW + minutes(15)
    page.goto("/today/")
    page.add_script_tag(path=AXE)

    assert [locked, banner, asked, page.evaluate(SERIOUS)] == [[], [], [], []]
