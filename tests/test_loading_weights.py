"""Weights from strangers, and mutants of honest files."""

import json

import h5py
import ml_dtypes
import numpy as np
import pytest

import keras_gan
from keras_gan import LoadingError
from tests import harness
from tests.keras_files import CONFIG, WEIGHTS, members_of, refused, weights_of, written


def test_weights_that_claim_to_be_huge_are_refused(honest, crafted):
    file, content = weights_of(honest)
    with file:
        # Never written to, it takes no room and claims a terabyte.
        file.create_dataset("bomb", shape=(2**38,), dtype="f4")
    path = crafted(weights=content.getvalue())
    assert path.stat().st_size < 2**20
    refused(path, "/bomb in model.weights.h5 claims more bytes than the file has")


def kernel_as(honest, make):
    """The honest weights, in which `make(group, name)` takes a kernel's place."""
    file, content = weights_of(honest)
    with file:
        group = file["layers/dense/vars"]
        value = group["0"][()]
        del group["0"]
        make(group, value)
    return content.getvalue()


def external_link(group, value):
    group["0"] = h5py.ExternalLink("/etc/hosts", "/")


def soft_link(group, value):
    group["0"] = h5py.SoftLink("/layers")


def external_values(group, value):
    group.create_dataset(
        "0", value.shape, value.dtype, external=[("/etc/hosts", 0, value.nbytes)]
    )


def virtual_values(group, value):
    layout = h5py.VirtualLayout(value.shape, value.dtype)
    layout[:] = h5py.VirtualSource("/etc/hosts", "x", value.shape)
    group.create_virtual_dataset("0", layout)


def second_name(group, value):
    group["0"] = value
    group["again"] = group["0"]


def own_parent(group, value):
    group["0"] = value
    group["up"] = group.parent


def compressed(group, value):
    group.create_dataset("0", data=value, chunks=value.shape, compression="gzip")


def text(group, value):
    group["0"] = "words"


def a_type(group, value):
    group["0"] = np.dtype("f4")


def not_a_number(group, value):
    value.flat[-1] = np.nan
    group["0"] = value


def infinite_bfloat16(group, value):
    value = np.full(value.shape, np.inf, ml_dtypes.bfloat16)
    group.create_dataset("0", data=value).attrs["dtype"] = "bfloat16"


def large_attribute(group, value):
    group["0"] = value
    group["0"].attrs["name"] = np.zeros(1000)


WEIGHTS_REFUSED = {
    external_link: "is a link to elsewhere",
    soft_link: "is a link to elsewhere",
    external_values: "values in another file",
    virtual_values: "values in another file",
    second_name: "there under two names",
    own_parent: "there under two names",
    compressed: "stored in chunks",
    text: "holds .*, and no numbers",
    a_type: "is no array",
    not_a_number: "holds NaN or infinity",
    infinite_bfloat16: "holds NaN or infinity",
    large_attribute: "attribute with many values",
}


@pytest.mark.parametrize("make", WEIGHTS_REFUSED, ids=lambda make: make.__name__)
def test_weights_that_are_no_plain_finite_numbers_are_refused(make, honest, crafted):
    path = crafted(weights=kernel_as(honest, make))
    refused(path, rf"/layers/.* in {WEIGHTS} .*{WEIGHTS_REFUSED[make]}")


def mutants(content, count):
    """Copies of a file with flipped bits, bytes written over, cut, doubled or lost."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        mutant = bytearray(content)
        start = int(rng.integers(len(mutant)))
        length = int(rng.integers(1, 65))
        how = rng.integers(5)
        if how == 0:
            mutant[start] ^= 1 << int(rng.integers(8))
        elif how == 1:
            mutant[start : start + length] = rng.bytes(length)
        elif how == 2:
            del mutant[start:]
        elif how == 3:
            mutant[start:start] = mutant[start : start + length]
        else:
            del mutant[start : start + length]
        yield bytes(mutant)


@pytest.mark.slow
def test_of_300_mutants_none_is_loaded_with_other_weights(honest, tmp_path):
    path, model = tmp_path / "mutant.keras", keras_gan.load_model(honest)
    weights = [weight.numpy() for weight in model.weights]
    refusals = 0
    for mutant in mutants(honest.read_bytes(), 300):
        path.write_bytes(mutant)
        try:
            loaded = keras_gan.load_model(path)
        except LoadingError as error:
            refusals += 1
            assert str(path) in str(error)
            continue
        assert loaded.to_json() == model.to_json()
        for mine, other in zip(loaded.weights, weights, strict=True):
            np.testing.assert_array_equal(mine.numpy(), other)
    assert refusals >= 270


@pytest.mark.slow
def test_weights_with_a_valid_checksum_do_not_crash_the_loader(honest, crafted):
    loaded = 0
    for mutant in mutants(members_of(honest)[WEIGHTS], 300):
        try:
            model = keras_gan.load_model(crafted(weights=mutant))
        except LoadingError:
            continue
        loaded += 1
        assert all(np.isfinite(np.float32(weight)).all() for weight in model.weights)
    assert loaded < 300


def test_networks_for_which_the_file_has_no_weights_are_refused(
    honest, crafted, tmp_path
):
    config = json.loads(members_of(honest)[CONFIG])
    (hidden,) = [x for x in config["config"]["layers"] if x["name"] == "hidden"]
    (pixels,) = [x for x in config["config"]["layers"] if x["name"] == "pixels"]
    hidden["config"]["units"] = 10**7
    pixels["build_config"]["input_shape"] = [None, 10**7]
    reason = "its networks ask for 90,000,004 weights, and it holds 76 numbers"
    refused(crafted(config=json.dumps(config)), reason)

    game = harness.plain_gan()
    game.save(tmp_path / "game.keras")
    members = members_of(tmp_path / "game.keras")
    config = json.loads(members[CONFIG])
    network = config["config"]["discriminator"]
    config["config"] |= {f"spare_{number}": network for number in range(20)}
    members[CONFIG] = json.dumps(config)
    refused(written(tmp_path / "game.keras", members), "its networks ask for")
