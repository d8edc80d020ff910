"""Train GANs with Keras 3 on TensorFlow, and ship their generators."""

import sys
from pathlib import Path

from keras_gan._version import __version__ as __version__

# The command imports what it runs when it runs it: `keras-gan --help` answers at
# once, and TensorFlow's start-up notes can still be silenced. For everybody else the
# import registers the classes, so that a saved game finds them.
if Path(sys.argv[0]).stem != "keras-gan":
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ImportError(
            "keras_gan needs the TensorFlow backend of Keras: a gradient penalty takes "
            "the gradient with respect to the input, which `keras.ops` can't express. "
            f"Received: {keras.backend.backend()!r}. Set KERAS_BACKEND=tensorflow "
            "before Keras is imported."
        )

    from keras_gan import callbacks as callbacks
    from keras_gan import constraints as constraints
    from keras_gan import data as data
    from keras_gan import export as export
    from keras_gan import layers as layers
    from keras_gan import losses as losses
    from keras_gan import metrics as metrics
    from keras_gan import networks as networks
    from keras_gan import penalties as penalties
    from keras_gan import recipes as recipes
    from keras_gan import schedules as schedules
    from keras_gan.loading import LoadingError as LoadingError
    from keras_gan.loading import load_model as load_model
    from keras_gan.models import ACGAN as ACGAN
    from keras_gan.models import GAN as GAN
    from keras_gan.models import AdversarialModel as AdversarialModel
    from keras_gan.models import ConditionalGAN as ConditionalGAN
    from keras_gan.models import CycleGAN as CycleGAN
    from keras_gan.models import FaceAging as FaceAging
    from keras_gan.models import InfoGAN as InfoGAN
    from keras_gan.models import Pix2Pix as Pix2Pix
    from keras_gan.models import TabularGAN as TabularGAN
    from keras_gan.models import TextToImage as TextToImage
