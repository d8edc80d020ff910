"""The frozen judges of face ageing, trained on faces that the game does not see.

References:
    Chen et al., 2020 (arXiv:2002.05709): SimCLR, versions of one image attract
    Khosla et al., 2020 (arXiv:2004.11362): the same loss by equal labels
    Madry et al., 2018 (arXiv:1706.06083): training on the worst change of an image
    Santurkar et al., 2019 (arXiv:1906.09453): such a classifier can guide drawing
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from keras_gan.models import checks
from keras_gan.models.ages import group_of
from keras_gan.networks import face_judge

TEMPERATURE = 0.2
# Steps of the search for the worst change of an image.
SEARCH_STEPS = 3


def varied() -> keras.Sequential:
    """Changes of a photograph that leave person and age as they are."""
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.06, 0.06),
            layers.RandomBrightness(0.15, value_range=(-1.0, 1.0)),
            layers.RandomContrast(0.3, value_range=(-1.0, 1.0)),
        ],
        name="varied",
    )


def train_identity(
    images: np.ndarray,
    attributes: dict[str, np.ndarray],
    *,
    num_features: int = 64,
    width: int = 16,
    num_steps: int = 1000,
    batch_size: int = 32,
    seed: int = 0,
) -> keras.Model:
    """Trains an encoder of persons on a set that does not name them.

    Features of two versions of one photograph attract each other and repel those of
    all others; a linear layer on them tells attributes that a person keeps. It is a
    proxy of identity: no two photographs of one person have taught it.

    Args:
        images: Faces in [-1, 1] of shape `(num_faces, height, width, channels)`.
        attributes: Whole numbers from 0 of shape `(num_faces,)` by name, such as
            gender.
        num_features: Length of the features.
        width: See `face_judge`.
        num_steps: Number of steps.
        batch_size: Photographs in a step, each in two versions.
        seed: Of the order of the photographs.

    Returns:
        A model from faces to features of shape `(batch, num_features)`, to be
        compared by their cosine.
    """
    encoder = face_judge(images.shape[1:], num_features, width=width, name="identity")
    outputs = {"photograph": _same}
    losses = {"photograph": contrastive_loss}
    for name, values in attributes.items():
        outputs[name] = layers.Dense(int(values.max()) + 1, name=name)
        losses[name] = _cross_entropy()
    # The loss compares numbers, and those of float32 are exact up to 2^24.
    numbers = np.arange(len(images), dtype="float32")[:, None]
    targets = {"photograph": numbers, **attributes}
    pairs = np.repeat(_order(len(images), num_steps, batch_size, seed), 2, axis=1)
    _train(encoder, outputs, losses, images, targets, pairs)
    return encoder


def train_age_classifier(
    images: np.ndarray,
    ages: np.ndarray,
    age_groups: tuple[int, ...],
    *,
    width: int = 16,
    num_steps: int = 1000,
    batch_size: int = 32,
    robustness: float = 0.035,
    seed: int = 0,
) -> keras.Model:
    """Trains a classifier of age groups that small changes of a face don't fool.

    A generator that descends the loss of a frozen classifier finds specks that change
    its mind and no one else's. So this one learns from the worst small change of each
    face (Madry et al., 2018): what still raises its belief in a group then is large
    and looks like it (Santurkar et al., 2019). It is right less often for that.

    Args:
        images: As for `train_identity`, as are the options that it has too.
        ages: Years of shape `(num_faces,)`.
        age_groups: Edges of the groups, see `FaceAging`.
        robustness: Largest root mean square of the change, in the units of [-1, 1];
            0 trains on faces as they are.

    Returns:
        A model from faces to logits of shape `(batch, num_groups)`.
    """
    if not checks.is_number(robustness) or not 0 <= robustness < 1:
        raise ValueError(
            "`robustness` must be a number from 0 to below 1, the root mean square of "
            f"a change of a face in [-1, 1]. Received: {robustness!r}. 0.035 is a "
            "change that is hardly seen."
        )
    groups, num_groups = group_of(ages, age_groups), len(age_groups) - 1
    judge = face_judge(images.shape[1:], num_groups, width=width, name="age_classifier")
    order = _order(len(images), num_steps, batch_size, seed)

    def worst(faces, labels):
        return worst_change(judge, faces, labels, robustness)

    outputs, losses = {"y": _same}, {"y": _cross_entropy()}
    changed = worst if robustness else None
    _train(judge, outputs, losses, images, {"y": groups}, order, changed)
    return judge


def train_age_estimator(
    images: np.ndarray,
    ages: np.ndarray,
    *,
    width: int = 16,
    num_steps: int = 1000,
    batch_size: int = 32,
    seed: int = 0,
) -> keras.Model:
    """Trains an estimator of ages, by its absolute error in decades.

    Args:
        images: As for `train_identity`, as are the options.
        ages: Years of shape `(num_faces,)`.

    Returns:
        A model from faces to decades of shape `(batch, 1)`.
    """
    judge = face_judge(images.shape[1:], 1, width=width, name="age_estimator")
    decades = ages.astype("float32")[:, None] / 10.0
    order = _order(len(images), num_steps, batch_size, seed)
    _train(judge, {"y": _same}, {"y": "mae"}, images, {"y": decades}, order)
    return judge


def contrastive_loss(numbers, features):
    """Mean over all other examples of one number of -log softmax of the cosine / 0.2.

    Args:
        numbers: Which photograph each is a version of, `(batch, 1)`.
        features: Features of shape `(batch, num_features)`.
    """
    features = ops.normalize(features)
    others = 1.0 - ops.eye(ops.shape(features)[0])
    same = ops.cast(ops.equal(numbers, ops.transpose(numbers)), "float32") * others
    likeness = ops.matmul(features, ops.transpose(features)) / TEMPERATURE
    logs = ops.log_softmax(likeness - 1e9 * (1.0 - others))
    return -ops.sum(same * logs, axis=-1) / ops.sum(same, axis=-1)


def worst_change(judge, faces, labels, size):
    """Moves faces to where a judge is most wrong about them (Madry et al., 2018).

    Args:
        judge: Model from faces to logits.
        faces: Of shape `(batch, height, width, channels)`.
        labels: The right groups, of shape `(batch,)`.
        size: Largest root mean square of a face's change.

    Returns:
        Faces of the same shape.
    """
    radius = size * float(np.sqrt(np.prod(faces.shape[1:])))
    change = tf.zeros_like(faces)
    for _ in range(SEARCH_STEPS):
        with tf.GradientTape() as tape:
            tape.watch(change)
            logits = judge(faces + change, training=False)
            loss = _cross_entropy()(labels, logits)
        slope = tape.gradient(loss, change)
        change += 0.5 * radius * slope / (_length(slope) + 1e-12)
        change *= tf.minimum(1.0, radius / (_length(change) + 1e-12))
    return faces + change


def _same(x):
    return x


def _cross_entropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _order(num_faces, num_steps, batch_size, seed) -> np.ndarray:
    """Which faces are in each step, `(num_steps, batch_size)`."""
    rng, batch_size = np.random.default_rng(seed), min(batch_size, num_faces)
    return np.stack(
        [rng.choice(num_faces, batch_size, replace=False) for _ in range(num_steps)]
    )


def _length(images):
    """The Euclidean norm of each image, `(batch, 1, 1, 1)`."""
    return tf.sqrt(tf.reduce_sum(tf.square(images), axis=(1, 2, 3), keepdims=True))


def _train(
    judge: keras.Model,
    outputs: dict[str, Callable],
    losses: dict,
    images: np.ndarray,
    targets: dict[str, np.ndarray],
    order: np.ndarray,
    changed: Callable | None = None,
):
    inputs = keras.Input(images.shape[1:])
    given = judge(inputs)
    trainer = keras.Model(inputs, {k: of(given) for k, of in outputs.items()})
    schedule = keras.optimizers.schedules.CosineDecay(2e-3, len(order))
    trainer.compile(keras.optimizers.Adam(schedule), losses)
    change = varied()

    @tf.function
    def shown(faces, wanted):
        faces = change(faces, training=True)
        return faces if changed is None else changed(faces, *wanted.values())

    for rows in order:
        wanted = {name: tf.constant(values[rows]) for name, values in targets.items()}
        trainer.train_on_batch(shown(tf.constant(images[rows]), wanted), wanted)
