import { expect, test } from "vitest";
import type { Address } from "../model/address.ts";
import { Failure } from "../model/failure.ts";
import type { Clock, Handler, Json, Network } from "./env.ts";
import { messageBytesMax } from "./message.ts";

export type NetworkWorld = {
  readonly clock: Clock;
  /** The network as the program `name` has it. */
  network(name: string): Network;
  /** An address where nobody listens, and a program of this test may. */
  newAddress(): Promise<Address>;
  /** Errors of handlers that are no Failures. */
  readonly bugs: readonly unknown[];
  end(): void;
};

export type NetworkHarness = {
  make(): NetworkWorld;
  /** Runs a body; a simulated clock makes time pass while it waits. */
  drive(world: NetworkWorld, body: () => Promise<void>): Promise<void>;
};

const never = new AbortController().signal;
/** Answers come within milliseconds; this is for a machine that is busy. */
const options = { token: "right", timeoutMs: 20_000 };
const echo: Handler = async (peer, message) => ({ peer, message });

/** What every `Network` promises. */
export function registerNetworkContract(harness: NetworkHarness): void {
  const check = (name: string, body: (bench: Bench) => Promise<void>): void =>
    test(name, async () => {
      const world = harness.make();
      try {
        await harness.drive(world, () => body(new Bench(world)));
      } finally {
        world.end();
      }
    });
  registerAnswers(check);
  registerRefusals(check);
  registerEnds(check);
}

type Check = (name: string, body: (bench: Bench) => Promise<void>) => void;

/** One client and one server, the usual two. */
class Bench {
  readonly world: NetworkWorld;
  readonly client: Network;
  readonly #stop = new AbortController();

  constructor(world: NetworkWorld) {
    this.world = world;
    this.client = world.network("client");
  }

  async serve(handler: Handler): Promise<Address> {
    const address = await this.world.newAddress();
    await this.listen(address, handler);
    return address;
  }

  listen(address: Address, handler: Handler): Promise<void> {
    const authenticate = (token: string): string | undefined =>
      token === "right" ? "agent-a" : undefined;
    return this.world.network("server").serve(address, authenticate, handler, this.#stop.signal);
  }

  stopServing(): void {
    this.#stop.abort(new Error("the server was stopped"));
  }

  ask(to: Address, message: Json): Promise<Json> {
    return this.client.request(to, message, options, never);
  }

  /** Asks, waits until the handler has begun, and hands out the signal that it got. */
  async askHanging(signal: AbortSignal, timeoutMs = 20_000): Promise<[Promise<Json>, AbortSignal]> {
    let begin: (signal: AbortSignal) => void = () => undefined;
    const begun = new Promise<AbortSignal>((resolve) => (begin = resolve));
    const to = await this.serve((_, __, asked) => {
      begin(asked);
      return new Promise(() => undefined);
    });
    const answer = this.client.request(to, null, { ...options, timeoutMs }, signal);
    answer.catch(() => undefined);
    return [answer, await begun];
  }

  aborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

function registerAnswers(check: Check): void {
  const messages: readonly Json[] = [
    null,
    true,
    -0.5,
    'Ωmega 🦭 \u0000 "quoted"',
    [],
    {},
    { deep: [{ list: [1, "2", null] }] },
  ];

  check(
    "a message arrives as it was sent, under the name that the token stands for",
    async (bench) => {
      const to = await bench.serve(echo);
      for (const message of messages)
        expect(await bench.ask(to, message)).toEqual({ peer: "agent-a", message });
    },
  );

  check("what the handler gets is a copy", async (bench) => {
    const sent = { list: [1] };
    const to = await bench.serve(async (_, message) => {
      (message as typeof sent).list.push(2);
      return message;
    });
    expect(await bench.ask(to, sent)).toEqual({ list: [1, 2] });
    expect(sent).toEqual({ list: [1] });
  });

  check("a call is answered while a long poll of the same client waits", async (bench) => {
    let release: (answer: Json) => void = () => undefined;
    const to = await bench.serve((_, message) =>
      message === "poll" ? new Promise((resolve) => (release = resolve)) : Promise.resolve(message),
    );
    const poll = bench.ask(to, "poll");
    for (const report of [1, 2, 3]) expect(await bench.ask(to, report)).toBe(report);
    release("news");
    expect(await poll).toBe("news");
  });

  check("many calls at once each get their own answer", async (bench) => {
    const { clock } = bench.world;
    const to = await bench.serve(async (_, message) => {
      await clock.sleep(Number(message) % 7, never);
      return message;
    });
    const numbers = Array.from({ length: 100 }, (_, index) => index);
    expect(await Promise.all(numbers.map((n) => bench.ask(to, n)))).toEqual(numbers);
  });

  check(
    "a message of almost 4 MiB passes, a longer one is refused where it is made",
    async (bench) => {
      const to = await bench.serve(async (_, message) =>
        typeof message === "number" ? "x".repeat(message) : (message as string).length,
      );
      const long = "x".repeat(messageBytesMax - 2);
      expect(await bench.ask(to, long)).toBe(long.length);
      await expect(bench.ask(to, `${long}x`)).rejects.toMatchObject({
        code: "network.message-invalid",
      });
      await expect(bench.ask(to, messageBytesMax)).rejects.toMatchObject({
        code: "network.message-invalid",
      });
      expect(await bench.ask(to, "goes on")).toBe(7);
    },
  );
}

function registerRefusals(check: Check): void {
  check("a wrong token is refused and never reaches the handler", async (bench) => {
    let calls = 0;
    const to = await bench.serve(async () => ++calls);
    for (const token of ["wrong", "", "rightx"]) {
      const asked = bench.client.request(to, null, { ...options, token }, never);
      await expect(asked).rejects.toMatchObject({ code: "network.refused" });
    }
    expect(calls).toBe(0);
  });

  check("a Failure crosses with its code, its message and its details", async (bench) => {
    const to = await bench.serve(() => {
      const details = { term: 7 };
      throw new Failure("agent.superseded", "term 7 has spoken", { details });
    });
    const refusal = await bench.ask(to, null).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Failure);
    expect(refusal).toMatchObject({
      code: "agent.superseded",
      message: "term 7 has spoken",
      details: { term: 7 },
    });
  });

  check(
    "a bug of the handler is told to its own program, and the peer learns no more than that",
    async (bench) => {
      const bug = new TypeError("secret things");
      const to = await bench.serve(async () => {
        throw bug;
      });
      const refusal = await bench.ask(to, null).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: "network.peer-failed" });
      expect(String(refusal)).not.toContain("secret");
      expect(bench.world.bugs).toEqual([bug]);
    },
  );

  check("an address is served once", async (bench) => {
    const to = await bench.serve(echo);
    const again = bench.listen(to, echo);
    await expect(again).rejects.toMatchObject({ code: "network.address-in-use" });
  });
}

