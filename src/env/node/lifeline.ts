/**
 * The line between a program and the supervisor that started it: JSON lines in both directions on file
 * descriptor 3. When the supervisor ends, however it ends, the line closes, and nothing may outlive it.
 */
import { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";
import type { Json } from "../env.ts";

export const lifelineDescriptor = 3;

/** 1 MiB in one message is a bug on the other side. */
const lineMaxLength = 1_048_576;

export class Lifeline {
  readonly #stream: Duplex;
  readonly #cut = new AbortController();

  constructor(stream: Duplex, onMessage: (message: Json) => void) {
    this.#stream = stream;
    stream.on("error", () => this.#cut.abort());
    stream.on("close", () => this.#cut.abort());
    const lines = createInterface({ input: stream, crlfDelay: Infinity });
    lines.on("line", (line) => {
      const message = this.#read(line);
      if (message !== undefined) onMessage(message);
    });
    lines.on("close", () => this.#cut.abort());
    // It repeats the stream's: a program that dies with words of ours unread resets the connection.
    lines.on("error", () => this.#cut.abort());
  }

  /** Aborts when the other side is gone. */
  get cut(): AbortSignal {
    return this.#cut.signal;
  }

  /** A message to a side that is gone is dropped. */
  send(message: Json): void {
    if (!this.#cut.signal.aborted) this.#stream.write(`${JSON.stringify(message)}\n`);
  }

  close(): void {
    this.#stream.destroy();
  }

  /** Who does not speak the language is hung up on: the program ends, and the supervisor starts it anew. */
  #read(line: string): Json | undefined {
    try {
      if (line.length <= lineMaxLength) return JSON.parse(line) as Json;
    } catch {
      // Told by hanging up.
    }
    this.close();
    return undefined;
  }
}

/** The program's side. Throws when the program was not started by a supervisor. */
export function openLifeline(onMessage: (message: Json) => void): Lifeline {
  const stream = new Socket({ fd: lifelineDescriptor, readable: true, writable: true });
  return new Lifeline(stream, onMessage);
}
