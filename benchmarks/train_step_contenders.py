"""The training steps on TensorFlow that `train_step.py` compares."""

import time

import keras
import tensorflow as tf
from keras import ops

from keras_gan.data import Pipeline
from keras_gan.models import GAN
from keras_gan.networks import dcgan_discriminator, dcgan_generator

LATENT_DIM = 100
EMA_MOMENTUM = 0.999
WARM_UP = 3


def make_all(pipeline: Pipeline, width: int) -> dict:
    """Returns the contenders by name, each with networks of its own."""

    def networks():
        keras.utils.set_random_seed(0)
        image_shape = pipeline.example_shape
        generator = dcgan_generator(image_shape, LATENT_DIM, width=width)
        return generator, dcgan_discriminator(image_shape, width=width)

    ours = GAN(*networks(), latent_dim=LATENT_DIM, ema_momentum=EMA_MOMENTUM, seed=0)
    ours.compile(_adam(), _adam(), loss="non_saturating")
    return {
        "keras_gan": FitStep(ours, pipeline),
        "hand_written": HandWrittenStep(*networks(), pipeline.dataset()),
        "example": _example_step(*networks(), pipeline, training=True),
        "example_frozen_norm": _example_step(*networks(), pipeline, training=None),
    }


def _adam():
    return keras.optimizers.Adam(2e-4, beta_1=0.5)


class StepClock(keras.callbacks.Callback):
    """Times whole steps in the middle of one `fit`.

    It reads the clock where a step begins, since Keras hands the end of a step to
    other threads: the cost of the logs and callbacks of `fit` is on the clock, that
    of starting and ending `fit` is not.
    """

    def __init__(self, steps: int):
        super().__init__()
        self.last = WARM_UP + steps

    def on_train_batch_begin(self, batch, logs=None):
        if batch == WARM_UP:
            self.start = time.perf_counter()
        elif batch == self.last:
            self.seconds = time.perf_counter() - self.start


class FitStep:
    """What `fit` takes for a step of a model."""

    def __init__(self, model: keras.Model, data, **options):
        self.model, self.data, self.options = model, data, options

    def run(self, steps: int) -> float:
        clock = StepClock(steps)
        history = self.model.fit(
            self.data,
            steps_per_epoch=clock.last + 1,
            callbacks=[clock],
            verbose=0,
            **self.options,
        )
        self.logs = history.history
        return clock.seconds

    def losses(self) -> dict[str, float]:
        return {key: self.logs[key][-1] for key in ("d_loss", "g_loss")}

    def num_parameters(self) -> dict[str, int]:
        return {
            role: sum(
                ops.size(v).numpy().item()
                for v in getattr(self.model, role).trainable_variables
            )
            for role in ("generator", "discriminator")
        }


