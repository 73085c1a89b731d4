"""Few results are kept where they are asked for in order, and enough of them where they are not."""

from __future__ import annotations

import random

from serkit.store.recent import Recent


class Made:
    def __init__(self):
        self.count = 0

    def __call__(self, number):
        self.count += 1
        return number * 10


def test_in_order_few_are_kept_and_each_is_made_once():
    made = Made()
    recent = Recent()
    for number in range(1000):
        for each in (number, number, max(0, number - 1), number):
            assert recent.get(each, made) == each * 10
            assert len(recent) <= 2
    assert made.count == 1000


def test_in_no_order_each_is_made_a_few_times():
    made, chance = Made(), random.Random(0)
    recent = Recent()
    for _ in range(10_000):
        number = chance.randrange(100)
        assert recent.get(number, made) == number * 10
    assert made.count < 3 * 100


def test_after_it_is_cleared_few_are_kept_again():
    recent, made = Recent(), Made()
    for number in (*range(50), *range(50)):
        recent.get(number, made)
    assert len(recent) > 2
    recent.clear()
    assert len(recent) == 0
    for number in range(50):
        recent.get(number, made)
    assert len(recent) == 2
