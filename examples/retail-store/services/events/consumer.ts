/**
 * Takes events from the queue, one after the other, and acknowledges each when it is counted. Without a broker it looks
 * for one again and again; without Redis it stands still, and the events wait in the queue.
 */
import type { Channel, ConsumeMessage } from "amqplib";
import { backoffMs, messageOf, pause } from "../shared/backoff.ts";
import { connectBroker, queue } from "../shared/broker.ts";
import type { EventCounts } from "./counts.ts";
import { parseEvent } from "./event.ts";

/** So many are under way from the broker to us; the others stay in the queue. */
const prefetch = 100;

export type ConsumerStatus = {
  readonly connected: boolean;
  /** Messages that are no events: thrown away. */
  readonly malformed: number;
  /** Why it does not get on at the moment. */
  readonly lastError: string | undefined;
};

export class EventConsumer {
  readonly #url: string;
  readonly #counts: EventCounts;
  #status: ConsumerStatus = { connected: false, malformed: 0, lastError: undefined };

  constructor(url: string, counts: EventCounts) {
    this.#url = url;
    this.#counts = counts;
  }

  get status(): ConsumerStatus {
    return this.#status;
  }

  /** Until `signal` ends. */
  async run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#consume(signal, () => (failures = 0));
      } catch (error) {
        failures += 1;
        this.#note({ connected: false, lastError: messageOf(error) });
        await pause(backoffMs(failures), signal);
      }
    }
  }

  /** Until `signal` ends. @throws Error when the connection breaks, or cannot be made */
  async #consume(signal: AbortSignal, connected: () => void): Promise<void> {
    const broken = new AbortController();
    const lose = (why: string): void => broken.abort(new Error(why));
    const connection = await connectBroker(this.#url, lose);
    const over = AbortSignal.any([signal, broken.signal]);
    let last = Promise.resolve();
    try {
      const channel = await connection.createChannel();
      channel.on("error", (error) => lose(error.message));
      channel.on("close", () => lose("the channel was closed"));
      await channel.prefetch(prefetch);
      await channel.consume(queue, (message) => {
        if (!message) return lose(`the queue ${queue} was deleted`);
        last = last.then(() => this.#take(channel, message, over)).catch(lose);
      });
      this.#note({ connected: true, lastError: undefined });
      connected();
      await ended(over);
    } finally {
      broken.abort();
      await last;
      await connection.close().catch(() => undefined);
    }
    if (!signal.aborted) throw broken.signal.reason;
  }

  async #take(channel: Channel, message: ConsumeMessage, over: AbortSignal): Promise<void> {
    if (over.aborted) return;
    const event = parseEvent(message.content);
    if (!event) {
      this.#note({ malformed: this.#status.malformed + 1 });
      channel.reject(message, false);
      return;
    }
    for (let failures = 0; !over.aborted; ) {
      try {
        await this.#counts.count(event);
        if (failures > 0) this.#note({ lastError: undefined });
        // Over meanwhile: it is delivered again, and known.
        if (!over.aborted) channel.ack(message);
        return;
      } catch (error) {
        failures += 1;
        this.#note({ lastError: messageOf(error) });
        await pause(backoffMs(failures), over);
      }
    }
  }

  #note(news: Partial<ConsumerStatus>): void {
    this.#status = { ...this.#status, ...news };
  }
}

function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(), { once: true }),
  );
}
