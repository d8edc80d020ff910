/** What is seen: one view for each output of the generator. */

import { element } from "./dom.js";

const TINY = 128;
const LARGEST_TILE = 512;
const TEXT_ROWS = 16;

/** The view of an output. */
export function viewOf(output, page) {
  const components = output.shape.at(-1);
  if (output.role === "image") return new Pictures(output, page);
  if (/int|bool/.test(output.dtype)) return new Text(output, page);
  if (output.role === "vector" && components === 2) return new Points(output, page);
  const isCurve = output.role === "vector" && components > 2;
  if (isCurve || output.role === "sequence") return new Lines(output, page);
  return new Text(output, page);
}

/** One canvas for each row of the output, in a grid; a click selects a row. */
class Tiles {
  constructor(output, page) {
    Object.assign(this, { output, page });
    this.element = element("div", { className: "tiles" });
    this.canvases = [];
    new ResizeObserver(() => this.arrange()).observe(this.element);
  }

  show({ data, shape }) {
    const [count, ...rowShape] = shape;
    const size = data.length / count;
    this.setCount(count);
    this.limits = this.range(data);
    this.canvases.forEach((canvas, index) => {
      this.paint(canvas, data.subarray(index * size, (index + 1) * size), rowShape);
      const caption = this.page.caption(index);
      const tile = canvas.parentElement;
      tile.ariaLabel = `${this.output.name} ${index + 1}${caption && `, ${caption}`}`;
      tile.ariaPressed =
        this.page.canSelect && count > 1 && index === this.page.state.selected;
      tile.querySelector("span").textContent = caption;
    });
    this.arrange();
  }

  setCount(count) {
    if (this.canvases.length === count) return;
    this.canvases = Array.from({ length: count }, () => element("canvas"));
    const tiles = this.canvases.map((canvas, index) =>
      element(
        "button",
        {
          type: "button",
          className: "tile",
          disabled: count === 1 || !this.page.canSelect,
          onclick: () => this.page.select(index),
        },
        canvas,
        element("span"),
      ),
    );
    this.element.replaceChildren(...tiles);
  }

  /** The ends of the value range: those of the output, or of what is shown. */
  range(data) {
    const { low, high } = this.output;
    if (low !== null && high !== null) return [low, high];
    let [least, most] = [Infinity, -Infinity];
    for (const value of data) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
    return least < most ? [least, most] : [least - 1, least + 1];
  }

  /** Give the tiles a width: whole multiples of tiny pictures, so that they are crisp. */
  arrange() {
    const [first] = this.canvases;
    const { clientWidth } = this.element;
    if (!first || !clientWidth) return;
    const columns = Math.ceil(Math.sqrt(this.canvases.length));
    const rows = Math.ceil(this.canvases.length / columns);
    const gap = columns > 1 ? 6 : 0;
    const caption = this.page.caption(0) ? 18 : 0;
    const room = (clientWidth - gap * (columns - 1)) / columns;
    const heightRoom = (this.heightRoom() - gap * (rows - 1)) / rows - caption;
    const scale = Math.min(room, LARGEST_TILE) / first.width;
    const fitting = Math.min(scale, heightRoom / first.height);
    const exact = this.isCrisp(first) && fitting > 1 ? Math.floor(fitting) : fitting;
    this.element.style.gap = `${gap}px`;
    this.element.style.gridTemplateColumns = `repeat(${columns}, ${exact * first.width}px)`;
    for (const canvas of this.canvases)
      canvas.classList.toggle("crisp", this.isCrisp(canvas));
  }

  /** How high the grid may be, so that pictures and controls are seen together. */
  heightRoom() {
    const isNarrow = matchMedia("(max-width: 52rem)").matches;
    const room = isNarrow ? 0.4 * innerHeight : innerHeight - 200;
    return Math.max(room / this.page.views.length, 160);
  }

  isCrisp() {
    return false;
  }

  /** All rows on one canvas, at their own size. */
  sheet() {
    const [{ width, height }] = this.canvases;
    const columns = Math.ceil(Math.sqrt(this.canvases.length));
    const sheet = element("canvas", {
      width: columns * width,
      height: Math.ceil(this.canvases.length / columns) * height,
    });
    const context = sheet.getContext("2d");
    this.canvases.forEach((canvas, index) => {
      const [row, column] = [Math.floor(index / columns), index % columns];
      context.drawImage(canvas, column * width, row * height);
    });
    return sheet;
  }
}

