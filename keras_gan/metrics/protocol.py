"""What the numbers of an evaluation depend on."""

import datetime
from typing import Any

from keras_gan.metrics.diversity import ms_ssim_diversity
from keras_gan.metrics.inception_score import inception_score
from keras_gan.metrics.measures import NUM_PATHS, NUM_SEARCHED, subsets
from keras_gan.metrics.mind import mind
from keras_gan.metrics.modes import mixture_modes
from keras_gan.metrics.neighbourhoods import density_coverage, precision_recall
from keras_gan.metrics.parzen import NUM_VALIDATION
from keras_gan.metrics.path_length import perceptual_path_length
from keras_gan.metrics.support import support_size


def protocol_of(
    evaluation: Any, seeds: tuple[int, ...], resize: str = "as the data came"
) -> dict[str, Any]:
    """Return all that the numbers depend on but the generator, as JSON can hold it.

    Args:
        evaluation: The `Evaluation`.
        seeds: Seeds of the draws.
        resize: What was done to the data, in words.
    """
    from keras_gan.export.card.machine import machine, versions

    data, train = evaluation.data, evaluation.train
    classifier = evaluation.classifier
    return {
        "data": data.name,
        "split": _split_of(evaluation),
        "train_split": None if train is None else train.split or "all",
        "held_out": evaluation.has_held_out,
        "num_real": evaluation.num_images,
        "num_fake": evaluation.num_images,
        "num_train": None if train is None else len(train),
        "example_shape": list(data.images.shape[1:]),
        "resize": resize,
        "features": [
            {"name": item.name, "fingerprint": item.fingerprint}
            for item in evaluation.extractors
        ],
        "classifier": classifier
        and {
            "data": classifier.data,
            "seed": classifier.seed,
            "test_accuracy": classifier.test_accuracy,
        },
        "settings": settings_of(evaluation),
        "seeds": list(seeds),
        "seed_of_real_examples": evaluation.seed,
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions("scipy"),
        "machine": machine(),
    }


def settings_of(evaluation: Any) -> dict[str, str]:
    """Return how each of the metrics was measured, in words."""
    num_images, data = evaluation.num_images, evaluation.data
    number, size = subsets(num_images)
    neighbours = "num_neighbours"
    path, pairs = (
        perceptual_path_length.__kwdefaults__ or {},
        min(NUM_PATHS, num_images),
    )
    said = {
        "fd": f"against {evaluation.reference}",
        "kid": f"{number} subsets of {size}",
        "mind": f"{_default(mind, 'num_projections')} projections",
        "precision_recall": f"{_default(precision_recall, neighbours)} neighbours",
        "density_coverage": f"{_default(density_coverage, neighbours)} neighbours",
        "diversity": f"{_default(ms_ssim_diversity, 'num_pairs')} pairs",
        "memorisation": f"{min(NUM_SEARCHED, num_images)} samples searched",
        "support": f"near-duplicates are as near as the "
        f"{_default(support_size, 'real_collisions')} nearest pairs of as many real "
        "examples, in pixels",
        "inception_score": f"{_default(inception_score, 'num_splits')} splits",
        "modes": f"points within {_default(mixture_modes, 'radius'):g} "
        "deviations of a center, or the classes that the classifier finds",
        "path_length": (
            f"{pairs} pairs, steps of {path['epsilon']:g} of the way, percentiles "
            "{:g} to {:g}".format(*path["percentiles"])
        ),
        "parzen": (
            f"{num_images} samples, {NUM_VALIDATION} images for the width and "
            f"{len(data) - NUM_VALIDATION} to test, pixels in [0, 1]"
        ),
    }
    return {name: text for name, text in said.items() if name in evaluation.metrics}


def notes_of(evaluation: Any) -> list[str]:
    """Return what a reader must know of what was compared, in sentences."""
    if evaluation.has_held_out:
        return ["Measured against real examples that were not trained on."]
    if evaluation.data.mixture is not None:
        note = "Measured against points that were drawn afresh."
    elif evaluation.train is None:
        note = "No training data were given, so no copies were looked for."
    else:
        note = (
            "Measured against the training data, of which nothing was kept out: the "
            "numbers flatter a generator that repeats it. Its level of copies is that "
            "of training examples against all others."
        )
    same = (
        "The floor of every seed is of the same half of the data, or nearly: its "
        "deviation says little."
    )
    return [note, same]


def _split_of(evaluation: Any) -> str:
    split = evaluation.data.split
    if evaluation.has_held_out:
        return split or "examples that were held out, without a name"
    return f"{split or 'all'}, split by seed into two halves"


def _default(function: Any, name: str) -> Any:
    return function.__kwdefaults__[name]
