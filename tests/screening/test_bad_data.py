"""Bad rule files: whatever is missing, unknown, of the wrong kind or unsafe is refused by file and entry, and nothing crashes."""

import copy
import math
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.screening import (
    BadRule,
    emergency_now,
    is_asked,
    load_rules,
    published_scores,
    screen,
    words_for,
)
from clients.screening.loader import build_rules
from clients.screening.rules import CLEARANCE, DATA, FILES
from clients.screening.shape import check_shape
from tests.screening.cases import CLEAR, EVERY_NO

TEXT = {name: (DATA / f"{name}.toml").read_text(encoding="utf-8") for name in FILES}
RAW = {name: tomllib.loads(text) for name, text in TEXT.items()}
WRONG = (
    None, 5, -1, 0.5, "x", "", " ", [], {}, [3], ["x"], [{}], {"x": 3}, True, math.nan, math.inf, 10**400,
    tomllib.loads("day = 2026-11-23")["day"],
)  # fmt: skip


def data_with(path, value):
    """A copy of the built-in documents with the value at `path` replaced."""
    data = fresh(path[0])
    inside(data, path[:-1])[path[-1]] = value
    return data


def fresh(*files):
    """The built-in documents, with copies of these files to change."""
    return RAW | {file: copy.deepcopy(RAW[file]) for file in files}


def inside(node, path):
    for key in path:
        node = node[key]
    return node


def places(node, path=()):
    """Every place in a document; of each list of tables only entries that show a key no entry before them had."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key)
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        seen = set()
        for at, entry in enumerate(node):
            keys = set(entry) if isinstance(entry, dict) else {"text"}
            if keys - seen:
                seen |= keys
                yield from places(entry, (*path, at))


def at(path):
    return inside(RAW, path)


PLACES = {name: list(places(RAW[name], (name,))) for name in FILES}


def kind(value):
    """What may stand in for one another without the shape being wrong."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number" if abs(value) < 10**6 and not math.isnan(value) else "nothing"
    if isinstance(value, str):
        return "text" if value.strip() else "nothing"
    return type(value).__name__


def entry_of(path):
    """The name of the innermost entry around a place, or "" where none has one."""
    around = [node for end in range(1, len(path)) if isinstance(node := at(path[:end]), dict)]
    names = [node[key] for node in reversed(around) for key in ("id", "key", "item") if isinstance(node.get(key), str)]
    return names[0] if names else ""


@pytest.mark.parametrize("file", FILES)
def test_a_value_of_the_wrong_kind_is_refused_by_file_and_entry(file):
    for path in PLACES[file]:
        for wrong in WRONG:
            if kind(wrong) == kind(at(path)):
                continue
            with pytest.raises(BadRule) as refusal:
                check_shape(file, data_with(path, wrong)[file])
            assert f"{file}.toml" in str(refusal.value), path
            if path[-1] not in {"id", "key", "item"}:
                assert entry_of(path) in str(refusal.value), path


OPTIONAL = {
    "question", "help", "emergency", "caution_only", "choices", "ask_if", "define", "unless", "therapist", "client",
    "clearable", "after_scores", "context", "shows_score", "parts", "at_least", "known",
}  # fmt: skip
ALWAYS = {"cautions": {"therapist"}, "words": {"therapist", "client", "emergency"}}


@pytest.mark.parametrize("file", FILES)
def test_a_missing_key_is_refused_by_file_and_entry(file):
    for path in PLACES[file]:
        if not isinstance(path[-1], str) or {"define", "choices"} & set(path[:-1]):
            continue
        data = fresh(file)
        del inside(data, path[:-1])[path[-1]]
        if path[-1] in OPTIONAL - ALWAYS.get(file, set()):
            check_shape(file, data[file])
            continue
        with pytest.raises(BadRule, match=f"{path[-1]!r} is missing") as refusal:
            check_shape(file, data[file])
        assert f"{file}.toml" in str(refusal.value)
        if path[-1] not in {"id", "key", "item"}:
            assert entry_of(path) in str(refusal.value), path


@pytest.mark.parametrize("file", FILES)
def test_a_key_that_is_not_known_is_refused_by_file_and_entry(file):
    tables = [path for path in [(file,), *PLACES[file]] if isinstance(at(path), dict)]
    entries = {path[:end] for path in PLACES[file] for end in range(2, len(path)) if isinstance(at(path[:end]), dict)}
    for path in (*tables, *entries):
        if path[-1] in {"define", "choices"}:
            continue
        with pytest.raises(BadRule, match="unles") as refusal:
            check_shape(file, data_with((*path, "unles"), "fever yes")[file])
        assert f"{file}.toml" in str(refusal.value)
        assert entry_of((*path, "unles")) in str(refusal.value)


