"""One protocol for all metrics: levels, verdicts, and what stands in a report."""

import json

import numpy as np
import pytest

from keras_gan import data
from keras_gan.data.examples import Examples, load_examples
from keras_gan.metrics import measures
from keras_gan.metrics.copies import TrainingSet
from keras_gan.metrics.evaluation import METRICS, Evaluation
from keras_gan.metrics.memorisation import memorisation
from keras_gan.metrics.protocol import notes_of, protocol_of
from keras_gan.metrics.report import Number, Report
from keras_gan.metrics.verdicts import verdicts

CHEAP = ("mind", "precision_recall", "support", "memorisation")


@pytest.fixture(scope="module")
def digits():
    return load_examples("digits")


@pytest.fixture(scope="module")
def held_out(digits):
    """An evaluation with 200 digits that were not trained on."""
    return Evaluation(
        digits.at(np.arange(200)),
        train=digits.at(np.arange(200, 600)),
        metrics=CHEAP,
        features="random",
    )


def spare(digits):
    """Draws digits that nothing else here uses: as good as a generator can be."""

    def draw(num_images, seed):
        return digits.at(np.arange(600, len(digits))).some(num_images, seed).images

    return draw


def problems(evaluation, draw):
    found = verdicts(evaluation.measure(draw), evaluation.floor())
    return {verdict.about for verdict in found if verdict.is_problem}


def test_a_generator_as_good_as_the_data_has_no_problem(held_out, digits):
    assert problems(held_out, spare(digits)) == set()


def test_the_floor_of_the_likelihood_is_that_of_training_images(digits):
    evaluation = Evaluation(
        digits.at(np.arange(1200)),
        train=digits.at(np.arange(1200, 1700)),
        metrics="parzen",
        features="pixels",
    )
    grey = evaluation.measure(lambda num, seed: np.zeros((num, 8, 8, 1), "float32"))
    assert evaluation.floor()["parzen"] > grey["parzen"]
    with pytest.raises(ValueError, match="parzen: it takes more than 1000 images"):
        Evaluation(digits, train=digits, metrics="parzen")
    assert "parzen" not in Evaluation(digits, features="pixels").metrics


def test_one_picture_and_a_few_are_a_collapse(held_out, digits):
    others = digits.at(np.arange(600, len(digits))).images

    def draws(num_pictures):
        def draw(num_images, seed):
            return others[np.arange(num_images) % num_pictures]

        return draw

    assert "collapse" in problems(held_out, draws(1))
    assert "collapse" in problems(held_out, draws(10))


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_returned_training_images_are_memorised_and_no_collapse(held_out, noise):
    def draw(num_images, seed):
        images = held_out.train.some(num_images, seed).images
        blur = np.random.default_rng(seed).normal(size=images.shape)
        return np.clip(images + noise * blur, -1, 1)

    assert problems(held_out, draw) == {"memorisation"}


def test_without_held_out_data_copies_are_told_all_the_same(digits):
    some = digits.at(np.arange(400))
    evaluation = Evaluation(some, train=some, metrics=("memorisation",))
    assert evaluation.num_images == 200 and not evaluation.has_held_out
    assert problems(evaluation, lambda n, seed: some.some(n, seed).images) == {
        "memorisation"
    }
    assert problems(evaluation, spare(digits)) == set()


def test_what_draws_little_of_the_data_gets_no_all_clear():
    floor = dict.fromkeys(("recall(pixels)", "precision(pixels)"), 0.8)
    floor["near_duplicates(pixels)"] = 10.0
    # Noise on copies of a few: no pair is near, and nothing lies where real ones do.
    numbers = {"near_duplicates(pixels)": 0.0, "precision(pixels)": 0.1}
    for recall, wanted in ((0.0, {"precision"}), (0.7, {"precision", "collapse"})):
        found = verdicts(numbers | {"recall(pixels)": recall}, floor)
        assert {verdict.about for verdict in found} == wanted
        assert {v.about for v in found if v.is_problem} == {"precision"}


def test_noise_is_unlike_the_data_and_nothing_else(held_out):
    def draw(num_images, seed):
        shape = (num_images, 8, 8, 1)
        return np.random.default_rng(seed).uniform(-1, 1, shape)

    assert problems(held_out, draw) == {"precision"}


