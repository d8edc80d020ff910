"""Published networks with their papers' settings."""

from keras_gan.recipes.face_aging import face_aging as face_aging
from keras_gan.recipes.unconditional import RECIPES as RECIPES
from keras_gan.recipes.unconditional import Recipe as Recipe
