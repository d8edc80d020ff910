"""How good a generator is: metrics of features, and what judges runs and files."""

from keras_gan.metrics import features as features
from keras_gan.metrics.classifier import cached_classifier as cached_classifier
from keras_gan.metrics.classifier import train_classifier as train_classifier
from keras_gan.metrics.conditioning import (
    conditioning_accuracy as conditioning_accuracy,
)
from keras_gan.metrics.distances import nearest as nearest
from keras_gan.metrics.diversity import ms_ssim_diversity as ms_ssim_diversity
from keras_gan.metrics.drawing import Drawing as Drawing
from keras_gan.metrics.drawing import open_drawing as open_drawing
from keras_gan.metrics.evaluation import Evaluation as Evaluation
from keras_gan.metrics.features import FeatureExtractor as FeatureExtractor
from keras_gan.metrics.frechet import FeatureStatistics as FeatureStatistics
from keras_gan.metrics.frechet import frechet_distance as frechet_distance
from keras_gan.metrics.generated import MSSSIM as MSSSIM
from keras_gan.metrics.generated import InceptionScore as InceptionScore
from keras_gan.metrics.inception_score import inception_score as inception_score
from keras_gan.metrics.kept import MIND as MIND
from keras_gan.metrics.kept import Coverage as Coverage
from keras_gan.metrics.kept import Density as Density
from keras_gan.metrics.kept import Precision as Precision
from keras_gan.metrics.kept import Recall as Recall
from keras_gan.metrics.kernel import kernel_distance as kernel_distance
from keras_gan.metrics.memorisation import memorisation as memorisation
from keras_gan.metrics.memorisation import neighbour_picture as neighbour_picture
from keras_gan.metrics.mind import mind as mind
from keras_gan.metrics.modes import class_modes as class_modes
from keras_gan.metrics.modes import mixture_modes as mixture_modes
from keras_gan.metrics.modes import stacked_modes as stacked_modes
from keras_gan.metrics.neighbourhoods import density_coverage as density_coverage
from keras_gan.metrics.neighbourhoods import precision_recall as precision_recall
from keras_gan.metrics.paired import L1 as L1
from keras_gan.metrics.paired import SSIM as SSIM
from keras_gan.metrics.parzen import parzen_log_likelihood as parzen_log_likelihood
from keras_gan.metrics.path_length import (
    perceptual_path_length as perceptual_path_length,
)
from keras_gan.metrics.report import Report as Report
from keras_gan.metrics.retrieval import retrieval_recall as retrieval_recall
from keras_gan.metrics.streaming import FD as FD
from keras_gan.metrics.streaming import KID as KID
from keras_gan.metrics.support import support_size as support_size
from keras_gan.metrics.tables import column_shapes as column_shapes
from keras_gan.metrics.tables import efficacy as efficacy
from keras_gan.metrics.tables import pair_trends as pair_trends
