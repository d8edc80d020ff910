"""Data for training: pipelines over arrays, folders, TensorFlow Datasets and more.

Images are NHWC float32 in [-1, 1].
"""

from keras_gan.data.arrays import from_arrays as from_arrays
from keras_gan.data.arrays import from_file as from_file
from keras_gan.data.captions import from_captions as from_captions
from keras_gan.data.examples import Examples as Examples
from keras_gan.data.examples import load_examples as load_examples
from keras_gan.data.folder import from_folder as from_folder
from keras_gan.data.images import resize as resize
from keras_gan.data.mixtures import Mixture as Mixture
from keras_gan.data.mixtures import grid as grid
from keras_gan.data.mixtures import ring as ring
from keras_gan.data.paired import paired as paired
from keras_gan.data.pipeline import Pipeline as Pipeline
from keras_gan.data.pipeline import shuffled_indices as shuffled_indices
from keras_gan.data.series import from_series as from_series
from keras_gan.data.sklearn_digits import digits as digits
from keras_gan.data.sources import available as available
from keras_gan.data.sources import load as load
from keras_gan.data.tables import TableTransformer as TableTransformer
from keras_gan.data.tables import from_table as from_table
from keras_gan.data.tfds import from_tfds as from_tfds
from keras_gan.data.unpaired import jittered as jittered
from keras_gan.data.unpaired import unpaired as unpaired
from keras_gan.data.utkface import utkface as utkface
from keras_gan.data.vocabulary import Vocabulary as Vocabulary
from keras_gan.data.vocabulary import words_of as words_of