class Pictures extends Tiles {
  isCrisp(canvas) {
    return canvas.width <= TINY;
  }

  /** Paint a picture as 8-bit levels, `low` as 0 and `high` as 255. */
  paint(canvas, values, [height, width, channels]) {
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    const [low, high] = this.limits;
    const picture = new ImageData(width, height);
    const level = (value) => Math.round((255 * (value - low)) / (high - low));
    for (let pixel = 0; pixel < width * height; pixel++) {
      const at = pixel * channels;
      for (let channel = 0; channel < 3; channel++)
        picture.data[4 * pixel + channel] = level(
          values[channels < 3 ? at : at + channel],
        );
      picture.data[4 * pixel + 3] = channels === 4 ? level(values[at + 3]) : 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }
}

/** Rows as curves: a vector as one, a sequence as one for each component. */
class Lines extends Tiles {
  paint(canvas, values, rowShape) {
    const [length, components = 1] = rowShape;
    Object.assign(canvas, { width: 320, height: 200 });
    const context = canvas.getContext("2d");
    const [low, high] = this.limits;
    const y = (value) => 190 - (180 * (value - low)) / (high - low);
    context.lineWidth = 2;
    context.lineJoin = "round";
    for (let component = 0; component < components; component++) {
      context.strokeStyle = `hsl(${(230 + component * 137.5) % 360} 65% 55%)`;
      context.beginPath();
      for (let step = 0; step < length; step++) {
        const x = length > 1 ? 10 + (300 * step) / (length - 1) : 160;
        context.lineTo(x, y(values[step * components + component]));
        if (length === 1) context.lineTo(x + 1, y(values[component]));
      }
      context.stroke();
    }
  }
}

/** Rows of two numbers as points of one plane; the selected one is larger. */
class Points {
  constructor(output, page) {
    Object.assign(this, { output, page, extent: 0 });
    this.canvas = element("canvas", { width: 640, height: 640, className: "plane" });
    this.canvas.role = "img";
    this.element = element("div", {}, this.canvas);
  }

  show({ data, shape }) {
    this.canvas.ariaLabel = `${shape[0]} points`;
    for (const value of data)
      this.extent = Math.max(this.extent, 1.1 * Math.abs(value));
    const context = this.canvas.getContext("2d");
    const place = (value) => 320 + (310 * value) / (this.extent || 1);
    context.clearRect(0, 0, 640, 640);
    context.strokeStyle = "#8888";
    context.strokeRect(10, 10, 620, 620);
    for (const ends of [
      [10, 320, 630, 320],
      [320, 10, 320, 630],
    ]) {
      context.beginPath();
      context.moveTo(ends[0], ends[1]);
      context.lineTo(ends[2], ends[3]);
      context.stroke();
    }
    for (let index = shape[0] - 1; index >= 0; index--) {
      const isFirst = index === this.page.state.selected;
      context.fillStyle = isFirst ? "#e2543d" : "#5a6fe099";
      context.beginPath();
      const at = [place(data[2 * index]), 640 - place(data[2 * index + 1])];
      context.arc(...at, isFirst ? 7 : 3.5, 0, 2 * Math.PI);
      context.fill();
    }
  }

  sheet() {
    return this.canvas;
  }
}

/** Anything else, as numbers. */
class Text {
  constructor(output) {
    this.output = output;
    this.element = element("pre", { tabIndex: 0 });
  }

  show({ data, shape }) {
    const size = data.length / (shape[0] || 1);
    const rows = Array.from({ length: Math.min(shape[0] ?? 1, TEXT_ROWS) }, (_, row) =>
      Array.from(data.slice(row * size, row * size + 256), shortened).join(" "),
    );
    this.element.textContent = `${this.output.name} (${shape.join(" × ")})\n${rows.join("\n")}`;
  }

  sheet() {
    return null;
  }
}

function shortened(value) {
  return typeof value === "number" && !Number.isInteger(value)
    ? value.toFixed(3)
    : String(value);
}
