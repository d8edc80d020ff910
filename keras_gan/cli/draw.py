"""`keras-gan sample` and `keras-gan interpolate`."""

import inspect
from pathlib import Path

import click

from keras_gan import files
from keras_gan.cli.start import main, opened


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--num-images", type=click.IntRange(1), default=64, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="By default samples.png, of a table samples.csv.",
)
def sample(source, num_images, seed, out):
    """Draw pictures with a trained model, a run folder or a .keras file.

    Of a game on a table, NUM_IMAGES rows as comma-separated values.
    """
    model = opened(source)
    if hasattr(model, "transformer"):
        out = out or Path("samples.csv")
        files.write_text(out, model.sample(num_images, seed).to_csv(index=False))
    elif "num_images" not in inspect.signature(model.generate).parameters:
        raise ValueError(
            "`sample` draws from noise. Received: "
            f"{source}, a {type(model).__name__}, which draws from pictures. Give it "
            "some in Python, `generate(images)`."
        )
    else:
        from keras_gan import pictures

        drawn = model.generate(num_images, seed=seed)
        out = pictures.save_png(out or Path("samples.png"), pictures.picture(drawn))
    click.echo(f"Wrote {out}")


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--frames", type=click.IntRange(2), default=12, show_default=True)
@click.option("--stops", type=click.IntRange(2), default=4, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("interpolation.png")
)
def interpolate(source, frames, stops, seed, out):
    """Walk from latent to latent: a strip (.png) or an animation (.gif).

    FRAMES pictures lie between each of STOPS random latents and the next.
    """
    if out.suffix.lower() not in (".png", ".gif"):
        raise click.UsageError(f"--out must end in .png or .gif. Received: {out}")
    model = opened(source)
    # A game that is no `GAN` may take no latents, and one with conditions takes more.
    if getattr(model, "conditions", None) != {}:
        raise ValueError(
            "`interpolate` walks between latents alone. Received: "
            f"{source}, a {type(model).__name__}, which takes other inputs too. Draw "
            "it with `keras-gan sample`, or walk in Python with `predict`."
        )
    from keras_gan import pictures

    latents = pictures.walk(
        model.sample_latents(stops, seed),
        frames,
        straight=model.latent_distribution == "uniform",
    )
    images = model.predict(latents, verbose=0)
    extent = 1.1 * float(abs(images).max())
    if out.suffix.lower() == ".png":
        pictures.save_png(out, pictures.picture(images, frames, extent))
    else:
        films = [pictures.picture(image[None], extent=extent) for image in images]
        pictures.save_gif(out, films)
    click.echo(f"Wrote {out}")
