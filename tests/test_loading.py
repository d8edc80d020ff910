"""`.keras` files from strangers: what is opened, what is refused; nothing is run."""

import io
import json
import pickle
import re
import stat
import struct
import zipfile

import h5py
import keras
import numpy as np
import pytest

import keras_gan
from tests import harness
from tests.keras_files import CONFIG, WEIGHTS, configured, members_of, refused, written


def test_an_honest_generator_comes_back_as_keras_loads_it(honest):
    ours, theirs = keras_gan.load_model(honest), keras.saving.load_model(honest)
    latents = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(ours(latents), theirs(latents))
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), other.numpy())
    assert ours.get_layer("pixels").kernel.dtype == "bfloat16"


def test_an_honest_game_comes_back_with_all_its_state(tmp_path):
    game, rng = harness.gan(penalties=["r1"]), np.random.default_rng(0)
    for variable in game.optimizer.variables:
        variable.assign(rng.integers(1, 9, variable.shape))
    game.save(tmp_path / "game.keras")
    loaded = keras_gan.load_model(tmp_path / "game.keras")
    harness.assert_same_state(harness.state(game), harness.state(loaded))


@keras.saving.register_keras_serializable(package="test_loading")
class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return 2.0 * inputs


@keras.saving.register_keras_serializable(package="test_loading")
def halved(x):
    return 0.5 * x


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_what_keras_writes_of_its_own_and_of_registered_classes_is_taken(tmp_path):
    layers = keras.layers
    seeded = keras.initializers.HeNormal(seed=keras.random.SeedGenerator(3))
    model = keras.Sequential(
        [
            keras.Input((8,)),
            Doubled(),
            layers.Dense(8, activation=halved, kernel_initializer=seeded),
            layers.Dense(
                8,
                activation=keras.activations.gelu,
                kernel_regularizer="l2",
                kernel_constraint=keras.constraints.MaxNorm(1.0),
            ),
            layers.SpectralNormalization(layers.Dense(8, activation=keras.ops.tanh)),
            layers.Reshape((2, 4)),
            layers.Bidirectional(layers.GRU(2)),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 100)
    model.compile(
        keras.optimizers.Adam(schedule),
        loss=keras.losses.Huber(),
        metrics=["mae", keras.metrics.MeanSquaredError()],
    )
    model.save(tmp_path / "model.keras")
    loaded = keras_gan.load_model(tmp_path / "model.keras")
    inputs = np.ones((2, 8), "float32")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert loaded.compiled


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have")
@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
@pytest.mark.parametrize("kind", ["quantized", "adapted", "unbuilt", "shared"])
def test_a_file_whose_weights_keras_keeps_in_another_way_is_taken(kind, tmp_path):
    dense = keras.layers.Dense(8)
    inner = keras.Sequential([keras.Input((8,)), dense])
    inner.compile("adam", "mse")
    inputs = keras.Input((8,))
    model = keras.Model(inputs, inner(inner(inputs)))
    if kind == "quantized":
        model.quantize("int8")
    elif kind == "adapted":
        dense.enable_lora(2)
    elif kind == "unbuilt":
        model = keras.Sequential([keras.layers.Dense(8, kernel_initializer="ones")])
    model.save(tmp_path / "model.keras")
    loaded = keras_gan.load_model(tmp_path / "model.keras")
    latents = np.ones((2, 8), "float32")
    np.testing.assert_array_equal(loaded(latents), model(latents))


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {
        "name": "hidden",
        "function": {
            "class_name": "__lambda__",
            "config": {"code": "4wEAAAA=", "defaults": None, "closure": None},
        },
    },
    "registered_name": None,
}
PROGRAMS = {
    "a lambda layer": (LAMBDA, "holds a program|'__lambda__'"),
    "a lambda layer by its module": (
        {**LAMBDA, "module": "keras.src.layers.core.lambda_layer", "config": {}},
        "Lambda holds a program",
    ),
    "a saved model as a layer": (
        {
            "module": "keras.layers",
            "class_name": "TFSMLayer",
            "config": {"filepath": "/somewhere", "call_endpoint": "serve"},
        },
        "TFSMLayer holds a program",
    ),
    "a torch module": (
        {
            "module": "keras.layers",
            "class_name": "TorchModuleWrapper",
            "config": {"module": "gASVAAAA"},
        },
        "TorchModuleWrapper holds a program",
    ),
    "a class of another package": (
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["id"]}},
        "'Popen' of 'subprocess' is neither Keras' own nor registered",
    ),
    "a class without a module": (
        {"module": None, "class_name": "Dense", "config": {"units": 8}},
        "'Dense' of None is neither Keras' own nor registered",
    ),
    "a class that nobody registered": (
        {
            "module": "faces.layers",
            "class_name": "Faces",
            "config": {},
            "registered_name": "faces>Faces",
        },
        "'Faces' of 'faces.layers' is neither .* registered.* before you load",
    ),
    "a registered name on another class": (
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "config": {},
            "registered_name": "test_loading>Doubled",
        },
        "'Lambda' of 'keras.layers' is neither",
    ),
    "a part of Keras that is no part of a model": (
        {"module": "keras.utils", "class_name": "PyDataset", "config": {}},
        "'PyDataset' of 'keras.utils' is neither",
    ),
    "a class that is no layer": (
        {"module": "keras.models", "class_name": "clone_model", "config": {}},
        "'clone_model' of 'keras.models' is neither",
    ),
    "a name that is none": (
        {"module": "keras.layers", "class_name": ["Dense"], "config": {}},
        "is neither",
    ),
}
FUNCTIONS = {
    "os.system": ("os", "system"),
    "subprocess.check_output": ("subprocess", "check_output"),
    "builtins.eval": ("builtins", "eval"),
    "builtins.exec": ("builtins", "exec"),
    "keras.utils.get_file": ("keras.utils", "get_file"),
    "keras.saving.load_model": ("keras.saving", "load_model"),
    "keras.config.enable_unsafe_deserialization": (
        "keras.config",
        "enable_unsafe_deserialization",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_class_that_could_run_something_is_refused(name, honest, crafted):
    entry, reason = PROGRAMS[name]
    refused(crafted(config=configured(honest, entry)), reason)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_could_run_something_is_refused(name, honest, crafted):
    module, function = FUNCTIONS[name]
    entry = {
        "module": "keras.layers",
        "class_name": "Activation",
        "config": {
            "activation": {
                "module": module,
                "class_name": "function",
                "config": function,
                "registered_name": function,
            }
        },
    }
    reason = f"its function {function!r} of {module!r} is neither Keras' own"
    refused(crafted(config=configured(honest, entry)), reason)


def test_a_layer_may_not_read_files_of_this_machine(honest, crafted, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("password\n")
    entry = {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"vocabulary": str(secret)},
    }
    message = refused(crafted(config=configured(honest, entry)), "can't be loaded")
    assert "password" not in message


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("{", "config.json is no JSON"),
        ("[]", "no JSON object"),
        ("{}", "can't be loaded"),
        ("[" * 100_000, "config.json is no JSON"),
        ('{"class_name": "Dense"}', "'Dense' of None is neither"),
    ],
)
def test_a_configuration_that_is_none_is_refused(config, reason, crafted):
    refused(crafted(config=config), reason)


