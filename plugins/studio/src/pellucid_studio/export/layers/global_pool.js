// One window, the whole image: one number for each channel.
import { cellsOf, tensor } from "pellucid";
import { pooled } from "./pool.js";

export const make = ({ type }) => (x) => {
  const [down, across] = [0, 1].map((axis) => cellsOf(1, 0, x.shape[axis], x.shape[axis], 1, 1));
  return tensor(pooled(x, down, across, type === "cnn/global_max_pool2d").data, [x.shape[2]]);
};
