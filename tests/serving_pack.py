"""A serving pack of a tiny generator, written once for all tests of a process."""

import atexit
import functools
import pathlib
import shutil
import tempfile

from keras_gan.export.serving import export_serving
from tests.export_generators import called_on_dict


@functools.cache
def digits_pack():
    """Returns a generator with labels, the pack that serves it, and its version."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="keras-gan-pack-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    generator = called_on_dict()
    path = export_serving(generator, folder, name="digits", max_batch_size=4)
    return generator, folder, path
