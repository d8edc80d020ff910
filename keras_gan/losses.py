"""The value functions of the game, as pairs: one loss for each player.

A loss sees logits (unsquashed outputs D(x)) of shape `(batch, ...)` and returns
a float32 scalar, the mean over the batch. Below, x is real, y = G(z) is fake, and
D is the logit; softplus(-D) = -log sigmoid(D).

References:
    Goodfellow et al., 2014 (arXiv:1406.2661): minimax, non-saturating
    Mao et al., 2016 (arXiv:1611.04076): least squares
    Arjovsky et al., 2017 (arXiv:1701.07875): Wasserstein
    Lim and Ye, 2017 (arXiv:1705.02894): hinge
    Jolicoeur-Martineau, 2018 (arXiv:1807.00734): relativistic pairs
"""

import keras
from keras import ops

from keras_gan.registry import Registry


class AdversarialLoss:
    """Base of the loss pairs; subclass it to bring your own.

    Subclasses override `discriminator` and `generator`, and `probabilities` where
    a sigmoid of the logits is not the discriminator's belief.

    Attributes:
        relativistic: Whether `generator` reads `real_logits`. Only then does the
            generator's turn pay for a pass of the real batch.
        anchored: Whether the level of a logit means something. It does not where only
            differences of logits enter.
    """

    relativistic = False
    anchored = True

    def discriminator(self, real_logits, fake_logits):
        """Returns the scalar that the discriminator descends."""
        raise NotImplementedError

    def generator(self, fake_logits, real_logits=None):
        """Returns the scalar that the generator descends."""
        raise NotImplementedError

    def probabilities(self, real_logits, fake_logits):
        """Mean belief that real and fake images are real, both 1/2 at equilibrium."""
        return _mean(ops.sigmoid(real_logits)), _mean(ops.sigmoid(fake_logits))

    def undecided_logit(self, real_logits, fake_logits):
        """The logit of an image that is taken neither for real nor for fake."""
        return 0.0

    def get_config(self) -> dict:
        return {}

    @classmethod
    def from_config(cls, config: dict):
        return cls(**config)


def _mean(values):
    return ops.mean(ops.cast(values, "float32"))


def _check_smoothing(label_smoothing: float) -> float:
    if not 0.0 <= label_smoothing < 0.5:
        raise ValueError(
            "`label_smoothing` must lie in [0, 0.5): it lowers the target of real "
            f"images to 1 - label_smoothing. Received: {label_smoothing}"
        )
    return float(label_smoothing)


class _Smoothed(AdversarialLoss):
    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = _check_smoothing(label_smoothing)

    def get_config(self) -> dict:
        return {"label_smoothing": self.label_smoothing}


class _CrossEntropy(_Smoothed):
    def discriminator(self, real_logits, fake_logits):
        target = 1.0 - self.label_smoothing
        real = target * ops.softplus(-real_logits)
        real += (1.0 - target) * ops.softplus(real_logits)
        return _mean(real) + _mean(ops.softplus(fake_logits))


@keras.saving.register_keras_serializable(package="keras_gan")
class Minimax(_CrossEntropy):
    """The zero-sum game of Goodfellow et al. (2014), with the saturating generator.

    Discriminator: `E[softplus(-D(x))] + E[softplus(D(y))]`, which is
    -E[log D(x)] - E[log(1 - D(y))] in probabilities. Generator:
    `-E[softplus(D(y))]`, which is E[log(1 - D(y))]. Its gradient vanishes where the
    discriminator is sure; `NonSaturating` is what the paper trains with.

    Args:
        label_smoothing: One-sided label smoothing (Salimans et al., 2016,
            arXiv:1606.03498): real images get the target `1 - label_smoothing`.
    """

    def generator(self, fake_logits, real_logits=None):
        return -_mean(ops.softplus(fake_logits))


@keras.saving.register_keras_serializable(package="keras_gan")
class NonSaturating(_CrossEntropy):
    """Minimax for the discriminator, `E[softplus(-D(y))]` for the generator.

    The generator maximises log D(y), which has the same fixed point as minimax and
    strong gradients from the start (Goodfellow et al., 2014, section 3).

    Args:
        label_smoothing: One-sided label smoothing (Salimans et al., 2016,
            arXiv:1606.03498): real images get the target `1 - label_smoothing`.
    """

    def generator(self, fake_logits, real_logits=None):
        return _mean(ops.softplus(-fake_logits))