@pytest.mark.parametrize("file", FILES)
def test_an_empty_file_is_refused(tmp_path, file):
    (tmp_path / f"{file}.toml").write_text("", encoding="utf-8")

    with pytest.raises(BadRule, match=rf"{file}\.toml.*missing"):
        load_rules(tmp_path)


@pytest.mark.parametrize("file", FILES)
def test_the_built_in_files_have_the_shape(file):
    check_shape(file, RAW[file])


# --- words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("footer",), "Rules {horoscope}."),
        (("footer",), "Rules {version} {version.real}."),
        (("footer",), "Rules {version!r}."),
        (("footer",), "Rules {version:>90}."),
        (("footer",), "Rules {}."),
        (("footer",), "Rules {version"),
        (("footer",), "Rules version}."),
        (("footer",), "Rules without the placeholder."),
        (("safety_net",), "Ring {phone}."),
        (("triage", "emergency", "client"), "Ring {phone} now."),
        (("triage", "treat", "title"), "{version}"),
        (("pattern", "mixed_or_unclear", "therapist"), "{0} of {1}"),
        (("axis", "radicular", "title"), "}"),
    ],
)
def test_a_placeholder_that_nothing_fills_is_refused(path, words):
    with pytest.raises(BadRule, match=r"words\.toml.*placeholder|words\.toml.*\{version\}") as refusal:
        build_rules(data_with(("words", *path), words))

    assert path[-1] in str(refusal.value)


@pytest.mark.parametrize(("table", "key"), [("triage", "incomplete"), ("pattern", "not_applicable"), ("band", "few")])
def test_every_result_needs_its_words(table, key):
    data = fresh("words")
    data["words"][table]["other"] = data["words"][table].pop(key)

    with pytest.raises(BadRule, match=rf"words\.toml, {table}: '{key}' is missing"):
        build_rules(data)


# --- what would not be safe


def with_rule(rule, **changes):
    data = fresh("rules")
    [entry] = [entry for entry in data["rules"]["rule"] if entry["id"] == rule]
    entry.update(changes)
    return data


UNSAFE = [entry["id"] for entry in RAW["rules"]["rule"] if entry["level"] == "emergency"] + [
    "child", "child_flag", "spreading",
]  # fmt: skip


@pytest.mark.parametrize("rule", UNSAFE)
def test_a_clearance_of_what_no_clearance_may_lift_is_refused(rule):
    with pytest.raises(BadRule, match=rf"rules\.toml, rule {rule}: no clearance may lift"):
        build_rules(with_rule(rule, clearable=True))


@pytest.mark.parametrize("rule", ["child", "spreading"])
def test_another_name_makes_it_no_safer(rule):
    with pytest.raises(BadRule, match=r"rule renamed: no clearance may lift"):
        build_rules(with_rule(rule, id="renamed", clearable=True))


@pytest.mark.parametrize(
    "when", ["age < 5", "age < 18 or fever yes", "spreading_down possible", "age <= 0", "at least 1 of (age < 3)"]
)
def test_a_new_rule_for_children_or_spreading_pain_cannot_be_cleared(when):
    with pytest.raises(BadRule, match=r"rule hip: no clearance may lift"):
        build_rules(with_rule("hip", when=when))


def test_what_only_asks_about_the_age_may_be_cleared():
    assert build_rules(with_rule("hip", when="pain_groin yes and age >= 18")).version


def test_an_emergency_that_waits_for_the_scores_is_refused():
    with pytest.raises(BadRule, match=r"rule ces_saddle: an emergency cannot wait"):
        build_rules(with_rule("ces_saddle", after_scores=True))


def test_a_clearance_may_be_taken_from_any_rule():
    assert not next(rule for rule in build_rules(with_rule("hip", clearable=False)).rules if rule.id == "hip").clearable


# --- what the shape cannot see: (file, path inside it, value, what the refusal names)


def index(file, kind, name):
    return next(n for n, entry in enumerate(RAW[file][kind]) if name in (entry.get("id"), entry.get("key")))