def test_a_layer_alone_is_no_model(crafted):
    layer = keras.saving.serialize_keras_object(keras.layers.Dense(2))
    refused(crafted(config=json.dumps(layer)), "can't be loaded|no model")


def test_a_file_holds_three_members_and_no_more(honest, tmp_path):
    members = members_of(honest)
    for name in ("../evil.py", "/evil.py", "evil.py", "assets/vocabulary.txt"):
        path = written(tmp_path / "more.keras", members | {name: b"print(1)"})
        refused(
            path,
            re.escape(f"Received: {', '.join(map(repr, sorted([*members, name])))}"),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["more.keras"]
    members.pop(WEIGHTS)
    refused(written(tmp_path / "less.keras", members), "each once")


def test_a_member_that_is_there_twice_is_refused(honest, tmp_path):
    path, members = tmp_path / "twice.keras", members_of(honest)
    written(path, members)
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(path, "a") as archive,
    ):
        archive.writestr(CONFIG, members[CONFIG])
    refused(path, "each once")


def test_a_link_is_refused(honest, tmp_path):
    with zipfile.ZipFile(tmp_path / "link.keras", "w") as archive:
        for name, content in members_of(honest).items():
            member = zipfile.ZipInfo(name)
            if name == WEIGHTS:
                member.external_attr = (stat.S_IFLNK | 0o777) << 16
                content = b"/etc/passwd"
            archive.writestr(member, content)
    refused(tmp_path / "link.keras", f"{WEIGHTS} is no regular file")


