"""The games: one class each, on one base."""

from keras_gan.models.acgan import ACGAN as ACGAN
from keras_gan.models.base import AdversarialModel as AdversarialModel
from keras_gan.models.conditional import ConditionalGAN as ConditionalGAN
from keras_gan.models.cyclegan import CycleGAN as CycleGAN
from keras_gan.models.face_aging import FaceAging as FaceAging
from keras_gan.models.gan import GAN as GAN
from keras_gan.models.infogan import InfoGAN as InfoGAN
from keras_gan.models.pix2pix import Pix2Pix as Pix2Pix
from keras_gan.models.tabular import TabularGAN as TabularGAN
from keras_gan.models.text_to_image import TextToImage as TextToImage
