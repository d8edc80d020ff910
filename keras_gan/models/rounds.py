"""How a round goes: turns of the players, and the random numbers of each."""

import contextlib
import functools
import zlib

import tensorflow as tf

from keras_gan.models import distribution
from keras_gan.models.averaging import update_average
from keras_gan.models.contract import TwoPlayerModel
from keras_gan.models.descent import Descent
from keras_gan.models.execution import may_loop

# Turns that are traced one by one; more of them are a loop, where there may be one.
MOST_UNROLLED = 4


class Rounds(TwoPlayerModel):
    """The turns of a round; what is played in them stands in `AdversarialModel`."""

    def _play_round(self, batch):
        *earlier, last = _split(batch, self.discriminator_steps)
        turn = len(earlier)
        are_taken = [self._practise(earlier)]
        if self.fresh_latents or self.accumulation_steps > 1:
            discriminator = self._discriminator_turn(last, turn)
            turns = discriminator, functools.partial(self._generator_turn, last)
        else:
            turns = self._turns_on_the_same_fakes(last, turn)
        discriminator, generator = turns
        if self.turns == "simultaneous":
            are_taken += [self._descend(discriminator, generator())]
        else:
            are_taken += [self._descend(discriminator), self._descend(generator())]

        networks = self._networks(self.generators + self.discriminators)
        distribution.agree([v for n in networks for v in n.non_trainable_weights])
        for role in self.generators:
            update_average(
                getattr(self, f"ema_{role}"),
                getattr(self, role),
                self.ema_momentum,
                self.step,
            )
        self.step.assign_add(1)
        return tf.reduce_all(are_taken)

    def _practise(self, batches):
        """Plays the turns of the discriminator before the generator has one."""
        if len(batches) <= MOST_UNROLLED or not may_loop(self):
            return tf.reduce_all(
                [
                    self._descend(self._discriminator_turn(batch, turn))
                    for turn, batch in enumerate(batches)
                ]
                + [True]
            )
        stacked = tf.nest.map_structure(lambda *values: tf.stack(values), *batches)

        def play(turn, are_taken):
            batch = tf.nest.map_structure(lambda values: values[turn], stacked)
            is_taken = self._descend(self._discriminator_turn(batch, turn))
            return turn + 1, are_taken & is_taken

        _, are_taken = tf.while_loop(
            lambda turn, _: turn < len(batches),
            play,
            (tf.constant(0), tf.constant(True)),
            parallel_iterations=1,
        )
        return are_taken

    def _turns_on_the_same_fakes(self, batch, turn):
        # The generator answers on the tape that saw the fakes being made.
        before = self._buffers(self.generators)
        tape = _watching(self.generator_variables)
        with tape:
            fakes = self.generate_fakes(batch, self._draw("latents"), training=True)
        practice = tf.nest.map_structure(tf.stop_gradient, fakes)
        return (
            self._discriminator_turn(batch, turn, practice),
            functools.partial(self._generator_turn, batch, (tape, fakes, before)),
        )

    def _discriminator_turn(self, batch, turn, fakes=None):
        buffers = self._buffers(self.discriminators + self.memories)
        variables = self.discriminator_variables

        def losses_of(part, number):
            practice = fakes
            if fakes is None:
                practice = self._practice_fakes(part, turn, number)
            tape = _watching(variables)
            with tape:
                seed = self._draw(_numbered("discriminator", number), turn=turn)
                losses = self.discriminator_losses(part, practice, seed, training=True)
                total = self._total("d", losses, self.discriminator_optimizer)
            return tape, total

        return self._turn(
            "d", batch, losses_of, self.discriminator_optimizer, variables, buffers
        )

    def _generator_turn(self, batch, begun=None):
        variables = self.generator_variables
        buffers = self._buffers(self.generators)
        if begun is not None:
            *begun, buffers = begun

        def losses_of(part, number):
            tape, fakes = begun or (_watching(variables), None)
            with tape, self._bystanders(self.discriminators):
                if fakes is None:
                    seed = self._draw(_numbered("latents", number))
                    fakes = self.generate_fakes(part, seed, training=True)
                seed = self._draw(_numbered("generator", number))
                losses = self.generator_losses(part, fakes, seed, training=True)
                total = self._total("g", losses, self.generator_optimizer)
            return tape, total

        return self._turn(
            "g", batch, losses_of, self.generator_optimizer, variables, buffers
        )

    def _turn(self, player, batch, losses_of, optimizer, variables, buffers):
        """Plays a turn up to its update, in as many parts as `accumulation_steps`."""
        loss, gradients = 0.0, []
        parts = _split(batch, self.accumulation_steps)
        for number, part in enumerate(parts):
            # One part after the other, so that the memory is that of one.
            with tf.control_dependencies([g for g in gradients if g is not None]):
                tape, total = losses_of(part, number)
                found = tape.gradient(total, [variable.value for variable in variables])
            loss += total / len(parts)
            found = [None if g is None else _dense(g) / len(parts) for g in found]
            gradients = _added(gradients, found) if gradients else found
        return Descent(player, optimizer, loss, gradients, variables, *buffers)

    def _practice_fakes(self, batch, turn, number):
        # Without new noise the generator will answer with those of the last turn.
        is_last = isinstance(turn, int) and turn == self.discriminator_steps - 1
        if is_last and not self.fresh_latents:
            seed = self._draw(_numbered("latents", number))
        else:
            seed = self._draw(_numbered("practice", number), turn=turn)
        with self._bystanders(self.generators):
            return self.generate_fakes(batch, seed, training=True)

    def _total(self, player, losses, optimizer):
        total = self._journal.record_losses(player, losses)
        # Gradients are summed over the replicas.
        replicas = distribution.num_replicas()
        return optimizer.scale_loss(total / replicas)

    def _descend(self, *descents):
        # Where a gradient folds to a constant, TensorFlow's graph optimizer loses
        # the order between a weight that is read and its update; the gradients that
        # did depend on the read restore it (docs/design/0005-exact-steps.md).
        with tf.control_dependencies([x for d in descents for x in d.waits_for()]):
            return tf.reduce_all([self._taken(descent) for descent in descents])

    def _taken(self, descent):
        is_taken, skips = descent.apply(), self.skips[descent.player]
        skips.assign(tf.where(is_taken, tf.zeros_like(skips.value), skips + 1))
        self._journal.record_skip(descent.player, is_taken)
        return is_taken

    def _buffers(self, roles):
        """Weights that no optimizer moves, and their values now."""
        networks = self._networks(roles)
        buffers = [v for network in networks for v in network.non_trainable_weights]
        return buffers, [tf.identity(buffer.value) for buffer in buffers]

    def _draw(self, stream: str, step=None, turn=0):
        """The seed of a stream of random numbers at this turn on this replica."""
        key = (self.seed << 32) | zlib.crc32(stream.encode())
        position = tf.cast(self.step.value if step is None else step, "int64")
        position = position * self.discriminator_steps + tf.cast(turn, "int64")
        replicas = distribution.num_replicas()
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
        buffers, before = self._buffers(roles)
        yield
        for buffer, value in zip(buffers, before, strict=True):
            buffer.assign(value)


def _watching(variables):
    tape = tf.GradientTape(watch_accessed_variables=False)
    with tape:
        tape.watch([variable.value for variable in variables])
    return tape


def _dense(gradient):
    # That of an embedding comes as the rows that were looked up.
    return tf.convert_to_tensor(gradient)


def _added(ones, others):
    return [
        one if other is None else other if one is None else one + other
        for one, other in zip(ones, others, strict=True)
    ]


def _numbered(stream, number):
    return f"{stream}/{number}" if number else stream


def _split(batch, parts):
    """Splits a batch into `parts` batches of consecutive examples."""
    if parts == 1:
        return [batch]
    pieces = {key: tf.split(value, parts) for key, value in batch.items()}
    return [{key: pieces[key][part] for key in pieces} for part in range(parts)]
