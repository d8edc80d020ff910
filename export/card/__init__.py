"""The card of an export: how good, how large and how fast, where it runs, and code."""

from keras_gan.export.card.write import write_card as write_card
