"""Penalties on the discriminator, added to what it descends.

A penalty is called as `penalty(critic, real, fake, seed)`. `critic` maps images to
logits and hides all else (labels, source images, augmentation), `real` and `fake`
are batches of the same shape, `seed` is an integer tensor of shape `(2,)` from which
a penalty may draw. It returns a float32 scalar, its weight included.

References:
    Mescheder et al., 2018 (arXiv:1801.04406): R1 and R2
    Gulrajani et al., 2017 (arXiv:1704.00028): gradient penalty
    Kodali et al., 2017 (arXiv:1705.07215): DRAGAN
    Karras et al., 2020 (arXiv:1912.04958): lazy regularisation
"""

import keras
import tensorflow as tf

from keras_gan.random import normal, uniform
from keras_gan.registry import Registry


class Penalty:
    """Base of the penalties; subclass it and override `penalty` and `get_config`.

    Args:
        interval: The penalty is computed on every `interval`-th step and multiplied
            by `interval` there (lazy regularisation): nearly the same pressure for
            a fraction of the time. It shares the step of the main loss, so the
            optimizers need no correction.
    """

    name = "penalty"

    def __init__(self, interval: int = 1):
        if interval < 1:
            raise ValueError(
                f"`interval` counts steps and must be 1 or more. Received: {interval}"
            )
        self.interval = int(interval)

    def penalty(self, critic, real, fake, seed):
        """Returns the scalar of one step, before the lazy schedule."""
        raise NotImplementedError

    def __call__(self, critic, real, fake, seed):
        return self.penalty(critic, real, fake, seed)

    def is_due(self, step):
        """Whether the penalty is computed at `step`, a number or a tensor as it is."""
        return step % self.interval == 0

    def at_step(self, step, critic, real, fake, seed):
        """The penalty at `step` of training, zero on the steps that it skips.

        Args:
            step: Number of the step: an integer, or an integer tensor, with which
                the choice is made in the graph.
            critic: As `penalty` takes it, like `real`, `fake` and `seed`.
        """
        if self.interval == 1:
            return self(critic, real, fake, seed)

        def weighted():
            return self.interval * self(critic, real, fake, seed)

        def skipped():
            return tf.zeros((), "float32")

        if isinstance(step, int):
            return weighted() if self.is_due(step) else skipped()
        return tf.cond(self.is_due(step), weighted, skipped)

    def get_config(self) -> dict:
        return {"interval": self.interval}

    @classmethod
    def from_config(cls, config: dict):
        return cls(**config)


def _check_weight(name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"`{name}` must not be negative. Received: {name}={value}")
    return float(value)


def _sum_of_each(values):
    """Sums all but the batch axis: `(batch, ...)` to `(batch,)`."""
    return tf.reduce_sum(values, axis=list(range(1, len(values.shape))))


def _squared_gradient_norms(critic, images):
    """||∇D||² of each image, shape `(batch,)`; patch logits are summed."""
    images = tf.cast(images, "float32")
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        logits = critic(images)
    return _sum_of_each(tf.square(tape.gradient(logits, images)))


def _norms(squared):
    # The square root has an infinite slope at zero.
    return tf.sqrt(squared + 1e-12)


def _uniform_of_each(seed, images):
    """U(0, 1), one number an image, shaped to broadcast over it."""
    shape = [tf.shape(images)[0]] + [1] * (len(images.shape) - 1)
    return uniform(shape, seed)


class _ZeroCentred(Penalty):
    def __init__(self, gamma: float = 10.0, interval: int = 1):
        super().__init__(interval)
        self.gamma = _check_weight("gamma", gamma)

    def get_config(self) -> dict:
        return {**super().get_config(), "gamma": self.gamma}


@keras.saving.register_keras_serializable(package="keras_gan")
class R1(_ZeroCentred):
    """`gamma / 2 * E[||∇D(x)||²]` on real images (Mescheder et al., 2018).

    Args:
        gamma: Weight. The paper's 10 suits small images; StyleGAN2 scales it with
            the resolution, R3GAN anneals it.
        interval: Steps between two evaluations, see `Penalty`.
    """

    name = "r1"

    def penalty(self, critic, real, fake, seed):
        return 0.5 * self.gamma * tf.reduce_mean(_squared_gradient_norms(critic, real))


@keras.saving.register_keras_serializable(package="keras_gan")
class R2(_ZeroCentred):
    """`gamma / 2 * E[||∇D(y)||²]` on fake images (Mescheder et al., 2018).

    Args:
        gamma: Weight.
        interval: Steps between two evaluations, see `Penalty`.
    """

    name = "r2"

    def penalty(self, critic, real, fake, seed):
        return 0.5 * self.gamma * tf.reduce_mean(_squared_gradient_norms(critic, fake))


