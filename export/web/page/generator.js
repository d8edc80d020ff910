/** The generator: its ONNX file and its description, run by onnxruntime-web. */

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
};

/** Numbers as the array that a tensor of this dtype holds. */
export function typedArray(dtype, numbers) {
  const array = ARRAYS[dtype];
  if (!array) throw new Error(`Inputs of dtype ${dtype} cannot be given in a browser.`);
  // A copy in any case: what goes to the worker is gone from here.
  if (array === BigInt64Array) return array.from(numbers, BigInt);
  return Array.isArray(numbers) ? array.from(numbers, Number) : new array(numbers);
}

async function fetched(name) {
  const response = await fetch(name).catch(() => null);
  if (!response?.ok)
    throw new Error(`${name} is missing: ${response?.status ?? "no answer"}.`);
  return response;
}

async function runtime() {
  if (typeof WebAssembly !== "object")
    throw new Error("This browser has no WebAssembly, which runs the generator.");
  const folder = new URL("onnxruntime-web/", import.meta.url);
  const ort = await import(new URL("ort.wasm.min.js", folder));
  ort.env.wasm.wasmPaths = {
    mjs: new URL("ort-wasm-simd-threaded.js", folder).href,
    wasm: new URL("ort-wasm-simd-threaded.wasm", folder).href,
  };
  // In a worker, so that the page stays awake while it runs.
  ort.env.wasm.proxy = true;
  return ort;
}

/** Load everything and return `{spec, run}`. */
export async function openGenerator() {
  const [ort, spec, file] = await Promise.all([
    runtime(),
    fetched("spec.json").then((response) => response.json()),
    fetched("generator.onnx").then((response) => response.arrayBuffer()),
  ]);
  const session = await ort.InferenceSession.create(new Uint8Array(file));

  /** Run it on `{name: {data, shape}}`: the same, the `outputs`, `milliseconds`. */
  async function run(inputs) {
    const feeds = {};
    for (const { name, dtype } of spec.inputs) {
      const { data, shape } = inputs[name];
      feeds[name] = new ort.Tensor(dtype, typedArray(dtype, data), shape);
    }
    const start = performance.now();
    const results = await session.run(feeds);
    const milliseconds = performance.now() - start;
    const outputs = {};
    for (const { name } of spec.outputs) {
      const { data, dims } = results[name];
      outputs[name] = { data, shape: [...dims] };
    }
    return { inputs, outputs, milliseconds };
  }

  return { spec, run };
}
