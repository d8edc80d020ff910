"""Scores of generated tables against their closed forms."""

import numpy as np
import pandas as pd
import pytest

from keras_gan import metrics


def tables(**columns):
    """Two tables, of the first and of the second of each column's lists."""
    return tuple(
        pd.DataFrame({name: lists[i] for name, lists in columns.items()})
        for i in range(2)
    )


def test_the_shape_of_a_number_is_one_less_the_distance_of_the_distributions():
    # F steps at 1, 2, 3 and 4, G at 3, 4, 5 and 6: at 2 they are a half apart.
    real, fake = tables(x=([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]))
    assert metrics.column_shapes(real, fake)["x"] == pytest.approx(0.5)


def test_the_shape_of_categories_is_their_overlap():
    real, fake = tables(c=(list("aaab"), list("abcc")), b=([True] * 4, [False] * 4))
    scores = metrics.column_shapes(real, fake)
    assert scores == pytest.approx({"c": 0.5, "b": 0.0})


def test_a_missing_value_is_a_category_and_a_code_is_one_where_it_is_said():
    real, fake = tables(c=(["a", None], ["a", "a"]), k=([1, 9], [1, 8]))
    scores = metrics.column_shapes(real, fake, categorical=["k"])
    assert scores == pytest.approx({"c": 0.5, "k": 0.5})


def test_the_trend_of_two_numbers_compares_their_correlations():
    real, fake = tables(x=([0.0, 1, 2], [0.0, 1, 2]), y=([0.0, 2, 4], [2.0, 1, 0]))
    assert metrics.pair_trends(real, fake) == pytest.approx({("x", "y"): 0.0})
    constant = fake.assign(y=1.0)
    assert metrics.pair_trends(real, constant)["x", "y"] == pytest.approx(0.5)


def test_the_trend_of_categories_sees_what_their_shapes_do_not():
    real, fake = tables(a=(list("xxyy"), list("xxyy")), b=(list("uuvv"), list("uvuv")))
    assert set(metrics.column_shapes(real, fake).values()) == {1.0}
    assert metrics.pair_trends(real, fake)["a", "b"] == pytest.approx(0.5)


def test_a_number_beside_a_category_is_cut_into_ten():
    values = np.arange(10.0)
    kinds = ["low"] * 5 + ["high"] * 5
    real, fake = tables(x=(values, values[::-1]), c=(kinds, kinds))
    assert metrics.pair_trends(real, fake)["x", "c"] == pytest.approx(0.0)
    assert metrics.pair_trends(real, real)["x", "c"] == pytest.approx(1.0)


def test_the_scores_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"x": rng.normal(size=50), "c": rng.choice(list("ab"), 50)})
    fake = pd.DataFrame({"x": rng.normal(size=80), "c": rng.choice(list("ab"), 80)})
    shuffled = fake.sample(frac=1.0, random_state=1)
    for score in (metrics.column_shapes, metrics.pair_trends):
        assert score(real, fake) == pytest.approx(score(real, shuffled))


def test_rows_with_the_law_of_the_real_ones_teach_as_well_and_noise_teaches_nothing():
    def drawn(num_rows, seed):
        rng = np.random.default_rng(seed)
        side = rng.choice(["left", "right"], num_rows)
        place = np.where(side == "left", -3.0, 3.0) + rng.normal(size=num_rows)
        extra = rng.choice(["u", None], num_rows)
        return pd.DataFrame({"place": place, "extra": extra, "side": side})

    train, test = drawn(300, 0), drawn(200, 1)
    noise = drawn(300, 2).assign(side=np.random.default_rng(3).permutation(train.side))
    good = metrics.efficacy(train, drawn(300, 4), test, "side")
    bad = metrics.efficacy(train, noise, test, "side")
    assert good["generated"] > 0.97 and good["real"] > 0.97
    assert 0.3 < bad["generated"] < 0.7 and good["majority"] < 0.6


def test_tables_that_are_no_likes_are_refused():
    one, other = pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})
    with pytest.raises(ValueError, match="the same columns"):
        metrics.column_shapes(one, other)
    with pytest.raises(ValueError, match="Expected rows"):
        metrics.pair_trends(one, one[:0])
    with pytest.raises(ValueError, match="Received: 'c'"):
        metrics.efficacy(one, one, one, "c")
