"""Callbacks for games; all of Keras' own work with both players as they are."""

from keras_gan.callbacks.checkpoint import Checkpoint as Checkpoint
from keras_gan.callbacks.evaluation import Evaluate as Evaluate
from keras_gan.callbacks.health import Health as Health
from keras_gan.callbacks.nan import RollbackOnNaN as RollbackOnNaN
from keras_gan.callbacks.pictures import ImageGrid as ImageGrid
from keras_gan.callbacks.progress import ProgressBar as ProgressBar
from keras_gan.callbacks.saving import ExportOnBest as ExportOnBest
from keras_gan.callbacks.saving import SaveModel as SaveModel
from keras_gan.models.stopping import StopOnNaN as StopOnNaN
