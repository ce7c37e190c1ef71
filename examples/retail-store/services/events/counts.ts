/** What was counted, in the Region's Redis: each event once, however often it is delivered. */
import { Redis } from "ioredis";
import { Unavailable } from "../shared/refusal.ts";
import type { OrderEvent } from "./event.ts";

export type Counts = {
  readonly OrderCreated: number;
  readonly OrderCancelled: number;
  /** Deliveries of events that were counted already. */
  readonly duplicates: number;
  /** Different orders. */
  readonly orders: number;
};

/** The latest events, and the highest order numbers, that are remembered one by one: some 20 MiB. */
const rememberedMax = 100_000;
/** Numbers in one answer. */
const pageSize = 1_000;
/** 1 s: Redis is in this Region, and answers in less than a millisecond. */
const answerMsMax = 1_000;

const keys = ["events:seen", "events:orders", "events:counts"] as const;

/** One step: counted and remembered, or neither. */
const countScript = `
local seen, orders, counts = KEYS[1], KEYS[2], KEYS[3]
local event, kind, order, most = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('zscore', seen, event) then
  redis.call('hincrby', counts, 'duplicates', 1)
  return 0
end
redis.call('zadd', seen, redis.call('hincrby', counts, 'events', 1), event)
redis.call('zremrangebyrank', seen, 0, -(most + 1))
redis.call('hincrby', counts, kind, 1)
local lowest = redis.call('zrange', orders, 0, 0, 'withscores')[2]
local isForgotten = redis.call('zcard', orders) >= most and order < tonumber(lowest)
if not isForgotten and redis.call('zadd', orders, 'nx', order, ARGV[3]) == 1 then
  redis.call('hincrby', counts, 'orders', 1)
  redis.call('zremrangebyrank', orders, 0, -(most + 1))
end
return 1`;

export class EventCounts {
  readonly #redis: Redis;

  /** Connects, and connects again, by itself. */
  constructor(url: string) {
    this.#redis = new Redis(url, {
      // What cannot be asked now is refused now: whoever waits decides for how long.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: answerMsMax,
      commandTimeout: answerMsMax,
      retryStrategy: (attempts) => Math.min(50 * attempts, 1_000),
    });
    // Each command says so itself; without a listener it would be printed each time.
    this.#redis.on("error", () => undefined);
  }

  /** False for an event that was counted before. @throws Error when Redis does not answer: it may be counted or not */
  async count({ eventId, type, order }: OrderEvent): Promise<boolean> {
    const words = [eventId, type, order.id, rememberedMax];
    return (await this.#redis.eval(countScript, keys.length, ...keys, ...words)) === 1;
  }

  /** @throws Unavailable when Redis does not answer */
  async read(): Promise<Counts> {
    const found = await this.#redis.hgetall(keys[2]).catch(refuse);
    const number = (name: keyof Counts): number => Number(found[name] ?? 0);
    return {
      OrderCreated: number("OrderCreated"),
      OrderCancelled: number("OrderCancelled"),
      duplicates: number("duplicates"),
      orders: number("orders"),
    };
  }

  /** The next numbers after `after`, at most 1,000, in their order. @throws Unavailable as `read` */
  async ordersAfter(after: number): Promise<readonly number[]> {
    const found = await this.#redis
      .zrangebyscore(keys[1], `(${after}`, "+inf", "LIMIT", 0, pageSize)
      .catch(refuse);
    return found.map(Number);
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function refuse(cause: unknown): never {
  throw new Unavailable("Redis, where events are counted, does not answer.", { cause });
}
