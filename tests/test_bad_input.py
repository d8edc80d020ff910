"""Bad input gets one clear error, before anything is traced or changed.

`CASES` lists it. A case is called without arguments, and should raise.
"""

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_gan
from keras_gan import GAN, data, networks
from tests import harness
from tests.bad_input import (
    BYTES,
    GOOD,
    INFINITE,
    LABELS,
    WITH_NAN,
    Batches,
    Labelled,
    build,
    channels_first,
    compiled,
    dataset,
    ends_in,
    frozen,
    generated,
    head,
    shared_optimizer,
    uncompiled,
    with_two_inputs,
)


class Case(NamedTuple):
    """One bad thing that a user does, and the words for it.

    Attributes:
        name: What is bad.
        act: Does it to a game.
        came: What the error says came.
        expected: What it says was expected.
        cure: What it says to do.
        game: The class of the game.
    """

    name: str
    act: Callable[[Any], Any]
    came: str
    expected: str
    cure: str
    game: type = GAN

    def __call__(self):
        return self.act(compiled(self.game))


def fit(x, *args, **options):
    return lambda model: model.fit(x, *args, verbose=0, **options)


def evaluate(x, **options):
    return lambda model: model.evaluate(x, verbose=0, **options)


def train(x, **options):
    return lambda model: model.train_on_batch(x, **options)


def judge(x, **options):
    return lambda model: model.test_on_batch(x, **options)


def arrays(x, **options):
    return lambda model: data.from_arrays(x, **options)


def recompile(**options):
    return lambda model: model.compile(**options)


def make(**options):
    return lambda model: build(**options)


SCALE, SHAPE = "x / 127.5 - 1", "(batch, 8, 8, 1)"
LOGITS, SQUASHED = "must end in logits", head(layers.Dense(1, activation="sigmoid"))
COUNT, WHOLE = "must be a positive integer", "whole number"

IMAGES = [
    Case("bytes", fit(dataset(BYTES)), "uint8", "[-1, 1]", SCALE),
    Case("0..255", fit(dataset(GOOD * 127 + 128)), "values in [", "[-1, 1]", SCALE),
    Case("0..1", fit(dataset((GOOD + 1) / 2)), "values in [", "[-1, 1]", "2 * x - 1"),
    Case("integers", fit(dataset(LABELS)), "(8,)", SHAPE, "Labels"),
    Case("int32", fit(dataset(BYTES.astype("int32"))), "int32", "float32", "tf.cast"),
    Case("float64", fit(dataset(GOOD.astype("float64"))), "float64", "float32", "cast"),
    Case("no channel", fit(dataset(GOOD[..., 0])), "(8, 8, 8)", SHAPE, "[..., None]"),
    Case("colors", fit(dataset(np.repeat(GOOD, 3, -1))), "8, 8, 3", SHAPE, "Resize"),
    Case("size", fit(dataset(GOOD[:, :6])), "(8, 6, 8, 1)", SHAPE, "Resize"),
    Case("channels first", channels_first, "3, 8, 8", "8, 8, 3", "(0, 2, 3, 1)"),
    Case("nan", fit(dataset(WITH_NAN)), "NaN or infinite", "finite", "Remove"),
    Case("infinite", fit(dataset(INFINITE)), "NaN or infinite", "finite", "Remove"),
    Case("one color", fit(dataset(0 * GOOD - 1)), "all values are the same", "differ",
         "how they were loaded"),
    Case("array of bytes", fit(BYTES, batch_size=8), "uint8", "[-1, 1]", SCALE),
    Case("array 0..255", fit(GOOD * 255), "values in [", "[-1, 1]", SCALE),
    Case("array with nan", fit(WITH_NAN, batch_size=8), "NaN", "finite", "Remove"),
    Case("array of one color", fit(0 * GOOD), "the same, 0", "differ", "loaded"),
    Case("array of another size", fit(GOOD[:, :6]), "6, 8, 1", SHAPE, "Resize"),
    Case("array of integers", fit(LABELS), "(16,)", SHAPE, "Labels or names"),
    Case("array of objects", fit(np.array([GOOD, None], object)), "ndarray", "numbers",
         "np.asarray"),
    Case("dict of bytes", fit({"image": BYTES}), "uint8", "[-1, 1]", SCALE),
    Case("tuple of bytes", fit((BYTES, None)), "uint8", "[-1, 1]", SCALE),
    Case("PyDataset 0..255", fit(Batches(GOOD * 255)), "values in", "[-1, 1]", SCALE),
    Case("PyDataset size", fit(Batches(GOOD[:, 1:])), "(8, 7, 8, 1)", SHAPE, "Resize"),
]  # fmt: skip

