/** Gives events to the Region's RabbitMQ, and says which of them it has taken for certain. */
import type { ChannelModel, ConfirmChannel, Message } from "amqplib";
import { setTimeout as sleep } from "node:timers/promises";
import { connectBroker, exchange } from "../shared/broker.ts";
import type { OutboxEvent } from "./outbox.ts";

/** 5 s: a broker on its disk confirms in milliseconds, and one that is short of memory not at all. */
const confirmMsMax = 5_000;

export type Published = {
  /** Of events that are in every queue, and on disk. */
  readonly confirmed: readonly string[];
  /** Why others are not; undefined: there are none. */
  readonly trouble: string | undefined;
};

type Link = { readonly connection: ChannelModel; readonly channel: ConfirmChannel };

export class Publisher {
  readonly #url: string;
  #link: Link | undefined;
  /** Came back, because no queue is bound: the broker confirms these, too. */
  readonly #returned = new Set<string>();

  constructor(url: string) {
    this.#url = url;
  }

  /** @throws Error when the broker cannot be reached */
  async publish(events: readonly OutboxEvent[]): Promise<Published> {
    const { channel } = await this.#connect();
    this.#returned.clear();
    const confirmed: string[] = [];
    let trouble: string | undefined;
    const all = events.map((event) =>
      this.#publishOne(channel, event).then(
        () => confirmed.push(event.event_id),
        (error: Error) => (trouble = error.message),
      ),
    );
    const late = new AbortController();
    const isLate = await Promise.race([
      Promise.all(all).then(() => false),
      sleep(confirmMsMax, true, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (isLate) {
      trouble = `the broker did not confirm within ${confirmMsMax} ms`;
      await this.close();
    }
    return { confirmed: [...confirmed], trouble };
  }

  async #connect(): Promise<Link> {
    if (this.#link) return this.#link;
    const connection = await connectBroker(this.#url, () => this.#forget(connection));
    const channel = await connection.createConfirmChannel().catch(async (error: unknown) => {
      await connection.close().catch(() => undefined);
      throw error;
    });
    channel.on("error", () => undefined);
    channel.on("close", () => this.#forget(connection));
    channel.on("return", ({ properties }: Message) => this.#returned.add(properties.messageId));
    this.#link = { connection, channel };
    return this.#link;
  }

  async close(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.connection.close().catch(() => undefined);
  }

  #publishOne(channel: ConfirmChannel, event: OutboxEvent): Promise<void> {
    const { event_id: messageId, type, payload } = event;
    const content = Buffer.from(JSON.stringify(payload));
    return new Promise((resolve, reject) => {
      const options = {
        messageId,
        type,
        persistent: true,
        mandatory: true,
        contentType: "application/json",
      };
      channel.publish(exchange, "", content, options, (error: Error | null) => {
        if (error) reject(error);
        else if (this.#returned.has(messageId)) reject(new Error("no queue takes the events"));
        else resolve();
      });
    });
  }

  #forget(connection: ChannelModel): void {
    if (this.#link?.connection !== connection) return;
    this.#link = undefined;
    // A channel that was closed alone leaves its connection open.
    connection.close().catch(() => undefined);
  }
}
