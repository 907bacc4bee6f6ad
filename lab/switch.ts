/** Where the switch hands frames out: a guest's NIC, or a test. */
export type Send = (frame: Buffer) => void;

/** Ethernet switch in this process: learns addresses per VLAN, filters tags per port, can cut, delay and record a port. */
export class Switch {
  readonly #ports = new Set<Port>();
  readonly #learned = new Map<string, Port>();

  /** Plugs a NIC in. `vlans` are the tags that pass the port both ways, all when omitted; untagged frames always pass. */
  plug(send: Send, vlans?: readonly number[]): Port {
    const port = new Port(this, send, vlans && new Set(vlans));
    this.#ports.add(port);
    return port;
  }

  unplug(port: Port): void {
    this.#ports.delete(port);
    this.forget(port);
  }

  /** Forgets where addresses are, of one port or of all: after a guest went back to a saved state they are stale. */
  forget(port?: Port): void {
    for (const [address, where] of this.#learned) if (!port || where === port) this.#learned.delete(address);
  }

  /** Carries a frame from the port it came in by to the ports it must go out by. */
  forward(from: Port, frame: Buffer): void {
    const vlan = vlanOf(frame);
    const multicast = (frame[6] ?? 0) & 1;
    if (!multicast) this.#learned.set(`${vlan} ${frame.toString("hex", 6, 12)}`, from);
    const known = this.#learned.get(`${vlan} ${frame.toString("hex", 0, 6)}`);
    for (const port of known ? [known] : this.#ports) if (port !== from) port.transmit(frame, vlan);
  }
}

/** One port of a switch, with one cable to one NIC. */
export class Port {
  /** A cut cable carries nothing; the NIC at its end does not notice. */
  cut = false;
  /** Every frame is held for so many milliseconds, each way. */
  delay = 0;
  readonly vlans: ReadonlySet<number> | undefined;
  /** Called with each frame that crosses the cable, either way. */
  readonly watchers = new Set<Send>();
  readonly #switch: Switch;
  readonly #send: Send;

  constructor(sw: Switch, send: Send, vlans: ReadonlySet<number> | undefined) {
    this.#switch = sw;
    this.#send = send;
    this.vlans = vlans;
  }

  /** A frame came from the NIC. */
  receive(frame: Buffer): void {
    // Shorter than an Ethernet header: nothing that could be forwarded.
    if (this.cut || frame.length < 14) return;
    this.#hold(() => {
      this.#watch(frame);
      if (this.#passes(vlanOf(frame))) this.#switch.forward(this, frame);
    });
  }

  /** The switch sends a frame to the NIC. */
  transmit(frame: Buffer, vlan: number | undefined): void {
    if (this.cut || !this.#passes(vlan)) return;
    this.#hold(() => {
      this.#watch(frame);
      this.#send(frame);
    });
  }

  unplug(): void {
    this.#switch.unplug(this);
  }

  /** The switch forgets which addresses are behind this port. */
  forget(): void {
    this.#switch.forget(this);
  }

  #passes(vlan: number | undefined): boolean {
    return vlan === undefined || !this.vlans || this.vlans.has(vlan);
  }

  #watch(frame: Buffer): void {
    for (const watcher of this.watchers) watcher(frame);
  }

  #hold(pass: () => void): void {
    if (this.delay === 0) pass();
    // A cable that was cut loses what was on it. Timers of one length fire in order, so frames keep theirs.
    else setTimeout(() => this.cut || pass(), this.delay);
  }
}

/** The tag of a frame, of its outer header when it has two; undefined when it has none. Tag 0 is priority only: no VLAN. */
function vlanOf(frame: Buffer): number | undefined {
  if (frame.length < 18) return undefined;
  const type = frame.readUInt16BE(12);
  if (type !== 0x8100 && type !== 0x88a8) return undefined;
  return frame.readUInt16BE(14) & 0xfff || undefined;
}

/** Takes a stream of frames apart, each preceded by its length in four bytes as qemu writes them. */
export function frameReader(take: Send): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length >= 4) {
      const end = 4 + rest.readUInt32BE(0);
      if (rest.length < end) break;
      take(rest.subarray(4, end));
      rest = rest.subarray(end);
    }
  };
}

/** A frame as qemu wants to read it. */
export function framed(frame: Buffer): Buffer {
  const out = Buffer.allocUnsafe(4 + frame.length);
  out.writeUInt32BE(frame.length, 0);
  frame.copy(out, 4);
  return out;
}

/** The head of a capture file that tcpdump and Wireshark read: libpcap's format 2.4, microseconds, Ethernet. */
export function captureHead(): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262144, 16);
  head.writeUInt32LE(1, 20);
  return head;
}

/** One frame of a capture file; `time` in milliseconds since 1970. */
export function captureRecord(frame: Buffer, time: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(Math.floor(time / 1000), 0);
  head.writeUInt32LE(Math.floor((time % 1000) * 1000), 4);
  head.writeUInt32LE(frame.length, 8);
  head.writeUInt32LE(frame.length, 12);
  return Buffer.concat([head, frame]);
}
