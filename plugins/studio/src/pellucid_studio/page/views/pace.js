// Pace: states of what comes in pieces are shown one after the other, each long enough to be seen, for a small network
// draws its samples in a blink. Whoever wants no motion sees the last one.

const STATE = 60, WHOLE = 6000; // ms that a state stays at least; and that all which wait may take
const still = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");

export class Pace {
  /** show(message) is called with each, in their order. */
  constructor(show) {
    Object.assign(this, { show, waiting: [], shown: 0, flows: false, timer: 0 });
  }

  push(message) {
    if (still?.matches) this.waiting = [];
    this.waiting.push(message);
    this.next();
  }

  next() {
    while (this.waiting.length && !this.timer) {
      const stays = still?.matches || !this.flows ? 0 : Math.min(STATE, WHOLE / this.waiting.length);
      const wait = this.shown + stays - performance.now();
      if (wait > 0) {
        this.timer = setTimeout(() => { this.timer = 0; this.next(); }, wait);
        return;
      }
      const message = this.waiting.shift();
      Object.assign(this, { shown: performance.now(), flows: Boolean(message.more) });
      this.show(message);
    }
  }

  /** What has not been shown is not asked for any more. */
  clear() {
    clearTimeout(this.timer);
    Object.assign(this, { waiting: [], flows: false, timer: 0 });
  }
}
