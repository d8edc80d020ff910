"""`keras-gan list`."""

import click

from keras_gan.cli.start import main, start


@main.command(name="list")
def list_():
    """Name the presets, models, losses, penalties and data."""
    start()
    from keras_gan import data
    from keras_gan.losses import LOSSES
    from keras_gan.penalties import PENALTIES
    from keras_gan.presets import PRESETS
    from keras_gan.recipes import RECIPES

    def first_line(cls):
        return cls.__doc__.strip().split("\n")[0]

    tables = {
        "presets": {name: preset.paper for name, preset in PRESETS.items()},
        "models": {name: recipe.paper for name, recipe in RECIPES.items()},
        "losses": {name: first_line(cls) for name, cls in LOSSES.items()},
        "penalties": {name: first_line(cls) for name, cls in PENALTIES.items()},
        "data": data.available(),
    }
    for title, rows in tables.items():
        click.echo(f"{title}:")
        for name, text in rows.items():
            click.echo(f"  {name:22} {text}")
