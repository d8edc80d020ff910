"""`.keras` files taken apart, changed and put together again."""

import io
import json
import zipfile

import h5py
import pytest

import keras_gan
from keras_gan import LoadingError
from keras_gan.loading import CONFIG as CONFIG
from keras_gan.loading import METADATA as METADATA
from keras_gan.loading import WEIGHTS as WEIGHTS


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refused(path, reason):
    with pytest.raises(LoadingError, match=reason) as caught:
        keras_gan.load_model(path)
    message = str(caught.value)
    assert str(path) in message and "\n" not in message
    return message


def configured(honest, *entries):
    """The honest configuration with layers put in the place of its first ones."""
    config = json.loads(members_of(honest)[CONFIG])
    layers = config["config"]["layers"]
    for index, entry in enumerate(entries, start=1):
        layers[index] = {**layers[index], **entry}
    return json.dumps(config)


def weights_of(honest):
    """The weights of the honest file, to be changed: an open file, and its bytes."""
    content = io.BytesIO(members_of(honest)[WEIGHTS])
    return h5py.File(content, "r+"), content
