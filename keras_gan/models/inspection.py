"""Reads a game between two rounds, and leaves it as it was."""

import contextlib

import numpy as np
import tensorflow as tf


class Inspector:
    """What a compiled game shows of itself; its methods are public on the game.

    All that is random is drawn from the same seeds every time, so that numbers of
    two epochs differ by what was learned.

    Args:
        model: An `AdversarialModel`.
    """

    def __init__(self, model):
        self._model = model
        self._functions = {}

    def forget(self):
        """Traces anew what it is asked next, since the game has changed."""
        self._functions.clear()

    def gradient_norms(self, data) -> dict[str, float]:
        with self._put_back():
            norms = self._run(self._norms, data)
        return {player: float(norm) for player, norm in norms.items()}

    def logits(self, data) -> dict[str, np.ndarray]:
        with self._put_back():
            found = self._run(self._logits, data)
        return {kind: logits.numpy() for kind, logits in found.items()}

    def samples(self, data) -> np.ndarray:
        return self._run(self._samples, data).numpy()

    @contextlib.contextmanager
    def _put_back(self):
        """Undoes what a pass in training mode does to statistics and random states."""
        model = self._model
        roles = model.generators + model.discriminators + model.memories
        networks = model._networks(roles)
        # Every replica has statistics of its own.
        variables = [
            replica
            for network in networks
            for variable in network.non_trainable_variables
            for replica in model.distribute_strategy.experimental_local_results(
                variable.value
            )
        ]
        # In eager mode: TensorFlow's graph optimizer can lose the order between a
        # state that is read and its update (docs/design/0005-exact-steps.md).
        before = [variable.numpy() for variable in variables]
        try:
            yield
        finally:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)

    def _run(self, function, data):
        strategy = self._model.distribute_strategy
        if not self._model.run_eagerly:
            function = self._functions.setdefault(
                function.__name__, tf.function(function, reduce_retracing=True)
            )
        data = tf.nest.map_structure(tf.convert_to_tensor, data)
        results = strategy.run(function, args=(data,))
        return tf.nest.map_structure(
            lambda x: strategy.experimental_local_results(x)[0], results
        )

    def _norms(self, data):
        model = self._model
        batch = model.unpack(data)
        tape, variables = _tape_of(model.generator_variables)
        with model._journal.aside():
            with tape:
                fakes = model.generate_fakes(batch, self._seed("latents"), True)
                seed = self._seed("generator")
                losses = model.generator_losses(batch, fakes, seed, True)
                total = self._total(losses, model.generator_optimizer)
            norms = {"generator": _norm(tape, total, variables)}
            tape, variables = _tape_of(model.discriminator_variables)
            fakes = tf.nest.map_structure(tf.stop_gradient, fakes)
            with tape:
                seed = self._seed("discriminator")
                losses = model.discriminator_losses(batch, fakes, seed, True)
                total = self._total(losses, model.discriminator_optimizer)
            norms["discriminator"] = _norm(tape, total, variables)
        return {
            player: norm / getattr(model, f"{player}_optimizer").scale_loss(1.0)
            for player, norm in norms.items()
        }

    def _total(self, losses, optimizer):
        # A lazy penalty would make the norm jump every few rounds.
        penalties = {penalty.name for penalty in self._model.penalties}
        kept = [losses[name] for name in losses if name not in penalties]
        return optimizer.scale_loss(tf.add_n([tf.cast(x, "float32") for x in kept]))

    def _logits(self, data):
        model = self._model
        batch = model.unpack(data)
        fakes = model.generate_fakes(batch, self._seed("latents"), True)
        with model._journal.aside() as shown:
            model.discriminator_losses(batch, fakes, self._seed("discriminator"), True)
        return {
            kind: tf.concat(
                [tf.reshape(x, [tf.shape(x)[0], -1]) for x in shown[f"{kind}_logits"]],
                axis=1,
            )
            for kind in ("real", "fake")
        }

    def _samples(self, data):
        model = self._model
        return model.draw_fakes(model.unpack(data), self._seed("latents"))

    def _seed(self, stream):
        return self._model._draw(f"inspection/{stream}", step=0)


def _tape_of(variables):
    variables = [variable.value for variable in variables]
    tape = tf.GradientTape(watch_accessed_variables=False)
    with tape:
        tape.watch(variables)
    return tape, variables


def _norm(tape, total, variables):
    gradients = [g for g in tape.gradient(total, variables) if g is not None]
    return tf.linalg.global_norm([tf.cast(g, "float32") for g in gradients])