function registerEnds(check: Check): void {
  check("where nobody listens, nobody is reached", async (bench) => {
    const to = await bench.world.newAddress();
    await expect(bench.ask(to, null)).rejects.toMatchObject({ code: "network.unreachable" });
  });

  check("no answer in time is unreachable, and the handler's signal aborts", async (bench) => {
    const [answer, asked] = await bench.askHanging(never, 500);
    await expect(answer).rejects.toMatchObject({ code: "network.unreachable" });
    await bench.aborted(asked);
  });

  check("a request that timed out does not spoil the next ones", async (bench) => {
    const to = await bench.serve((_, message) =>
      message === "hang" ? new Promise(() => undefined) : Promise.resolve(message),
    );
    await bench.ask(to, "warm");
    for (let round = 0; round < 3; round++) {
      const hanging = bench.client.request(to, "hang", { ...options, timeoutMs: 100 }, never);
      await expect(hanging).rejects.toMatchObject({ code: "network.unreachable" });
      expect(await bench.ask(to, round)).toBe(round);
    }
  });

  check(
    "a client that gives up gets its own reason, and the handler's signal aborts",
    async (bench) => {
      const abort = new AbortController();
      const [answer, asked] = await bench.askHanging(abort.signal);
      expect(asked.aborted).toBe(false);
      abort.abort(new Error("enough"));
      await expect(answer).rejects.toThrow("enough");
      await bench.aborted(asked);
    },
  );

  check("a request with an aborted signal is not sent", async (bench) => {
    let calls = 0;
    const to = await bench.serve(async () => ++calls);
    const asked = bench.client.request(to, null, options, AbortSignal.abort(new Error("gone")));
    await expect(asked).rejects.toThrow("gone");
    expect(calls).toBe(0);
  });

  check(
    "a server that stops gives up its requests at once, and its address is free",
    async (bench) => {
      const [answer, asked] = await bench.askHanging(never);
      bench.stopServing();
      expect(asked.aborted).toBe(true);
      await expect(answer).rejects.toMatchObject({ code: "network.unreachable" });
    },
  );

  check("a server that comes back at its address is reached again", async (bench) => {
    const to = await bench.world.newAddress();
    for (const round of [1, 2, 3]) {
      const stop = new AbortController();
      const server = bench.world.network("server");
      await server.serve(
        to,
        () => "peer",
        async () => round,
        stop.signal,
      );
      expect(await bench.ask(to, null)).toBe(round);
      stop.abort();
      await expect(bench.ask(to, null)).rejects.toMatchObject({ code: "network.unreachable" });
    }
  });

  check("nobody serves with a signal that has aborted", async (bench) => {
    const to = await bench.world.newAddress();
    const signal = AbortSignal.abort(new Error("gone"));
    const serving = async (): Promise<void> => bench.client.serve(to, () => "peer", echo, signal);
    await expect(serving()).rejects.toThrow("gone");
    await expect(bench.ask(to, null)).rejects.toMatchObject({ code: "network.unreachable" });
  });
}
