"""What is mutated exists, and the changes that are made by hand still fit the code."""

import pytest

from tests.support.mutation import BY_HAND, ROOT, TARGETS, Change, Score, draw, statuses


@pytest.mark.parametrize(("module", "tests"), TARGETS.items())
def test_a_target_names_modules_and_tests_that_exist(module: str, tests: tuple[str, ...]) -> None:
    """A room that moves takes its line along."""
    for pattern in (module, *tests):
        assert list(ROOT.glob(pattern)), pattern


@pytest.mark.parametrize("change", BY_HAND, ids=lambda change: change.name)
def test_a_change_by_hand_fits_the_code(change: Change) -> None:
    """Its text stands in the module once, and each of its test files is there."""
    assert (ROOT / change.module).read_text("utf-8").count(change.old) == 1
    for name in change.tests:
        assert (ROOT / name).is_file(), name


def test_the_seed_draws_the_same_mutants_again() -> None:
    """At most as many as the budget, in their order."""
    names = [f"x_f__mutmut_{number}" for number in range(100)]
    drawn = draw(names, 10, 1)
    assert drawn == draw(names, 10, 1) == sorted(drawn, key=names.index)
    assert len(set(drawn)) == 10
    assert drawn != draw(names, 10, 2)
    assert draw(names[:3], 10, 1) == names[:3]


def test_the_score_counts_what_no_test_noticed_and_what_no_test_runs() -> None:
    """The names come out of mutmut's list; anything but these two is a mutant that was noticed."""
    listing = "    a.b.x_f__mutmut_1: killed\n    a.b.xǁCǁf__mutmut_12: survived\n    a.b.x_g__mutmut_1: no tests\nend"
    named = statuses(listing)
    assert named == {"a.b.x_f__mutmut_1": "killed", "a.b.xǁCǁf__mutmut_12": "survived", "a.b.x_g__mutmut_1": "no tests"}
    score = Score("a/b.py", 40, named, ())
    assert score.survived == 2
    assert score.line().split() == ["a/b.py", "40", "3", "1", "2", "33%"]
