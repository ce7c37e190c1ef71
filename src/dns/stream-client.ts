/** One client on TCP. It may ask many things before it reads an answer, within bounds. */
import { highWaterBytes, type ByteSocket } from "../env/byte-socket.ts";
import { framed, StreamMessages } from "./stream-messages.ts";

/** A question with all the options that people know has a few hundred octets. */
const queryBytesMax = 4_096;

/** 10 s: without a whole question for so long, or an answer taken, a client has gone or means no good. */
export const idleMsMax = 10_000;

export type StreamClientDoors = {
  readonly nowMs: () => number;
  /** Undefined: no answer. */
  readonly answer: (query: Buffer) => Buffer | undefined;
  readonly closed: () => void;
};

export class StreamClient {
  readonly #socket: ByteSocket;
  readonly #doors: StreamClientDoors;
  readonly #messages = new StreamMessages(queryBytesMax);
  #movedMs: number;

  constructor(socket: ByteSocket, doors: StreamClientDoors) {
    this.#socket = socket;
    this.#doors = doors;
    this.#movedMs = doors.nowMs();
    socket.attach({
      data: (bytes) => this.#receive(bytes),
      drained: () => this.#drained(),
      ended: () => socket.end(),
      closed: doors.closed,
    });
  }

  /** Ends it when it has been idle for too long; a slow trickle of a question is idle, too. */
  sweep(): void {
    if (this.#doors.nowMs() - this.#movedMs > idleMsMax) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#socket.cork();
    const isReadable = this.#messages.feed(bytes, (query) => {
      this.#movedMs = this.#doors.nowMs();
      const answer = this.#doors.answer(query);
      if (answer !== undefined) this.#socket.write(framed(answer));
    });
    this.#socket.uncork();
    if (!isReadable) return this.#socket.destroy();
    // Who does not read is not read from; one read brings questions for a few times as many octets of answers.
    if (this.#socket.queuedBytes >= highWaterBytes) this.#socket.pause();
  }

  #drained(): void {
    this.#movedMs = this.#doors.nowMs();
    this.#socket.resume();
  }
}
