"""Retrieval: how often the own text of a picture is found among others."""

import itertools

import numpy as np
import pytest

from keras_gan.metrics import retrieval_recall


def test_a_picture_that_is_most_like_its_own_text_is_always_found():
    found = retrieval_recall(np.eye(6), num_candidates=4)
    assert found == {"recall_at_1": 1.0, "recall_at_5": 1.0}


def test_pictures_that_are_like_any_text_find_theirs_by_chance():
    similarities = np.random.default_rng(0).normal(size=(600, 600))
    found = retrieval_recall(similarities, num_candidates=50)
    np.testing.assert_allclose(found["recall_at_1"], 1 / 50, atol=0.005)
    np.testing.assert_allclose(found["recall_at_5"], 5 / 50, atol=0.015)


def test_the_recall_is_the_mean_over_all_draws_of_candidates():
    similarities = np.random.default_rng(1).normal(size=(6, 6))
    hits = []
    for row, own in enumerate(np.diagonal(similarities)):
        others = np.delete(similarities[row], row)
        for drawn in itertools.combinations(others, 3):
            hits.append(sum(x >= own for x in drawn) < 2)
    found = retrieval_recall(similarities, at=[2], num_candidates=4)
    np.testing.assert_allclose(found["recall_at_2"], np.mean(hits), rtol=1e-12)


def test_of_texts_that_are_equally_like_it_the_own_one_is_last():
    found = retrieval_recall(np.ones((5, 5)), at=(1, 4, 5))
    assert list(found.values()) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("similarities", "options"),
    [
        (np.ones((2, 3)), {}),
        (np.ones((1, 1)), {}),
        (np.full((2, 2), np.nan), {}),
        (np.ones((3, 3)), {"num_candidates": 4}),
        (np.ones((3, 3)), {"num_candidates": 1}),
        (np.ones((3, 3)), {"at": [0]}),
    ],
)
def test_what_cannot_be_retrieved_from_is_refused(similarities, options):
    with pytest.raises(ValueError, match="Received: "):
        retrieval_recall(similarities, **options)
