// The line to the server: JSON both ways; when it breaks, it is drawn again, and the run has gone on meanwhile.

const SLOWEST = 5000;

export class Socket {
  constructor(address) {
    this.address = address;
    this.listeners = new Map();
    this.open = false;
    this.wait = 250;
  }

  /** Call `told` with each message whose `is` this is ("open" and "close" too). Returns what ends that. */
  on(is, told) {
    if (!this.listeners.has(is)) this.listeners.set(is, new Set());
    this.listeners.get(is).add(told);
    return () => this.listeners.get(is).delete(told);
  }

  tell(message) {
    for (const told of this.listeners.get(message.is) ?? []) told(message);
  }

  connect() {
    const line = new WebSocket(this.address);
    this.line = line;
    line.onopen = () => { this.open = true; this.wait = 250; this.tell({ is: "open" }); };
    line.onmessage = (event) => this.tell(JSON.parse(event.data));
    line.onclose = () => {
      if (this.open) this.tell({ is: "close" });
      this.open = false;
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(2 * this.wait, SLOWEST);
    };
  }

  /** Send a message; false where there is no line, as nothing is kept for later. */
  send(message) {
    if (!this.open) return false;
    this.line.send(JSON.stringify(message));
    return true;
  }
}

/** The address of the socket below that of the page. */
export function live(base = document.baseURI) {
  const address = new URL("live", base);
  address.protocol = address.protocol.replace("http", "ws");
  address.hash = "";
  return address.href;
}
