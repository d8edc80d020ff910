"""The Keras contract for two players: networks, optimizers, data, saved state.

Keras compiles, saves and resumes one network with one optimizer. This base class
does the same for two players; what they play stands in `base.py`.
"""

import random
from typing import Any

import keras
import tensorflow as tf

from keras_gan import losses as losses_lib
from keras_gan import penalties as penalties_lib
from keras_gan.metrics import streaming
from keras_gan.metrics.paired import PairedMetric
from keras_gan.metrics.real_fake import RealFakeMetric
from keras_gan.models import checks, distribution, door, feeding
from keras_gan.models.averaging import averaged_copy
from keras_gan.models.execution import StepsInARow
from keras_gan.models.inspection import Inspector
from keras_gan.models.journal import PLAYERS, Journal
from keras_gan.models.optimizers import OptimizerPair, prepare_optimizers
from keras_gan.models.saved_game import SavedGame


class TwoPlayerModel(door.CheckedModel, SavedGame):
    """Everything of a game that is not the game; see `AdversarialModel`.

    All that the future of a run depends on is saved state: networks, averages, both
    optimizers (built in `compile`, so that a file can be loaded into them), the
    step, and the states of random layers.
    """

    monitors: tuple[str, ...] = ("real_probability", "fake_probability")

    def __init__(
        self,
        networks: dict[str, keras.Model],
        *,
        ema_momentum: float = 0.999,
        seed: int | None = None,
        name: str | None = None,
    ):
        distribution.check_strategy(tf.distribute.get_strategy())
        super().__init__(name=name)
        self.ema_momentum = checks.check_momentum("ema_momentum", ema_momentum)
        # A seed that nobody chose is taken over from a checkpoint.
        self.draws_seed = seed is None
        self.seed = checks.check_seed(random.randrange(2**31) if seed is None else seed)
        for role in self.roles():
            setattr(self, role, networks[role])
        for role in self.generators:
            setattr(self, f"ema_{role}", averaged_copy(networks[role], f"ema_{role}"))
        self.step = self._counter("step")
        self._evaluation_step = self._counter("evaluation_step")
        # Turns in a row, up to now, whose update was not finite.
        self.skips = {
            player: self._counter(f"{role}_skips") for player, role in PLAYERS.items()
        }
        self._journal: Any = None
        self._inspector: Any = None
        self._is_evaluating = False
        # The step that is played, while Python knows it.
        self.step_now: int | None = None

    def _counter(self, name):
        return self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name=name,
        )

    def build(self, input_shape):
        # The networks come built; this tells Keras the shape that `call` takes.
        pass

    @property
    def loss_names(self) -> dict[str, list[str]]:
        """Names of the losses of "discriminator" and "generator", known up front."""
        raise NotImplementedError

    def _networks(self, roles) -> list[keras.Model]:
        return [getattr(self, role) for role in roles]

    @property
    def generator_variables(self) -> list:
        """Trainable variables of all generators."""
        networks = self._networks(self.generators)
        return [v for network in networks for v in network.trainable_variables]

    @property
    def discriminator_variables(self) -> list:
        """Trainable variables of all discriminators."""
        networks = self._networks(self.discriminators)
        return [v for network in networks for v in network.trainable_variables]

    def compile(
        self,
        generator_optimizer=None,
        discriminator_optimizer=None,
        loss="non_saturating",
        *,
        penalties=None,
        discriminator_constraint=None,
        discriminator_steps: int = 1,
        accumulation_steps: int = 1,
        turns: str = "alternating",
        fresh_latents: bool = False,
        metrics="kid",
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile="auto",
    ):
        """Prepares the model for `fit`.

        Args:
            generator_optimizer: Keras optimizer, name or config. `None` is Adam
                with learning rate 2e-4 and beta_1 0.5 (Radford et al., 2015).
            discriminator_optimizer: The same for the discriminator; another object.
            loss: Loss pair: a name of `keras_gan.losses.LOSSES`, a config or an
                object.
            penalties: Penalties on the discriminator, one or a list: names of
                `keras_gan.penalties.PENALTIES`, configs or objects.
            discriminator_constraint: Keras constraint put on every trainable weight
                of the discriminators, such as `keras_gan.constraints.WeightClip()`.
            discriminator_steps: Discriminator turns in a round. Each sees its own
                share of the batch, which must be divisible by it. More than five are
                a loop in the graph where it may have one: compiled or on a GPU.
            accumulation_steps: Parts that a turn is computed in, one after the other;
                the update is by the mean of their gradients. So a batch needs the
                memory of a part; steps, schedules and averages count updates. Batch
                statistics, and pairs of a relativistic loss, are those of a part.
            turns: `"alternating"`: the generator answers the updated discriminator.
                `"simultaneous"`: both descend from where the round began.
            fresh_latents: Whether the generator plays new noise in its own turn, as
                in Algorithm 1 of Goodfellow et al. (2014). By default it answers
                with the fakes that the discriminator has just seen, which saves a
                pass of the generator.
            metrics: What `evaluate` and the validation in `fit` judge the images of
                the averaged generators by, one or a list: names of
                `keras_gan.metrics.streaming.METRICS`, configs, or metrics whose
                `update_state` takes real and generated images. `()` is none, and
                saves a pass of the generators a validation batch. A metric with a
                network of your own for features is not saved with the model, which
                warns: give it to `compile` again.
            run_eagerly: As in `keras.Model.compile`.
            steps_per_execution: As in `keras.Model.compile`: callbacks and logs see
                every so many steps. On one processor the loop over them is Python's
                (docs/design/0007-order-of-sums.md).
            jit_compile: As in `keras.Model.compile`.
        """
        checks.check_choice("turns", turns, ("alternating", "simultaneous"))
        checks.check_count("discriminator_steps", discriminator_steps)
        checks.check_count("accumulation_steps", accumulation_steps)
        checks.check_count("steps_per_execution", steps_per_execution)
        checks.check_choice("jit_compile", jit_compile, ("auto", True, False, None))
        checks.check_optimizer("generator_optimizer", generator_optimizer)
        checks.check_optimizer("discriminator_optimizer", discriminator_optimizer)
        checks.check_constraint("discriminator_constraint", discriminator_constraint)
        loss = losses_lib.get(loss)
        penalties = penalties_lib.get_all(penalties)
        metrics = streaming.get_all(metrics)
        optimizers = prepare_optimizers(
            generator=(generator_optimizer, self._networks(self.generators)),
            discriminator=(
                discriminator_optimizer,
                self._networks(self.discriminators),
            ),
        )
        distribution.check_options(
            self.distribute_strategy, jit_compile, steps_per_execution
        )
        # Keras keeps what "auto" means on this machine; a file may go to another.
        self._requested_jit_compile = jit_compile
        super().compile(
            optimizer=None,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
        )
        self.generator_optimizer, self.discriminator_optimizer = optimizers
        # Keras' callbacks look for the optimizers of a model here.
        self.optimizer = OptimizerPair(*optimizers)
        self.loss, self.penalties = loss, penalties
        self._constrain(discriminator_constraint)
        self.discriminator_steps = discriminator_steps
        self.accumulation_steps = accumulation_steps
        self.turns, self.fresh_latents = turns, bool(fresh_latents)
        with self.distribute_strategy.scope():
            for metric in metrics:
                if isinstance(metric, (RealFakeMetric, PairedMetric)):
                    metric.prepare(self.example_shape, self.jit_compile)
            self._journal = Journal(self.loss_names, self.monitors, metrics)
        self._inspector = Inspector(self)

    def _constrain(self, constraint):
        constraint = keras.constraints.get(constraint)
        previous = getattr(self, "discriminator_constraint", None)
        self.discriminator_constraint = constraint
        for variable in self.discriminator_variables:
            if constraint is not None or variable.constraint is previous:
                variable.constraint = constraint

    def get_compile_config(self) -> dict:
        if not self.compiled:
            return {}
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_optimizer),
            "discriminator_optimizer": serialize(self.discriminator_optimizer),
            "loss": serialize(self.loss),
            "penalties": [serialize(penalty) for penalty in self.penalties],
            "discriminator_constraint": serialize(self.discriminator_constraint),
            "discriminator_steps": self.discriminator_steps,
            "accumulation_steps": self.accumulation_steps,
            "turns": self.turns,
            "fresh_latents": self.fresh_latents,
            "metrics": [serialize(metric) for metric in self._journal.saved_judges],
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._requested_jit_compile,
        }

    def compile_from_config(self, config: dict):
        deserialize = keras.saving.deserialize_keras_object
        self.compile(**{key: deserialize(value) for key, value in config.items()})

    @property
    def metrics(self) -> list:
        if self._journal is None:
            return []
        return self._journal.metrics

    def get_metrics_result(self) -> dict:
        # Keras asks at the end of an epoch and of `evaluate`, and takes the answer
        # only if it has the names that the steps logged.
        if self._is_evaluating:
            return self._journal.evaluation_results()
        return self._journal.results()

    def reset_metrics(self):
        super().reset_metrics()
        self._evaluation_step.assign(0)

    def _maybe_symbolic_build(self, *args, **kwargs):
        # A game is built. Keras would draw a batch to build it under a strategy, which
        # a source that gives each only once loses, and fails with several workers.
        pass

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            make = super().make_train_function
            self._make_in_a_row("train_function", make, self.penalties)

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            self._make_in_a_row("test_function", super().make_test_function)

    def _make_in_a_row(self, name, make, penalties=()):
        if not StepsInARow.suits(self):
            make(force=True)
            return

        def make_another():
            make(force=True)
            function = getattr(self, name)
            setattr(self, name, row)
            return function

        row = StepsInARow(self, make_another, penalties)
        setattr(self, name, row)

    def fit(
        self,
        x=None,
        y=None,
        *,
        batch_size: int | None = None,
        epochs: int = 1,
        steps_per_epoch: int | None = None,
        validation_data=None,
        **kwargs,
    ):
        """Trains, as `keras.Model.fit`.

        Args:
            x: A `keras_gan.data.Pipeline` (which goes on where the model's step
                stands, so that a resumed run is exact), a `tf.data.Dataset` of
                batches, or an array, which becomes a pipeline.
            y: Refused: what belongs to an image comes with it in the dataset.
            batch_size: Images in a batch, for arrays only; 32 by default.
            epochs: Number of the last epoch.
            steps_per_epoch: Rounds in an epoch; by default one pass of the data.
            validation_data: What `evaluate` takes, run after each epoch.
            **kwargs: Passed to `keras.Model.fit`, such as `callbacks`, `verbose`,
                `initial_epoch` and `validation_batch_size`. With a
                `callbacks.Checkpoint` the training goes on from its newest one.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: If the data does not fit the game, before anything is
                trained.
        """
        checks.check_compiled(self)
        counts = {"batch_size": batch_size, "steps_per_epoch": steps_per_epoch}
        checks.check_fit_options(self, kwargs, y=y, epochs=epochs, **counts)
        callbacks = feeding.in_order(kwargs.pop("callbacks", None))
        keeper = feeding.keeper_of(callbacks)
        if keeper is not None:
            keeper.find(self)
        data = feeding.feed(self, x, batch_size)
        first = kwargs.get("initial_epoch", 0)
        steps_per_epoch = feeding.epoch_length(
            data,
            steps_per_epoch,
            epochs - first,
            must_be_known=keeper is not None
            or distribution.is_multi_worker(self.distribute_strategy),
        )
        if steps_per_epoch is not None:
            checks.check_execution(self, steps_per_epoch)
        judged = feeding.validation_feed(self, validation_data, batch_size, kwargs)
        position = None
        if keeper is not None:
            position = keeper.resume(self, data, steps_per_epoch, first)
            kwargs["initial_epoch"] = position.epoch
        try:
            return feeding.fit_from(
                position,
                self,
                super().fit,
                lambda: feeding.batches(self, data, steps_per_epoch, position),
                epochs=epochs,
                steps_per_epoch=steps_per_epoch,
                validation_data=judged,
                callbacks=callbacks,
                shuffle=False,
                **kwargs,
            )
        except tf.errors.UnavailableError as error:
            raise distribution.lost_worker(error) from error
        finally:
            if keeper is not None:
                keeper.release()

    def evaluate(self, x=None, y=None, *, batch_size: int | None = None, **kwargs):
        """Plays the game without training, as `keras.Model.evaluate`.

        Both networks run in inference mode, latents are the same in every call. The
        losses are those of the generators that train, the `metrics` of `compile`
        judge the averaged ones, which are what one ships.

        Args:
            x: As in `fit`; of a pipeline one epoch is used.
            y: Refused, as in `fit`.
            batch_size: Images in a batch, for arrays only; 32 by default.
            **kwargs: Passed to `keras.Model.evaluate`.

        Returns:
            The logs, as `keras.Model.evaluate` gives them.
        """
        checks.check_compiled(self)
        checks.refuse_unused({**kwargs, "y": y}, {"y", "sample_weight"})
        # Keras calls this from `fit` too, with what `fit` has prepared and cached.
        if not kwargs.get("_use_cached_eval_dataset"):
            x = feeding.evaluation_feed(self, x, batch_size, kwargs.get("steps"))
        self._is_evaluating = True
        try:
            logs = super().evaluate(x, **kwargs)
        finally:
            self._is_evaluating = False
        feeding.check_evaluated(self, kwargs.get("steps"))
        return logs
