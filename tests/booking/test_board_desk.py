"""A day at the desk in a real browser: dragging, stretching, refusing, undoing, and all of it by keyboard alone."""

import re

import pytest

from booking.models import Appointment
from tests import world
from tests.look.conftest import chrome, complaints, open_as  # noqa: F401
from tests.support.visits import make_visit
from tests.world import NINE, minutes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ELEVEN = NINE + minutes(120)
NAMES = "button, a[href], input:not([type=hidden]), select, textarea, [role=button]"


@pytest.fixture
def board(open_as, dana, visit, massage, mia, tom):  # noqa: F811
    """The desk's board with Ada at nine with Mia; Tom is free."""
    page = open_as(dana, "/booking/?day=2026-11-23")
    page.locator(f"#visit-{visit.pk}").wait_for()
    return page


def spot(page, therapist, moment, inset=60):
    """Return the point on the screen where a therapist's time begins."""
    slots = page.locator(f"#column-{therapist.pk} .board-slots").bounding_box()
    rows = int(page.locator(f"#column-{therapist.pk}").get_attribute("data-rows"))
    first = NINE
    return slots["x"] + inset, slots["y"] + (moment - first) / minutes(5) * slots["height"] / rows


def drag(page, visit, to, *, from_edge=False, drop=True):
    box = page.locator(f"#visit-{visit.pk}").bounding_box()
    start = (box["x"] + 60, box["y"] + (box["height"] - 2 if from_edge else 3))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 4, start[1] + 8, steps=3)
    page.mouse.move(*to, steps=6)
    if drop:
        page.mouse.up()


def now_of(visit):
    visit.refresh_from_db()
    return visit.starts_at, visit.ends_at, visit.therapist.first_name


def test_a_visit_is_dragged_to_another_therapist_and_time_and_taken_back(board, visit, tom, complaints):  # noqa: F811
    x, y = spot(board, tom, ELEVEN)

    drag(board, visit, (x, y + 3), drop=False)
    assert board.locator(f"#column-{tom.pk} .board-ghost").inner_text() == "11:00–12:00"
    assert now_of(visit)[0] == NINE  # nothing has moved before it is dropped
    board.mouse.up()

    board.get_by_text("Moved: Ada Müller with Tom Reed on Mon 23 Nov 2026 at 11:00").first.wait_for()
    assert now_of(visit) == (ELEVEN, ELEVEN + minutes(60), "Tom")
    assert board.url.endswith("day=2026-11-23")

    board.get_by_role("button", name="Undo").click()
    board.get_by_text("Taken back.").first.wait_for()
    assert now_of(visit) == (NINE, NINE + minutes(60), "Mia")
    assert complaints == []


def test_a_visit_is_stretched_by_its_lower_edge(board, visit, mia, complaints):  # noqa: F811
    drag(board, visit, spot(board, mia, NINE + minutes(75)), from_edge=True)

    board.get_by_text("New length: Ada Müller now has 1 h 15 min, until 10:15.").first.wait_for()
    assert now_of(visit)[1] == NINE + minutes(75)
    assert complaints == []


def test_a_drop_on_a_taken_time_snaps_back_and_says_why(board, visit, mia, ben, massage, book):
    book(client=ben, starts_at=ELEVEN)

    drag(board, visit, spot(board, mia, ELEVEN))

    dialog = board.get_by_role("dialog")
    dialog.get_by_text("That time has just been taken.").wait_for()
    dialog.get_by_role("button", name="Leave it as it was").click()
    assert now_of(visit)[0] == NINE
    assert board.locator(".board-ghost").count() == 0
    assert board.evaluate("document.activeElement.id") == f"open-{visit.pk}"


def test_a_drop_out_of_hours_asks_first(board, visit, mia):
    drag(board, visit, spot(board, mia, NINE + minutes(450)))  # 16:30 to 17:30; Mia works until five

    dialog = board.get_by_role("dialog", name="Please look at this before you go on")
    dialog.get_by_text("Mia Berg does not work then.").wait_for()
    assert now_of(visit)[0] == NINE
    dialog.get_by_role("button", name="I know. Take this time anyway").click()

    board.get_by_text("Moved: Ada Müller with Mia Berg on Mon 23 Nov 2026 at 16:30").first.wait_for()
    assert now_of(visit)[0] == NINE + minutes(450)


def test_escape_ends_a_drag(board, visit, tom):
    drag(board, visit, spot(board, tom, ELEVEN), drop=False)
    board.keyboard.press("Escape")
    board.mouse.up()

    assert board.locator(".board-ghost").count() == 0
    assert board.url.endswith("day=2026-11-23")  # the click that ends it opens nothing
    assert now_of(visit)[0] == NINE