def test_an_image_of_bytes_equals_itself_drawn_as_floats_and_is_not_copied():
    images = np.arange(256, dtype="uint8").reshape(4, 8, 8, 1)
    assert np.shares_memory(measures.levels(images), images)
    drawn = images.astype("float32") / np.float32(127.5) - np.float32(1.0)
    np.testing.assert_array_equal(measures.levels(drawn), measures.levels(images))
    assert measures.levels(drawn).dtype == "float32"


def test_the_nearest_are_enough_to_find_the_copies(monkeypatch):
    rng = np.random.default_rng(0)
    train, samples, new = (rng.normal(size=(n, 3)) for n in (300, 40, 50))
    train[:5] = train[5:10]
    samples[:8] = train[:8]
    whole = memorisation(samples, train, new)
    monkeypatch.setattr("keras_gan.metrics.copies._FEW", 10)
    assert TrainingSet(train, new).measure(samples) == whole
    # With nothing held out, some of the training examples stand in.
    part = TrainingSet(train, num_held_out=100)
    assert len(part.train) == 200 and len(part.held_out) == 100
    rows = part.nearest(part.train[:7], 1)[:, 0]
    np.testing.assert_array_equal(train[rows], part.train[:7])


def test_lost_modes_of_a_mixture_are_counted():
    ring = load_examples("ring", max_examples=600)
    evaluation = Evaluation(ring, num_images=300, metrics=("modes", "mind"))
    assert [extractor.name for extractor in evaluation.extractors] == ["pixels"]
    centers = data.ring().centers

    def draw(num_images, seed):
        return centers[np.arange(num_images) % 6]

    numbers = evaluation.measure(draw)
    assert numbers["num_modes"] == 6 and numbers["high_quality_share"] == 1
    assert evaluation.floor()["num_modes"] == 8
    assert problems(evaluation, draw) == {"modes"}


def test_one_cluster_of_many_is_no_all_clear():
    floor = {"recall(x)": 0.9, "coverage(x)": 0.95, "precision(x)": 0.9}
    few = {"recall(x)": 0.1, "coverage(x)": 0.11, "precision(x)": 0.9}
    duplicates = {"near_duplicates(pixels)": 60.0}
    found = verdicts(few | duplicates, floor | {"near_duplicates(pixels)": 10.0})
    about = {verdict.about: verdict.is_problem for verdict in found}
    assert about == {"variety": True, "precision": False}
    # What repeats itself was not measured here, so it is not said.
    found = verdicts(floor, floor)
    assert "collapse" not in {verdict.about for verdict in found}


def test_three_digits_of_ten_lose_variety(held_out, digits):
    few = digits.images[600:][digits.labels[600:] < 3]

    def draw(num_images, seed):
        return few[:num_images]

    assert problems(held_out, draw) == {"variety"}


def test_a_lost_class_is_told_from_the_scatter_of_a_draw():
    def is_problem(name, covered, real):
        (found,) = verdicts({name: covered}, {name: real})
        return found.is_problem

    assert is_problem("num_modes", 7.67, 8.0)
    assert is_problem("num_modes(classifier)", 9.0, 10.0)
    assert not is_problem("num_modes(classifier)", 9.67, 10.0)
    assert not is_problem("num_modes(classifier)", 990.0, 995.0)
    assert is_problem("num_modes(classifier)", 900.0, 995.0)


def test_bytes_are_drawn_as_the_floats_that_they_are(held_out, digits):
    floats = held_out.drawn(spare(digits), 0)
    levels = np.rint((floats + 1) * 127.5).astype("uint8")
    found = held_out.drawn(lambda num, seed: levels, 0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, floats, atol=1.001 / 255)


def test_pairs_that_are_alike_are_a_collapse_whatever_else_is_fine():
    about = {
        v.about: v.is_problem for v in verdicts({"ms_ssim": 0.7}, {"ms_ssim": 0.2})
    }
    assert about == {"collapse": True}
    about = {
        v.about: v.is_problem for v in verdicts({"ms_ssim": 0.5}, {"ms_ssim": 0.2})
    }
    assert about == {"collapse": False}


