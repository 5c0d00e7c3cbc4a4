// Layers by themselves, for tests: made of what Python describes, called with tensors.
import { makers } from "makers";
import { Network } from "../src/pellucid_studio/export/page/network.js";
import { unpacked } from "../src/pellucid_studio/export/page/unpack.js";

/** The outputs of each of several samples, each a list of inputs { data, shape }: lists of numbers, one for each output. */
globalThis.onTrial = async (told, numbers, samples) => {
  const network = new Network(told, makers, await unpacked(numbers));
  return samples.map((inputs) => {
    const outputs = network.root.forward(...inputs.map(({ data, shape }) => ({ data: Float32Array.from(data), shape })));
    return [outputs].flat().map(({ data, shape }) => ({ data: [...data], shape }));
  });
};
