// The vendored preact, with an id for fields and their labels, which its version does not have yet.

import { useState } from "./vendor/htm-preact.js";

export * from "./vendor/htm-preact.js";

let ids = 0;

export const useId = () => useState(() => `id${++ids}`)[0];
