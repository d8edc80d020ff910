"""Captions: words to ids, and batches of images with one caption each."""

import numpy as np
import pytest

from keras_gan.data import Vocabulary, from_captions

TEXTS = [
    "A red heart!",
    "red   HEART,\tred\nheart\x0b\x0cred",
    "it's a high-speed [train]; #1 (of 3) ~ {50%} \\ ^ `x` <3 =) a/b c_d e|f g@h",
    "Größe ÄÖÜ éÉ o’clock ¿qué? … 猫 の 顔 🙂 İ",
    "no\u00a0break em\u2003space line\u2028line",
    "",
    " ... ",
    "one two three four five six seven eight nine",
    "[UNK] unk",
]


def images_of(captions):
    return np.repeat(np.arange(len(captions), dtype=np.uint8), 48).reshape(-1, 4, 4, 3)


def test_texts_become_the_ids_that_text_vectorization_gives():
    known = Vocabulary.of([TEXTS[:5], "ten eight"], length=8)
    expected = known.text_vectorization()(np.array(TEXTS, object)).numpy()
    ids = known.tokenise(TEXTS)
    assert ids.dtype == np.int32
    np.testing.assert_array_equal(ids, expected)
    assert (ids == 1).any() and (ids == 0).any()
    assert ids.max() < known.num_ids


def test_the_most_frequent_words_come_first_and_rare_ones_are_left_out():
    texts = ["b a", ["b", "c c"], "d"]
    assert Vocabulary.of(texts).words == ["b", "c", "a", "d"]
    assert Vocabulary.of(texts, min_count=2).words == ["b", "c"]
    assert Vocabulary.of(texts, max_words=3).words == ["b", "c", "a"]


def test_a_vocabulary_is_the_same_after_its_file(tmp_path):
    known = Vocabulary(["größe", "猫", "red"], length=3)
    again = Vocabulary.load(known.save(tmp_path / "vocabulary.json"))
    assert (again.words, again.length) == (known.words, known.length)
    assert again.tokenise(["Red 猫"]).tolist() == [[4, 3, 0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Vocabulary("red", 4), "must be a list of single words"),
        (lambda: Vocabulary([], 4), "must be a list of single words"),
        (lambda: Vocabulary(["Red"], 4), "'Red' among them"),
        (lambda: Vocabulary(["a", "a"], 4), "'a' more than once"),
        (lambda: Vocabulary(["a"], 0), "`length` must be an integer"),
        (lambda: Vocabulary.of(["a b"], min_count=2), "No word stands 2 times"),
        (lambda: Vocabulary.from_json({"words": ["a"]}), "`length` and `words`"),
        (lambda: Vocabulary(["a"], 2).tokenise("a"), "Expected a list of texts"),
        (lambda: Vocabulary(["a"], 2).tokenise([3]), "A text must be a string"),
    ],
)
def test_a_vocabulary_says_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_image_goes_with_each_of_its_own_captions_in_turn():
    captions = [[f"n{i} first", f"n{i} second"] if i % 2 else f"n{i}" for i in range(8)]
    known = Vocabulary.of(captions, length=2)
    pairs = from_captions(images_of(captions), captions, known.tokenise, batch_size=4)
    seen = set()
    for batch in pairs.dataset(num_steps=40).as_numpy_iterator():
        numbers = np.rint((batch["image"][:, 0, 0, 0] + 1) * 127.5).astype(int)
        for number, (word, which) in zip(numbers, batch["tokens"], strict=True):
            assert known.words[word - 2] == f"n{number}"
            seen.add((number, known.words[which - 2] if which else None))
    odd = {(i, which) for i in (1, 3, 5, 7) for which in ("first", "second")}
    assert seen == odd | {(i, None) for i in (0, 2, 4, 6)}


def test_a_batch_with_its_captions_is_a_function_of_the_step():
    captions = [[f"{i} a", f"{i} b", f"{i} c"] for i in range(10)]
    known = Vocabulary.of(captions)

    def batches(start, count, seed=1):
        pairs = from_captions(
            images_of(captions), captions, known.tokenise, batch_size=5, seed=seed
        )
        dataset = pairs.dataset(start_step=start, num_steps=count)
        return [batch["tokens"] for batch in dataset.as_numpy_iterator()]

    whole = batches(0, 6)
    np.testing.assert_array_equal(whole[3:], batches(3, 3))
    assert not np.array_equal(whole, batches(0, 6, seed=2))


def test_embeddings_of_any_encoder_take_the_place_of_ids():
    captions = ["aa", ["b", "bbb"]]
    pairs = from_captions(
        images_of(captions),
        captions,
        lambda texts: np.array([[len(text), 0.5] for text in texts]),
        batch_size=2,
    )
    batch = next(iter(pairs))
    assert batch["embeddings"].dtype == np.float32
    assert set(batch["embeddings"][:, 0]) <= {1.0, 2.0, 3.0}


@pytest.mark.parametrize(
    ("captions", "message"),
    [
        (["a"], "for each of 2 images. Received: 1."),
        ("ab", "Received: one text"),
        (["a", None], "1 images without, the first is number 1 with None"),
        (["a", []], "the first is number 1 with \\[\\]"),
        (["", "a"], "the first is number 0 with ''"),
        (["a", ["b", "!?"]], "the first is number 1"),
        ([3, "a"], "the first is number 0 with 3"),
    ],
)
def test_missing_captions_are_one_clear_error(captions, message):
    known = Vocabulary(["a"], 2)
    with pytest.raises(ValueError, match=message):
        from_captions(images_of("ab"), captions, known.tokenise, batch_size=2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones(2), "shape \\(2, length\\)"),
        (np.ones((3, 2)), "shape \\(2, length\\)"),
        (np.array([["a"], ["b"]]), "must give numbers"),
        (np.array([[1.0], [np.nan]]), "NaN or infinity in 1 rows"),
    ],
)
def test_what_an_encoder_gives_is_looked_at(rows, message):
    with pytest.raises(ValueError, match=message):
        from_captions(images_of("ab"), ["a", "b"], lambda _: rows, batch_size=2)
