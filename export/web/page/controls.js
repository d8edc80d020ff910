/** What a person moves: one control for each input of the generator. */

import { button, choice, element, group, labelled, slider } from "./dom.js";
import { between, bounds, drawnRow, formula, sizeOf } from "./random.js";
import { Sketch, drawable } from "./sketch.js";

const SLIDERS_AT_ONCE = 8;

/** The control of an input; `place` is its place among the inputs. */
export function controlOf(input, place, page) {
  const described = { ...input, sampler: formula(input), place };
  return new (kindOf(described))(described, page);
}

function kindOf({ role, shape, sampler }) {
  const size = sizeOf(shape.slice(1));
  const isClass = sampler.class === "OneHot" ? shape.length === 2 : size === 1;
  if (drawable({ role, shape, sampler })) return Sketch;
  if (isClass && ["OneHot", "Integers"].includes(sampler.class)) return Classes;
  if (role === "tokens" || sampler.class === "Integers") return Tokens;
  return { latents: Latents, attributes: Attributes }[role] ?? Noise;
}

/** An input without anything to move; the others build on it. */
class Control {
  constructor(input, page) {
    Object.assign(this, { input, page, sampler: input.sampler });
    this.hasBatch = input.shape.length > 0;
  }

  /** The shape of a row; a free size is that of the picture that is given, or 64. */
  get rowShape() {
    const sizes = this.page.freeSizes();
    return this.input.shape.slice(1).map((size, axis) => size ?? sizes[axis] ?? 64);
  }

  /** The rows of so many pictures, as the generator takes them. */
  tensor(count) {
    const shape = this.hasBatch ? [count, ...this.rowShape] : [];
    const size = sizeOf(this.rowShape);
    const data = new Float64Array(this.hasBatch ? count * size : size);
    for (let start = 0; start < data.length; start += size)
      data.set(this.row(start / size), start);
    return { data, shape };
  }

  drawn(seed, index) {
    return drawnRow(this.sampler, this.rowShape, seed, this.input.place, index);
  }

  caption() {
    return "";
  }

  forget() {}

  refresh() {}
}

class Latents extends Control {
  constructor(input, page) {
    super(input, page);
    this.edits = new Map();
    this.sliders = [];
    this.fields = element("div");
    this.more = button("More sliders", () => this.addSliders());
    const reset = button("Undo moves", () => {
      this.forget();
      page.redraw();
    });
    const buttons = element("div", { className: "buttons" }, this.more, reset);
    this.hint = element("p", {
      className: "hint",
      textContent: "Sliders move what is framed. Click another to move it instead.",
    });
    this.element = group(input.name, this.hint, this.fields, buttons);
    this.addSliders();
  }

  addSliders() {
    const size = this.row(0).length;
    const end = Math.min(size, this.sliders.length + SLIDERS_AT_ONCE);
    while (this.sliders.length < end) {
      const index = this.sliders.length;
      const move = (value) => this.edit(index, value);
      const made = slider(`${index + 1}`, bounds(this.sampler), 0, move);
      made
        .querySelector("input")
        .setAttribute("aria-label", `${this.input.name} ${index + 1}`);
      this.sliders.push(made);
      this.fields.append(made);
    }
    this.more.hidden = end === size;
    this.refresh();
  }

  edit(index, value) {
    const picture = this.page.state.selected;
    if (!this.edits.has(picture)) this.edits.set(picture, new Map());
    this.edits.get(picture).set(index, value);
    this.page.redraw();
  }

  /** The latents of a picture before truncation. */
  untruncated(picture) {
    const { seed, position } = this.page.state;
    const from = this.drawn(seed, picture);
    const to = position > 0 ? this.drawn(seed + 1, picture) : from;
    const row = between(this.sampler, from, to, position).slice();
    this.edits.get(picture)?.forEach((value, index) => (row[index] = value));
    return row;
  }

  row(picture) {
    const row = this.untruncated(picture);
    if (this.sampler.class !== "Normal") return row;
    const { mean } = this.sampler;
    return row.map((value) => mean + this.page.state.truncation * (value - mean));
  }

  forget() {
    this.edits.clear();
  }