HIP, LASLETT = index("rules", "rule", "hip"), index("scores", "score", "laslett")
AGE, SEX, CLEARED = (index("items", "item", name) for name in ("age", "sex", CLEARANCE))
EXAM = index("groups", "group", "exam_confirm")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("rules", "rule", HIP, "when"), "flag plan_gate", "rules.toml, rule hip"),
        (("rules", "rule", HIP, "when"), "radicular_score > 1", "rules.toml, rule hip"),
        (("rules", "rule", HIP, "when"), "(" * 5000 + "fever yes", "rules.toml, rule hip: nested"),
        (("rules", "rule", HIP, "shows_score"), "horoscope", "rules.toml, rule hip"),
        (("rules", "rule", HIP, "context"), ["horoscope"], "rules.toml, rule hip"),
        (("rules", "rule", HIP, "id"), "not a name", "rules.toml, rule not a name"),
        (("rules", "define", "at"), "fever yes", "rules.toml, define at"),
        (("rules", "define", "age_at_onset"), "fever yes", "rules.toml, define age_at_onset"),
        (("rules", "define", "fever"), "smoker yes", "rules.toml, define fever"),
        (("weights", "define", "neuro_signs"), "smoker yes", "weights.toml, define neuro_signs"),
        (("weights", "define", "pair_tested"), "flag hip", "weights.toml, define pair_tested"),
        (("items", "item", AGE, "kind"), "weeks", "items.toml, item age"),
        (("items", "item", AGE, "key"), "or", "items.toml, item or"),
        (("items", "item", AGE, "key"), "years_old", "items.toml, item age"),
        (("items", "item", CLEARED, "kind"), "test", f"items.toml, item {CLEARANCE}"),
        (("items", "item", SEX, "choices"), {}, "items.toml, item sex"),
        (("items", "item", SEX, "kind"), "answer", "items.toml, item sex"),
        (("items", "item", SEX, "ask_if"), "horoscope yes", "items.toml, item sex"),
        (("groups", "group", EXAM, "by"), "client", "groups.toml, group exam_confirm"),
        (("groups", "group", EXAM, "by"), "desk", "groups.toml, group exam_confirm"),
        (("groups", "group", EXAM, "part"), "end", "groups.toml, group exam_confirm"),
        (("groups", "group", EXAM, "id"), "exam_neuro", "groups.toml: group given twice: exam_neuro"),
        (("groups", "group", EXAM, "items"), ["horoscope"], "groups.toml, group exam_confirm"),
        (("open", "open", 0, "when"), "drama yes", "open.toml, open pregnancy_warning_signs"),
        (("open", "ask", 0, "item"), "drama", "open.toml, ask drama"),
        (("open", "open", 0, "grade"), "gold", "open.toml, open pregnancy_warning_signs"),
        (("cautions", "caution", 0, "kind"), "advice", "cautions.toml, caution clot_before"),
        (("cautions", "advice", 0, "id"), "hip", "hip"),
        (("weights", "limits", "shrink"), -0.5, "weights.toml, limits"),
        (("weights", "limits", "shrink"), 2, "weights.toml, limits"),
        (("weights", "limits", "clamp"), 0, "weights.toml, limits"),
        (("weights", "limits", "several"), 0.1, "weights.toml, limits"),
        (("weights", "limits", "few"), 0.4, "weights.toml, limits"),
        (("weights", "mixed", "when"), "horoscope yes", "weights.toml, mixed"),
        (("weights", "pattern", 0, "id"), "myofascial", "weights.toml: pattern given twice: myofascial"),
        (("weights", "group", 0, "id"), "leg_or_back", "weights.toml: group given twice: radicular leg_or_back"),
        (
            ("weights", "group", 0, "value", 0, "when"),
            "x yes",
            "weights.toml, group distribution: value dermatomal_band",
        ),
        (("weights", "minimum", 0, "items"), ["aura"], "weights.toml, minimum distribution"),
        (("scores", "score", LASLETT, "id"), "cook", "scores.toml: score given twice: cook"),
        (("scores", "score", index("scores", "score", "stynes"), "on"), True, "scores.toml, score stynes"),
        (("scores", "score", LASLETT, "known"), "x known", "scores.toml, score laslett"),
    ],
)
def test_what_contradicts_the_rest_is_refused_by_file_and_entry(path, value, named):
    with pytest.raises(BadRule) as refusal:
        build_rules(data_with(path, value))

    assert named in str(refusal.value)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("key", [CLEARANCE, "bladder_longstanding_confirmed", "strength"])
def test_what_a_therapist_answers_is_not_asked_of_a_client(key):
    data = fresh("groups")
    home = next(group for group in data["groups"]["group"] if key in group["items"])
    home["items"].remove(key)
    data["groups"]["group"][0]["items"].append(key)

    with pytest.raises(BadRule, match=rf"groups\.toml, group urgent_pelvis: {key} is not for the client"):
        build_rules(data)


