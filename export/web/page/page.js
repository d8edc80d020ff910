/** A page for one generator: its controls come from its description. */

import { controlOf } from "./controls.js";
import { element } from "./dom.js";
import { Draws, wholeNumber } from "./draws.js";
import { openGenerator } from "./generator.js";
import { viewOf } from "./views.js";

const NOUNS = { image: "picture", sequence: "curve" };

const find = (id) => document.getElementById(id);

class Page {
  constructor({ spec, run }) {
    Object.assign(this, { spec, run });
    const asked = new URLSearchParams(location.search);
    this.state = {
      seed: wholeNumber(asked.get("seed")) ?? 0,
      noiseSeed: 0,
      position: 0,
      truncation: 1,
      selected: 0,
      count: wholeNumber(asked.get("pictures")) || this.usualCount(),
    };
    this.noun = this.isPlane ? "point" : (NOUNS[spec.outputs[0].role] ?? "row");
    this.hasLatents = spec.inputs.some(({ role }) => role === "latents");
    this.isRandom = spec.inputs.some(({ role }) => ["latents", "noise"].includes(role));
    this.controls = [];
    for (const [place, input] of spec.inputs.entries())
      this.controls.push(controlOf(input, place, this));
    this.canSelect = this.hasLatents && !this.isPlane;
    this.isOne = !this.isRandom && !this.controls.some((control) => control.caption(0));
    if (this.isOne && !this.fixedBatch) this.state.count = 1;
    this.draws = new Draws(this);
    this.views = spec.outputs.map((output) => viewOf(output, this));
    this.turn = Promise.resolve();
  }

  get hasNormalLatents() {
    return this.controls.some(
      ({ input, sampler }) => input.role === "latents" && sampler.class === "Normal",
    );
  }

  get fixedBatch() {
    const sizes = this.spec.inputs.filter(({ shape }) => shape.length);
    return sizes.map(({ shape }) => shape[0]).find((size) => size !== null) ?? null;
  }

  get isPlane() {
    const [{ role, shape }] = this.spec.outputs;
    return role === "vector" && shape.at(-1) === 2;
  }

  usualCount() {
    if (this.fixedBatch) return this.fixedBatch;
    if (this.isPlane) return 500;
    const [{ role, shape }] = this.spec.outputs;
    if (this.spec.inputs.some((input) => input.role === "image")) return 1;
    if (role !== "image") return 4;
    return shape[2] <= 64 ? 16 : shape[2] <= 128 ? 4 : 1;
  }

  /** Free sizes besides the batch, by axis: those of the picture that is given. */
  freeSizes() {
    const sketch = this.controls.find(({ canvas }) => canvas);
    return sketch ? sketch.rowShape : [];
  }

  build() {
    find("about").textContent = this.about();
    for (const view of this.views) {
      const title = element("h2", { textContent: view.output.name });
      title.hidden = this.views.length === 1;
      find("outputs").append(title, view.element);
    }
    const groups = this.controls.map((control) => control.element);
    if (this.isRandom || !(this.isOne || this.fixedBatch))
      groups.unshift(this.draws.element);
    find("controls").append(...groups);
    find("controls").onsubmit = (event) => event.preventDefault();
    find("download").onclick = () => this.download().catch((error) => this.fail(error));
    find("download").hidden = !this.views.some((view) => view.canvas ?? view.canvases);
    find("status").hidden = true;
    document.querySelector("main").hidden = false;
  }

  about() {
    const { inputs, outputs } = this.spec;
    return [inputs, outputs].map((ends) => ends.map(described).join(", ")).join(" → ");
  }

  /** Show the pictures of another seed, and forget what was moved by hand. */
  restart(seed) {
    for (const control of this.controls) control.forget();
    this.set({ seed, position: 0 });
  }

  set(changes) {
    Object.assign(this.state, changes);
    return this.redraw();
  }

  select(selected) {
    return this.set({ selected });
  }

  caption(index) {
    return this.controls
      .map((control) => control.caption(index))
      .filter(Boolean)
      .join(", ");
  }

  /** Draw what the controls say. Moves that come while it runs make one run more. */
  redraw() {
    this.waiting ??= this.inTurn(async () => {
      this.waiting = null;
      return this.drawNow({});
    });
    return this.waiting;
  }

  /** Draw given inputs, `{name: {data, shape}}`; the controls give the others. */
  draw(given = {}) {
    return this.inTurn(() => this.drawNow(given));
  }

  inTurn(task) {
    const done = this.turn.then(task);
    // A pause, in which the browser paints and hears what was moved meanwhile.
    this.turn = done.catch((error) => this.fail(error)).then(pause);
    return done.catch(() => null);
  }

  async drawNow(given) {
    const rows = Object.values(given).find(({ shape }) => shape.length)?.shape[0];
    const inputs = {};
    for (const control of this.controls) {
      const { name } = control.input;
      inputs[name] = given[name] ?? control.tensor(rows ?? this.state.count);
    }
    const result = await this.run(inputs);
    this.shownCount = Object.values(result.outputs)[0].shape[0];
    this.views.forEach((view) => view.show(result.outputs[view.output.name]));
    this.refresh(result);
    return result;
  }

  refresh({ outputs, milliseconds }) {
    for (const control of this.controls) control.refresh();
    this.draws.refresh();
    find("timing").textContent = this.timing(outputs, milliseconds);
    find("status").hidden = true;
  }

  timing(outputs, milliseconds) {
    const count = Object.values(outputs)[0].shape[0] ?? 1;
    if (count === 1) return `${shortTime(milliseconds)} for a ${this.noun}`;
    const all = `${shortTime(milliseconds)} for ${count} ${this.noun}s`;
    return this.isPlane ? all : `${all}, ${shortTime(milliseconds / count)} each`;
  }

  async download() {
    const sheets = this.views.map((view) => view.sheet()).filter(Boolean);
    for (const [index, sheet] of sheets.entries()) {
      const blob = await new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
      const name = `${this.spec.name}-seed-${this.state.seed}${index ? `-${index}` : ""}.png`;
      const link = element("a", { href: URL.createObjectURL(blob), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    }
  }

  fail(error) {
    this.draws.stop();
    complain(error);
  }
}

function described({ name, shape }) {
  const sizes = shape.slice(1).map((size) => size ?? "any");
  return [name, sizes.join(" × ")].filter(Boolean).join(" ");
}

function shortTime(milliseconds) {
  return `${milliseconds < 10 ? milliseconds.toPrecision(2) : Math.round(milliseconds)} ms`;
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve));
}

function complain(error) {
  find("status").hidden = false;
  find("status").className = "error";
  find("status").textContent = `That did not work. ${error?.message ?? error}`;
}

/** What scripts may use: `await kerasGan.ready`, then `kerasGan.draw(inputs)`. */
window.kerasGan = {
  ready: openGenerator().then(async (generator) => {
    const page = new Page(generator);
    page.build();
    Object.assign(window.kerasGan, {
      spec: generator.spec,
      state: page.state,
      draw: (inputs) => page.draw(inputs),
    });
    // The first run also sets the runtime up, so a quick one is timed again.
    const first = await page.redraw();
    if (first?.milliseconds < 1000) await page.redraw();
  }),
};
window.kerasGan.ready.catch(complain);
