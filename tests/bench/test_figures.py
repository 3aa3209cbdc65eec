from bench.figures import Amount, Line, at_least, at_most, ratios


def test_the_median_is_what_must_reach_the_goal() -> None:
    assert Line("speed", [0.5, 0.8, 0.7], at_least(0.7)).is_met is True
    assert Line("speed", [0.9, 0.6, 0.6], at_least(0.7)).is_met is False
    assert Line("time", [9, 1.5, 1.0], at_most(1.5)).is_met is True
    assert Line("time", [1.0, 1.6, 1.7], at_most(1.5)).is_met is False


def test_without_a_goal_there_is_nothing_to_reach() -> None:
    assert Line("speed", [1.0]).is_met is None


def test_a_summary_is_minimum_median_and_maximum() -> None:
    assert Line("speed", [3, 1, 2, 10]).summary == (1, 2.5, 10)
    assert Amount("size", "MB", [7]).summary == (7, 7, 7)


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([6, 8], [3, 2]) == [2, 4]


def test_a_goal_says_which_way_it_goes() -> None:
    assert (str(at_least(0.85)), str(at_most(2))) == ("≥ 0.85", "≤ 2")
