"""The page of a generator in headless Chromium: what a person sees and moves."""

import json
import shutil

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from keras_gan.export.web import export_web
from tests.browser import Browser, served
from tests.export_generators import convolutional, listed

pytestmark = pytest.mark.slow


def classes():
    """Latents, labels and attributes in; grey pictures and curves out."""
    latents = keras.Input((6,), name="latents")
    labels = keras.Input((1,), dtype="int64", name="labels")
    attributes = keras.Input((3,), name="attributes")
    embedded = layers.Flatten()(layers.Embedding(5, 4)(labels))
    x = layers.Concatenate()([latents, embedded, attributes])
    pixels = layers.Dense(8 * 8, activation="tanh")(x)
    images = layers.Reshape((8, 8, 1), name="images")(pixels)
    curves = layers.Reshape((5, 2), name="curves")(layers.Dense(10)(x))
    return keras.Model([latents, labels, attributes], [images, curves], name="classes")


def picture_to_picture():
    source = keras.Input((None, None, 3), name="source")
    x = layers.Conv2D(8, 3, 2, padding="same", activation="relu")(source)
    x = layers.Conv2DTranspose(3, 4, 2, padding="same", activation="tanh")(x)
    return keras.Model(source, x, name="restyle")


def captioned():
    ids = keras.Input((4,), dtype="int32", name="ids")
    noise = keras.Input((2, 3), name="noise")
    labels = keras.Input((4,), name="labels")
    words = layers.Flatten()(layers.Embedding(9, 3)(ids))
    x = layers.Concatenate()([words, layers.Flatten()(noise), labels])
    return keras.Model([ids, noise, labels], layers.Dense(2)(x), name="text")


BUILDERS = {
    "plain": lambda: convolutional(name="latents"),
    "classes": classes,
    "restyle": picture_to_picture,
    "text": captioned,
}


