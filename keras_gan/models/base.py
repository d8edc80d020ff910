"""The base of all games: rounds of generator against discriminator.

References:
    Goodfellow et al., 2014 (arXiv:1406.2661)
"""

import contextlib
import zlib

import numpy as np
import tensorflow as tf

from keras_gan.models import checks
from keras_gan.models.averaging import update_average
from keras_gan.models.contract import TwoPlayerModel
from keras_gan.models.execution import check_calls


class AdversarialModel(TwoPlayerModel):
    """Plays rounds of generators against discriminators under `model.fit`.

    A game is a subclass. It names the networks of its two players in `generators`
    and `discriminators`, says how many losses there are in `loss_names`, and
    overrides four small pieces, none of which is `train_step`:

    - `unpack(data)` turns what the data yields into a dict with the key `"real"`;
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
        networks: Name to built Keras model, all names of `generators` and
            `discriminators`. They become attributes.
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
        self._journal.show("real_logits", real_logits)
        self._journal.show("fake_logits", fake_logits)
        beliefs = self.loss.probabilities(real_logits, fake_logits)
        for name, belief in zip(self.monitors, beliefs, strict=True):
            self.record(name, belief)
        losses = {"adversarial": self.loss.discriminator(real_logits, fake_logits)}
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

    @property
    def means_of_epoch(self) -> list:
        """State of the running means that the logs of this epoch show."""
        return self._journal.state

    @means_of_epoch.setter
    def means_of_epoch(self, state: list):
        self._journal.state = state

    def train_step(self, data):
        # At the end of data of unknown length the round would otherwise be played
        # once more in all its parts that need no data.
        inputs = [x for x in tf.nest.flatten(data) if x is not None]
        with tf.control_dependencies(inputs):
            self._play_round(self.unpack(data))
        check_calls(self.train_function)
        return self._journal.results()

    def _play_round(self, batch):
        *earlier, last = _split(batch, self.discriminator_steps)
        for turn, part in enumerate(earlier):
            fakes = self._practice_fakes(part, turn)
            self._descend(self._discriminator_turn(part, fakes, turn))

        tape = tf.GradientTape(watch_accessed_variables=False)
        with tape:
            tape.watch([v.value for v in self.generator_variables])
            fakes = self.generate_fakes(last, self._draw("latents"), training=True)
        practice = tf.nest.map_structure(tf.stop_gradient, fakes)
        if self.fresh_latents:
            practice = self._practice_fakes(last, len(earlier))
        descent = self._discriminator_turn(last, practice, len(earlier))
        if self.turns == "simultaneous":
            self._descend(descent, self._generator_turn(tape, last, fakes))
        else:
            self._descend(descent)
            self._descend(self._generator_turn(tape, last, fakes))

        for role in self.generators:
            update_average(
                getattr(self, f"ema_{role}"),
                getattr(self, role),
                self.ema_momentum,
                self.step,
            )
        self.step.assign_add(1)

    def _practice_fakes(self, batch, turn):
        with self._bystanders(self.generators):
            fakes = self.generate_fakes(
                batch, self._draw(f"practice/{turn}"), training=True
            )
        return fakes

    def _discriminator_turn(self, batch, fakes, turn):
        variables = self.discriminator_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([v.value for v in variables])
            losses = self.discriminator_losses(
                batch, fakes, self._draw(f"discriminator/{turn}"), training=True
            )
            total = self._total("d", losses, self.discriminator_optimizer)
        gradients = tape.gradient(total, [v.value for v in variables])
        return self.discriminator_optimizer, gradients, variables

    def _generator_turn(self, tape, batch, fakes):
        variables = self.generator_variables
        # The tape that saw the fakes being made is entered again.
        with tape, self._bystanders(self.discriminators):
            losses = self.generator_losses(
                batch, fakes, self._draw("generator"), training=True
            )
            total = self._total("g", losses, self.generator_optimizer)
        gradients = tape.gradient(total, [v.value for v in variables])
        return self.generator_optimizer, gradients, variables

    def _total(self, player, losses, optimizer):
        total = self._journal.record_losses(player, losses)
        # Gradients are summed over the replicas.
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return optimizer.scale_loss(total / replicas)

    def _descend(self, *descents):
        # Where a gradient folds to a constant, TensorFlow's graph optimizer loses
        # the order between a weight that is read and its update; the gradients that
        # did depend on the read restore it (docs/design/0005-exact-steps.md).
        gradients = [g for _, found, _ in descents for g in found if g is not None]
        with tf.control_dependencies(gradients):
            for optimizer, found, variables in descents:
                optimizer.apply(found, variables)

    def _draw(self, stream: str, step=None):
        """The seed of a stream of random numbers at this step on this replica."""
        key = (self.seed << 32) | zlib.crc32(stream.encode())
        position = tf.cast(self.step.value if step is None else step, "int64")
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        if replicas > 1:
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            position = position * replicas + tf.cast(replica, "int64")
        return tf.stack([tf.constant(key, "int64"), position])

    @contextlib.contextmanager
    def _bystanders(self, roles):
        """Lets the networks of a waiting player run and leaves their buffers alone.

        In training mode a pass moves moving statistics and power iterations; in
        somebody else's turn it must not.
        """
        networks = self._networks(roles)
        buffers = [v for network in networks for v in network.non_trainable_weights]
        before = [tf.identity(buffer.value) for buffer in buffers]
        yield
        for buffer, value in zip(buffers, before, strict=True):
            buffer.assign(value)

    def test_step(self, data):
        batch = self.unpack(data)
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
            self._journal.judge(batch["real"], self.draw_fakes(batch, latents))
        self._evaluation_step.assign_add(1)
        check_calls(self.test_function)
        return self._journal.step_results()

    def draw_fakes(self, batch, seed):
        """Images of the averaged generators, for metrics to hold against `"real"`.

        It is `generate_fakes` in inference mode, with each average in the place of
        the generator that it follows. A game whose fakes are more than one tensor of
        images overrides it and picks what is like `batch["real"]`.

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


def _split(batch, parts):
    """Splits a batch into `parts` batches of consecutive examples."""
    if parts == 1:
        return [batch]
    pieces = {key: tf.split(value, parts) for key, value in batch.items()}
    return [{key: pieces[key][part] for key in pieces} for part in range(parts)]