def test_definitions_cannot_be_piled_up_without_end():
    data = fresh("rules")
    data["rules"]["define"]["d0"] = "fever yes"
    for at in range(1, 2000):
        data["rules"]["define"][f"d{at}"] = f"d{at - 1} or smoker yes"

    with pytest.raises(BadRule, match=r"rules\.toml, define d\d+: nested too deeply"):
        build_rules(data)


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000, "a = 1\na = 2", "a = \x00", "["])
def test_a_file_that_is_no_toml_is_refused(tmp_path, text):
    (tmp_path / "rules.toml").write_text(text, encoding="utf-8")

    with pytest.raises(BadRule, match=r"rules\.toml"):
        load_rules(tmp_path)


@pytest.mark.parametrize("number", ["0x" + "f" * 9000, "1e400", "-inf", "nan"])
def test_a_number_beyond_all_sense_is_refused(tmp_path, number):
    (tmp_path / "rules.toml").write_text(TEXT["rules"].replace("version = 1", f"version = {number}"), encoding="utf-8")

    with pytest.raises(BadRule, match=r"rules\.toml, version"):
        load_rules(tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "words.toml").mkdir()
    with pytest.raises(BadRule, match=r"words\.toml cannot be read"):
        load_rules(tmp_path)
    (tmp_path / "words.toml").rmdir()
    (tmp_path / "words.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadRule, match=r"words\.toml"):
        load_rules(tmp_path)
    with pytest.raises(BadRule, match="not a folder"):
        load_rules("no\0folder")


# --- fuzz: refused by name, or usable

ALL_PLACES = [path for name in FILES for path in places(RAW[name], (name,))]
VALUES = st.sampled_from(
    [*WRONG, "fever yes", "flag hip", "any other flag", "age < 18", "age", "hip", "spreading_down", "not_sure", "answer",
     "client", "choice", "emergency", "routine_referral", "published", "at least 2 of (fever yes)", "(" * 40, "{version}",
     ["fever"], ["fever yes"], {"normal": "Normal"}, 0, 1, 999_999, -0.0]
)  # fmt: skip


@st.composite
def documents(draw):
    """The built-in documents with one to four places removed, replaced, doubled or moved."""
    data = copy.deepcopy(RAW)
    for _ in range(draw(st.integers(1, 4))):
        *parents, key = draw(st.sampled_from(ALL_PLACES))
        try:
            _mutate(draw, data, inside(data, parents), key)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # a mutation before took the place away
    return data


def _mutate(draw, data, node, key):
    what = draw(st.sampled_from(["remove", "replace", "replace", "double", "rename", "move"]))
    if what == "remove":
        del node[key]
    elif what == "replace":
        node[key] = draw(VALUES)
    elif what == "double":
        node[key] = node[key] * 2 if isinstance(node[key], str | list) else [node[key], node[key]]
    elif what == "rename":
        node[f"{key}_"] = node.pop(key)
    else:
        *parents, other = draw(st.sampled_from(ALL_PLACES))
        node[key] = copy.deepcopy(inside(data, parents)[other])


def use(rules):
    """Screen with these rules as the product does; nothing may go wrong."""
    for sheet in ({}, CLEAR, EVERY_NO, CLEAR | {"fever": True, "age": 9, "spreading_down": True, CLEARANCE: True}):
        answers = {key: value for key, value in sheet.items() if key in rules.items and fits(rules.items[key], value)}
        result = screen(answers, rules=rules)
        words_for(result, rules=rules)
        published_scores(answers, rules=rules)
        assert bool(emergency_now(answers, rules=rules)) == (result.triage == "emergency")
        assert not [flag for flag in result.flags if flag.cleared and flag.level == "emergency"]
        for key in rules.items:
            is_asked(key, answers, rules=rules)


def fits(item, value):
    return value in item.values if isinstance(value, str) else (item.kind == "answer") is isinstance(value, bool)


def refused_or_usable(load):
    try:
        rules = load()
    except BadRule as refusal:
        assert any(f"{name}.toml" in str(refusal) for name in FILES), refusal
        return
    use(rules)


@settings(max_examples=300, deadline=None)
@given(documents())
def test_a_changed_document_is_refused_by_name_or_usable(data):
    refused_or_usable(lambda: build_rules(data))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_file_changed_by_a_slip_of_the_hand_is_refused_by_name_or_usable(tmp_path_factory, data):
    name = data.draw(st.sampled_from(FILES))
    text = TEXT[name]
    start = data.draw(st.integers(0, len(text)))
    end = min(len(text), start + data.draw(st.integers(0, 60)))
    piece = data.draw(
        st.sampled_from(["", "\n", '"', "=", "]", "[[rule]]", "{", "\x00", "é", "true", "0", text[start:end] * 2])
    )
    folder = tmp_path_factory.mktemp("slip")
    (folder / f"{name}.toml").write_text(text[:start] + piece + text[end:], encoding="utf-8")

    refused_or_usable(lambda: load_rules(folder))
