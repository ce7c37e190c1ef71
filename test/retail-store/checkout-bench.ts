/** The checkout service with a real Redis and a real PostgreSQL, and with small stand-ins for the services it asks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { openCheckout } from "../../examples/retail-store/services/checkout/open-checkout.ts";
import { buildService, type Service } from "../../examples/retail-store/services/shared/service.ts";
import type { FoundProgram } from "../../src/service/debian-packages.ts";
import {
  appPassword,
  drawAddress,
  eventually,
  Scratch,
  soon,
  spec,
  sql,
  startPrimary,
} from "../postgres/scratch.ts";
import { RedisProcess } from "./redis-process.ts";

type Order = Readonly<Record<string, unknown>> & { readonly id: number };

/** How the order service answers; `lost`: it places the order, and nobody hears of it. */
type Mood = "well" | "sold-out" | "lost";

export class StandIns {
  /** By idempotency key. */
  readonly orders = new Map<string, Order>();
  readonly headers: IncomingMessage["headers"][] = [];
  readonly emptied: string[] = [];
  mood: Mood = "well";
  cartsAreWell = true;
  priceOfWatch = 42.95;
  readonly #server: Server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = "" } = request;
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (method === "GET") return send(200, { product_items: this.#products(url) });
    if (method === "DELETE") {
      if (!this.cartsAreWell) return send(503, {});
      this.emptied.push(url);
      return send(200, {});
    }
    const body = (await json(request)) as Record<string, unknown>;
    this.headers.push(request.headers);
    if (this.mood === "sold-out") {
      const message = "Nothing was ordered: Watch is sold out.";
      return send(409, { error: { code: "sold-out", message } });
    }
    const order = this.#place(String(request.headers["idempotency-key"]), body);
    if (this.mood === "lost") return void response.destroy();
    response.setHeader("x-seen", "token-1");
    response.setHeader("x-wrote-to", "127.0.1.11;ms=2.0");
    return send(201, order);
  }

  #products(url: string): readonly unknown[] {
    const ids = (new URL(url, "http://x").searchParams.get("productlist") ?? "").split(",");
    return ids.includes("2") ? [{ id: 2, name: "Watch", price: this.priceOfWatch }] : [];
  }

  #place(key: string, { items, ...rest }: Record<string, unknown>): Order {
    const lines = (items as Record<string, number>[]).map((item) => ({
      ...item,
      name: "Watch",
      totalCost: (item["quantity"] ?? 0) * (item["price"] ?? 0),
    }));
    const amounts = { subtotal: 42.95, tax: 2.15, shipping: 15, total: 60.1 };
    const known = this.orders.get(key);
    const order = known ?? { id: this.orders.size + 4, ...rest, ...amounts, items: lines };
    this.orders.set(key, order);
    return order;
  }
}

export type Reply = {
  readonly status: number;
  // Whatever a test looks for in an answer.
  readonly body: Record<string, unknown>;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly ms: number;
};

export class CheckoutBench {
  readonly scratch: Scratch;
  readonly redis: RedisProcess;
  readonly others = new StandIns();
  readonly #address = drawAddress();
  #service: Service | undefined;

  private constructor(scratch: Scratch, program: FoundProgram) {
    this.scratch = scratch;
    const directory = join(scratch.directory, "redis");
    this.redis = new RedisProcess(program, { ...drawAddress(), port: 6_379 }, directory);
  }

  static async open(program: FoundProgram): Promise<CheckoutBench> {
    const bench = new CheckoutBench(await Scratch.open(), program);
    try {
      await Promise.all([bench.#createDatabase(), bench.redis.start()]);
      const url = await bench.others.open();
      const parts = await openCheckout({
        HOST: "127.0.0.1",
        PORT: 0,
        LEEWARD_REGION: "us-east-1",
        LEEWARD_REPLICA: 1,
        REDIS_URL: bench.redis.url,
        CARTS_URL: bench.cartsUrl,
        PRODUCT_URL: url,
        ORDER_URL: url,
        CART_URL: url,
      });
      bench.#service = await buildService(parts);
      bench.#service.log.level = "silent";
      return bench;
    } catch (error) {
      await bench.close();
      throw error;
    }
  }

  get cartsUrl(): string {
    const { host, port } = this.#address;
    return `postgres://app:${appPassword.reveal()}@${host}:${port}/orders`;
  }

  async ask(method: "GET" | "POST", path: string, body?: object, seen?: string): Promise<Reply> {
    const startedMs = performance.now();
    const answer = await this.#service?.inject({
      method,
      url: path,
      headers: seen === undefined ? {} : { "x-seen": seen },
      ...(body === undefined ? {} : { payload: body }),
    });
    if (!answer) throw new Error("the service is not there");
    const { statusCode: status, headers } = answer;
    return { status, body: answer.json(), headers, ms: performance.now() - startedMs };
  }

  /** All steps up to the order. */
  async prepare(id: string, quantity = 1): Promise<Reply> {
    await this.ask("POST", `/checkout/${id}/update`, {
      items: [{ id: 2, quantity }],
      customer: `guest:${id}`,
      customerEmail: "ann@example.com",
      shippingAddress: {
        firstName: "Ann",
        lastName: "Lee",
        address1: "1 Quay",
        city: "Port",
        zip: "1",
      },
      deliveryOptionToken: "express",
    });
    const card = { number: "4242 4242 4242 4242", expires: "12/40", code: "123" };
    return await this.ask("POST", `/checkout/${id}/payment`, card);
  }

  submit(id: string, body?: object): Promise<Reply> {
    return this.ask("POST", `/checkout/${id}/submit`, body, "token-0");
  }

  sql(text: string): Promise<readonly Record<string, unknown>[]> {
    return sql(this.#address, text);
  }

  /** Redis has answered the service again. */
  async redisIsBack(): Promise<void> {
    await this.ask("POST", "/checkout/probe/update", {});
    await eventually("Redis is used again", async () => {
      const { body } = await this.ask("GET", "/checkout/probe");
      return body["fallback"] === false;
    });
  }

  async close(): Promise<void> {
    await this.#service?.close();
    await this.redis.kill();
    await this.others.close().catch(() => undefined);
    await this.scratch[Symbol.asyncDispose]();
  }

  async #createDatabase(): Promise<void> {
    const server = this.scratch.server("carts", this.#address);
    await server.create(spec, soon());
    await startPrimary(server);
    await this.sql(
      `create table checkout_fallback (
         id text primary key, state jsonb not null, expires_at timestamptz not null
       )`,
    );
  }
}
