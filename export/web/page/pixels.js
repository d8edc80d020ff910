/** From the bytes of a canvas to the values that a generator takes. */

const palette = document.createElement("canvas").getContext("2d");

/** A colour for a class, far from those of its neighbours. */
export function classColour(id) {
  const lightness = 35 + 30 * ((id * 0.618) % 1);
  palette.fillStyle = `hsl(${(id * 137.508) % 360}, 60%, ${lightness}%)`;
  return palette.fillStyle;
}

/** Pixels as values from low to high; one channel is the luma of the colours. */
export function pixelValues(data, channels, [low, high]) {
  const values = new Float32Array((data.length / 4) * channels);
  for (let pixel = 0; pixel < data.length / 4; pixel++) {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3);
    const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    for (let channel = 0; channel < channels; channel++) {
      const level = channels === 1 ? luma : data[4 * pixel + channel];
      values[channels * pixel + channel] = low + (level / 255) * (high - low);
    }
  }
  return values;
}

/** Pixels as the numbers of the classes that have these colours. */
export function classIds(data, colours) {
  const ids = new Map(colours.map((colour, id) => [parseInt(colour.slice(1), 16), id]));
  return Float32Array.from({ length: data.length / 4 }, (_, pixel) => {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3);
    return ids.get((red << 16) | (green << 8) | blue) ?? 0;
  });
}

/** Numbers of classes as rows of zeros with one 1. */
export function oneHot(ids, number) {
  const rows = new Float32Array(ids.length * number);
  ids.forEach((id, index) => (rows[index * number + id] = 1));
  return rows;
}
