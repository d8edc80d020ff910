/** A picture that the generator takes: dropped, chosen or drawn by hand. */

import { button, element, group, labelled, list, swatches } from "./dom.js";
import { classColour, classIds, oneHot, pixelValues } from "./pixels.js";
import { bounds } from "./random.js";

const FREE_SIZES = [128, 256, 512];
// Generators that halve their maps up to five times take multiples of this.
const MULTIPLE = 32;
const PENS = [
  "#000000",
  "#ffffff",
  "#808080",
  "#d33c3c",
  "#3c7fd3",
  "#3ca55c",
  "#e0b93c",
];
const PEN_NAMES = ["black", "white", "grey", "red", "blue", "green", "yellow"];
const WIDTHS = [1, 2, 4, 8, 16, 32];
const SHOWN_SIZE = 256;

/** Whether an input is a picture that a person can give. */
export function drawable({ role, shape, sampler }) {
  const isMap = shape.length === 4 && sampler.class === "OneHot";
  const isIds = shape.length === 3 && role === "tokens";
  const isPicture =
    shape.length === 4 && role === "image" && [1, 3, 4].includes(shape[3]);
  return isMap || isIds || isPicture;
}

/** The input as a canvas of the generator's size, on which everything is painted. */
export class Sketch {
  constructor(input, page) {
    Object.assign(this, { input, page, sampler: input.sampler });
    this.colours = this.palette();
    const [, height, width] = input.shape;
    this.isFree = height === null || width === null;
    this.canvas = element("canvas", { role: "img" });
    this.canvas.setAttribute(
      "aria-label",
      `${input.name}: draw here, or drop a picture`,
    );
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.resize(width ?? FREE_SIZES[0], height ?? FREE_SIZES[0]);
    const hint = element("p", {
      className: "hint",
      textContent: this.isMap
        ? "Draw on it."
        : "Draw on it, drop a picture on it, or choose one below.",
    });
    this.element = group(input.name, hint, this.canvas, ...this.tools());
    this.listen();
    this.clear();
    this.paintExample();
  }

  /** Whether a pixel is the number of a class, and pens are classes. */
  get isMap() {
    return ["OneHot", "Integers"].includes(this.sampler.class);
  }

  /** The colours of the pens; those of a map are its classes, in their order. */
  palette() {
    if (!this.isMap) return PENS;
    const isOneHot = this.sampler.class === "OneHot";
    const length = isOneHot ? this.input.shape[3] : this.sampler.num_ids;
    return Array.from({ length }, (_, id) => classColour(id));
  }

  tools() {
    const pens = this.colours.map((colour, id) => [
      colour,
      this.isMap ? `class ${id}` : PEN_NAMES[id],
    ]);
    const usual = pens[this.isMap ? pens.length - 1 : 0][0];
    const take = (colour) => (this.colour = colour);
    take(usual);
    this.width = list(pixels(WIDTHS), this.usualWidth(), () => {});
    const tools = [
      this.isMap ? "" : this.fileField(),
      this.isFree ? this.limitField() : "",
      swatches("Pen", pens, usual, take),
      labelled("Pen width", this.width),
    ];
    const clear = button("Clear", () => {
      this.clear();
      this.page.redraw();
    });
    return [...tools.filter(Boolean), element("div", { className: "buttons" }, clear)];
  }

  usualWidth() {
    const { width } = this.canvas;
    return WIDTHS.findLast((size) => size <= Math.max(1, width / 32));
  }

  fileField() {
    this.file = element("input", { type: "file", accept: "image/*" });
    this.file.onchange = () => this.open(this.file.files[0]);
    return labelled("Picture", this.file);
  }

  limitField() {
    this.limit = list(pixels(FREE_SIZES), FREE_SIZES[1], () => this.refit());
    return labelled("Longest side", this.limit);
  }

  listen() {
    this.canvas.onpointerdown = (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.last = this.place(event);
      this.stroke(event);
    };
    this.canvas.onpointermove = (event) => {
      if (event.buttons) this.stroke(event);
    };
    this.canvas.style.touchAction = "none";
    this.element.ondragover = (event) => event.preventDefault();
    this.element.ondrop = (event) => {
      event.preventDefault();
      if (!this.isMap) this.open(event.dataTransfer.files[0]);
    };
  }

