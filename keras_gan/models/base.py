"""The base of all games: rounds of generator against discriminator.

References:
    Goodfellow et al., 2014 (arXiv:1406.2661)
"""

import contextlib

import numpy as np
import tensorflow as tf

from keras_gan.models import checks, distribution
from keras_gan.models.execution import check_calls
from keras_gan.models.rounds import Rounds


class AdversarialModel(Rounds):
    """Plays rounds of generators against discriminators under `model.fit`.

    A game is a subclass. It names the networks of its two players in `generators`
    and `discriminators`, says how many losses there are in `loss_names`, and
    overrides four small pieces, none of which is `train_step`:

    - `unpack(data)` turns what the data yields into a dict of tensors, whose parts
      `batch_parts` describes;
    - `generate_fakes(batch, seed, training)` lets the generators play;
    - `discriminator_losses(batch, fakes, seed, training)` and
      `generator_losses(batch, fakes, seed, training)` return named scalars, whose
      sum that player descends and whose names are the logs.

    `seed` is an integer tensor of shape `(2,)`, a function of the model's seed, its
    step, the turn and the replica: all that is random in a round is drawn
    statelessly from it, so that a resumed run draws what the uninterrupted one
    would have drawn.

    Of every generator an exponential moving average is kept (`ema_generator` for
    the network `generator`); it is what `call`, `predict`, `generate` and the
    exporters draw with.

    Args:
        networks: Name to built Keras model, all names of `generators`,
            `discriminators` and `frozen`. They become attributes.
        ema_momentum: Momentum of the averages. It starts lower, as
            `min(ema_momentum, (1 + step) / (10 + step))`. 0 keeps no memory.
        seed: Integer in [0, 2**31). `None` draws one from Python's `random`, so
            `keras.utils.set_random_seed` governs it.
        name: Name of the model.
    """

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of one real example."""
        raise NotImplementedError

    def unpack(self, data) -> dict:
        """Turns what the data yields (tensors or their specs) into a named batch."""
        raise NotImplementedError

    def generate_fakes(self, batch, seed, training):
        """Returns what the generators make for `batch`."""
        raise NotImplementedError

    def discriminator_losses(self, batch, fakes, seed, training) -> dict:
        """Returns the named scalars that the discriminators descend together."""
        raise NotImplementedError

    def generator_losses(self, batch, fakes, seed, training) -> dict:
        """Returns the named scalars that the generators descend together."""
        raise NotImplementedError

    def adversarial_losses(self, critic, real, fakes, seed, training) -> dict:
        """The discriminator's side of the loss pair and its penalties, recorded."""
        real_logits, fake_logits = critic(real), critic(fakes)
        self.record_logits(real_logits, fake_logits)
        losses = {"adversarial": self.loss.discriminator(real_logits, fake_logits)}
        return {**losses, **self.penalty_losses(critic, real, fakes, seed, training)}

    def record_logits(self, real_logits, fake_logits):
        """Adds what the discriminators believe to the logs of this epoch."""
        self._journal.show("real_logits", real_logits)
        self._journal.show("fake_logits", fake_logits)
        beliefs = self.loss.probabilities(real_logits, fake_logits)
        for name, belief in zip(self.monitors, beliefs, strict=True):
            self.record(name, belief)

    def penalty_losses(self, critic, real, fakes, seed, training) -> dict:
        """The penalties on the discriminator by name, those that are due."""
        losses = {}
        step = self.step if self.step_now is None else self.step_now
        for penalty in self.penalties:
            if training:
                value = penalty.at_step(step, critic, real, fakes, seed)
            else:
                value = penalty(critic, real, fakes, seed)
            losses[penalty.name] = value
        return losses

    def deceiving_losses(self, critic, real, fakes) -> dict:
        """The generator's side of the loss pair."""
        real_logits = critic(real) if self.loss.relativistic else None
        return {"adversarial": self.loss.generator(critic(fakes), real_logits)}

    def record(self, name: str, value):
        """Adds `value` to the mean that `name` shows in the logs of this epoch."""
        self._journal.record(name, value)

    # No property: Keras reads those of a model that it saves, and of several workers
    # all would have to take part.
    def means_of_epoch(self) -> list:
        """State of the running means that the logs of this epoch show."""
        return self._journal.state

    def set_means_of_epoch(self, state: list):
        self._journal.state = state

    def train_step(self, data):
        with tf.control_dependencies(_inputs(data)):
            is_whole = self._play_round(self.unpack(data))
        check_calls(self.train_function)
        return self._for_keras(self._journal.round_results(is_whole))

    def test_step(self, data):
        with tf.control_dependencies(_inputs(data)):
            self._play_without_turns(self.unpack(data))
        check_calls(self.test_function)
        return self._for_keras(self._journal.step_results())

    def _play_without_turns(self, batch):
        latents, discriminator, generator = (
            self._draw(f"evaluation/{stream}", self._evaluation_step.value)
            for stream in ("latents", "discriminator", "generator")
        )
        fakes = self.generate_fakes(batch, latents, training=False)
        losses = self.discriminator_losses(batch, fakes, discriminator, training=False)
        self._journal.record_losses("d", losses)
        losses = self.generator_losses(batch, fakes, generator, training=False)
        self._journal.record_losses("g", losses)
        if self._journal.judges:
            self._journal.judge(self.reals(batch), self.draw_fakes(batch, latents))
        self._evaluation_step.assign_add(1)

    def _for_keras(self, logs):
        # Keras concatenates the logs of several workers, which scalars don't allow.
        if not distribution.is_multi_worker(self.distribute_strategy):
            return logs
        return {name: tf.reshape(value, [1]) for name, value in logs.items()}

    def reals(self, batch):
        """The real images of a batch, for metrics to hold `draw_fakes` against."""
        return batch["real"]

    def draw_fakes(self, batch, seed):
        """Images of the averaged generators, for metrics to hold against the real.

        It is `generate_fakes` in inference mode, with each average in the place of
        the generator that it follows. A game whose fakes are more than one tensor of
        images overrides it and picks what is like `reals(batch)`.

        Args:
            batch: What `unpack` returns.
            seed: Integer tensor of shape `(2,)`.

        Returns:
            Images, as many as are real in the batch.
        """
        with self._averages_at_play():
            return self.generate_fakes(batch, seed, training=False)

    @contextlib.contextmanager
    def _averages_at_play(self):
        # The attributes are swapped behind Keras' back, whose tracker would take the
        # assignment for a change of the model.
        networks = {role: self.__dict__[role] for role in self.generators}
        self.__dict__.update(
            {role: self.__dict__[f"ema_{role}"] for role in self.generators}
        )
        try:
            yield
        finally:
            self.__dict__.update(networks)

    def gradient_norms(self, data) -> dict[str, float]:
        """Length of each player's gradient on a batch, without a step.

        Of its losses without the penalties, in training mode, both players as they
        stand. No weight, statistic, random state or metric is left changed.

        Args:
            data: A batch as the data yields it.

        Returns:
            The norms of `"generator"` and `"discriminator"`.
        """
        checks.check_compiled(self)
        return self._inspector.gradient_norms(data)

    def logits(self, data) -> dict[str, np.ndarray]:
        """What the discriminators say to real and fake images, as in a round.

        In training mode: batch normalisation judges by the batch then, and in
        inference mode one that sees real and fake batches apart is another judge.
        Nothing is left changed, as in `gradient_norms`.

        Args:
            data: A batch as the data yields it.

        Returns:
            Logits of `"real"` and `"fake"` images, of shape `(batch, num_logits)`:
            all that went through `adversarial_losses` for an image. The fakes are
            those of the generators that train, from the same latents in every call.
        """
        checks.check_compiled(self)
        return self._inspector.logits(data)

    def samples(self, data) -> np.ndarray:
        """Images of the averaged generators, from the same latents in every call.

        Args:
            data: A batch as the data yields it; `draw_fakes` makes as many.
        """
        checks.check_compiled(self)
        return self._inspector.samples(data)


def _inputs(data):
    # At the end of data of unknown length a step would otherwise be played once more
    # in all its parts that need no data.
    return [x for x in tf.nest.flatten(data) if x is not None]
