/** Two sockets made one: what comes in here goes out there, as fast as it is taken, until both sides have ended. */
import type { Duplex } from "node:stream";
import type { Socket } from "node:net";
import type { EdgeLimits } from "./limits.ts";
import type { Live } from "./live-list.ts";

export class Tunnel implements Live {
  readonly #sides: readonly [Duplex, Duplex];
  readonly #closed: () => void;
  place = -1;
  #isClosed = false;

  /** @param closed told once, when both sides are gone */
  constructor(sides: readonly [Duplex, Duplex], limits: EdgeLimits, closed: () => void) {
    this.#sides = sides;
    this.#closed = closed;
    const [client, server] = sides;
    for (const side of sides) {
      const socket = side as Socket;
      socket.setTimeout(limits.tunnelIdleMs, () => this.#end());
      socket.setKeepAlive(true, keepAliveMs);
      side.on("error", () => this.#end());
      side.on("close", () => this.#sideClosed());
      side.on("end", () => {
        for (const each of sides) (each as Socket).setTimeout(limits.halfClosedMs);
      });
    }
    // `pipe` ends the other side when one has ended, and pauses whoever is faster.
    client.pipe(server);
    server.pipe(client);
    // One of them may have gone while the other was being connected. Whoever made this must have it first.
    if (sides.some(({ destroyed }) => destroyed)) queueMicrotask(() => this.#sideClosed());
  }

  /** Bytes have passed: it belongs where it is. */
  moveOn(): void {}

  abandon(): void {
    this.#end();
  }

  #end(): void {
    for (const side of this.#sides) side.destroy();
    this.#sideClosed();
  }

  #sideClosed(): void {
    if (this.#isClosed) return;
    // A side that has closed in order may have left something that the other has not read yet.
    for (const side of this.#sides) {
      if (side.destroyed) continue;
      if (side.writableLength === 0 && side.readableLength === 0) side.destroy();
      else side.end();
    }
    if (!this.#sides.every(({ destroyed }) => destroyed)) return;
    this.#isClosed = true;
    this.#closed();
  }
}

/** 30 s: a peer that is silent for longer is asked whether it is there. */
const keepAliveMs = 30_000;
