// The network: each layer made by the function of its registered name, from what the page was told of it.
import { mapped, sigmoid, softmax, tensor } from "pellucid";

/** Layers, transforms: { type, arguments, arrays, parts } become objects with what `make` returns. */
export class Network {
  /**
   * @param told { layers, transforms, targets, reading }, see pellucid_studio.export.describe
   * @param makers by kind and registered name, `make` of its module
   * @param at gives the tensor of a place
   */
  constructor(told, makers, at) {
    this.told = told;
    const arraysOf = (of) => Object.fromEntries(Object.entries(of).map(([name, place]) => [name, at(place)]));
    const made = new Map();
    const layer = (number) => {
      if (!made.has(number)) {
        const { type, arguments: given, arrays, parts } = told.layers[number];
        const own = { type, arguments: given, arrays: arraysOf(arrays) };
        made.set(number, own);
        own.parts = {}; // made when they are looked at: a layer may hold one that it does not need, and that was never built
        for (const [name, part] of Object.entries(parts)) Object.defineProperty(own.parts, name, { get: () => each(part) });
        const result = makers[`layer ${type}`](own);
        Object.assign(own, typeof result === "function" ? { forward: result } : result);
      }
      return made.get(number);
    };
    const each = (part) => (Array.isArray(part) ? part.map(each) : layer(part));
    const transform = (of) => makers[`transform ${of.type}`]({ ...of, arrays: arraysOf(of.arrays) });
    this.root = layer(0);
    this.transforms = told.transforms.map(transform);
    this.targets = told.targets.map(transform);
  }

  /** A sample in the units of the data, as the first layer takes it. */
  input(numbers) {
    const x = this.transforms.reduce((y, transform) => transform.apply(y), tensor(Float64Array.from(numbers), this.told.sample));
    return tensor(Float32Array.from(x.data), this.told.input);
  }

  /** What model.predict gives for one sample: an array of numbers, or several; `others`: further inputs, such as a label. */
  predict(numbers, ...others) {
    const outputs = this.root.forward(this.input(numbers), ...others.map((value) => tensor([value], [])));
    if (Array.isArray(outputs)) return outputs.map((y) => y.data);
    return this.targets.reduceRight((y, transform) => transform.inverse(y), tensor(Float64Array.from(outputs.data), outputs.shape)).data;
  }

  /** The probability of each class; of one output that of yes, after that of no; null where there are no classes. */
  probabilities(outputs) {
    const { reading } = this.told;
    if (reading === "softmax") return softmax(outputs, new Float64Array(outputs.length));
    if (reading === "sigmoid") return [1 - sigmoid(outputs[0]), sigmoid(outputs[0])];
    return null;
  }

  /** The code of a sample. */
  encode(numbers, ...others) {
    return this.root.encode(this.input(numbers), ...others.map((value) => tensor([value], []))).data;
  }

  /** The sample that a code stands for, in the units of the data. */
  decode(code, ...others) {
    const y = this.root.decode(tensor(Float32Array.from(code), [code.length]), ...others.map((value) => tensor([value], [])));
    const values = mapped(tensor(Float64Array.from(y.data), y.shape), this.told.decoded === "sigmoid" ? sigmoid : (value) => value);
    return this.transforms.reduceRight((x, transform) => transform.inverse(x), values).data;
  }
}
