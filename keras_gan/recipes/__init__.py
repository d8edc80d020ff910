"""Published networks with their papers' settings."""

from keras_gan.recipes.unconditional import RECIPES as RECIPES
from keras_gan.recipes.unconditional import Recipe as Recipe
