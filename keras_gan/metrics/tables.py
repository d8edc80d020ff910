"""How alike two tables are, and what a generated one is good for.

Scores lie in [0, 1], and more is better. The definitions are those of the quality
report of SDMetrics (Patki et al., 2016, the Synthetic Data Vault); the classifier on
generated rows is the machine learning efficacy of CTGAN (Xu et al., 2019).
"""

import itertools

import numpy as np

from keras_gan.data.column_types import import_pandas, is_number

NUM_BINS = 10


def column_shapes(real, generated, *, categorical=()) -> dict[str, float]:
    """How alike each column is distributed in both tables.

    Of numbers it is `1 - sup |F - G|`, with the distance of Kolmogorov and Smirnov; of
    categories `1 - sum |p - q| / 2`, with the total variation.

    Args:
        real: A `pandas.DataFrame`.
        generated: Another with the same columns.
        categorical: Names of columns of whole numbers that are codes.

    Returns:
        The score of each column.

    Example:

    ```python
    scores = column_shapes(held_out, gan.sample(len(held_out), seed=0))
    np.mean(list(scores.values()))
    ```
    """
    from scipy.stats import ks_2samp

    _check_alike(real, generated)
    scores = {}
    for name in real.columns:
        if is_number(real[name]) and name not in categorical:
            distance = np.asarray(ks_2samp(real[name], generated[name]))[0]
            scores[name] = 1.0 - float(distance)
        else:
            scores[name] = _overlap([_texts(real[name])], [_texts(generated[name])])
    return scores


def pair_trends(real, generated, *, categorical=()) -> dict[tuple[str, str], float]:
    """How alike the columns go together, two by two, in both tables.

    Of two numbers it is `1 - |r - s| / 2` of their correlations (Pearson's); of others
    `1 - sum |p - q| / 2` of their tables of contingency, a number cut into ten equal
    intervals of the real values. Two columns one of which is constant in a table have
    no correlation: it counts as 0.

    Args:
        real: A `pandas.DataFrame`.
        generated: Another with the same columns.
        categorical: Names of columns of whole numbers that are codes.

    Returns:
        The score of each pair of columns.
    """
    _check_alike(real, generated)
    numbers = {n for n in real if is_number(real[n]) and n not in categorical}
    binned = {}
    for name in real.columns:
        if name not in numbers:
            binned[name] = _texts(real[name]), _texts(generated[name])
            continue
        low, high = float(real[name].min()), float(real[name].max())
        edges = np.linspace(low, high, NUM_BINS + 1)[1:-1]
        binned[name] = tuple(np.digitize(t[name], edges) for t in (real, generated))
    scores = {}
    for one, other in itertools.combinations(real.columns, 2):
        if one in numbers and other in numbers:
            there, here = (_correlation(t[one], t[other]) for t in (real, generated))
            scores[one, other] = 1.0 - abs(there - here) / 2.0
        else:
            pairs = zip(binned[one], binned[other], strict=True)
            scores[one, other] = _overlap(*pairs)
    return scores


def efficacy(
    train, generated, test, target: str, *, categorical=(), seed: int = 0
) -> dict[str, float]:
    """How well a classifier does on real rows that has seen generated ones only.

    A random forest of scikit-learn learns `target` from all other columns.

    Args:
        train: The real table that the generator was trained on.
        generated: A generated one.
        test: Real rows that neither has seen.
        target: Name of the column of classes.
        categorical: Names of columns of whole numbers that are codes.
        seed: Of the forests.

    Returns:
        Accuracy on `test` of the forest that learned from `"generated"` rows, of that
        which learned from `"real"` ones, and of the commonest class of `train`,
        `"majority"`.
    """
    for table in (generated, test):
        _check_alike(train, table)
    if target not in train:
        raise ValueError(
            f"Expected a `target` among {list(train.columns)!r:.200}. Received: "
            f"{target!r}. Name the column of classes."
        )
    truth = _texts(test[target])
    tables = _as_numbers([train, generated, test], target, categorical)
    scores = {
        name: _accuracy(rows, _texts(table[target]), tables[2], truth, seed)
        for name, rows, table in (
            ("generated", tables[1], generated),
            ("real", tables[0], train),
        )
    }
    classes, counts = np.unique(_texts(train[target]), return_counts=True)
    return {**scores, "majority": float(np.mean(truth == classes[counts.argmax()]))}


def _accuracy(rows, classes, test_rows, truth, seed) -> float:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=200, random_state=seed)
    return float(np.mean(forest.fit(rows, classes).predict(test_rows) == truth))


def _as_numbers(tables, target, categorical) -> list[np.ndarray]:
    """Tables without the target, categories one-hot, numbers as they are."""
    pandas = import_pandas()
    joined = pandas.concat([t.drop(columns=target) for t in tables])
    codes = [n for n in joined if n in categorical or not is_number(joined[n])]
    for name in codes:
        joined[name] = _texts(joined[name])
    joined = pandas.get_dummies(joined, columns=codes, dtype="float64")
    cuts = np.cumsum([len(table) for table in tables])[:-1]
    return np.split(joined.to_numpy("float64"), cuts)


def _check_alike(real, generated):
    if list(real.columns) != list(generated.columns):
        raise ValueError(
            f"Expected tables with the same columns. Received: {list(real.columns)!r}"
            f" and {list(generated.columns)!r}. Give the columns of one in the order "
            "of the other."
        )
    if not len(real) or not len(generated):
        raise ValueError(
            f"Expected rows to compare. Received: {len(real)} real and "
            f"{len(generated)} generated ones. Draw some with `sample`."
        )


def _texts(series) -> np.ndarray:
    # A missing value is a category like another.
    return np.array([str(value) for value in series.astype(object)])


def _overlap(real, generated) -> float:
    """`1 - sum |p - q| / 2` of the frequencies of tuples of categories."""
    shares = {}
    for sign, parts in ((1, real), (-1, generated)):
        keys = list(zip(*parts, strict=True))
        for key in keys:
            shares[key] = shares.get(key, 0.0) + sign / len(keys)
    return 1.0 - sum(map(abs, shares.values())) / 2.0


def _correlation(one, other) -> float:
    one, other = one.to_numpy("float64"), other.to_numpy("float64")
    if one.min() == one.max() or other.min() == other.max():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
