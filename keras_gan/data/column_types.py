"""What a column of a `pandas.DataFrame` is, and columns of its types again."""

import numpy as np

from keras_gan.data.columns import MOST_CATEGORIES, Categorical, Constant, Numeric


def import_pandas():
    """Returns pandas, or says how to get it."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "Tables need pandas: pip install keras-gan[tables]"
        ) from error
    return pandas


def is_number(series) -> bool:
    """Whether a column is of numbers, and not of truth values."""
    types, dtype = import_pandas().api.types, series.dtype
    return (
        types.is_numeric_dtype(dtype)
        and not types.is_bool_dtype(dtype)
        and not types.is_complex_dtype(dtype)
    )


def check_table(dataframe, categorical):
    """Raises unless a table has columns that can be told apart."""
    pandas = import_pandas()
    if not isinstance(dataframe, pandas.DataFrame):
        raise ValueError(
            "Expected a pandas.DataFrame. Received: "
            f"{type(dataframe).__name__}. Make one: `pandas.DataFrame(table)`."
        )
    if len(dataframe) < 2 or not len(dataframe.columns):
        raise ValueError(
            "Expected a table of two rows and one column at least. Received: one of "
            f"shape {dataframe.shape}. Look at how it was loaded."
        )
    names = list(dataframe.columns)
    if len(set(names)) < len(names) or not all(isinstance(n, str) for n in names):
        raise ValueError(
            "Expected columns with different names, each a string. Received: "
            f"{names!r:.200}. Rename them: `dataframe.columns = [...]`."
        )
    unknown = [name for name in categorical if name not in names]
    if isinstance(categorical, str) or unknown:
        raise ValueError(
            f"`categorical` names columns of {names!r:.200}. Received: "
            f"{categorical!r}. Give a list of such names."
        )


def fit_column(name, series, is_code, max_modes, min_weight, seed):
    """Returns the column that a series is; see `TableTransformer.fit`."""
    pandas, dtype = import_pandas(), series.dtype
    types, is_category = pandas.api.types, isinstance(dtype, pandas.CategoricalDtype)
    if is_number(series) and not is_code:
        return _numeric(name, series, max_modes, min_weight, seed)
    is_text = types.is_string_dtype(dtype) or types.is_object_dtype(dtype)
    if not (is_category or is_number(series) or is_text or types.is_bool_dtype(dtype)):
        raise ValueError(_unknown_type(name, str(dtype)))
    values = _plain(series)
    kinds = {type(value) for value in values} - {str, bool, int, float, type(None)}
    if kinds:
        raise ValueError(
            _unknown_type(name, f"{dtype}, with {sorted(k.__name__ for k in kinds)}")
        )
    counts = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    categories = sorted(counts, key=_order)
    if len(categories) == 1:
        return Constant(name, str(dtype), categories[0])
    if len(categories) > MOST_CATEGORIES:
        raise ValueError(
            f"Expected at most {MOST_CATEGORIES} categories in a column. "
            f"Received: {name!r} with {len(categories)}, as of names or ids, which "
            "nothing can be learned from. Leave the column out, or group its values."
        )
    return Categorical(
        name,
        "category" if is_category else str(dtype),
        categories,
        [counts[category] for category in categories],
        levels=[_plain_value(x) for x in dtype.categories] if is_category else None,
        is_ordered=bool(is_category and dtype.ordered),
    )


def _order(category):
    return category is None, type(category).__name__, category


def _numeric(name, series, max_modes, min_weight, seed):
    values = series.to_numpy("float64", na_value=np.nan)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise ValueError(
            f"Expected finite numbers. Received: column {name!r} with {bad} of "
            f"{len(values)} missing or infinite. Fill them or drop the rows "
            f"(`dataframe.dropna(subset=[{name!r}])`); where it tells something that "
            "a number is missing, add a column that says so."
        )
    is_whole = import_pandas().api.types.is_integer_dtype(series.dtype)
    if values.min() == values.max():
        value = int(values[0]) if is_whole else float(values[0])
        return Constant(name, str(series.dtype), value)
    return Numeric.fit(
        name, str(series.dtype), values, is_whole, max_modes, min_weight, seed
    )


def _unknown_type(name, dtype) -> str:
    return (
        "Expected columns of numbers, booleans, strings or categories. Received: "
        f"{name!r} of type {dtype}. Turn it into one of them, a date into numbers such "
        "as days since another, or leave the column out."
    )


def values_of(column, series):
    """Returns the values of a series as `column` encodes them."""
    if isinstance(column, Numeric):
        return series.to_numpy("float64", na_value=np.nan)
    return _plain(series)


def _plain(series) -> list:
    """Values as Python's own, a missing one as `None`."""
    return [
        None if is_missing else _plain_value(value)
        for value, is_missing in zip(series.array, series.isna(), strict=True)
    ]


def _plain_value(value):
    return value.item() if isinstance(value, np.generic) else value


def series_of(column, values):
    """Returns decoded values as a column of the table's dtype."""
    pandas = import_pandas()
    if isinstance(column, Categorical) and column.levels is not None:
        dtype = pandas.CategoricalDtype(column.levels, column.is_ordered)
        return pandas.Series(values, dtype=dtype)
    return pandas.Series(values).astype(column.dtype)