STRUCTURE = [
    Case("none", fit(None), "NoneType", "tf.data.Dataset", "keras_gan.data.load"),
    Case("name", fit("mnist"), "str", "tf.data.Dataset", "keras_gan.data.load"),
    Case("list", fit(list(GOOD)), "list", "an array", "np.stack"),
    Case("generator", fit(iter([GOOD])), "iterator", "Dataset", "from_generator"),
    Case("wrong key", fit(dataset({"real": GOOD})), "['real']", "'image'", "Rename"),
    Case("nested dict", fit(dataset({"image": {"a": GOOD}})), "['image']", "a tensor",
         "dataset.map"),
    Case("four of a tuple", fit(dataset((GOOD,) * 4)), "tuple of 4", "up to three",
         "dataset.map"),
    Case("swapped", fit(dataset((LABELS, GOOD))), "(8,)", SHAPE, "first in a tuple"),
    Case("file names", fit(dataset(["a"] * 16)), "(8,)", SHAPE, "names stand where"),
    Case("unbatched", fit(dataset(GOOD).unbatch()), "(8, 8, 1).", SHAPE, "Batch the"),
    Case("windows", fit(tf.data.Dataset.from_tensor_slices(GOOD).window(8)),
         "DatasetSpec", "dense tensors", "Batch the dataset"),
    Case("sparse", fit(dataset(GOOD).map(tf.sparse.from_dense)), "SparseTensorSpec",
         "dense tensors", "make ragged and sparse"),
    Case("unknown rank", fit(generated(GOOD)), "<unknown>", SHAPE, "tf.ensure_shape"),
    Case("unknown size", fit(generated(GOOD, None, None, None, 1)),
         "(None, None, None, 1)", SHAPE, "tf.ensure_shape"),
]  # fmt: skip

LENGTH = [
    Case("empty", fit(dataset(GOOD[:0])), "empty", "at least one batch", "more images"),
    Case("few", fit(dataset(GOOD[:5])), "empty", "one batch", "smaller batch_size"),
    Case("few of an array", fit(GOOD), "16 examples", "one batch", "16 at most"),
    Case("filtered", fit(dataset(GOOD).filter(lambda _: False)), "gave no batch",
         "at least one batch", "smaller batch_size"),
    Case("silent generator", fit(tf.data.Dataset.from_generator(
        lambda: iter([]), output_signature=tf.TensorSpec((8, 8, 8, 1)))),
        "Received: none", "at least one batch", "smaller batch_size"),
    Case("PyDataset of none", fit(Batches(GOOD[:5])), "length 0", "one batch", "more"),
    Case("endless", fit(dataset(GOOD).repeat()), "endless", "end", "`steps_per_epoch`"),
    Case("too few batches", fit(dataset(GOOD), steps_per_epoch=9), "2 batches",
         "1 times steps_per_epoch=9", "repeat()"),
    Case("last epoch too short", fit(dataset(GOOD, 4), steps_per_epoch=3, epochs=2),
         "4 batches", "2 times steps_per_epoch=3", "divisor of 4"),
    Case("odd batch", fit(dataset(GOOD, 5)), "a batch of 5", "shared", "divisible"),
    Case("remainder", fit(tf.data.Dataset.from_tensor_slices(GOOD).batch(8)),
         "unknown size", "must be whole", "drop_remainder=True"),
]  # fmt: skip