def test_a_press_without_moving_opens_the_visit(board, visit):
    board.locator(f"#open-{visit.pk}").click()

    board.wait_for_url(re.compile(f"/booking/appointments/{visit.pk}/"))


def test_a_drag_that_the_network_loses_changes_nothing_and_says_so(board, visit, tom):
    board.route("**/drop/", lambda route: route.abort())

    drag(board, visit, spot(board, tom, ELEVEN))

    board.get_by_text("That did not reach the practice.").wait_for()
    assert now_of(visit)[0] == NINE


def test_the_board_is_not_renewed_under_a_drag(board, visit, tom):
    url = board.locator("#board").get_attribute("hx-get").replace("seen=", "was=")
    asked = []
    board.on("request", lambda request: asked.append(request.url))
    drag(board, visit, spot(board, tom, ELEVEN), drop=False)

    board.evaluate("url => htmx.ajax('GET', url, {target: '#board', swap: 'outerHTML'})", url)
    board.wait_for_timeout(400)
    assert (board.locator(".board-ghost").count(), asked) == (1, [])
    board.mouse.up()

    board.get_by_text("Moved: Ada Müller with Tom Reed").first.wait_for()


def test_an_answer_on_its_way_when_a_drag_begins_does_not_swap_it_away(board, visit):
    url = board.locator("#board").get_attribute("hx-get").replace("seen=", "was=")
    box = board.locator(f"#visit-{visit.pk}").bounding_box()

    with board.expect_response(lambda response: "was=" in response.url):
        board.evaluate(
            """([url, x, y, id]) => {
              htmx.ajax("GET", url, {target: "#board", swap: "outerHTML"});
              const fire = (type, to) => document.getElementById(id).dispatchEvent(new PointerEvent(type,
                {bubbles: true, button: 0, pointerType: "mouse", clientX: x, clientY: y + to}));
              fire("pointerdown", 0); fire("pointermove", 90);
            }""",
            [url, box["x"] + 50, box["y"] + 4, f"open-{visit.pk}"],
        )
    board.wait_for_timeout(300)

    assert board.locator(".board-ghost").count() == 1


def test_a_visit_dragged_by_a_quarter_of_an_hour_does_not_open(board, visit, mia):
    box = board.locator(f"#visit-{visit.pk}").bounding_box()

    drag(board, visit, (box["x"] + 60, spot(board, mia, NINE + minutes(15))[1] + 3))

    board.get_by_role("dialog").get_by_text("less than 120 minutes from now").wait_for()
    assert board.url.endswith("day=2026-11-23")


def test_touch_moves_nothing(open_as, dana, visit, mia, tom, massage):  # noqa: F811
    page = open_as(dana, "/booking/?day=2026-11-23", has_touch=True)
    box = page.locator(f"#visit-{visit.pk}").bounding_box()

    page.evaluate(
        """([x, y, id]) => {
          const fire = (type, to) => document.getElementById(id).dispatchEvent(new PointerEvent(type,
            {bubbles: true, button: 0, pointerType: "touch", clientX: x, clientY: y + to}));
          fire("pointerdown", 0); fire("pointermove", 90); fire("pointerup", 90);
        }""",
        [box["x"] + 50, box["y"] + 4, f"open-{visit.pk}"],
    )

    assert page.locator(".board-ghost").count() == 0
    assert now_of(visit)[0] == NINE


# --- by keyboard alone


def test_a_day_by_keyboard_alone(open_as, dana, mia, tom, massage, ada, still_clock, complaints):  # noqa: F811
    """Find Ada, book her, move her, make the visit longer, mark her as here, take that back: no mouse anywhere."""
    still_clock.at = NINE - minutes(10)
    page = open_as(dana, "/booking/?day=2026-11-23")
    press, said = page.keyboard.press, page.locator("#board-said")

    press("/")
    page.keyboard.type("mull")
    page.locator(".found-client").first.wait_for()
    press("ArrowDown")
    assert "Ada Müller" in page.evaluate("document.activeElement.textContent")
    press("Enter")
    page.wait_for_url(re.compile(r"client="))
    assert "09:00" in page.evaluate("document.activeElement.textContent")
    press("ArrowDown")
    press("Enter")
    page.wait_for_url(re.compile(r"appointments/new/"))
    page.wait_for_function("document.activeElement.textContent.trim() == 'Book'")
    press("Enter")  # all is guessed, and Book has the focus
    page.get_by_text("Booked: Ada Müller with Mia Berg on Mon 23 Nov 2026 at 09:15").wait_for()
    visit = Appointment.objects.get()

    assert page.evaluate("document.activeElement.id") == f"open-{visit.pk}"
    press("Alt+ArrowDown")
    press("Alt+ArrowRight")
    said.get_by_text("Ada Müller: 09:30–10:30, Tom Reed. Enter saves, Escape puts it back.").wait_for()
    press("Escape")
    said.get_by_text("Ada Müller stays as it was.").wait_for()
    press("Alt+ArrowRight")
    press("Enter")
    said.get_by_text("Moved: Ada Müller with Tom Reed on Mon 23 Nov 2026 at 09:15").wait_for()

    press("Alt+Shift+ArrowDown")
    press("Alt+Shift+ArrowDown")
    said.get_by_text("Ada Müller: 09:15–10:25, Tom Reed.").wait_for()
    press("Enter")
    said.get_by_text("New length: Ada Müller now has 1 h 10 min, until 10:25.").wait_for()

    press("a")
    said.get_by_text("Ada Müller has arrived.").wait_for()
    press("u")
    said.get_by_text("Taken back.").wait_for()

    assert now_of(visit) == (NINE + minutes(15), NINE + minutes(85), "Tom")
    assert visit.status == "booked"
    assert complaints == []


