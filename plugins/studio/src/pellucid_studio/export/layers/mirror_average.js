// The mean of f for an image and for its mirror image.
import { tensor, zeros } from "pellucid";

export const make = ({ parts: { layer } }) => (x) => {
  const [height, width, channels] = x.shape, mirrored = zeros(x.shape);
  for (let h = 0; h < height; h++) {
    for (let w = 0; w < width; w++) {
      const from = (h * width + width - 1 - w) * channels;
      mirrored.data.set(x.data.subarray(from, from + channels), (h * width + w) * channels);
    }
  }
  const seen = layer.forward(x), other = layer.forward(mirrored);
  return tensor(seen.data.map((value, i) => (value + other.data[i]) / 2), seen.shape);
};
