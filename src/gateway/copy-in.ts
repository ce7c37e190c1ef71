/**
 * COPY data on their way from a client to the server that asked for them. They are passed on as they come, and never
 * gathered; what a client sends before it was asked, its session keeps.
 */
import { frontend } from "../wire/postgres/message-types.ts";
import type { ServerConnection } from "./server-connection.ts";

export type CopyDoors = {
  /** Whoever serves the client now. */
  readonly server: () => ServerConnection | undefined;
  /** More was sent than the server takes at present. */
  readonly slowed: (server: ServerConnection) => void;
};

/** 1 MiB that the server has not taken: the client is not read meanwhile. */
const waitingHighBytes = 1_048_576;

export class CopyIn {
  readonly #doors: CopyDoors;
  /** Undefined when no data are asked for. */
  #asked: { readonly isExtended: boolean; isOver: boolean } | undefined;
  /** Where the beginning of a message has gone whose end has not come yet. */
  #partGoesTo: ServerConnection | undefined;

  constructor(doors: CopyDoors) {
    this.#doors = doors;
  }

  /** What comes now belongs to the COPY. */
  get isAsked(): boolean {
    return this.#asked !== undefined;
  }

  /** @param isExtended the server answers a Sync, which has to follow */
  began(isExtended: boolean): void {
    this.#asked = { isExtended, isOver: false };
  }

  /** The unit was answered, with all of its COPYs. */
  ended(): void {
    this.#asked = undefined;
  }

  /** A whole message. True: it belonged to the COPY. */
  message(type: number, message: Buffer): boolean {
    const asked = this.#asked;
    if (asked === undefined || type === frontend.terminate) return false;
    if (type === frontend.flush) return true;
    // PostgreSQL says what it thinks of anything else.
    this.#pass(message, true);
    if (type === frontend.copyDone || type === frontend.copyFail) {
      // A simple query's COPY ends here; the server's answer to an extended one needs a Sync more.
      asked.isOver = true;
      if (!asked.isExtended) this.#asked = undefined;
    }
    if (type === frontend.sync && asked.isOver) this.#asked = undefined;
    return true;
  }

  /** A part of CopyData. True: it belonged to the COPY. @param isLast the message ends where it ends */
  part(bytes: Buffer, isLast: boolean): boolean {
    const server = this.#doors.server();
    // Also after the COPY has failed: what has begun in a server has to end there.
    const goesOn = this.#partGoesTo !== undefined && this.#partGoesTo === server;
    if (!this.#asked && !goesOn) return false;
    this.#partGoesTo = isLast ? undefined : server;
    this.#pass(bytes, isLast);
    return true;
  }

  /** What was sent before the server had asked. @param isWhole it ends where a message ends */
  kept(type: number, bytes: Buffer, isWhole: boolean): void {
    if (isWhole) this.message(type, bytes);
    else this.#pass(bytes, false);
  }

  #pass(bytes: Buffer, isWhole: boolean): void {
    const server = this.#doors.server();
    if (server === undefined) return;
    server.sendMore(bytes, isWhole);
    if (server.queuedBytes >= waitingHighBytes) this.#doors.slowed(server);
  }
}