OPTIONS = [
    Case("not compiled", uncompiled, "not compiled", "Adam", "Call `compile"),
    Case("targets", fit(GOOD, LABELS), "y=array", "as `x` alone", "Leave them out"),
    Case("weights", fit(GOOD, sample_weight=LABELS), "sample_weight=array", "`x` alone",
         "Leave them out"),
    Case("split", fit(GOOD, validation_split=0.5), "validation_split=0.5", "alone",
         "Leave them out"),
    Case("batch size 0", fit(GOOD, batch_size=0), "Received: 0", COUNT, WHOLE),
    Case("batch size twice", fit(dataset(GOOD), batch_size=4), "batch_size=4",
         "belongs to arrays", "Leave it out"),
    Case("epochs 0", fit(GOOD, epochs=0), "Received: 0", COUNT, WHOLE),
    Case("epochs a word", fit(GOOD, epochs="3"), "Received: '3'", COUNT, WHOLE),
    Case("steps 0", fit(GOOD, steps_per_epoch=0), "Received: 0", COUNT, WHOLE),
    Case("steps -1", fit(GOOD, steps_per_epoch=-1), "Received: -1", COUNT, WHOLE),
    Case("frequency 0", fit(GOOD, validation_freq=0), "Received: 0", COUNT, WHOLE),
    Case("callback class", fit(GOOD, callbacks=[keras.callbacks.History]), "class",
         "instances of", "with `()`"),
    Case("callback name", fit(GOOD, callbacks="csv"), "'csv'", "instances", "object"),
]  # fmt: skip

GOOD_FIT = functools.partial(fit, GOOD, batch_size=8)
EVALUATION = [
    Case("evaluate 0..255", evaluate(dataset(GOOD * 255)), "values", "[-1, 1]", SCALE),
    Case("evaluate none", evaluate(None), "NoneType", "Dataset", "data.load"),
    Case("evaluate endless", evaluate(dataset(GOOD).repeat()), "endless", "end",
         "Give `steps`"),
    Case("evaluate too long", evaluate(dataset(GOOD), steps=9), "2 batches", "steps=9",
         "repeat()"),
    Case("evaluate targets", evaluate(GOOD, y=LABELS), "y=array", "alone", "Leave"),
    Case("judged by bytes", GOOD_FIT(validation_data=BYTES), "uint8", "[-1, 1]", SCALE),
    Case("judged by another size", GOOD_FIT(validation_data=dataset(GOOD[:, :6])),
         "(8, 6, 8, 1)", SHAPE, "Resize"),
    Case("judged by nothing", GOOD_FIT(validation_data=dataset(GOOD[:0])), "empty",
         "one batch", "more images"),
    Case("judged for ever", GOOD_FIT(validation_data=dataset(GOOD).repeat()), "endless",
         "end", "`validation_steps`"),
    Case("judged for no step", GOOD_FIT(validation_data=GOOD, validation_steps=0),
         "Received: 0", COUNT, WHOLE),
]  # fmt: skip

ONE_BATCH = [
    case
    for kind, step in (("train", train), ("test", judge))
    for case in (
        Case(f"{kind} on bytes", step(BYTES), "uint8", "[-1, 1]", SCALE),
        Case(f"{kind} on 0..255", step(GOOD * 255), "values in", "[-1, 1]", SCALE),
        Case(f"{kind} on size", step(GOOD[:, :6]), "16, 6, 8, 1", SHAPE, "Resize"),
        Case(f"{kind} on nan", step(WITH_NAN), "NaN", "finite", "Remove"),
        Case(f"{kind} on none", step(None), "NoneType", "a tensor", "dataset.map"),
        Case(f"{kind} on key", step({"x": GOOD}), "['x']", "'image'", "Rename"),
        Case(f"{kind} on list", step(GOOD.tolist()), "tuple", "a tensor", "map"),
        Case(f"{kind} on empty", step(GOOD[:0]), "of 0", "one example", "Leave empty"),
        Case(f"{kind} on odd", step(GOOD[:5]), "of 5", "shared", "divisible"),
        Case(f"{kind} with weights", step(GOOD, sample_weight=LABELS), "sample_weight",
             "alone", "Leave them out"),
    )
]  # fmt: skip

