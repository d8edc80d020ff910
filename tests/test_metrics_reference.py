"""Our metrics against torch-fidelity 0.4 and prdc 0.2 on the same features.

Needs `pip install -e ".[test,reference]"`, then `pytest -m reference`. Features are
float64, so both sides compute in float64 and agree to rounding; the tolerance of each
test is beside it.
"""

import importlib
import sys

import numpy as np
import pytest

from keras_gan.metrics.frechet import frechet_distance
from keras_gan.metrics.inception_score import inception_score
from keras_gan.metrics.kernel import kernel_distance
from keras_gan.metrics.mind import mind
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall
from keras_gan.metrics.path_length import perceptual_path_length, step

pytestmark = pytest.mark.reference

RNG = np.random.default_rng(3)
BASIS = RNG.normal(size=(12, 32)) / 3


def cloud(num_images, shift=0.0, scale=1.0):
    """Features like those of a network: correlated, not negative, some nearly dead."""
    hidden = RNG.normal(size=(num_images, 12)) * scale + shift
    return np.maximum(hidden @ BASIS + 0.1 * RNG.normal(size=(num_images, 32)), 0.0)


PAIRS = {
    "near": (cloud(700), cloud(500, shift=0.1)),
    "far": (cloud(600, shift=1.0), cloud(600, scale=0.5)),
    "few": (cloud(60), cloud(50)),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    return PAIRS[request.param]


def fidelity(module):
    """A module of torch-fidelity, and the function that makes its tensors."""
    # Imported after TensorFlow, Triton ends the process: both bring LLVM, whose options
    # can be registered once. torch does without it.
    sys.modules.setdefault("triton", None)  # type: ignore[arg-type]
    torch = pytest.importorskip("torch", reason="extra: reference")
    pytest.importorskip("torch_fidelity", reason="extra: reference")
    return importlib.import_module(f"torch_fidelity.{module}"), torch.from_numpy


def test_the_frechet_distance_is_that_of_torch_fidelity(pair):
    theirs, tensor = fidelity("metric_fid")
    statistics = [theirs.fid_features_to_statistics(tensor(side)) for side in pair]
    expected = theirs.fid_statistics_to_metric(*statistics, verbose=False)
    expected = expected["frechet_inception_distance"]
    np.testing.assert_allclose(frechet_distance(*pair), expected, rtol=1e-6)


def test_the_frechet_distance_of_few_images_is_that_of_torch_fidelity():
    theirs, tensor = fidelity("metric_fid")
    pair = cloud(20), cloud(25)
    statistics = [theirs.fid_features_to_statistics(tensor(side)) for side in pair]
    expected = theirs.fid_statistics_to_metric(*statistics, verbose=False)
    expected = expected["frechet_inception_distance"]
    value = frechet_distance(*pair, allow_rank_deficient=True)
    # Theirs takes roots of eigenvalues that are zero but for rounding of 1e-16.
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_the_kernel_distance_is_that_of_torch_fidelity(pair):
    theirs, tensor = fidelity("metric_kid")
    options = {"num_subsets": 20, "subset_size": min(len(side) for side in pair) // 2}
    expected = theirs.kid_features_to_metric(
        *map(tensor, pair),
        kid_subsets=options["num_subsets"],
        kid_subset_size=options["subset_size"],
        verbose=False,
    )
    # The mean is a small difference of sums near 10.
    np.testing.assert_allclose(
        kernel_distance(*pair, **options), list(expected.values()), rtol=1e-6
    )


@pytest.mark.parametrize("num_splits", [1, 10, 7])
def test_the_inception_score_is_that_of_torch_fidelity(num_splits):
    theirs, tensor = fidelity("metric_isc")
    logits = 3.0 * RNG.normal(size=(333, 10))
    expected = theirs.isc_features_to_metric(tensor(logits), splits=num_splits)
    odds = np.exp(logits)
    value = inception_score(odds / odds.sum(1, keepdims=True), num_splits=num_splits)
    np.testing.assert_allclose(value, list(expected.values()), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("save_cpu_ram", [False, True])
def test_precision_and_recall_are_those_of_torch_fidelity(pair, save_cpu_ram):
    theirs, tensor = fidelity("metric_prc")
    real, fake = pair
    expected = theirs.prc_features_to_metric(
        tensor(fake), tensor(real), save_cpu_ram=save_cpu_ram, verbose=False
    )
    # Shares, which theirs averages in float32.
    expected = expected["precision"], expected["recall"]
    np.testing.assert_allclose(precision_recall(real, fake), expected, rtol=1e-6)


@pytest.mark.parametrize("num_neighbours", [1, 3, 5])
def test_density_and_coverage_are_those_of_prdc(pair, num_neighbours):
    prdc = pytest.importorskip("prdc", reason="extra: reference")
    expected = prdc.compute_prdc(*pair, nearest_k=num_neighbours)
    shares = density_coverage(*pair, num_neighbours=num_neighbours)
    shares += precision_recall(*pair, num_neighbours=num_neighbours)
    names = ("density", "coverage", "precision", "recall")
    # Ours counts borders for precision and recall, prdc doesn't: here none is met.
    np.testing.assert_allclose(shares, [expected[name] for name in names], rtol=1e-12)


# `mind_features_to_metric` is not in torch-fidelity 0.4.0. The values are those of its
# master, commit a51aa640, with torch 2.15.0, on the features of the test below and
# 1,000 directions of seed 2020; with 200 images of the first side and with all 300.
MIND_VALUES = {200: 7.388452649116516, 300: 6.873012006282806}


@pytest.mark.parametrize("num_real", MIND_VALUES)
def test_mind_along_its_directions_is_that_of_torch_fidelity_to_come(num_real):
    torch = fidelity("helpers")[0].torch
    random = np.random.RandomState(0)
    real = random.randn(300, 24).astype("float32")[:num_real]
    fake = (random.randn(300, 24) * 0.8 + 0.2).astype("float32")
    generator = torch.Generator().manual_seed(2020)
    if num_real < len(fake):
        fake = fake[torch.randperm(len(fake), generator=generator)[:num_real].numpy()]
    directions = torch.randn(1000, 24, generator=generator).numpy()
    # Theirs is float32 throughout.
    value = mind(real, fake, directions=directions)
    np.testing.assert_allclose(value, MIND_VALUES[num_real], rtol=1e-6)


@pytest.mark.parametrize("straight", [True, False])
def test_a_step_between_latents_is_that_of_torch_fidelity(straight):
    theirs, tensor = fidelity("noise")
    starts, ends = RNG.normal(size=(2, 50, 16))
    walk = theirs.batch_lerp if straight else theirs.batch_slerp_any
    expected = walk(tensor(starts), tensor(ends), 0.3).numpy()
    np.testing.assert_allclose(step(starts, ends, 0.3, straight), expected, rtol=1e-5)


@pytest.mark.parametrize("straight", [True, False])
def test_the_path_length_is_that_of_torch_fidelity(straight, monkeypatch):
    theirs, tensor = fidelity("metric_ppl")
    slope = RNG.normal(size=(16, 27)).astype("float32")
    register_squared_gap()
    # torch-fidelity 0.4.0 names the argument as NumPy before 2.4 did.
    percentile = np.percentile
    monkeypatch.setattr(
        np,
        "percentile",
        lambda x, q, interpolation=None, method=None: percentile(
            x, q, method=interpolation or method
        ),
    )
    expected = theirs.calculate_ppl(
        1,
        input1=linear_generator(tensor(slope)),
        input1_model_num_samples=200,
        ppl_epsilon=0.25,
        ppl_z_interp_mode="lerp" if straight else "slerp_any",
        ppl_sample_similarity="squared-gap",
        ppl_sample_similarity_dtype="float32",
        cuda=False,
        verbose=False,
    )
    latents = np.random.RandomState(2020).randn(400, 16)
    value = perceptual_path_length(
        lambda z: np.tanh(0.2 * z @ slope).reshape(-1, 3, 3, 3),
        latents,
        lambda images: images,
        epsilon=0.25,
        straight=straight,
    )
    # Their arithmetic is float32 throughout.
    np.testing.assert_allclose(value, list(expected.values()), rtol=1e-5)


def linear_generator(slope):
    """A tanh of a linear map of normal latents, wrapped for torch-fidelity."""
    import torch
    from torch_fidelity import GenerativeModelModuleWrapper

    class Generator(torch.nn.Module):
        def forward(self, latents):
            return torch.tanh(0.2 * latents @ slope).reshape(-1, 3, 3, 3)

    return GenerativeModelModuleWrapper(Generator(), len(slope), "normal", 0)


def register_squared_gap():
    """Squared distance of pixels in place of LPIPS, whose weights are a download."""
    from torch_fidelity import registry

    class SquaredGap(registry.SampleSimilarityBase):
        def __init__(self, name, **kwargs):
            super().__init__(name)

        def forward(self, first, second):
            return (first - second).square().sum((1, 2, 3))

    registry.SAMPLE_SIMILARITY_REGISTRY["squared-gap"] = SquaredGap
