/** The controls of what is drawn at random, and of how much of it is shown. */

import { button, element, group, labelled, list, slider } from "./dom.js";

const WALK_SECONDS = 2;
const POINTS = [100, 500, 2000];
const PICTURES = [1, 4, 9, 16, 25, 36, 64];

/** A number from 0 in digits, else null. */
export function wholeNumber(text) {
  return /^\d+$/.test(text ?? "") ? Number(text) : null;
}

/** Seed, walk, truncation and number of pictures. */
export class Draws {
  constructor(page) {
    this.page = page;
    const { noun } = page;
    this.element = group(`${noun[0].toUpperCase()}${noun.slice(1)}s`);
    if (page.isRandom) this.addSeed();
    if (page.hasLatents) this.addWalk();
    if (page.hasNormalLatents) this.addTruncation();
    if (!page.fixedBatch) this.addCount();
  }

  addSeed() {
    const fresh = () => this.page.restart(Math.floor(Math.random() * 1e6));
    this.buttons = element("div", { className: "buttons" });
    this.buttons.append(button(`New ${this.page.noun}s`, fresh, { className: "main" }));
    this.seed = element("input", { type: "number", min: 0, step: 1 });
    this.seed.onchange = () => this.page.restart(wholeNumber(this.seed.value) ?? 0);
    this.element.append(this.buttons, labelled("Seed", this.seed));
  }

  addWalk() {
    this.walkButton = button("Walk", () => this.walk());
    this.buttons.append(this.walkButton);
    const move = (position) => this.page.set({ position });
    this.position = slider("Between seeds", [0, 1], 0, move);
    this.element.append(this.position);
  }

  addTruncation() {
    const move = (truncation) => this.page.set({ truncation });
    this.element.append(slider("Truncation", [0, 1.5], 1, move));
  }

  addCount() {
    const { count } = this.page.state;
    const counts = new Set([...(this.page.isPlane ? POINTS : PICTURES), count]);
    const options = [...counts].sort((a, b) => a - b).map((n) => [n, `${n}`]);
    const choose = (value) => this.page.set({ count: Number(value), selected: 0 });
    this.element.append(labelled("How many", list(options, count, choose)));
  }

  /** Start to move from seed to seed, or stop. */
  walk() {
    this.isWalking = !this.isWalking;
    this.walkButton.textContent = this.isWalking ? "Pause" : "Walk";
    let before = null;
    const step = async (now) => {
      if (!this.isWalking) return;
      const { seed, position } = this.page.state;
      const next = position + (now - (before ?? now)) / 1000 / WALK_SECONDS;
      before = now;
      await this.page.set({ seed: seed + Math.floor(next), position: next % 1 });
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  stop() {
    if (this.isWalking) this.walk();
  }

  refresh() {
    const { seed, position } = this.page.state;
    if (this.seed) this.seed.value = seed;
    this.position?.set(position);
  }
}
