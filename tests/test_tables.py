"""Tables as vectors and back, and what is drawn of them."""

import json

import numpy as np
import pandas as pd
import pytest

import keras_gan
from keras_gan import data, export, recipes
from keras_gan.data.columns import Categorical, Numeric
from tests import games_tables as games
from tests import harness


def frame(num_rows=200, seed=0):
    """Columns of all types that are known."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["a", "b", "c"], num_rows)
    return pd.DataFrame(
        {
            "float": rng.normal(1e-6, 1e-7, num_rows),
            "int": rng.integers(-3, 40, num_rows),
            "small": rng.integers(0, 200, num_rows).astype("uint8"),
            "nullable": pd.array(rng.integers(0, 9, num_rows), dtype="Int64"),
            "code": rng.choice([10, 20], num_rows),
            "text": np.where(rng.random(num_rows) < 0.2, None, kinds),
            "object": pd.Series(kinds.tolist(), dtype=object),
            "bool": rng.random(num_rows) < 0.5,
            "level": pd.Categorical(
                rng.choice(["low", "high"], num_rows),
                categories=["low", "middle", "high"],
                ordered=True,
            ),
            "one": "same",
        }
    )


def test_a_table_that_is_encoded_and_decoded_is_the_same_table():
    table = frame()
    transformer = data.TableTransformer.fit(table, categorical=["code"], max_modes=3)
    again = transformer.to_frame(transformer.encode(table))
    assert again.dtypes.to_dict() == table.dtypes.to_dict()
    # Beyond four standard deviations of its mode a number is cut.
    close = np.isclose(again.pop("float"), table.pop("float"), rtol=1e-4)
    assert close.mean() > 0.99
    pd.testing.assert_frame_equal(again, table)


def test_a_transformer_comes_back_from_json_and_reads_without_pandas():
    table = frame()
    transformer = data.TableTransformer.fit(table, max_modes=3)
    text = json.dumps(transformer.to_json())
    rows = transformer.encode(table)
    decoded = data.TableTransformer.from_json(json.loads(text)).decode(rows)
    assert list(decoded) == list(table.columns)
    assert decoded["int"].tolist() == table["int"].tolist()
    assert decoded["text"].tolist() == [None if pd.isna(x) else x for x in table.text]


def test_a_number_is_a_place_within_a_mode_and_the_mode():
    column = Numeric("x", "float64", [0.0, 10.0], [1.0, 0.5], [0.5, 0.5], -9, 20, False)
    encoded = column.encode(np.array([2.0, 11.0, 10.0]), np.random.default_rng(0))
    expected = [[0.5, 1, 0], [0.5, 0, 1], [0, 0, 1]]
    np.testing.assert_allclose(encoded, expected, atol=1e-7)
    np.testing.assert_allclose(column.decode(encoded), [2.0, 11.0, 10.0])


def test_modes_are_drawn_by_their_posterior():
    # Half way between equal modes both are as likely.
    column = Numeric("x", "float64", [-1.0, 1.0], [1.0, 1.0], [0.75, 0.25], -9, 9, True)
    encoded = column.encode(np.zeros(4000), np.random.default_rng(0))
    assert abs(encoded[:, 1].mean() - 0.75) < 0.03


def test_the_modes_of_a_mixture_are_found():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(-5, 1, 3000), rng.normal(50, 2, 1000)])
    column = data.TableTransformer.fit(pd.DataFrame({"x": values})).columns[0]
    nearest = [min(column.means, key=lambda mean: abs(mean - m)) for m in (-5, 50)]
    np.testing.assert_allclose(nearest, [-5, 50], atol=0.5)


def test_conditions_weigh_columns_alike_and_categories_by_their_rows():
    columns = [
        Categorical("a", "str", ["x", "y"], [3, 1]),
        Categorical("b", "str", ["u", "v"], [1, 1]),
    ]
    transformer = data.TableTransformer(columns)
    expected = [0.375, 0.125, 0.25, 0.25]
    np.testing.assert_allclose(transformer.condition_weights(), expected)
    logs = transformer.condition_weights(by_log=True)
    np.testing.assert_allclose(logs[:2], [1 / 3, 1 / 6])
    assert transformer.condition_number("b", "v") == 3
    assert transformer.condition_positions == [0, 1, 2, 3]


def test_every_row_of_a_batch_has_the_category_that_was_drawn():
    transformer = games.transformer()
    pipeline = data.from_table(games.table(), transformer, batch_size=2000, seed=1)
    batch = next(iter(pipeline))
    has = batch["row"][:, transformer.condition_positions]
    assert (batch["condition"].sum(1) == 1).all()
    assert ((has * batch["condition"]).sum(1) == 1).all()
    # A column is as likely as another, its categories go by their logarithms.
    expected = transformer.condition_weights(by_log=True)
    np.testing.assert_allclose(batch["condition"].mean(0), expected, atol=0.04)


def test_the_batches_of_a_table_go_on_at_any_step():
    pipeline = games.rows()
    whole = list(pipeline.dataset(num_steps=4).as_numpy_iterator())
    rest = list(pipeline.dataset(start_step=2, num_steps=2).as_numpy_iterator())
    for one, other in zip(whole[2:], rest, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
    assert not np.array_equal(whole[0]["row"], whole[1]["row"])


@pytest.mark.slow
def test_a_table_of_numbers_alone_is_learned_without_conditions():
    table = games.table()[["size", "parts"]]
    gan = recipes.ctgan(table, pac=2, width=8, seed=0)
    history = gan.fit_table(table, epochs=1, batch_size=64, verbose=0).history
    assert "g_condition" not in history and np.isfinite(history["loss"]).all()
    assert gan.sample(5, seed=0).dtypes.to_dict() == table.dtypes.to_dict()


def test_samples_are_rows_of_the_table_and_the_same_for_the_same_seed():
    gan, table = games.tabular_gan(), games.table()
    rows = gan.sample(20, seed=1)
    assert rows.dtypes.to_dict() == table.dtypes.to_dict()
    assert set(rows["kind"]) <= set(table["kind"]) and set(rows["unit"]) == {"m"}
    assert rows["size"].between(table["size"].min(), table["size"].max()).all()
    pd.testing.assert_frame_equal(rows, gan.sample(20, seed=1))
    assert not rows.equals(gan.sample(20, seed=2))


@pytest.mark.slow
def test_samples_have_what_they_are_asked_for():
    gan = games.tabular_gan()
    rows = gan.sample(30, seed=1, conditions={"kind": "flat", "is_old": True})
    assert (rows["kind"] == "flat").all() and rows["is_old"].all() and len(rows) == 30


@pytest.mark.slow
def test_a_round_teaches_the_generator_to_heed_its_condition():
    gan = games.tabular_gan(generator_optimizer="adam")
    gan.generator_optimizer.learning_rate = 0.01
    history = gan.fit(games.rows(), epochs=1, steps_per_epoch=150, verbose=0).history
    later = gan.fit(games.rows(), epochs=1, steps_per_epoch=50, verbose=0).history
    assert later["g_condition"][-1] < 0.5 * history["g_condition"][0]


@pytest.mark.slow
def test_an_exported_row_is_decoded_as_the_game_draws_it(tmp_path):
    gan = games.tabular_gan()
    path = export.export_saved_model(gan, tmp_path / "generator")
    inputs = games.inputs(4)
    rows = export.load_artefact(path)(inputs)
    description = json.loads(json.dumps(gan.transformer.to_json()))
    decoded = data.TableTransformer.from_json(description).decode(rows)
    expected = gan.transformer.to_frame(gan.predict(inputs, verbose=0))
    assert decoded["kind"].tolist() == expected["kind"].tolist()
    np.testing.assert_allclose(decoded["size"], expected["size"], rtol=1e-4)


def refused(message):
    return pytest.raises(ValueError, match=message)


@pytest.mark.slow
def test_a_training_on_a_table_goes_on_from_its_checkpoint(tmp_path):
    def trained(epochs, folder):
        keeper = keras_gan.callbacks.Checkpoint(tmp_path / folder)
        gan = games.tabular_gan()
        gan.fit_table(
            games.table(), epochs=epochs, batch_size=32, callbacks=[keeper], verbose=0
        )
        return gan

    trained(2, "half")
    resumed, whole = trained(4, "half"), trained(4, "whole")
    assert int(resumed.step) == 16
    harness.assert_same_state(harness.state(whole), harness.state(resumed))


TABLES = {
    "constants": (lambda: pd.DataFrame({"a": [1, 1], "b": ["x", "x"]}), "differs"),
    "dates": (
        lambda: pd.DataFrame({"day": pd.date_range("2020", periods=3), "x": range(3)}),
        "'day' of type datetime64",
    ),
    "complex": (lambda: pd.DataFrame({"z": [1j, 2j]}), "'z' of type complex128"),
    "lists": (lambda: pd.DataFrame({"l": [[1], [2]]}), r"object, with \['list'\]"),
    "missing numbers": (
        lambda: pd.DataFrame({"x": [1.0, np.nan, 2.0]}),
        "'x' with 1 of 3 missing or infinite",
    ),
    "infinite numbers": (lambda: pd.DataFrame({"x": [1.0, np.inf]}), "infinite"),
    "names": (
        lambda: pd.DataFrame({"name": [f"n{i}" for i in range(1001)]}),
        "'name' with 1001",
    ),
    "no rows": (lambda: pd.DataFrame({"x": []}), r"shape \(0, 1\)"),
    "twins": (lambda: pd.DataFrame(np.eye(2), columns=["a", "a"]), "different names"),
    "numbers as names": (lambda: pd.DataFrame(np.eye(2)), "each a string"),
    "arrays": (lambda: np.eye(3), "Received: ndarray"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_learned_gets_one_clear_error(name):
    make, message = TABLES[name]
    with refused(message):
        data.TableTransformer.fit(make())


def test_unknown_columns_and_categories_are_named():
    table, transformer = games.table(), games.transformer()
    with refused("'flta'"):
        data.TableTransformer.fit(table, categorical=["flta"])
    with refused(r"without \['kind'\]"):
        transformer.encode(table.drop(columns="kind"))
    with refused("Received: 'square'"):
        transformer.encode(table.assign(kind="square"))
    with refused("Received: 'size'"):
        transformer.condition_number("size", 1.0)
    with refused(r"Received: \(2, 3\)"):
        transformer.decode(np.zeros((2, 3)))


def test_a_batch_that_is_not_whole_packs_is_refused_before_a_step():
    gan = games.tabular_gan()
    with refused("divisible by 2"):
        gan.fit(games.rows(batch_size=33), epochs=1, verbose=0)
    assert int(gan.step) == 0
    with refused("divisible by 4"):
        games.tabular_gan(discriminator_steps=2).fit(games.rows(batch_size=34))


def test_networks_of_another_table_are_refused():
    gan = games.tabular_gan()
    other = data.TableTransformer.fit(games.table()[["size", "kind"]], max_modes=2)
    with refused("the table gives"):
        keras_gan.TabularGAN(gan.generator, gan.discriminator, transformer=other)


def test_pandas_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pip install keras-gan\[tables\]"):
        data.TableTransformer.fit({"x": [1.0, 2.0]})