LABELLING = [
    Case(f"label {name}", fit(dataset((GOOD, labels))), came, expected, cure, Labelled)
    for name, labels, came, expected, cure in (
        ("-1", LABELS - 1, "from -1 to 8", "[0, 10)", "from 0"),
        ("10 of 10", LABELS + 1, "from 1 to 10", "[0, 10)", "from 0"),
        ("2.7", LABELS + 0.7, "float64", "integers in [0, 10)", "tf.cast"),
        ("two-hot", 2 * np.eye(10)[LABELS], "2.0 to 2.0", "one-hot", "as integers"),
        ("12 columns", np.eye(12)[LABELS], "(8, 12)", "(batch,)", "have 10 columns"),
        ("column", LABELS[:, None], "(8, 1)", "(batch,)", "labels[:, 0]"),
    )
] + [
    Case("fewer labels", train(GOOD, y=LABELS[:8]), "'labels': 8", "equally many",
         "same examples", Labelled),
    Case("arrays apart", fit((GOOD, LABELS)), "tuple of 2", "real, labels",
         "from_arrays", Labelled),
]  # fmt: skip

NETWORKS = [
    Case("no model", make(generator="g"), "type str", "keras.Model", "Build one"),
    Case("two sizes", make(discriminator=networks.vector_discriminator(3)), "(8, 8, 1)",
         "takes inputs of shape (3,)", "Build it"),
    Case("latents", make(latent_dim=10), "gives (10,)", "of shape (16,)", "Build it"),
    Case("latent_dim 0", make(latent_dim=0), "Received: 0", COUNT, WHOLE),
    Case("swapped players", make(generator=harness.discriminator(),
         discriminator=harness.generator()), "(16,)", "(8, 8, 1)", "Build it"),
    Case("two inputs", make(discriminator=with_two_inputs()), "(batch, 8, 8, 1)",
         "one tensor", "Build it"),
    Case("too small", make(discriminator=keras.Sequential([layers.Conv2D(4, 9)])),
         "can't take (batch, 8, 8, 1)", "one tensor", "Build it"),
    Case("two logits", make(discriminator=head(layers.Dense(2))), "(batch, 2)",
         "one logit", "Dense(1)"),
    Case("two heads", make(discriminator=ends_in(lambda x: [x, x])), "list",
         "one tensor", "one output"),
    Case("sigmoid", make(discriminator=SQUASHED), "sigmoid", LOGITS, "Remove"),
    Case("nested sigmoid", make(discriminator=keras.Sequential(
        [keras.Input((8, 8, 1)), SQUASHED])), "sigmoid", LOGITS, "Remove"),
    Case("sigmoid of ops", make(discriminator=ends_in(keras.ops.sigmoid)), "sigmoid",
         LOGITS, "Remove"),
    Case("sigmoid, reshaped", make(discriminator=ends_in(lambda x: layers.Reshape((1,))(
        layers.Activation("sigmoid")(x)))), "sigmoid", LOGITS, "Remove"),
    Case("wrapped sigmoid", make(discriminator=head(layers.SpectralNormalization(
        layers.Dense(1, activation="sigmoid")))), "sigmoid", LOGITS, "Remove"),
    Case("softmax of one", make(discriminator=ends_in(layers.Softmax())), "softmax",
         LOGITS, "Remove"),
    Case("distribution", make(latent_distribution="cauchy"), "'cauchy'",
         "'normal', 'uniform'", "Choose"),
    Case("momentum 1", make(ema_momentum=1.0), "Received: 1.0", "[0, 1)", "0.999"),
    Case("momentum a word", make(ema_momentum="big"), "'big'", "[0, 1)", "0.999"),
    Case("seed", make(seed=-1), "Received: -1", "an integer in", "Leave it out"),
    Case("frozen", frozen, "Received networks", "no trainable", "Set their"),
]  # fmt: skip