  refresh() {
    this.hint.hidden = this.page.shownCount === 1 || this.page.isPlane;
    const row = this.untruncated(this.page.state.selected);
    this.sliders.forEach((made, index) => made.set(row[index]));
  }
}

/** Noise is drawn anew by a button; without latents it is what the seed draws. */
class Noise extends Control {
  constructor(input, page) {
    super(input, page);
    const redraw = () => {
      page.state.noiseSeed += 1;
      page.redraw();
    };
    this.element = group(input.name, button(`New ${input.name}`, redraw));
  }

  row(picture) {
    const { seed, noiseSeed } = this.page.state;
    return this.drawn(this.page.hasLatents ? noiseSeed : seed + noiseSeed, picture);
  }
}

class Classes extends Control {
  constructor(input, page) {
    super(input, page);
    this.isOneHot = this.sampler.class === "OneHot";
    this.number = this.isOneHot ? input.shape.at(-1) : this.sampler.num_ids;
    this.chosen = page.state.count === 1 ? "0" : "each";
    const names = Array.from({ length: this.number }, (_, id) => [`${id}`, `${id}`]);
    const options = [["each", "each in turn"], ...names];
    const choose = (value) => {
      this.chosen = value;
      page.redraw();
    };
    this.element = group(input.name, choice(input.name, options, this.chosen, choose));
  }

  id(picture) {
    return this.chosen === "each" ? picture % this.number : Number(this.chosen);
  }

  row(picture) {
    const id = this.id(picture);
    if (!this.isOneHot) return [id];
    return Array.from({ length: this.number }, (_, index) => Number(index === id));
  }

  caption(picture) {
    return this.chosen === "each" ? `${this.id(picture)}` : "";
  }
}

class Attributes extends Control {
  constructor(input, page) {
    super(input, page);
    const [low, high] = bounds(this.sampler);
    const middle = this.sampler.class === "Integers" ? low : (low + high) / 2;
    const size = sizeOf(this.rowShape);
    this.values = Array.from({ length: size }, () => middle);
    const fields = this.values.map((value, index) => {
      const text = size === 1 ? input.name : `${index + 1}`;
      return slider(text, [low, high], value, (next) => this.move(index, next));
    });
    const rest = fields.splice(2 * SLIDERS_AT_ONCE);
    this.element = group(input.name, ...fields);
    if (rest.length) {
      const summary = element("summary", { textContent: `${rest.length} more` });
      this.element.append(element("details", {}, summary, ...rest));
    }
  }

  move(index, value) {
    this.values[index] = value;
    this.page.redraw();
  }

  row() {
    return this.values;
  }
}

class Tokens extends Control {
  constructor(input, page) {
    super(input, page);
    this.draws = 0;
    this.field = element("textarea", { rows: 3, spellcheck: false });
    this.field.oninput = () => page.redraw();
    const redraw = () => {
      this.fill();
      page.redraw();
    };
    const hint = element("p", {
      className: "hint",
      textContent: `Whole numbers from 0 to ${bounds(this.sampler)[1]}, with spaces.`,
    });
    this.element = group(
      input.name,
      labelled("ids", this.field),
      hint,
      button("Random ids", redraw),
    );
    this.length = null;
    this.fill();
  }

  fill() {
    this.length = null;
    this.field.value = Array.from(this.drawn(this.draws++, 0)).join(" ");
  }

  get ids() {
    return this.field.value
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(Number);
  }

  get rowShape() {
    const shape = this.input.shape.slice(1);
    return shape.map((size) => size ?? (this.field.value ? this.ids.length : 16));
  }

  row() {
    const size = sizeOf(this.rowShape);
    const [, high] = bounds(this.sampler);
    const wrong = this.ids.find(
      (id) => !(Number.isInteger(id) && 0 <= id && id <= high),
    );
    if (wrong !== undefined)
      throw new Error(`${this.input.name}: ids are whole numbers from 0 to ${high}.`);
    if (this.ids.length > size || this.ids.length === 0)
      throw new Error(
        `${this.input.name}: give 1 to ${size} ids, not ${this.ids.length}.`,
      );
    return Array.from({ length: size }, (_, index) => this.ids[index] ?? 0);
  }
}
