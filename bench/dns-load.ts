/** Clients that ask as fast as they are answered, and one that asks until the answer changes. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { decode, encode } from "dns-packet";
import { nodeClock } from "../src/env/node/clock.ts";
import type { Address } from "../src/model/address.ts";

/** 8 × 16 questions under way keep a server busy without a queue that overflows. */
const socketsMax = 8;
const underWayMax = 16;

/** 50 ms: a client that heard nothing for so long has lost its packets, and starts anew. */
const silenceMs = 50;

export type LoadResult = { readonly answers: number; readonly seconds: number };

export const question = (name: string): Buffer =>
  encode({ type: "query", id: 4711, questions: [{ type: "A", name }] });

export async function load(
  to: Address,
  questions: readonly Buffer[],
  seconds: number,
): Promise<LoadResult> {
  const clients = Array.from({ length: socketsMax }, () => new Client(to, questions));
  await Promise.all(clients.map((client) => client.start()));
  const startedMs = performance.now();
  while (performance.now() - startedMs < seconds * 1_000) {
    await sleep(silenceMs);
    for (const client of clients) client.revive();
  }
  const tookSeconds = (performance.now() - startedMs) / 1_000;
  const answers = clients.reduce((sum, client) => sum + client.answers, 0);
  for (const client of clients) client.close();
  return { answers, seconds: tookSeconds };
}

class Client {
  answers = 0;
  readonly #socket: Socket = createSocket("udp4");
  readonly #to: Address;
  readonly #questions: readonly Buffer[];
  #asked = 0;
  #answersBefore = 0;

  constructor(to: Address, questions: readonly Buffer[]) {
    this.#to = to;
    this.#questions = questions;
  }

  async start(): Promise<void> {
    this.#socket.connect(this.#to.port, this.#to.host);
    await once(this.#socket, "connect");
    this.#socket.on("error", () => undefined);
    this.#socket.on("message", () => {
      this.answers += 1;
      this.#ask();
    });
    for (let count = 0; count < underWayMax; count += 1) this.#ask();
  }

  revive(): void {
    if (this.answers === this.#answersBefore) {
      for (let count = 0; count < underWayMax; count += 1) this.#ask();
    }
    this.#answersBefore = this.answers;
  }

  close(): void {
    this.#socket.close();
  }

  #ask(): void {
    this.#asked += 1;
    const next = this.#questions[this.#asked % this.#questions.length];
    if (next !== undefined) this.#socket.send(next);
  }
}

/**
 * Asks one question after the other until its last answer is `data`; the moment of that answer on the machine's
 * monotonic clock. @throws when it has not changed within 10 s
 */
export async function seenAt(to: Address, name: string, data: string): Promise<number> {
  const socket = createSocket("udp4");
  socket.connect(to.port, to.host);
  await once(socket, "connect");
  const packet = question(name);
  const deadlineMs = nodeClock.monotonicMs() + 10_000;
  try {
    while (nodeClock.monotonicMs() < deadlineMs) {
      socket.send(packet);
      const [bytes] = (await once(socket, "message")) as [Buffer];
      const last = decode(bytes).answers?.at(-1);
      if (last?.type === "A" && last.data === data) return nodeClock.monotonicMs();
    }
  } finally {
    socket.close();
  }
  throw new Error(`${name} did not lead to ${data} within 10 s`);
}