COMPILING = [
    Case("loss", recompile(loss="hing"), "'hing'", "Known:", "Did you mean 'hinge'"),
    Case("Keras loss", recompile(loss=keras.losses.MeanSquaredError()), "Received: <",
         "AdversarialLoss", "Known names"),
    Case("penalty", recompile(penalties="r3"), "'r3'", "Known:", "Did you mean"),
    Case("metric", recompile(metrics="accuracy"), "'accuracy'", "Unknown metric",
         "Known: coverage, density, fd, kid"),
    Case("turns", recompile(turns="both"), "'both'", "'alternating'", "Choose one"),
    Case("turns 0", recompile(discriminator_steps=0), "Received: 0", COUNT, WHOLE),
    Case("execution 0", recompile(steps_per_execution=0), "Received: 0", COUNT, WHOLE),
    Case("jit", recompile(jit_compile="yes"), "'yes'", "'auto', True", "Choose one"),
    Case("optimizer", recompile(generator_optimizer="adm"), "'adm'", "its name",
         "keras.optimizers.Adam("),
    Case("optimizer class", recompile(discriminator_optimizer=keras.optimizers.Adam),
         "class", "an object of Keras", "keras.optimizers.Adam("),
    Case("constraint", recompile(discriminator_constraint="no"), "'no'", "its name",
         "WeightClip("),
    Case("shared optimizer", shared_optimizer, "same object", "of its own", "Make two"),
]  # fmt: skip

DATA = [
    Case("data 0..255", arrays(GOOD * 255, batch_size=8), "max=", "[-1, 1]", "scale"),
    Case("data with nan", arrays(WITH_NAN, batch_size=8), "NaN", "finite", "isfinite"),
    Case("data of integers", arrays(BYTES.astype("int64")), "int64",
         "uint8 images", "astype"),
    Case("data of sizes", arrays([GOOD[0], GOOD[0, 1:]]), "list",
         "one array", "keras_gan.data.resize"),
    Case("data without a batch", arrays(GOOD), "16 examples",
         "one batch", "16 at most"),
    Case("no such folder", lambda _: data.from_folder("nowhere", 8), "'nowhere'",
         "no such folder", "path"),
    Case("no such data", lambda _: data.load("digit"), "'digit'", "a folder of images",
         "Did you mean 'digits'"),
]  # fmt: skip

CASES = [*IMAGES, *STRUCTURE, *LENGTH, *OPTIONS, *EVALUATION, *ONE_BATCH]
CASES += [*LABELLING, *NETWORKS, *COMPILING, *DATA]


def everything(model) -> dict:
    """What a model is: its numbers, and what it was compiled with."""
    config = {"config": np.array(repr(model.get_compile_config()))}
    return harness.state(model) | config


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_bad_input_is_refused_in_words_and_changes_nothing(case):
    model = compiled(case.game)
    before = everything(model)
    with pytest.raises(ValueError) as caught:
        case()
    words = str(caught.value)
    assert [x for x in (case.came, case.expected, case.cure) if x not in words] == []
    # The words are this package's, not those of a layer deep in Keras.
    raised_in = Path(traceback.extract_tb(caught.tb)[-1].filename).resolve()
    assert raised_in.is_relative_to(Path(keras_gan.__file__).resolve().parent)
    harness.assert_same_state(before, everything(model))
    assert model.train_function is None and model.test_function is None


def test_each_case_has_a_name_of_its_own():
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("game", [GAN, Labelled])
def test_good_batches_pass_the_same_door(game):
    model = build(game)
    model.compile(metrics=(), run_eagerly=True)
    model.train_on_batch(GOOD, LABELS)
    model.train_on_batch(GOOD, LABELS)
    assert int(model.step) == 2


def test_a_map_of_logits_and_bounded_hidden_layers_are_no_bad_input():
    hidden = layers.Dense(4, activation="sigmoid")
    build(discriminator=head(hidden, layers.Dense(1)))
    patches = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(1, 3)])
    build(discriminator=patches)


def test_a_network_that_cannot_be_copied_is_refused_with_the_cure():
    lambdas = keras.Sequential(
        [keras.Input((16,)), layers.Dense(64), layers.Lambda(lambda x: x * 2)]
    )
    stacked = keras.Sequential([lambdas, layers.Reshape((8, 8, 1))])
    with pytest.raises(ValueError, match="can't be copied.*Lambda"):
        build(generator=stacked)


def test_generate_refuses_bad_counts_and_seeds():
    with pytest.raises(ValueError, match="`num_images` must be a positive integer"):
        compiled().generate(0)
    with pytest.raises(ValueError, match="`seed` must be"):
        compiled().generate(1, seed=2**40)
