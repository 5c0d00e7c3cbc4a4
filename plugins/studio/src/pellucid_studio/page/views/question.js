// Question: what a panel asks of the server, and the answers. While one is being worked on no second is asked, as it
// would replace the first and nothing would ever be shown while something is dragged; the newest waits for its turn.
// An answer that comes in pieces is replaced at once; its pieces are shown at a pace that can be followed.

import { Pace } from "./pace.js";

const PACE = 40; // ms between two questions
let numbers = 0;

export class Question {
  /** told({parts, error, controls, busy}) is called with what has changed. */
  constructor(socket, view, run, told) {
    Object.assign(this, { socket, view, run, told });
    this.id = ++numbers;
    this.asked = 0; // when the last was
    this.under = false; // whether an answer is awaited
    this.streams = false;
    this.waiting = null;
    this.pace = new Pace((message) => this.show(message));
    this.offs = [
      socket.on("shown", (message) => { if (message.id === this.id) this.answer(message); }),
      socket.on("open", () => { this.under = this.streams = false; if (this.last) this.ask(this.last); }),
      socket.on("close", () => { this.under = this.streams = false; this.told({ busy: false }); }),
    ];
  }

  ask(values) {
    this.last = this.waiting = values;
    this.next();
  }

  /** The same again, where nothing else is under way: of a network that has learned meanwhile. */
  again() {
    if (this.last && !this.under && !this.streamed) this.ask(this.last);
  }

  next() {
    if (this.waiting === null || (this.under && !this.streams) || this.timer) return;
    const wait = this.asked + PACE - performance.now();
    if (wait > 0) {
      this.timer = setTimeout(() => { this.timer = 0; this.next(); }, wait);
      return;
    }
    const sent = this.socket.send({ do: "view", id: this.id, view: this.view, run: this.run, values: this.waiting });
    if (!sent) return; // it is asked again when the line is back
    this.pace.clear();
    Object.assign(this, { waiting: null, under: true, streams: false, asked: performance.now() });
    this.told({ busy: true });
  }

  answer(message) {
    if (message.parts || message.error !== undefined) {
      this.under = this.streams = Boolean(message.more);
      this.streamed ||= this.streams;
    }
    this.pace.push(message);
    this.next();
  }

  show({ parts, error, controls, more }) {
    const heard = {};
    if (controls) heard.controls = controls;
    if (parts || error !== undefined) Object.assign(heard, { parts: parts ?? null, error: error ?? null, busy: Boolean(more) });
    this.told(heard);
  }

  close() {
    clearTimeout(this.timer);
    this.pace.clear();
    for (const off of this.offs) off();
    this.socket.send({ do: "leave", id: this.id });
  }
}
