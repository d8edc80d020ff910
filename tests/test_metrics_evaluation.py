"""One protocol for all metrics: levels, verdicts, and what stands in a report."""

import json

import numpy as np
import pytest

from keras_gan import data
from keras_gan.data.examples import Examples, load_examples
from keras_gan.metrics.copies import TrainingSet
from keras_gan.metrics.evaluation import METRICS, Evaluation
from keras_gan.metrics.memorisation import memorisation
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


def test_noise_is_unlike_the_data_and_nothing_else(held_out):
    def draw(num_images, seed):
        shape = (num_images, 8, 8, 1)
        return np.random.default_rng(seed).uniform(-1, 1, shape)

    assert problems(held_out, draw) == {"precision"}


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


def test_statistics_in_a_file_are_of_the_same_data_or_refused(tmp_path, digits):
    path = tmp_path / "real.npz"
    options = {"metrics": ("fd",), "features": "pixels", "num_images": 200}
    first = Evaluation(digits.at(np.arange(500)), **options)
    first.use_reference(path)
    again = Evaluation(digits.at(np.arange(600, 1200)), **options)
    own = again.floor()["fd(pixels)"]
    again = Evaluation(digits.at(np.arange(600, 1200)), **options)
    again.use_reference(path)
    assert again.floor()["fd(pixels)"] != own
    assert again.reference == f"200 examples in {path}"
    other = Examples(digits.images, name="letters")
    with pytest.raises(ValueError, match="letters"):
        Evaluation(other, **options).use_reference(path)


def bad_cases(digits):
    images = digits.images[:100]
    nan = np.where(np.arange(100)[:, None, None, None] < 3, np.nan, images)

    def drawing(result):
        return Evaluation(images, metrics=("mind",)).measure(lambda n, seed: result[:n])

    return {
        "few": (lambda: Evaluation(images[:30]), "at least 20 real examples"),
        "rank": (lambda: Evaluation(images, metrics=("fd",)), "480 features, so"),
        "unknown": (lambda: Evaluation(images, metrics=("fdd",)), "Unknown metric"),
        "labels": (
            lambda: Evaluation(images, metrics=("inception_score",)),
            "there is no classifier",
        ),
        "twice": (
            lambda: Evaluation(images, features=["random", "random"]),
            "a name of its own",
        ),
        "train": (
            lambda: Evaluation(images, train=images[:, :4]),
            "must have one shape",
        ),
        "nan": (lambda: drawing(nan), "3 of 50 such pictures"),
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