def test_alt_and_arrows_move_to_another_day_in_the_week_and_to_another_room_by_room(
    open_as,  # noqa: F811
    dana,
    visit,
    mia,
):
    blue = world.make_room("A blue room")
    page = open_as(dana, f"/booking/?week={mia.pk}&day=2026-11-23")
    page.locator(f"#open-{visit.pk}").focus()
    page.keyboard.press("Alt+ArrowRight")
    page.locator("#board-said").get_by_text("Ada Müller: 09:00–10:00, Tue 24 Nov 2026.").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("Moved: Ada Müller with Mia Berg on Tue 24 Nov 2026 at 09:00, Green room.").first.wait_for()
    assert f"week={mia.pk}" in page.url

    page.goto("/booking/?by=room&day=2026-11-24")
    page.locator(f"#open-{visit.pk}").focus()
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("Enter")
    page.get_by_text("Moved: Ada Müller with Mia Berg on Tue 24 Nov 2026 at 09:00, A blue room.").first.wait_for()
    visit.refresh_from_db()
    assert (visit.room, visit.therapist) == (blue, mia)


def test_a_known_client_takes_one_word_and_three_clicks_from_the_search(open_as, dana, mia, massage, ada):  # noqa: F811
    page = open_as(dana, "/booking/?day=2026-11-23")
    page.evaluate("sessionStorage.clicks = 0")
    page.context.add_init_script(
        "addEventListener('click', (e) => e.isTrusted && e.detail && sessionStorage.clicks++, true)"
    )
    page.reload()

    page.keyboard.press("/")
    page.keyboard.type("mull")
    page.locator(".found-client").first.click()
    page.get_by_role("link", name="Book Mia Berg at 11:00").click()
    page.get_by_role("button", name="Book", exact=True).click()

    page.get_by_text("Booked: Ada Müller with Mia Berg on Mon 23 Nov 2026 at 11:00").wait_for()
    assert int(page.evaluate("sessionStorage.clicks")) == 3


def test_the_search_leads_to_a_new_client_when_nobody_is_found(open_as, dana, mia, massage, ada):  # noqa: F811
    page = open_as(dana, "/booking/?day=2026-11-23")

    page.keyboard.press("/")
    page.keyboard.type("Zoe Park")
    page.locator(".found-new").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("n")

    page.wait_for_url(re.compile("/clients/new/"))
    assert page.get_by_label("First name").input_value() == "Zoe"


def test_the_question_mark_shows_the_keys_and_escape_leaves(board):
    board.keyboard.press("?")
    board.get_by_role("dialog", name="Keys on the board").wait_for()

    board.keyboard.press("Escape")
    assert board.get_by_role("dialog").count() == 0


def test_single_letters_can_be_switched_off(board, visit):
    board.keyboard.press("?")
    board.get_by_text("Single letters do something here.").click()
    board.keyboard.press("Escape")
    board.reload()
    board.keyboard.press("u")
    board.keyboard.press("ArrowDown")

    assert board.evaluate("document.activeElement.className") == "booking-open"  # arrows still walk
    visit.refresh_from_db()
    assert visit.status == "booked"


def test_the_waitlist_is_one_key_away_at_1366_and_beside_the_board_at_1920(board):
    waitlist = board.get_by_role("heading", name="Waitlist")
    assert not waitlist.is_visible()
    board.keyboard.press("w")
    assert waitlist.is_visible()

    board.keyboard.press("Escape")
    board.set_viewport_size({"width": 1920, "height": 1080})
    assert waitlist.is_visible()


# --- what everybody must be able to read and reach


