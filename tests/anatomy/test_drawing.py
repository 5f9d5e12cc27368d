"""The drawing as geometry: paths that are right, and every muscle and region on both sides of some picture."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy import drawing
from anatomy.body import MUSCLES, REGIONS, SIDES, Side
from anatomy.cards import KnowledgeError
from anatomy.drawing import FIGURE, MUSCLE_VIEWS, PAIN_VIEWS, MuscleMark, Point, between, parse_points, smooth_path

VIEWS = [*PAIN_VIEWS, *MUSCLE_VIEWS]
coordinates = st.floats(-500, 500).map(lambda value: round(value, 1))
points = st.lists(st.builds(Point, coordinates, coordinates, st.booleans()), min_size=2, max_size=12)


def ends_at(path):
    """Return where the pen stands after each step of a path of M, c and l steps with relative numbers."""
    stands = []
    x = y = 0.0
    for command, numbers in re.findall(r"([Mclz])([^Mclz]*)", path):
        values = [float(each) for each in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "M":
            x, y = values
        elif values:
            x, y = x + values[-2], y + values[-1]
        stands.append((round(x, 1), round(y, 1)))
    return stands


def test_parse_points_reads_corners():
    assert parse_points("1 2, 3.5 -4!") == (Point(1, 2), Point(3.5, -4, corner=True))


@pytest.mark.parametrize("text", ["", "1", "1 2 3", "a b", "1 2,,3 4"])
def test_parse_points_refuses_anything_else(text):
    with pytest.raises(ValueError, match=".+"):
        parse_points(text)


def test_smooth_path_joins_corners_with_straight_lines():
    square = parse_points("0 0!, 10 0!, 10 10!, 0 10!")

    assert smooth_path(square, closed=True) == "M0 0l10 0l0 10l-10 0l0-10z"


def test_smooth_path_bends_through_points():
    assert smooth_path(parse_points("0 0, 6 6, 12 0")) == "M0 0c1 1 4 6 6 6c2 0 5-5 6-6"


@given(points)
def test_smooth_path_passes_every_point(given_points):
    assert ends_at(smooth_path(given_points)) == [(each.x, each.y) for each in given_points]


@given(points)
def test_smooth_path_closed_returns_to_its_beginning(given_points):
    assert ends_at(smooth_path(given_points, closed=True))[-1] == (given_points[0].x, given_points[0].y)


@given(points)
def test_smooth_path_writes_no_number_svg_cannot_read(given_points):
    assert re.fullmatch(r"M(?:-?\d*\.?\d+[ ]?)+(?:[cl](?:-?\d*\.?\d+[ ]?)+)+", smooth_path(given_points))


def test_between_runs_halfway():
    assert between(parse_points("0 0, 0 10"), parse_points("10 0, 20 10"), 0.5) == (Point(5, 0), Point(10, 10))


@pytest.mark.parametrize("key", MUSCLES)
def test_every_muscle_is_drawn_on_both_sides(key):
    drawn = {shape.side for view in MUSCLE_VIEWS for shape in view.shapes if shape.key == key}

    assert drawn == set(SIDES)


@pytest.mark.parametrize("region", REGIONS.values(), ids=lambda region: region.key)
def test_every_region_is_drawn_on_both_sides_of_the_views_it_names(region):
    drawn = {(view.key, shape.side) for view in PAIN_VIEWS for shape in view.shapes if shape.key == region.key}

    assert drawn == {(view, side) for view in region.views for side in SIDES}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_view_is_symmetric(view):
    left = [shape for shape in view.shapes if shape.side == Side.LEFT]
    right = [shape for shape in view.shapes if shape.side == Side.RIGHT]

    assert [shape.key for shape in left] == [shape.key for shape in right]
    assert [(shape.badge_x, shape.badge_y) for shape in left] == [(-shape.badge_x, shape.badge_y) for shape in right]
    assert {one.is_mirrored != other.is_mirrored for one, other in zip(left, right, strict=True)} == {True}


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_view_shows_the_clients_left_where_it_is_seen(view):
    from_front = view.key == "front"

    for shape in view.shapes:
        at_right = shape.badge_x > 0
        assert (shape.side == Side.LEFT) == (at_right if from_front else not at_right)
        assert shape.side.label == (view.at_right if at_right else view.at_left)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_view_keeps_badges_on_their_shape_and_in_the_picture(view):
    x, y, width, height = view.box
    outlines = {each.key: each for each in view.outlines}

    for shape in view.shapes:
        assert x < shape.badge_x < x + width
        assert y < shape.badge_y < y + height
        stands = ends_at(outlines[shape.key].d)
        assert min(sx for sx, _ in stands) <= abs(shape.badge_x) <= max(sx for sx, _ in stands)
        assert min(sy for _, sy in stands) <= shape.badge_y <= max(sy for _, sy in stands)


@pytest.mark.parametrize("view", MUSCLE_VIEWS, ids=lambda view: view.name)
def test_muscle_view_gives_every_muscle_fibres_inside_the_body(view):
    for outline in view.outlines:
        inside = [x for x, _ in ends_at(view.body)]
        assert outline.fibres
        assert all(max(0, min(inside)) < x < max(inside) + 0.5 for x, _ in ends_at(outline.d))


@pytest.mark.parametrize(
    ("view", "muscles"),
    [
        ("lateral", {"gluteus_maximus", "gluteus_medius", "tfl_itb", "hamstrings", "erector_spinae"}),
        (
            "lateral_deep",
            {
                "gluteus_minimus",
                "piriformis",
                "obturator_internus_gemelli",
                "quadratus_femoris",
                "quadratus_lumborum",
            },
        ),
    ],
)
def test_side_view_shows_what_is_reached_from_the_side(view, muscles):
    (drawn,) = [each for each in MUSCLE_VIEWS if each.key == view]

    assert drawn.aspect == "side"
    assert {shape.key for shape in drawn.shapes} == muscles


def test_side_view_looks_outwards_on_both_sides():
    """The client's right stands at the picture's right and faces right; the left is its mirror image."""
    (side,) = [each for each in MUSCLE_VIEWS if each.key == "lateral"]
    places = {(shape.key, shape.side): shape.badge_x for shape in side.shapes}

    assert 0 < places["gluteus_maximus", Side.RIGHT] < places["tfl_itb", Side.RIGHT]
    assert places["tfl_itb", Side.LEFT] < places["gluteus_maximus", Side.LEFT] < 0


def test_deep_muscles_have_a_picture_in_which_nothing_lies_over_them():
    deep = {"piriformis", "gluteus_minimus", "obturator_internus_gemelli", "quadratus_femoris", "psoas", "iliacus"}
    over = {"gluteus_maximus", "gluteus_medius"}

    for key in deep:
        pictures = [{shape.key for shape in view.shapes} for view in MUSCLE_VIEWS]
        assert any(key in shown and not over & shown for shown in pictures)


def test_load_views_refuses_a_key_nobody_knows():
    with pytest.raises(KnowledgeError, match="figure.toml: .*unknown key"):
        drawing.load_views(FIGURE, "muscles", {"psoas": "Psoas"})


@pytest.mark.parametrize(
    ("mark", "shade", "badge", "words"),
    [
        (MuscleMark("psoas", Side.LEFT), "seen", "•", "Left psoas major and minor: recorded"),
        (MuscleMark("piriformis", Side.RIGHT, 0), "0", "0", "Right piriformis: tenderness 0 of 4"),
        (MuscleMark("piriformis", Side.RIGHT, 3, True), "3", "3", "Right piriformis: tenderness 3 of 4, familiar pain"),
        (
            MuscleMark("tfl_itb", Side.LEFT, 9),
            "4",
            "4",
            "Left tensor fasciae latae and iliotibial band: tenderness 4 of 4",
        ),
        (
            MuscleMark("psoas", Side.LEFT, is_recorded=False),
            "open",
            "–",
            "Left psoas major and minor: nothing entered yet",
        ),
        (
            MuscleMark("psoas", Side.LEFT, planned=8, is_recorded=False),
            "open",
            "P",
            "Left psoas major and minor: planned, 8 min",
        ),
        (MuscleMark("piriformis", Side.LEFT, minutes=8, planned=8), "seen", "•", "Left piriformis: 8 min"),
        (
            MuscleMark("piriformis", Side.LEFT, 3, True, minutes=8),
            "3",
            "3",
            "Left piriformis: tenderness 3 of 4, familiar pain, 8 min",
        ),
    ],
)
def test_muscle_mark_speaks(mark, shade, badge, words):
    assert (mark.shade, mark.badge, mark.words) == (shade, badge, words)