class _OneCentred(Penalty):
    def __init__(self, weight: float = 10.0, interval: int = 1):
        super().__init__(interval)
        self.weight = _check_weight("weight", weight)

    def points(self, real, fake, seed):
        """Returns the images at which the norm of the gradient is held at one."""
        raise NotImplementedError

    def penalty(self, critic, real, fake, seed):
        points = self.points(tf.cast(real, "float32"), tf.cast(fake, "float32"), seed)
        norms = _norms(_squared_gradient_norms(critic, points))
        return self.weight * tf.reduce_mean(tf.square(norms - 1.0))

    def get_config(self) -> dict:
        return {**super().get_config(), "weight": self.weight}


@keras.saving.register_keras_serializable(package="keras_gan")
class GradientPenalty(_OneCentred):
    """`weight * E[(||∇D(u)|| - 1)²]`, u uniform between x and y (WGAN-GP).

    The mixing weight is drawn from U(0, 1), one for each pair of images (Gulrajani
    et al., 2017). Batch normalisation in the critic couples the images of a batch
    and breaks the penalty's premise; the paper uses none.

    Args:
        weight: The paper's lambda, 10.
        interval: Steps between two evaluations, see `Penalty`.
    """

    name = "gradient_penalty"

    def points(self, real, fake, seed):
        return real + _uniform_of_each(seed, real) * (fake - real)


@keras.saving.register_keras_serializable(package="keras_gan")
class DRAGAN(_OneCentred):
    """`weight * E[(||∇D(x + a δ)|| - 1)²]` around the data (Kodali et al., 2017).

    As in the authors' experiments the noise is δ = std(x) / 2 * U(0, 1) for each
    pixel, std taken over the batch, and a is U(0, 1), one for each image.

    Args:
        weight: The paper's lambda, 10.
        interval: Steps between two evaluations, see `Penalty`.
    """

    name = "dragan"

    def points(self, real, fake, seed):
        noise = uniform(tf.shape(real), seed + 1)
        noise *= 0.5 * tf.math.reduce_std(real)
        return real + _uniform_of_each(seed, real) * noise


class _FiniteDifference(Penalty):
    def __init__(self, gamma: float = 10.0, sigma: float = 0.01, interval: int = 1):
        super().__init__(interval)
        self.gamma = _check_weight("gamma", gamma)
        if not sigma > 0:
            raise ValueError(f"`sigma` must be positive. Received: sigma={sigma}")
        self.sigma = float(sigma)

    def difference(self, critic, images, seed):
        images = tf.cast(images, "float32")
        noise = normal(tf.shape(images), seed)
        change = critic(images + self.sigma * noise) - critic(images)
        slopes = _sum_of_each(change) / self.sigma
        return 0.5 * self.gamma * tf.reduce_mean(tf.square(slopes))

    def get_config(self) -> dict:
        return {**super().get_config(), "gamma": self.gamma, "sigma": self.sigma}


@keras.saving.register_keras_serializable(package="keras_gan")
class FiniteDifferenceR1(_FiniteDifference):
    """R1 from two passes: `gamma / 2 * E[((D(x + σε) - D(x)) / σ)²]`, ε ~ N(0, I).

    In expectation over ε and for small σ this is R1. It needs first-order
    gradients only, so it works with layers that have no second ones and costs less
    under XLA and mixed precision. The discriminator must be deterministic: dropout
    would be read as slope.

    Args:
        gamma: Weight, as of `R1`.
        sigma: Length of the step, in units of pixel values (images span [-1, 1]).
        interval: Steps between two evaluations, see `Penalty`.
    """

    name = "fd_r1"

    def penalty(self, critic, real, fake, seed):
        return self.difference(critic, real, seed)


@keras.saving.register_keras_serializable(package="keras_gan")
class FiniteDifferenceR2(_FiniteDifference):
    """R2 from two passes, on fake images; see `FiniteDifferenceR1`.

    Args:
        gamma: Weight, as of `R2`.
        sigma: Length of the step, in units of pixel values (images span [-1, 1]).
        interval: Steps between two evaluations, see `Penalty`.
    """

    name = "fd_r2"

    def penalty(self, critic, real, fake, seed):
        return self.difference(critic, fake, seed)


PENALTIES = Registry(
    "penalty",
    {
        "r1": R1,
        "r2": R2,
        "gradient_penalty": GradientPenalty,
        "dragan": DRAGAN,
        "fd_r1": FiniteDifferenceR1,
        "fd_r2": FiniteDifferenceR2,
    },
    base=Penalty,
)


def get(identifier) -> Penalty:
    """Resolves a penalty from a name, a config, a class or an instance."""
    return PENALTIES.resolve(identifier)


def get_all(identifiers) -> list[Penalty]:
    """Resolves None, one penalty or a list of penalties; names must be distinct."""
    if identifiers is None:
        return []
    if not isinstance(identifiers, (list, tuple)):
        identifiers = [identifiers]
    penalties = [get(identifier) for identifier in identifiers]
    names = [penalty.name for penalty in penalties]
    if len(set(names)) < len(names):
        raise ValueError(
            f"Each kind of penalty can be given once. Received: {names}. Change the "
            "weight of one instead of adding a second."
        )
    return penalties