class HandWrittenStep:
    """Our round as a loop without this package.

    The fakes are made once, the average and the running means are ours. It lacks
    what costs us a little: latents that a resumed run repeats, and moving statistics
    of the discriminator that the generator's turn leaves alone.
    """

    def __init__(self, generator, discriminator, dataset):
        self.generator, self.discriminator = generator, discriminator
        self.average = keras.models.clone_model(generator)
        self.average.set_weights(generator.get_weights())
        self.g_optimizer, self.d_optimizer = _adam(), _adam()
        self.g_optimizer.build(generator.trainable_variables)
        self.d_optimizer.build(discriminator.trainable_variables)
        self.step = tf.Variable(0.0)
        self.sums, self.count = tf.Variable(tf.zeros(4)), tf.Variable(0.0)
        self.batches = iter(dataset)

    def run(self, steps: int) -> float:
        for _ in range(WARM_UP):
            self.play(self.batches)
        self.sums.assign(tf.zeros(4))
        self.count.assign(0.0)
        start = time.perf_counter()
        for _ in range(steps):
            self.logs = self.play(self.batches)
        return time.perf_counter() - start

    def losses(self) -> dict[str, float]:
        d_loss, g_loss, *_ = self.logs.numpy().tolist()
        return {"d_loss": d_loss, "g_loss": g_loss}

    @tf.function
    def play(self, batches):
        real = next(batches)
        with tf.GradientTape() as g_tape:
            latents = tf.random.normal((real.shape[0], LATENT_DIM))
            fakes = self.generator(latents, training=True)

        with tf.GradientTape() as d_tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(tf.stop_gradient(fakes), training=True)
            d_loss = tf.reduce_mean(tf.nn.softplus(-real_logits))
            d_loss += tf.reduce_mean(tf.nn.softplus(fake_logits))
        variables = self.discriminator.trainable_variables
        self.d_optimizer.apply(d_tape.gradient(d_loss, variables), variables)

        with g_tape:
            answers = self.discriminator(fakes, training=True)
            g_loss = tf.reduce_mean(tf.nn.softplus(-answers))
        variables = self.generator.trainable_variables
        self.g_optimizer.apply(g_tape.gradient(g_loss, variables), variables)

        self.update_average()
        real_probability = tf.reduce_mean(tf.sigmoid(real_logits))
        fake_probability = tf.reduce_mean(tf.sigmoid(fake_logits))
        self.sums.assign_add([d_loss, g_loss, real_probability, fake_probability])
        self.count.assign_add(1.0)
        return self.sums / self.count

    def update_average(self):
        momentum = tf.minimum(EMA_MOMENTUM, (1.0 + self.step) / (10.0 + self.step))
        new, old = self.generator, self.average
        for a, b in zip(old.trainable_variables, new.trainable_variables, strict=True):
            a.assign_add((1.0 - momentum) * (b - a))
        buffers = zip(
            old.non_trainable_variables, new.non_trainable_variables, strict=True
        )
        for a, b in buffers:
            a.assign(b)
        self.step.assign_add(1.0)


class ExampleGAN(keras.Model):
    """The round of Keras' DCGAN example: two passes of the generator, no average.

    Real and fake images go through the discriminator as one batch, fakes labelled 1,
    with noise on the labels. The example calls its networks without `training`,
    which puts batch normalisation in inference mode; `training=True` is what these
    networks need in order to learn.
    """

    def __init__(self, generator, discriminator, training: bool | None):
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.training = training
        self.seeds = keras.random.SeedGenerator(0)
        self.d_mean = keras.metrics.Mean(name="d_loss")
        self.g_mean = keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, cross_entropy):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.cross_entropy = cross_entropy

    @property
    def metrics(self):
        return [self.d_mean, self.g_mean]

    def train_step(self, real):
        num_images = ops.shape(real)[0]
        fakes = self.generator(self.latents(num_images), training=self.training)
        labels = ops.concatenate(
            [ops.ones((num_images, 1)), ops.zeros((num_images, 1))]
        )
        labels += 0.05 * tf.random.uniform(tf.shape(labels))
        with tf.GradientTape() as tape:
            images = ops.concatenate([fakes, real])
            logits = self.discriminator(images, training=self.training)
            d_loss = self.cross_entropy(labels, logits)
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(
            zip(tape.gradient(d_loss, weights), weights, strict=True)
        )

        latents = self.latents(num_images)
        with tf.GradientTape() as tape:
            fakes = self.generator(latents, training=self.training)
            logits = self.discriminator(fakes, training=self.training)
            g_loss = self.cross_entropy(ops.zeros((num_images, 1)), logits)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(
            zip(tape.gradient(g_loss, weights), weights, strict=True)
        )

        self.d_mean.update_state(d_loss)
        self.g_mean.update_state(g_loss)
        return {"d_loss": self.d_mean.result(), "g_loss": self.g_mean.result()}

    def latents(self, num_images):
        return keras.random.normal((num_images, LATENT_DIM), seed=self.seeds)


def _example_step(generator, discriminator, pipeline, training):
    model = ExampleGAN(generator, discriminator, training)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(_adam(), _adam(), cross_entropy)
    return FitStep(model, pipeline.dataset(), shuffle=False)
