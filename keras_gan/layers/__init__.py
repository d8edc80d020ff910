"""Layers for generators and discriminators."""

from keras_gan.layers.conditional_batch_normalization import (
    ConditionalBatchNormalization as ConditionalBatchNormalization,
)
from keras_gan.layers.conditioning import (
    ConditioningAugmentation as ConditioningAugmentation,
)
from keras_gan.layers.maxout import Maxout as Maxout
from keras_gan.layers.minibatch import (
    MinibatchStandardDeviation as MinibatchStandardDeviation,
)
from keras_gan.layers.one_hot_labels import OneHotLabels as OneHotLabels
from keras_gan.layers.pixel_normalization import (
    PixelNormalization as PixelNormalization,
)
from keras_gan.layers.reflection_padding import (
    ReflectionPadding2D as ReflectionPadding2D,
)
from keras_gan.layers.spectral_normalization import (
    SpectralNormalization as SpectralNormalization,
)