@keras.saving.register_keras_serializable(package="keras_gan")
class LeastSquares(_Smoothed):
    """LSGAN (Mao et al., 2016) with targets 1 for real and 0 for fake.

    Discriminator: `E[(D(x) - 1)^2] / 2 + E[D(y)^2] / 2`. Generator:
    `E[(D(y) - 1)^2] / 2`. The logit itself is the belief.

    Args:
        label_smoothing: One-sided: real images get the target `1 - label_smoothing`
            in the discriminator's loss.
    """

    def discriminator(self, real_logits, fake_logits):
        target = 1.0 - self.label_smoothing
        return 0.5 * (
            _mean(ops.square(real_logits - target)) + _mean(ops.square(fake_logits))
        )

    def generator(self, fake_logits, real_logits=None):
        return 0.5 * _mean(ops.square(fake_logits - 1.0))

    def probabilities(self, real_logits, fake_logits):
        return (
            _mean(ops.clip(real_logits, 0.0, 1.0)),
            _mean(ops.clip(fake_logits, 0.0, 1.0)),
        )

    def undecided_logit(self, real_logits, fake_logits):
        return 0.5


@keras.saving.register_keras_serializable(package="keras_gan")
class Hinge(AdversarialLoss):
    """Discriminator `E[relu(1 - D(x))] + E[relu(1 + D(y))]`, generator `-E[D(y)]`."""

    def discriminator(self, real_logits, fake_logits):
        return _mean(ops.relu(1.0 - real_logits)) + _mean(ops.relu(1.0 + fake_logits))

    def generator(self, fake_logits, real_logits=None):
        return -_mean(fake_logits)


class _Unanchored(AdversarialLoss):
    # Only differences of logits enter these losses, so the level of a logit means
    # nothing; beliefs are read from the midpoint of the two means.
    anchored = False

    def undecided_logit(self, real_logits, fake_logits):
        return 0.5 * (_mean(real_logits) + _mean(fake_logits))

    def probabilities(self, real_logits, fake_logits):
        middle = self.undecided_logit(real_logits, fake_logits)
        return super().probabilities(real_logits - middle, fake_logits - middle)


@keras.saving.register_keras_serializable(package="keras_gan")
class Wasserstein(_Unanchored):
    """WGAN (Arjovsky et al., 2017): `E[D(y)] - E[D(x)]` against `-E[D(y)]`.

    The critic must be Lipschitz: combine it with `penalties.GradientPenalty`
    or with `constraints.WeightClip`.
    """

    def discriminator(self, real_logits, fake_logits):
        return _mean(fake_logits) - _mean(real_logits)

    def generator(self, fake_logits, real_logits=None):
        return -_mean(fake_logits)


@keras.saving.register_keras_serializable(package="keras_gan")
class RelativisticAverage(_Unanchored):
    """RaSGAN (Jolicoeur-Martineau, 2018): each image against the mean of the others.

    Discriminator: `E[softplus(-(D(x) - E[D(y)]))] + E[softplus(D(y) - E[D(x)])]`.
    Generator: the same with x and y exchanged.
    """

    relativistic = True

    def discriminator(self, real_logits, fake_logits):
        real_margin = real_logits - _mean(fake_logits)
        fake_margin = fake_logits - _mean(real_logits)
        return _mean(ops.softplus(-real_margin)) + _mean(ops.softplus(fake_margin))

    def generator(self, fake_logits, real_logits=None):
        return self.discriminator(fake_logits, real_logits)


@keras.saving.register_keras_serializable(package="keras_gan")
class RelativisticPaired(_Unanchored):
    """RpGAN (Jolicoeur-Martineau, 2018): the i-th real against the i-th fake image.

    Discriminator: `E[softplus(-(D(x_i) - D(y_i)))]`. Generator:
    `E[softplus(-(D(y_i) - D(x_i)))]`.
    """

    relativistic = True

    def discriminator(self, real_logits, fake_logits):
        return _mean(ops.softplus(fake_logits - real_logits))

    def generator(self, fake_logits, real_logits=None):
        return self.discriminator(fake_logits, real_logits)


LOSSES = Registry(
    "loss",
    {
        "minimax": Minimax,
        "non_saturating": NonSaturating,
        "least_squares": LeastSquares,
        "wasserstein": Wasserstein,
        "hinge": Hinge,
        "relativistic_average": RelativisticAverage,
        "relativistic_paired": RelativisticPaired,
    },
    base=AdversarialLoss,
)


def get(identifier) -> AdversarialLoss:
    """Resolves a loss pair from a name, a config, a class or an instance.

    Example:

    >>> get("hinge").__class__.__name__
    'Hinge'
    """
    return LOSSES.resolve(identifier)
