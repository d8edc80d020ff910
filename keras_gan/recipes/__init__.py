"""Published networks with their papers' settings."""

from keras_gan.recipes.conditional import acgan as acgan
from keras_gan.recipes.conditional import conditional_dcgan as conditional_dcgan
from keras_gan.recipes.conditional import infogan as infogan
from keras_gan.recipes.conditional import projection_gan as projection_gan
from keras_gan.recipes.face_aging import face_aging as face_aging
from keras_gan.recipes.face_judges import train_age_classifier as train_age_classifier
from keras_gan.recipes.face_judges import train_age_estimator as train_age_estimator
from keras_gan.recipes.face_judges import train_identity as train_identity
from keras_gan.recipes.tabular import ctgan as ctgan
from keras_gan.recipes.text import stackgan_text_to_image as stackgan_text_to_image
from keras_gan.recipes.translation import cyclegan as cyclegan
from keras_gan.recipes.translation import pix2pix as pix2pix
from keras_gan.recipes.unconditional import RECIPES as RECIPES
from keras_gan.recipes.unconditional import Recipe as Recipe