@pytest.mark.slow
def test_a_report_is_strict_json_and_says_its_protocol(tmp_path, held_out, digits):
    report = held_out.report(spare(digits), seeds=(0, 1), command="evaluate it")
    page = report.write(tmp_path / "report")
    names = {path.name for path in page.parent.iterdir()}
    assert names == {
        *("evaluation.json", "evaluation.md"),
        *("samples.png", "neighbours.png"),
    }

    def refuse(token):
        raise AssertionError(token)

    text = (page.parent / "evaluation.json").read_text()
    written = json.loads(text, parse_constant=refuse)
    protocol = written["protocol"]
    assert protocol["command"] == "evaluate it"
    assert (protocol["num_real"], protocol["num_fake"], protocol["num_train"]) == (
        *(200, 200, 400),
    )
    assert protocol["data"] == "digits" and protocol["seeds"] == [0, 1]
    assert protocol["features"][0]["name"] == "random"
    number = written["numbers"]["mind(random)"]
    assert number["mean"] == np.mean(number["values"]) and number["deviation"] > 0
    assert len(number["floor"]["values"]) == 2
    # A seed gives the same numbers again.
    assert held_out.measure(spare(digits), 1)["mind(random)"] == number["values"][1]
    share = written["numbers"]["copied_share(pixels)"]
    assert share["floor"]["deviation"] == 0
    markdown = page.read_text()
    assert "evaluate it" in markdown and "| mind(random) |" in markdown


def test_the_protocol_says_which_halves_and_by_which_settings(held_out, digits):
    protocol = protocol_of(held_out, (0,), "none")
    assert "half" not in protocol["split"] and protocol["train_split"] == "all"
    assert protocol["settings"] == {
        "mind": "1000 projections",
        "precision_recall": "3 neighbours",
        "memorisation": "200 samples searched",
        "support": "near-duplicates are as near as the 10 nearest pairs of as many "
        "real examples, in pixels",
    }
    some = digits.at(np.arange(100))
    halves = Evaluation(some, train=some, metrics="diversity")
    assert "two halves" in protocol_of(halves, (0,), "none")["split"]
    assert any("same half" in note for note in notes_of(halves))


def test_what_is_not_finite_is_null_in_json_and_a_sign_for_a_reader():
    protocol = {"source": "here", "notes": []}
    report = Report(protocol, {"support(pixels)": Number((np.inf, 3.0))}, ())
    number = report.to_json()["numbers"]["support(pixels)"]
    assert (number["mean"], number["deviation"]) == (None, None)
    assert number["values"] == [None, 3.0]
    assert "∞" in report.table()


def test_defaults_are_all_that_the_data_allow(digits):
    evaluation = Evaluation(digits.at(np.arange(100)))
    missing = {"fd", "memorisation", "inception_score", "modes", "parzen"}
    assert set(evaluation.left_out) == missing
    assert set(evaluation.metrics) == set(METRICS) - missing


def test_a_path_length_that_is_none_is_left_out_and_raises_where_named(digits):
    def draw(num_images, seed):
        return digits.images[:num_images]

    def rounded(latents):
        return np.round(np.tanh(latents @ np.ones((5, 64))), 1).reshape(-1, 8, 8, 1)

    class Rounded:
        has_latents, is_prior_uniform = True, False
        from_latents = staticmethod(rounded)

        def __call__(self, num_images, seed):
            return draw(num_images, seed)

        def latents(self, num_images, seed):
            return np.random.default_rng(seed).normal(size=(num_images, 5))

    evaluation = Evaluation(digits.at(np.arange(100)), features="pixels")
    named = Evaluation(digits.at(np.arange(100)), metrics=("path_length",))
    for case, reason in ((draw, "needs a `Drawing`"), (Rounded(), "as short as")):
        assert not any(name.startswith("ppl") for name in evaluation.measure(case))
        assert reason in evaluation.left_out["path_length"]
        with pytest.raises(ValueError, match=reason):
            named.measure(case)


def test_one_wide_extractor_does_not_take_the_distance_of_the_others(digits):
    evaluation = Evaluation(
        digits.at(np.arange(200)), features=("random", "pixels"), metrics=("fd",)
    )
    assert list(evaluation.floor()) == ["fd(pixels)"]
    assert "random has 480 features" in evaluation.left_out["fd(random)"]


