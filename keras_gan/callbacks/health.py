"""A monitor that reads the game: who wins, and why it may be stuck.

References:
    Karras et al., 2020 (arXiv:2006.06676): r_t and r_v, the signs of overfitting
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_gan.callbacks.progress import say
from keras_gan.callbacks.rows import EpochRows
from keras_gan.callbacks.symptoms import ADVICE, Thresholds, lasting, symptoms
from keras_gan.metrics import features as features_lib
from keras_gan.models import checks, feeding


class Health(keras.callbacks.Callback):
    """Reads the state of the game after every n-th epoch; logs it and says it.

    The same few images are looked at every time, with the same latents, so numbers of
    two epochs differ by what was learned. A measurement costs about five steps, and
    leaves the training bit for bit as it was. The networks run in training mode, as
    they meet in a round. The logs get:

    - `health_train_logit`, `health_fake_logit`, `health_held_out_logit`: mean logits;
    - `health_r_t`: `E[sign D(x)]` on training images, the discriminator's confidence;
      `health_r_f` the same on fakes. Under a loss in which only differences of logits
      count, D is taken from the midpoint of its means on both;
    - `health_separation`: `P(D(x) > D(y)) - P(D(x) < D(y))` for a training image x
      and a fake y, 0 for a discriminator that guesses, 1 for one that never errs;
    - `health_r_v`: `(E[D(train)] - E[D(held out)]) / (E[D(train)] - E[D(fake)])`, 0
      for a discriminator that has learned what is real, 1 for one that knows the
      training images by heart, with its standard error `health_r_v_error`; needs
      `held_out`;
    - `health_d_gradient`, `health_g_gradient` and `health_gradient_ratio`, g by d:
      lengths of both players' gradients, without penalties;
    - `health_diversity`: mean distance of two generated images over that of two
      real ones, in `features`;
    - `health_nonfinite`: how many weights and losses are NaN or infinite.

    Between two measurements the logs show NaN under these names. What the numbers
    mean is said in words when it has held for some measurements in a row, and again
    when it is over; see `keras_gan.callbacks.symptoms` for the rules.

    Args:
        train: Training data as given to `fit`. Of a `tf.data.Dataset` that shuffles
            anew in each iteration the monitor takes one; a `Pipeline` or an array
            stays as it was.
        held_out: Real data that the discriminator never trains on, or `None`.
        num_images: Images looked at, of each kind.
        every_epochs: Epochs between two measurements.
        features: What distances are taken in, as in `compile(metrics=...)`; by
            default `"random"` for images and `"pixels"` for vectors.
        file: File of one JSON line a measurement, or `None`. A resumed training
            replaces the lines of epochs that it repeats.
        thresholds: Where the rules set in.
        say: Takes lines for the user; by default they go to standard error.
    """

    NAMES = (
        *("train_logit", "fake_logit", "r_t", "r_f", "separation"),
        *("d_gradient", "g_gradient", "gradient_ratio", "diversity", "nonfinite"),
    )
    HELD_OUT_NAMES = ("held_out_logit", "r_v", "r_v_error")

    def __init__(
        self,
        train,
        held_out=None,
        *,
        num_images: int = 128,
        every_epochs: int = 1,
        features=None,
        file=None,
        thresholds: Thresholds | None = None,
        say: Callable[[str], None] = say,
    ):
        super().__init__()
        checks.check_count("every_epochs", every_epochs)
        checks.check_count("num_images", num_images)
        self.every_epochs = every_epochs
        self.num_images = num_images
        self.thresholds = thresholds or Thresholds()
        self._data = {"train": train, "held_out": held_out}
        self._features = features
        self._rows = EpochRows(
            file, is_own=lambda row: {"symptoms", "health_diversity"} <= row.keys()
        )
        self._say = say

    @property
    def names(self) -> list[str]:
        """Names of the logs."""
        more = () if self._data["held_out"] is None else self.HELD_OUT_NAMES
        return [f"health_{name}" for name in (*self.NAMES, *more)]

    def on_train_begin(self, logs=None):
        self._rows.open()
        self._batches = {
            kind: first_examples(self.model, data, self.num_images)
            for kind, data in self._data.items()
            if data is not None
        }
        real = self.model.reals(self.model.unpack(self._batches["train"]))
        default = "random" if len(real.shape) == 4 else "pixels"
        identifier = default if self._features is None else self._features
        self._extract = features_lib.get(identifier)
        self._real_spread = self._spread(real)

    def on_epoch_begin(self, epoch, logs=None):
        self._rows.begin(epoch)

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        if (epoch + 1) % self.every_epochs:
            logs.update(dict.fromkeys(self.names, np.nan))
            return
        with np.errstate(all="ignore"):
            found = self._measure(logs)
        numbers = {name: found[name.removeprefix("health_")] for name in self.names}
        earlier = [row["health_diversity"] for row in self._rows.before(epoch)]
        seen = symptoms(
            found,
            self.thresholds,
            anchored=self.model.loss.anchored,
            diversities=[np.nan if number is None else number for number in earlier],
        )
        self._rows.add(epoch, {**numbers, "symptoms": seen})
        logs.update(numbers)
        self._speak(epoch, found)

    def _measure(self, logs) -> dict[str, float]:
        train = self._batches["train"]
        norms = self.model.gradient_norms(train)
        generator, discriminator = norms["generator"], norms["discriminator"]
        found = {
            **self._read_logits(),
            "g_gradient": generator,
            "d_gradient": discriminator,
            "gradient_ratio": np.divide(generator, discriminator),
            "diversity": self._spread(self.model.samples(train)) / self._real_spread,
            "nonfinite": self._count_nonfinite(logs),
        }
        return {name: float(number) for name, number in found.items()}

    def _read_logits(self) -> dict:
        logits = self.model.logits(self._batches["train"])
        real, fake = logits["real"], logits["fake"]
        undecided = float(self.model.loss.undecided_logit(real, fake))
        beliefs = self.model.loss.probabilities(real, fake)
        found = {
            "real_probability": beliefs[0],
            "fake_probability": beliefs[1],
            "train_logit": real.mean(),
            "fake_logit": fake.mean(),
            "r_t": np.sign(real - undecided).mean(),
            "r_f": np.sign(fake - undecided).mean(),
            "separation": np.sign(real.ravel()[:, None] - fake.ravel()).mean(),
        }
        if "held_out" in self._batches:
            held_out = self.model.logits(self._batches["held_out"])["real"]
            found |= share_by_heart(real, held_out, fake)
        return found

    def _spread(self, images) -> np.floating:
        """Mean distance of two different images, in features."""
        rows = self._extract.extract(np.asarray(images)).astype("float64")
        rows -= rows.mean(0)
        norms = np.square(rows).sum(1)
        squared = norms[:, None] + norms - 2.0 * rows @ rows.T
        above = np.triu_indices(len(rows), 1)
        return np.sqrt(np.maximum(squared[above], 0.0)).sum() / np.float64(
            len(above[0])
        )

    def _count_nonfinite(self, logs) -> int:
        totals = [logs[name] for name in ("d_loss", "g_loss") if name in logs]
        values = [*self.model.get_weights(), np.asarray(totals)]
        return sum(int(np.size(x) - np.isfinite(x).sum()) for x in values)

    def _speak(self, epoch, found):
        measured = [row["symptoms"] for row in self._rows.before(epoch + 1)]
        now = lasting(measured, self.thresholds.patience)
        before = lasting(measured[:-1], self.thresholds.patience)
        for symptom in now:
            if symptom not in before:
                advice = ADVICE[symptom].format(**found)
                self._say(f"Epoch {epoch + 1}, {symptom}: {advice}")
        for symptom in before:
            if symptom not in now:
                self._say(f"Epoch {epoch + 1}: {symptom} is over.")


def share_by_heart(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray) -> dict:
    """r_v of Karras et al. (2020) and its standard error, from logits of each."""
    lead = train.mean() - fake.mean()
    # The logits of a map belong to one image, and are not independent.
    means = [logits.mean(1) for logits in (train, held_out)]
    error = np.sqrt(sum(np.var(mean, ddof=1) / len(mean) for mean in means))
    return {
        "held_out_logit": held_out.mean(),
        "r_v": (train.mean() - held_out.mean()) / lead,
        "r_v_error": error / np.abs(lead),
    }


def first_examples(model, data, num_examples: int):
    """The first examples of `data`, in the structure that its batches have."""
    batches, found = [], 0
    for batch in feeding.evaluation_feed(model, data, None):
        batches.append(batch)
        found += len(model.reals(model.unpack(batch)))
        if found >= num_examples:
            break
    return tf.nest.map_structure(
        lambda *parts: tf.concat(parts, 0)[:num_examples], *batches
    )
