"""Two sets of pictures side by side, and random crops and flips of either."""

import tensorflow as tf

from keras_gan.data.images import ImageSize, checked_size
from keras_gan.data.pipeline import Pipeline, checked_count


def unpaired(a: Pipeline, b: Pipeline) -> Pipeline:
    """Makes a pipeline of two, whose examples have nothing to do with each other.

    An epoch is as long as the longer one; the shorter begins anew meanwhile, each in
    the order of its own seed.

    Args:
        a: Batches of one set.
        b: Batches of the other, equally many in a batch.

    Returns:
        A `Pipeline` of dicts of `"a"` and `"b"`, as `CycleGAN` takes them.

    Example:

    ```python
    photographs = from_folder("photographs", 128, batch_size=1)
    paintings = from_folder("paintings", 128, batch_size=1)
    both = unpaired(photographs, paintings)
    ```
    """
    for name, pipeline in (("a", a), ("b", b)):
        if not isinstance(pipeline, Pipeline):
            raise ValueError(
                f"Expected two pipelines. Received: {name} of type "
                f"{type(pipeline).__name__}. `keras_gan.data.load` makes one from a "
                "folder, `keras_gan.data.from_arrays` from an array."
            )
    if a.batch_size != b.batch_size:
        raise ValueError(
            "Both pipelines must have the same batch size. Received: "
            f"{a.batch_size} and {b.batch_size}. Make one of them anew."
        )
    counts = (a.num_examples, b.num_examples)
    return Pipeline(
        lambda step: {"a": a.batch_at(step), "b": b.batch_at(step)},
        max(a.steps_per_epoch, b.steps_per_epoch),
        batch_size=a.batch_size,
        example_shape=a.example_shape,
        name=f"{a.name}-{b.name}",
        num_examples=None if None in counts else sum(counts),
    )


def jittered(
    pipeline: Pipeline,
    image_size: ImageSize | None = None,
    *,
    flip: bool = True,
    seed: int = 0,
) -> Pipeline:
    """Crops and mirrors each example of a pipeline at random, anew in every epoch.

    All images of an example, such as a picture and its source, are cut and mirrored
    alike. What is drawn is a function of seed and step, so that a resumed training
    sees the same. Pix2Pix and CycleGAN read at 286x286 and crop 256x256.

    Args:
        pipeline: Batches of images, or dicts with images among their parts; the
            images of an example are of one size.
        image_size: `(height, width)` to cut out, or one number for a square; `None`
            leaves the size.
        flip: Whether to mirror half of the examples, left to right.
        seed: Integer that crops and flips depend on. Two pipelines that `unpaired`
            joins want different ones.

    Returns:
        A `Pipeline` of the same parts.

    Example:

    ```python
    pairs = jittered(paired("outlines", "drawings", 286), 256)
    ```
    """
    checked_count("seed", seed, minimum=0)
    full = pipeline.example_shape[:2]
    if len(pipeline.example_shape) != 3:
        raise ValueError(
            "Only images are cropped and mirrored. Received: examples of shape "
            f"{pipeline.example_shape}. Use the pipeline as it is."
        )
    size = full if image_size is None else checked_size(image_size)
    if size[0] > full[0] or size[1] > full[1]:
        raise ValueError(
            f"Crops must fit into the images, which are {full}. Received: "
            f"image_size={image_size}. Read the images larger."
        )

    def batch_at(step: tf.Tensor):
        cut = _crops(pipeline.batch_size, full, size, flip, seed, step)
        return tf.nest.map_structure(
            lambda x: _cut(x, full, *cut) if x.shape.rank == 4 else x,
            pipeline.batch_at(step),
        )

    return Pipeline(
        batch_at,
        pipeline.steps_per_epoch,
        batch_size=pipeline.batch_size,
        example_shape=(*size, pipeline.example_shape[2]),
        name=pipeline.name,
        num_examples=pipeline.num_examples,
    )


def _crops(num_examples, full, size, flip, seed, step):
    """Draws which rows and columns each example keeps, `(batch, size)` each."""
    # Apart from the seeds of the order, which is drawn from the same two numbers.
    seeds = tf.stack([tf.cast(seed, tf.int64), -1 - tf.cast(step, tf.int64)])
    draws = tf.random.stateless_uniform([3, num_examples, 1], seeds, alg="philox")
    top, left = (
        tf.cast(draws[axis] * (full[axis] - size[axis] + 1), tf.int32)
        for axis in (0, 1)
    )
    columns = tf.range(size[1])[None]
    if flip:
        columns = tf.where(draws[2] < 0.5, columns[:, ::-1], columns)
    return top + tf.range(size[0])[None], left + columns


def _cut(images, full, rows, columns):
    if tuple(images.shape[1:3]) != tuple(full):
        raise ValueError(
            "All images of an example must be of one size. Received: "
            f"{tuple(images.shape[1:3])} beside {tuple(full)}. Resize them alike."
        )
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)