def test_statistics_in_a_file_are_of_the_same_data_or_refused(tmp_path, digits):
    path = tmp_path / "real.npz"
    options = {"metrics": ("fd",), "features": "pixels"}
    test, train = digits.at(np.arange(300)), digits.at(np.arange(300, 800))
    Evaluation(test, train=train, **options).use_reference(path)
    again = Evaluation(test, train=train, num_images=200, **options)
    own = again.floor()["fd(pixels)"]
    again.use_reference(path)
    assert again.floor()["fd(pixels)"] != own
    assert again.reference == f"300 examples in {path}"
    other = Examples(test.images, name="letters")
    with pytest.raises(ValueError, match="letters"):
        Evaluation(other, train=train, **options).use_reference(path)
    brighter = Examples(np.minimum(test.images + 0.01, 1), name="digits")
    with pytest.raises(ValueError, match="content="):
        Evaluation(brighter, train=train, **options).use_reference(path)


def test_statistics_of_too_few_examples_are_not_written(tmp_path, digits):
    few = Evaluation(digits.at(np.arange(100)), metrics="mind", features="pixels")
    with pytest.raises(ValueError, match="too few examples .*64 features"):
        few.use_reference(tmp_path / "few.npz")
    assert not (tmp_path / "few.npz").exists()


def test_statistics_of_one_half_are_not_those_of_another(tmp_path, digits):
    path, some = tmp_path / "real.npz", digits.at(np.arange(500))
    options = {"metrics": ("fd",), "features": "pixels"}
    Evaluation(some, **options).use_reference(path)
    Evaluation(some, **options).use_reference(path)
    with pytest.raises(ValueError, match="seed 7"):
        Evaluation(some, seed=7, **options).use_reference(path)


def bad_cases(digits):
    images = digits.images[:100]
    nan = np.where(np.arange(100)[:, None, None, None] < 3, np.nan, images)

    def drawing(result):
        return Evaluation(images, metrics=("mind",)).measure(lambda n, seed: result[:n])

    return {
        "count": (
            lambda: Evaluation(images, num_images="50"),
            "`num_images` must be a whole number",
        ),
        "one seed": (
            lambda: Evaluation(images, metrics=("mind",)).report(None, seeds=3),
            "`seeds` must be one or more integers",
        ),
        "few": (lambda: Evaluation(images[:30]), "at least 20 real examples"),
        "rank": (lambda: Evaluation(images, metrics=("fd",)), "480 features, so"),
        "unknown": (lambda: Evaluation(images, metrics=("fdd",)), "Unknown metric"),
        "labels": (
            lambda: Evaluation(images, metrics=("inception_score",)),
            "there is no classifier",
        ),
        "none": (lambda: Evaluation(images, features=[]), "one extractor or more"),
        "twins": (lambda: Evaluation(images).report(len, (0, 0)), "different integers"),
        "twice": (
            lambda: Evaluation(images, features=["random", "random"]),
            "a name of its own",
        ),
        "train": (
            lambda: Evaluation(images, train=images[:, :4]),
            "must have one shape",
        ),
        "nan": (lambda: drawing(nan), "3 of 50 such pictures"),
        "scale": (lambda: drawing(3.0 * images), r"in \[-1, 1\]. Received.*from -3"),
        "apart": (
            lambda: Evaluation(images[:60], train=images.copy()),
            "60 of 60 that are",
        ),
        "size": (lambda: drawing(images[:, :4]), r"shape \(8, 8, 1\), as the data"),
        "number": (lambda: drawing(images[:7]), "draw 50 examples"),
        "bytes": (lambda: Evaluation(images * 127.5 + 127.5), r"must be in \[-1, 1\]"),
        "seeds": (
            lambda: Evaluation(images).report(lambda n, seed: images, seeds=()),
            "at least one seed",
        ),
    }


@pytest.mark.parametrize("case", sorted(bad_cases(Examples(np.zeros((100, 8, 8, 1))))))
def test_a_bad_evaluation_gets_one_clear_error(digits, case):
    act, message = bad_cases(digits)[case]
    with pytest.raises(ValueError, match=message):
        act()