def test_every_control_of_the_board_has_a_name_and_every_id_stands_once(board):
    nameless = board.evaluate(
        """selector => [...document.querySelectorAll(selector)].filter((one) => {
          const label = one.labels && [...one.labels].map((each) => each.textContent).join("");
          const svg = one.querySelector("svg[aria-label]")?.getAttribute("aria-label");
          return !(one.textContent.trim() || label || svg || one.getAttribute("aria-label"));
        }).map((one) => one.outerHTML.slice(0, 120))""",
        NAMES,
    )
    doubled = board.evaluate(
        "() => { const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);"
        " return ids.filter((id, at) => ids.indexOf(id) !== at); }"
    )

    assert (nameless, doubled) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_focused_visit_is_plain_to_see(open_as, dana, visit, scheme):  # noqa: F811
    page = open_as(dana, "/booking/?day=2026-11-23", color_scheme=scheme)
    page.keyboard.press("Tab")
    page.locator(f"#open-{visit.pk}").focus()

    outline = page.evaluate(f"getComputedStyle(document.querySelector('#visit-{visit.pk} .booking-card')).outlineWidth")
    assert outline == "3px"


def test_a_long_name_is_whole_under_the_pointer_and_the_focus_at_1366(open_as, dana, mia, tom, massage):  # noqa: F811
    for number in range(3):
        therapist = world.make_staff(f"th{number}", f"Aisha{number}", "Rahman", "therapist")
        world.make_hours(therapist)
    long = world.make_client("Maximiliane Theodora", "von Oberhofer-Schmidtbauer-Lichtenstein")
    visit = make_visit(long, mia, massage)
    page = open_as(dana, "/booking/?day=2026-11-23", width=1366)
    link = page.locator(f"#open-{visit.pk}")

    def is_whole():
        return link.evaluate(
            """link => { const name = link.querySelector("strong").getBoundingClientRect();
              const card = link.closest(".booking-card").getBoundingClientRect();
              return link.scrollWidth <= link.clientWidth && name.bottom <= card.bottom + 1 && name.right <= card.right + 1; }"""
        )

    link.focus()
    assert is_whole()
    page.mouse.move(0, 0)
    page.locator("body").click(position={"x": 2, "y": 300})
    page.locator(f"#visit-{visit.pk}").hover()
    assert is_whole()


def test_touch_targets_are_44_pixels(open_as, dana, visit):  # noqa: F811
    page = open_as(dana, "/booking/?day=2026-11-23", width=820, has_touch=True, is_mobile=True)

    small = page.evaluate(
        """() => [...document.querySelectorAll(".main button, .main .btn, .main input:not([type=hidden]), .board-by a")]
          .filter((one) => one.offsetParent).map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
          .filter(([, box]) => box.height < 43.5 || box.width < 43.5).map(([html]) => html)"""
    )

    assert small == []


def test_the_whole_day_is_in_sight_at_1366_by_768(open_as, dana, visit):  # noqa: F811
    page = open_as(dana, "/booking/?day=2026-11-23")
    page.set_viewport_size({"width": 1366, "height": 768})

    board = page.locator(".board")
    assert board.evaluate("board => board.scrollHeight - board.clientHeight") <= 1
    assert board.evaluate("board => board.getBoundingClientRect().bottom") <= 768
    assert page.evaluate("document.documentElement.scrollHeight") <= 768


@pytest.mark.parametrize("path", ["/booking/?by=room", "/booking/?week={mia}", "/booking/?client={ada}"])
@pytest.mark.parametrize("width", [320, 390, 820, 1366])
def test_other_views_fit_their_width(open_as, dana, visit, mia, ada, path, width):  # noqa: F811
    page = open_as(dana, path.format(mia=mia.pk, ada=ada.pk), width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_day_is_printed_on_one_page(open_as, dana, mia, tom, massage, ada, practice):  # noqa: F811
    staff = [mia, tom]
    for number in range(3):
        staff.append(world.make_staff(f"th{number}", f"Aisha{number}", "Rahman", "therapist"))
        world.make_hours(staff[-1])
    for therapist in staff:
        for hour in range(8):
            client = world.make_client("Maximiliane", f"Oberhofer-Schmidtbauer {hour}")
            make_visit(client, therapist, massage, starts_at=NINE + minutes(60 * hour))
    page = open_as(dana, "/booking/?day=2026-11-23")

    pdf = page.pdf(prefer_css_page_size=True)

    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    page.emulate_media(media="print")
    assert page.get_by_text("Oberhofer-Schmidtbauer 7").count() == 5
    assert page.locator(".booking .state").first.is_visible()
    assert not page.locator(".board-slot, .rail, .topbar, .page-actions").first.is_visible()