  resize(width, height) {
    Object.assign(this.canvas, { width, height });
    const scale = SHOWN_SIZE / Math.max(width, height);
    this.canvas.style.width = `${width * (scale > 1 ? Math.floor(scale) : scale)}px`;
    this.canvas.classList.toggle("crisp", scale > 1);
  }

  clear() {
    this.context.fillStyle = this.isMap ? this.colours[0] : "#ffffff";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Something to look at before a person has given anything. */
  paintExample() {
    const { width, height } = this.canvas;
    const colours = this.isMap ? this.colours : [PENS[1], PENS[4], PENS[3]];
    this.context.fillStyle = colours[1 % colours.length];
    this.context.fillRect(0, Math.floor(height / 2), width, height);
    this.disc(
      width / 2,
      height / 2,
      Math.min(width, height) / 4,
      colours[2 % colours.length],
    );
  }

  async open(file) {
    if (!file) return;
    const picture = await createImageBitmap(file).catch(() => null);
    if (!picture) {
      this.page.fail(
        new Error(`${file.name} is not a picture that this browser reads.`),
      );
      return;
    }
    this.picture = picture;
    this.refit();
  }

  /** Paint the picture over the canvas: cropped to its form, or as it is if free. */
  refit() {
    const source = this.picture ?? this.canvas;
    const copy = new OffscreenCanvas(source.width, source.height);
    copy.getContext("2d").drawImage(source, 0, 0);
    if (this.isFree) this.resize(...this.fitted(copy));
    const { width, height } = this.canvas;
    const scale = Math.max(width / copy.width, height / copy.height);
    const [w, h] = [copy.width * scale, copy.height * scale];
    this.clear();
    this.context.imageSmoothingQuality = "high";
    this.context.imageSmoothingEnabled = !this.isMap;
    this.context.drawImage(copy, (width - w) / 2, (height - h) / 2, w, h);
    this.page.redraw();
  }

  fitted({ width, height }) {
    const [, fixedHeight, fixedWidth] = this.input.shape;
    const scale = Math.min(1, Number(this.limit.value) / Math.max(width, height));
    const size = (side) =>
      Math.max(MULTIPLE, Math.round((side * scale) / MULTIPLE) * MULTIPLE);
    return [fixedWidth ?? size(width), fixedHeight ?? size(height)];
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * this.canvas.width,
      ((event.clientY - box.top) / box.height) * this.canvas.height,
    ];
  }

  stroke(event) {
    const [fromX, fromY] = this.last;
    const [x, y] = this.place(event);
    const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY)));
    for (let step = 0; step <= steps; step++) {
      const part = step / steps;
      const at = [fromX + part * (x - fromX), fromY + part * (y - fromY)];
      this.disc(...at, Number(this.width.value) / 2, this.colour);
    }
    this.last = [x, y];
    this.page.redraw();
  }

  /** A disc of whole pixels: a canvas would blend its edge, and classes do not mix. */
  disc(x, y, radius, colour) {
    this.context.fillStyle = colour;
    if (radius < 1) this.context.fillRect(Math.floor(x), Math.floor(y), 1, 1);
    for (let row = Math.ceil(-radius); row < radius; row++) {
      const half = Math.sqrt(radius * radius - row * row);
      const left = Math.round(x - half);
      this.context.fillRect(left, Math.floor(y + row), Math.round(x + half) - left, 1);
    }
  }

  get rowShape() {
    const { width, height } = this.canvas;
    return [height, width, ...this.input.shape.slice(3)];
  }

  tensor(count) {
    const row = this.row();
    const data = new Float32Array(count * row.length);
    for (let picture = 0; picture < count; picture++)
      data.set(row, picture * row.length);
    return { data, shape: [count, ...this.rowShape] };
  }

  row() {
    const { width, height } = this.canvas;
    const { data } = this.context.getImageData(0, 0, width, height);
    if (!this.isMap) return pixelValues(data, this.input.shape[3], this.range);
    const ids = classIds(data, this.colours);
    return this.sampler.class === "OneHot" ? oneHot(ids, this.input.shape[3]) : ids;
  }

  get range() {
    return this.sampler.class === "Uniform" ? bounds(this.sampler) : [-1, 1];
  }

  caption() {
    return "";
  }

  forget() {}

  refresh() {}
}

function pixels(sizes) {
  return sizes.map((size) => [size, `${size} px`]);
}