@pytest.fixture(scope="module")
def browser():
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A page for every generator, made once, and its Keras model."""
    root, models = tmp_path_factory.mktemp("site"), {}
    with served(root) as address:

        def page(name):
            if name not in models:
                keras.utils.set_random_seed(3)
                models[name] = BUILDERS[name]()
                export_web(models[name], root / name, title=f"The {name} one")
            return f"{address}{name}/", models[name], root / name

        yield page


@pytest.fixture
def opened(site, browser):
    """Open the page of a generator; at the end nothing may have gone wrong in it."""

    def open_page(name, query=""):
        address, model, _ = site(name)
        browser.look(1200, 900)
        browser.open(address + query)
        browser.run("kerasGan.ready")
        return model

    yield open_page
    assert browser.complaints == []
    roots = {address.split("/")[2] for address in browser.requests}
    assert len(roots - {""}) <= 1


def canvases(browser, selector="#outputs canvas"):
    """The pixels of the canvases, as `(height, width, 4)` bytes each."""
    found = browser.run(f"""[...document.querySelectorAll('{selector}')].map(c => {{
        const {{width, height}} = c;
        const copy = new OffscreenCanvas(width, height).getContext('2d');
        copy.drawImage(c, 0, 0);
        return [height, width, ...copy.getImageData(0, 0, width, height).data];
    }})""")
    return [np.array(flat[2:], "uint8").reshape(*flat[:2], 4) for flat in found]


def levels(images):
    grey = np.clip(np.round((np.asarray(images) + 1) * 127.5), 0, 255).astype("int32")
    return np.broadcast_to(grey, (*grey.shape[:-1], 3))


def assert_shown(browser, images):
    shown = canvases(browser)[: len(images)]
    assert len(shown) == len(images)
    for canvas, picture in zip(shown, levels(images), strict=True):
        assert np.abs(canvas[..., :3] - picture).max() <= 1
        assert np.all(canvas[..., 3] == 255)


def drawn(browser, inputs=None):
    given = {
        name: {"data": np.ravel(value).tolist(), "shape": list(value.shape)}
        for name, value in (inputs or {}).items()
    }
    asked = f"""kerasGan.draw({json.dumps(given)}).then(({{inputs, outputs}}) => {{
        const plain = ([name, {{data, shape}}]) =>
            [name, {{data: Array.from(data, Number), shape}}];
        return [inputs, outputs].map(
            tensors => Object.fromEntries(Object.entries(tensors).map(plain)));
    }})"""
    return [
        {
            name: np.array(tensor["data"], "float32").reshape(tensor["shape"])
            for name, tensor in tensors.items()
        }
        for tensors in browser.run(asked)
    ]


def click(browser, text):
    browser.run(
        "[...document.querySelectorAll('button')]"
        f".find(b => b.textContent === {json.dumps(text)}).click()"
    )
    browser.run("kerasGan.draw()")


def documented_normals(seed, place, row, size):
    """The latents of a seed as docs/browser.md defines them."""

    def mixed(word):
        word = ((word ^ word >> 16) * 0x85EBCA6B) % 2**32
        word = ((word ^ word >> 13) * 0xC2B2AE35) % 2**32
        return word ^ word >> 16

    def uniform(index):
        hashed = 0
        for word in (seed, place, row, index):
            hashed = mixed(((hashed ^ word) + 0x9E3779B9) % 2**32)
        return (hashed + 0.5) / 2**32

    return [
        np.sqrt(-2 * np.log(uniform(2 * i))) * np.cos(2 * np.pi * uniform(2 * i + 1))
        for i in range(size)
    ]


def test_the_canvas_shows_the_keras_pictures(opened, browser):
    model = opened("plain")
    latents = np.random.default_rng(5).normal(size=(4, 16)).astype("float32")
    _, outputs = drawn(browser, {"latents": latents})
    expected = np.asarray(model(latents))
    np.testing.assert_allclose(outputs["images"], expected, atol=1e-5)
    assert_shown(browser, expected)
    assert browser.run("document.title") == "The plain one"
    assert "4 pictures" in browser.run("document.getElementById('timing').textContent")


def test_a_seed_gives_the_documented_latents_and_a_walk_ends_at_the_next(
    opened, browser
):
    model = opened("plain", "?seed=7&pictures=4")
    inputs, _ = drawn(browser)
    expected = [documented_normals(7, 0, row, 16) for row in range(4)]
    np.testing.assert_allclose(inputs["latents"], expected, rtol=1e-5, atol=1e-6)
    assert_shown(browser, model(inputs["latents"]))
    browser.run("kerasGan.state.position = 1")
    arrived, _ = drawn(browser)
    expected = [documented_normals(8, 0, row, 16) for row in range(4)]
    np.testing.assert_allclose(arrived["latents"], expected, rtol=1e-5, atol=1e-6)


def test_latents_are_normal_on_the_whole_way_of_a_walk(opened, browser):
    opened("plain", "?pictures=300")
    for position in (0, 0.3):
        browser.run(f"kerasGan.state.position = {position}")
        latents = drawn(browser)[0]["latents"]
        assert abs(latents.mean()) < 0.05 and abs(latents.std() - 1) < 0.05
        correlation = np.corrcoef(latents.T) - np.eye(16)
        assert np.abs(correlation).max() < 0.25


def test_a_slider_moves_the_selected_picture_alone(opened, browser):
    opened("plain", "?pictures=4")
    before = canvases(browser)
    browser.run("document.querySelectorAll('.tile')[2].click()")
    browser.run("document.querySelector('[aria-label=\"latents 1\"]').focus()")
    for _ in range(20):
        browser.press("ArrowRight", 39)
    browser.run("kerasGan.draw()")
    changed = [np.any(a != b) for a, b in zip(before, canvases(browser), strict=True)]
    assert changed == [False, False, True, False]
    click(browser, "Undo moves")
    assert np.array_equal(canvases(browser), before)


def test_every_button_changes_the_picture(opened, browser):
    opened("plain", "?pictures=4")
    before = canvases(browser)
    click(browser, "New pictures")
    seed = browser.run("kerasGan.state.seed")
    fresh = canvases(browser)
    assert seed != 0 and np.any(np.not_equal(before, fresh))
    click(browser, "Walk")
    browser.wait_for("kerasGan.state.position > 0.05")
    click(browser, "Pause")
    assert np.any(np.not_equal(fresh, canvases(browser)))
    stopped = browser.run("kerasGan.state.position")
    browser.run("new Promise(resolve => setTimeout(resolve, 100))")
    assert browser.run("kerasGan.state.position") == stopped
    click(browser, "More sliders")
    assert browser.run("document.querySelectorAll('.slider.numbered').length") == 16
    browser.run("kerasGan.state.truncation = 0")
    still = drawn(browser)[0]["latents"]
    assert not np.any(still)


def test_the_downloaded_png_is_what_is_shown(opened, browser, tmp_path):
    model = opened("plain", "?seed=3&pictures=4")
    browser.save_downloads_in(tmp_path)
    click(browser, "Download PNG")
    path = awaited(tmp_path / f"{model.name}-seed-3.png", browser)
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet.convert("RGBA"))
    top, bottom = np.split(np.concatenate(canvases(browser), 1), 2, axis=1)
    assert np.array_equal(pixels, np.concatenate([top, bottom]))


def awaited(path, browser):
    for _ in range(200):
        if path.exists():
            return path
        browser.run("new Promise(resolve => setTimeout(resolve, 50))")
    raise TimeoutError(f"{path} never came; there is {listed(path.parent)}")


def test_labels_and_attributes_steer_the_pictures(opened, browser):
    model = opened("classes", "?pictures=9")
    inputs, outputs = drawn(browser)
    assert inputs["labels"].ravel().tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 3]
    values = [inputs[name] for name in ("latents", "labels", "attributes")]
    images, curves = model([values[0], values[1].astype("int64"), values[2]])
    assert_shown(browser, images)
    np.testing.assert_allclose(outputs["curves"], curves, atol=1e-5)
    assert len(canvases(browser)) == 2 * 9
    browser.run("document.querySelector('.radios input[value=\"3\"]').click()")
    assert np.all(drawn(browser)[0]["labels"] == 3)
    move = "i => { i.value = 0.9; i.dispatchEvent(new Event('input')) }"
    browser.run(
        "[...document.querySelectorAll('fieldset')].find(f => "
        "f.textContent.startsWith('attributes')).querySelectorAll('input')"
        f".forEach({move})"
    )
    np.testing.assert_allclose(drawn(browser)[0]["attributes"], 0.9)


def random_png(path, width, height):
    pixels = np.random.default_rng(2).integers(0, 256, (height, width, 3), "uint8")
    Image.fromarray(pixels).save(path)
    return pixels.astype("float32")[None] / 127.5 - 1


def test_a_chosen_and_a_dropped_picture_become_the_keras_picture(
    opened, browser, tmp_path
):
    model = opened("restyle")
    source = random_png(tmp_path / "noise.png", 96, 64)
    browser.choose_files("input[type=file]", tmp_path / "noise.png")
    browser.wait_for("document.querySelector('#outputs canvas').width === 96")
    assert_shown(browser, model(source))
    browser.run("""(async () => {
        const canvas = new OffscreenCanvas(64, 32);
        const context = canvas.getContext('2d');
        context.fillStyle = '#ff8000';
        context.fillRect(0, 0, 64, 32);
        const file = new File([await canvas.convertToBlob()], 'orange.png');
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(file);
        document.querySelector('fieldset canvas').dispatchEvent(
            new DragEvent('drop', {dataTransfer, bubbles: true, cancelable: true}));
    })()""")
    browser.wait_for("document.querySelector('#outputs canvas').width === 64")
    orange = np.broadcast_to(np.array([255, 128, 0]) / 127.5 - 1, (1, 32, 64, 3))
    assert_shown(browser, model(orange.astype("float32")))


def test_a_stroke_of_the_pen_changes_the_source(opened, browser):
    model = opened("restyle")
    place = browser.run(
        "(({left, top}) => [left + 20, top + 20])"
        "(document.querySelector('fieldset canvas').getBoundingClientRect())"
    )
    browser.drag(place, [place[0] + 30, place[1] + 10], [place[0] + 60, place[1]])
    source = drawn(browser)[0]["source"]
    black = np.all(source == -1, axis=-1)
    assert black[0, 10, 10] and 20 < black.sum() < 600
    assert_shown(browser, model(source))


def test_a_file_that_is_no_picture_is_named_and_the_page_goes_on(
    opened, browser, tmp_path
):
    model = opened("restyle")
    (tmp_path / "notes.png").write_text("no picture")
    browser.choose_files("input[type=file]", tmp_path / "notes.png")
    status = "document.getElementById('status')"
    browser.wait_for(f"!{status}.hidden")
    assert "notes.png is not a picture" in browser.run(f"{status}.textContent")
    random_png(tmp_path / "noise.png", 32, 32)
    browser.choose_files("input[type=file]", tmp_path / "noise.png")
    browser.wait_for(f"{status}.hidden")
    assert_shown(browser, model(drawn(browser)[0]["source"]))


def test_ids_are_typed_noise_is_redrawn_and_mistakes_are_told(opened, browser):
    model = opened("text", "?pictures=5")
    browser.run(
        "(t => { t.value = '1 2, 8'; t.dispatchEvent(new Event('input')) })"
        "(document.querySelector('textarea'))"
    )
    inputs, outputs = drawn(browser)
    assert inputs["ids"].tolist() == [[1, 2, 8, 0]] * 5
    assert np.array_equal(inputs["labels"], np.eye(4)[[0, 1, 2, 3, 0]])
    others = [inputs["noise"], inputs["labels"]]
    expected = model([inputs["ids"].astype("int32"), *others])
    np.testing.assert_allclose(outputs["outputs"], expected, atol=1e-5)
    click(browser, "New noise")
    assert np.any(drawn(browser)[0]["noise"] != inputs["noise"])
    for wrong, said in [("1 9", "from 0 to 8"), ("1 2 3 4 5", "give 1 to 4 ids")]:
        browser.run(
            f"(t => {{ t.value = '{wrong}'; t.dispatchEvent(new Event('input')) }})"
            "(document.querySelector('textarea'))"
        )
        browser.wait_for("!document.getElementById('status').hidden")
        assert said in browser.run("document.getElementById('status').textContent")
    click(browser, "Random ids")
    browser.wait_for("document.getElementById('status').hidden")


def test_a_wrong_tensor_is_refused_in_words_and_the_next_one_drawn(opened, browser):
    opened("plain", "?pictures=1")
    browser.run("kerasGan.draw({latents: {data: [1, 2], shape: [1, 2]}})")
    assert "That did not work" in browser.run(
        "document.getElementById('status').textContent"
    )
    assert drawn(browser)[1]["images"].shape == (1, 8, 8, 3)
    assert browser.run("document.getElementById('status').hidden")
    # onnxruntime-web writes its own errors to the console too.
    browser.complaints.clear()


@pytest.mark.parametrize("missing", ["generator.onnx", "spec.json", "onnxruntime-web"])
def test_a_missing_file_is_told_in_words(missing, site, browser, tmp_path):
    page = shutil.copytree(site("plain")[2], tmp_path / "page")
    path = page / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with served(page) as address:
        browser.open(address)
        browser.wait_for("document.getElementById('status').className === 'error'")
        said = browser.run("document.getElementById('status').textContent")
    assert "That did not work" in said and missing in said


@pytest.mark.parametrize("name", list(BUILDERS))
def test_the_page_fits_a_phone_and_every_control_has_a_name(name, opened, browser):
    opened(name)
    browser.look(360, 740)
    browser.run("new Promise(resolve => setTimeout(resolve, 100))")
    assert browser.run("document.documentElement.scrollWidth") <= 360
    unnamed = browser.run(
        "[...document.querySelectorAll('input, select, textarea, button, [role=img]')]"
        ".filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim()))"
        ".map(e => e.outerHTML)"
    )
    assert unnamed == []
