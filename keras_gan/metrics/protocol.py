"""What the numbers of an evaluation depend on."""

import datetime
from typing import Any

from keras_gan.metrics.measures import subsets


def protocol_of(evaluation: Any, seeds: tuple[int, ...], resize: str) -> dict[str, Any]:
    """Return all that the numbers depend on but the generator, as JSON can hold it.

    Args:
        evaluation: The `Evaluation`.
        seeds: Seeds of the draws.
        resize: What was done to the data, in words.
    """
    from keras_gan.export.card.machine import machine, versions

    data, train = evaluation.data, evaluation.train
    number, size = subsets(evaluation.num_images)
    classifier = evaluation.classifier
    return {
        "data": data.name,
        "split": data.split or "all, split by seed into two halves",
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
        "fd": f"against {evaluation.reference}",
        "kid": f"{number} subsets of {size}",
        "seeds": list(seeds),
        "seed_of_real_examples": evaluation.seed,
        "left_out": evaluation.left_out,
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "machine": machine(),
    }


def notes_of(evaluation: Any) -> list[str]:
    """Return what a reader must know of what was compared, in sentences."""
    if evaluation.has_held_out:
        return ["Measured against real examples that were not trained on."]
    if evaluation.data.mixture is not None:
        return ["Measured against points that were drawn afresh."]
    if evaluation.train is None:
        return ["No training data were given, so no copies were looked for."]
    return [
        "Measured against the training data, of which nothing was kept out: the "
        "numbers flatter a generator that repeats it. Its level of copies is that of "
        "training examples against all others."
    ]