def test_a_bomb_is_refused_before_it_goes_off(honest, tmp_path):
    members = members_of(honest)
    members[WEIGHTS] = bytes(50 * 2**20)
    path = written(tmp_path / "bomb.keras", members, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**20
    refused(path, "compressed or encrypted, which Keras never does")
    # The same bytes under three names.
    stored = bytearray(
        written(tmp_path / "claim.keras", members_of(honest)).read_bytes()
    )
    for signature, offset in ((b"PK\x01\x02", 20), (b"PK\x03\x04", 18)):
        start = stored.rindex(signature) + offset
        stored[start : start + 8] = struct.pack("<II", 2**31, 2**31)
    (tmp_path / "claim.keras").write_bytes(stored)
    refused(tmp_path / "claim.keras", "claim more bytes than the file has")


def test_a_file_that_is_cut_off_or_changed_is_refused(honest, tmp_path):
    content, path = honest.read_bytes(), tmp_path / "damaged.keras"
    for size in (0, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        refused(path, "no `.keras` file, or is damaged")
    place = content.index(b"\x89HDF") + 3000
    path.write_bytes(content[:place] + b"\xff\xfe" + content[place + 2 :])
    refused(path, "damaged .*CRC")


class Evil:
    def __reduce__(self):
        return open, ("unpickled.txt", "w")


def test_other_formats_are_refused_and_never_unpickled(honest, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "pickle.keras"
    path.write_bytes(pickle.dumps(Evil()))
    refused(path, "no `.keras` file")
    assert not (tmp_path / "unpickled.txt").exists()
    members = members_of(honest)
    (tmp_path / "legacy.h5").write_bytes(members[WEIGHTS])
    refused(tmp_path / "legacy.h5", "Only `.keras` files")
    (tmp_path / "renamed.keras").write_bytes(members[WEIGHTS])
    refused(tmp_path / "renamed.keras", "no `.keras` file")
    # Keras itself would open a folder of that form.
    (tmp_path / "folder.keras").mkdir()
    for name, content in members.items():
        (tmp_path / "folder.keras" / name).write_bytes(content)
    refused(tmp_path / "folder.keras", "no model at")
    refused("hf://somebody/model.keras".replace("//", "/"), "no model at")


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_a_game_whose_optimizer_state_is_missing_is_refused(tmp_path):
    game = harness.gan()
    game.save(tmp_path / "game.keras")
    members = members_of(tmp_path / "game.keras")
    content = io.BytesIO(members[WEIGHTS])
    with h5py.File(content, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        place = next(n for n in names if "optimizer" in n and n.endswith("/vars"))
        del file[place][max(file[place], key=int)]
    members[WEIGHTS] = content.getvalue()
    refused(written(tmp_path / "game.keras", members), "Skipping variable loading")
