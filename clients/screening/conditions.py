"""The language of the rules: one line a clinician can read aloud becomes one function of the answers.

    fever possible and (pain_now >= 8 or feels_unwell possible)
    strength is reduced/severely_reduced
    at least 2 of (age > 48, worse_walking yes)

`and` binds tighter than `or`. There is no general "not": silence must never satisfy a rule by accident.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from clients.screening.vocabulary import LARGEST, MUSCLES, NOT_SURE, Facts, Item

Test = Callable[[Facts], bool]

FIRED = "#fired"  # the fact that holds the ids of the flags fired so far
RESERVED = ("and", "or", "at", "any", "flag")  # words of the language that no item and no definition may be called
DEEPEST = 12  # how deep parentheses and definitions may lie in each other: more than anybody could read aloud
LONGEST_QUOTE = 300
TOKEN = re.compile(r"\s*(>=|<=|[()<>,]|-?\d+(?:\.\d+)?(?![\w/])|[A-Za-z_#][\w/]*)")
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


class BadRule(ValueError):
    """A rule, weight or word in the data cannot be used. The message names it."""


@dataclass(frozen=True)
class Condition:
    """A compiled condition: its text, the function, the items it reads and the flags it waits for.

    `means` is the text with every definition spelled out: two conditions that decide alike may be told apart by it, but
    none that differ pass as the same.
    """

    text: str
    test: Test
    items: tuple[str, ...]  # in the order of the vocabulary
    flags: frozenset[str]
    depth: int = 0
    means: str = ""

    def __call__(self, facts: Facts) -> bool:
        return self.test(facts)


@dataclass(frozen=True)
class Scope:
    """What a condition may name: items, numbers the engine derives, definitions made before, flags fired before."""

    items: Mapping[str, Item]
    derived: Collection[str] = ()
    defined: Mapping[str, Condition] | None = None
    flags: Collection[str] = ()


def compile_condition(text: str, scope: Scope) -> Condition:
    """Return the condition that `text` states. Raises BadRule, quoting the text, if it does not parse or names nothing."""
    parser = _Parser(text, scope)
    defined = scope.defined or {}
    means = " ".join(f"({defined[word].means})" if word in defined else word for word in parser.tokens)
    test = parser.condition()
    if parser.tokens:
        raise parser.error(f"unexpected {parser.tokens[0]!r}")
    items = tuple(key for key in scope.items if key in parser.items)
    return Condition(" ".join(text.split()), test, items, frozenset(parser.flags), parser.deepest, means)


class _Parser:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.items: set[str] = set()
        self.flags: set[str] = set()
        self.depth = self.deepest = 0
        self.tokens = self._tokens()

    def _tokens(self) -> list[str]:
        found, at = [], 0
        text = self.text.strip()
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise self.error(f"cannot read {text[at : at + 20]!r}")
            found.append(match[1])
            at = match.end()
        return found

    def error(self, problem: str) -> BadRule:
        return BadRule(f"{problem} in condition {' '.join(self.text.split())[:LONGEST_QUOTE]!r}")

    def take(self) -> str:
        if not self.tokens:
            raise self.error("unexpected end")
        return self.tokens.pop(0)

    def accept(self, word: str) -> bool:
        if self.tokens and self.tokens[0] == word:
            self.tokens.pop(0)
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.accept(word):
            raise self.error(f"expected {word!r}")

    def condition(self) -> Test:
        tests = [self.conjunction()]
        while self.accept("or"):
            tests.append(self.conjunction())
        return _any(tests)

    def conjunction(self) -> Test:
        tests = [self.term()]
        while self.accept("and"):
            tests.append(self.term())
        return _all(tests)

    def term(self) -> Test:
        word = self.take()
        if word == "(":
            [test] = self.inside()
            return test
        if word == "at":
            return self.at_least()
        if word == "any":
            self.expect("other")
            self.expect("flag")
            return lambda facts: bool(facts[FIRED])
        if word == "flag":
            return self.flag(self.take())
        if self.scope.defined and word in self.scope.defined:
            known = self.scope.defined[word]
            self.items |= set(known.items)
            self.flags |= known.flags
            self.go_down(known.depth + 1)
            return known.test
        return self.fact(word)

    def at_least(self) -> Test:
        self.expect("least")
        number = self.number()
        self.expect("of")
        self.expect("(")
        tests = self.inside(separator=",")
        return lambda facts: sum(test(facts) for test in tests) >= number

    def inside(self, separator: str = "") -> list[Test]:
        """What stands between parentheses, the opening one taken already."""
        self.go_down(1)
        self.depth += 1
        tests = [self.condition()]
        while separator and self.accept(separator):
            tests.append(self.condition())
        self.expect(")")
        self.depth -= 1
        return tests

    def go_down(self, levels: int) -> None:
        self.deepest = max(self.deepest, self.depth + levels)
        if self.deepest > DEEPEST:
            raise self.error("nested too deeply")

    def flag(self, rule_id: str) -> Test:
        if rule_id not in self.scope.flags:
            raise self.error(f"no earlier rule {rule_id!r}")
        self.flags.add(rule_id)
        return lambda facts: rule_id in facts[FIRED]

    def number(self) -> float:
        word = self.take()
        try:
            return float(word)
        except ValueError:
            raise self.error(f"{word!r} is not a number") from None

    def fact(self, key: str) -> Test:
        state = self.take()
        if key in self.scope.derived:
            if state not in COMPARE:
                raise self.error(f"{key!r} can only be compared")
            return _compare(key, state, self.number())
        item = self.scope.items.get(key)
        if item is None:
            raise self.error(f"unknown {key!r}")
        self.items.add(key)
        if state == "unanswered":
            return lambda facts: facts[key] is None
        if state == "known":
            return _known(key)
        if state == "unknown":
            known = _known(key)
            return lambda facts: not known(facts)
        if state in COMPARE and item.kind in LARGEST:
            return _compare(key, state, self.number())
        if item.kind == "answer":
            return self.answer(key, state)
        if item.kind == "muscles" and state == "names":
            return self.muscles(key)
        if item.values and state in {"is", "not"}:
            return self.choice(item, state)
        raise self.error(f"{key!r} ({item.kind}) cannot be {state!r}")

    def answer(self, key: str, state: str) -> Test:
        if state == "yes":
            return lambda facts: facts[key] is True
        if state == "no":
            return lambda facts: facts[key] is False
        if state == "possible":
            return lambda facts: bool(facts[key])  # True or "not_sure"
        if state == "unsure":
            return lambda facts: facts[key] == NOT_SURE
        if state == "open":
            return lambda facts: facts[key] is None or facts[key] == NOT_SURE
        if state == "not" and self.accept("denied"):
            return lambda facts: facts[key] is not False
        raise self.error(f"{key!r} cannot be {state!r}")

    def choice(self, item: Item, state: str) -> Test:
        wanted = frozenset(self.take().split("/"))
        if not wanted <= set(item.values):
            raise self.error(f"{item.key!r} has no {'/'.join(sorted(wanted - set(item.values)))!r}")
        key = item.key
        if state == "is":
            return lambda facts: facts[key] in wanted
        return lambda facts: facts[key] not in wanted

    def muscles(self, key: str) -> Test:
        word = self.take()
        if word == "none":
            return lambda facts: facts[key] == ()
        if word != "any":
            raise self.error("expected 'any' or 'none'")
        left_out = frozenset[str]()
        if self.accept("but"):
            left_out = frozenset(self.take().split("/"))
        if not left_out <= set(MUSCLES):
            raise self.error("unknown muscle")
        return lambda facts: not left_out.issuperset(facts[key] or ())


def _any(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(facts: Facts) -> bool:
        for one in tests:  # a plain loop: any() over a generator is slower  # noqa: SIM110
            if one(facts):
                return True
        return False

    return test


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(facts: Facts) -> bool:
        for one in tests:  # noqa: SIM110
            if not one(facts):
                return False
        return True

    return test


def _compare(key: str, sign: str, limit: float) -> Test:
    compare = COMPARE[sign]

    def test(facts: Facts) -> bool:
        value = facts[key]
        return value is not None and compare(value, limit)

    return test


def _known(key: str) -> Test:
    return lambda facts: facts[key] is not None and facts[key] != NOT_SURE and facts[key] != "not_tested"
