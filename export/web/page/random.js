/** Random numbers that depend on their place alone: seed, input, row and index. */

/** The finaliser of MurmurHash3: every bit of a word moves every bit of the result. */
function mixed(word) {
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}

function chained(hash, word) {
  return mixed((hash ^ word) + 0x9e3779b9);
}

/** A function from an index to a number between 0 and 1, both excluded. */
export function uniforms(seed, place, row) {
  const hash = [seed, place, row].reduce(chained, 0);
  return (index) => ((chained(hash, index) >>> 0) + 0.5) / 2 ** 32;
}

/** The sampler of an input, with a formula in place of the rows of an array. */
export function formula({ sampler, dtype }) {
  if (sampler.class !== "Rows") return sampler;
  const { low, high } = sampler;
  if (/int|bool/.test(dtype)) return { class: "Integers", num_ids: high + 1 };
  if (low === null) return { class: "Normal", mean: 0, stddev: 1 };
  return { class: "Uniform", low, high };
}

/** The least and largest value worth a place on a slider. */
export function bounds(sampler) {
  const { mean, stddev } = sampler;
  if (sampler.class === "Normal") return [mean - 3 * stddev, mean + 3 * stddev];
  if (sampler.class === "Uniform") return [sampler.low, sampler.high];
  return [0, sampler.class === "Integers" ? sampler.num_ids - 1 : 1];
}

const DRAWS = {
  Normal:
    ({ mean, stddev }, uniform) =>
    (index) =>
      mean +
      stddev *
        Math.sqrt(-2 * Math.log(uniform(2 * index))) *
        Math.cos(2 * Math.PI * uniform(2 * index + 1)),
  Uniform:
    ({ low, high }, uniform) =>
    (index) =>
      low + (high - low) * uniform(index),
  Integers:
    ({ num_ids }, uniform) =>
    (index) =>
      Math.floor(num_ids * uniform(index)),
  OneHot: (_, uniform, width) => (index) =>
    Number(index % width === Math.floor(width * uniform(Math.floor(index / width)))),
};

/** How many values an array of this shape holds. */
export function sizeOf(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

/** One row of an input: `shape` is that of a row, without the batch. */
export function drawnRow(sampler, shape, seed, place, row) {
  const draw = DRAWS[sampler.class];
  const value = draw(sampler, uniforms(seed, place, row), shape.at(-1) ?? 1);
  return Float64Array.from({ length: sizeOf(shape) }, (_, index) => value(index));
}

/** A row on the way from one row to another, as likely as the two are. */
export function between(sampler, from, to, position) {
  if (position <= 0) return from;
  if (sampler.class === "Normal") {
    // Of independent normal rows, cos a + sin b is such a row again; a mean is not.
    const angle = (position * Math.PI) / 2;
    const [near, far] = [Math.cos(angle), Math.sin(angle)];
    const { mean } = sampler;
    return from.map((v, i) => mean + near * (v - mean) + far * (to[i] - mean));
  }
  if (sampler.class === "Uniform")
    return from.map((value, index) => value + position * (to[index] - value));
  return position < 0.5 ? from : to;
}
