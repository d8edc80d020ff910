"""Published trainings by name, on sets that are built as the published ones are."""

import json

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from keras_gan import cli, settings
from keras_gan.presets import PRESETS
from keras_gan.recipes import RECIPES

SIZES = {"celeb_a": [(218, 178)] * 8, "lsun/bedroom": [(256, 340), (300, 256)] * 4}


def value_of(feature, size, index):
    """Something that a feature of TFDS holds."""
    if hasattr(feature, "items"):
        return {key: value_of(part, size, index) for key, part in feature.items()}
    if len(feature.shape) == 3:
        # A bright middle in a dark frame tells what was cropped.
        image = np.zeros((*size, 3), np.uint8)
        image[size[0] // 4 : -size[0] // 4, size[1] // 4 : -size[1] // 4] = 200 + index
        return image
    if feature.np_dtype == np.dtype(object):
        return f"{index}"
    return np.asarray(index % 2, feature.np_dtype)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Tiny sets with the names, versions and features of the published ones."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    for name, sizes in SIZES.items():
        builder = tfds.builder(name, data_dir=folder)
        features = builder.info.features
        examples = [value_of(features, size, i) for i, size in enumerate(sizes)]
        tfds.dataset_builders.store_as_tfds_dataset(
            name=builder.name,
            version=builder.version,
            config=builder.builder_config,
            features=features,
            split_datasets={
                "train": tf.data.Dataset.from_generator(
                    lambda examples=examples: iter(examples),
                    output_signature=tf.nest.map_structure(
                        lambda info: tf.TensorSpec(info.shape, info.tf_dtype),
                        features.get_tensor_info(),
                    ),
                )
            },
            data_dir=folder,
            disable_shuffling=True,
        )
    return folder


def asked(preset, folder, **more):
    options = PRESETS[preset].settings
    return settings.Settings(**{**options, "data_dir": str(folder), **more})


def test_the_presets_have_the_numbers_of_the_paper():
    for preset in PRESETS.values():
        assert preset.settings["batch_size"] == 128
        assert (preset.settings["image_size"], preset.settings["width"]) == (64, 128)
        recipe = RECIPES[preset.settings["model"]]
    generator = recipe.generator((64, 64, 3), recipe.latent_dim, width=128)
    assert generator.get_layer("generator_base").output.shape[1:] == (4, 4, 1024)
    assert (recipe.latent_dim, recipe.latent_distribution) == (100, "uniform")
    assert recipe.optimizer["learning_rate"] == 2e-4
    assert recipe.optimizer["beta_1"] == 0.5


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_takes_the_middle_of_its_set_at_64_by_64(preset, folder):
    pipeline = settings.load_data(asked(preset, folder, batch_size=8))
    (batch,) = list(pipeline)
    assert batch.shape == (8, 64, 64, 3)
    # The frame is left above and below, and beside it; the middle is bright.
    assert (batch[:, 32, 32] > 0.5).all() and (batch[:, 0] == -1).all()


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_trains_from_the_command_line(preset, folder, tmp_path):
    args = ["train", "--preset", preset, "--data-dir", str(folder)]
    args += ["--batch-size", "4", "--width", "4", "--epochs", "1", "--quiet"]
    out = tmp_path / "run"
    result = CliRunner().invoke(cli.main, [*args, "--no-report", "--out", str(out)])
    assert result.exit_code == 0, result.output
    config = json.loads((out / "config.json").read_text())
    assert (config["width"], config["image_size"], config["model"]) == (4, 64, "dcgan")
    assert (out / "model.keras").is_file()


def test_a_preset_is_no_way_to_go_on(tmp_path):
    args = ["train", "--preset", "celeb_a", "--resume", str(tmp_path)]
    result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 2 and "--preset" in result.output
