/** The program without its process: a front door of a Region, and a source that says what it follows. */
import { expect, onTestFinished, test } from "vitest";
import { ask, Backend, canConnect, drawPlace, east, web } from "../../test/edge/places.ts";
import { until } from "../../test/e2e/until.ts";
import type { Log } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { NodeNetwork } from "../env/node/network.ts";
import type { Address } from "../model/address.ts";
import { Secret } from "../std/secret.ts";
import { decode, encode } from "../wire/codec.ts";
import type { FrontSettings } from "../wire/program-settings.ts";
import { frontAnswer, frontQuestion, type FrontAnswer } from "../wire/traffic-protocol.ts";
import { serve } from "./main.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const log: Log = { ...quiet, child: () => log };

const state: NonNullable<FrontAnswer["state"]> = {
  revision: 7,
  names: [],
  regions: [],
  services: [],
  distribution: undefined,
};

/** An agent as its front door knows it. */
class Source {
  readonly address = drawPlace(7_404);
  /** As the front door said last: the state that it follows, and the answer that it knows. */
  revision = 0;
  known = 0;
  #answer: FrontAnswer;

  constructor(replica: Address) {
    this.#answer = {
      version: 1,
      state,
      replicas: [{ service: web, number: 1, address: replica }],
      databases: [],
      isLeaving: false,
      hostPid: process.pid,
    };
  }

  async listen(signal: AbortSignal): Promise<void> {
    const network = new NodeNetwork({ clock: nodeClock, onBug: () => undefined });
    await network.serve(
      this.address,
      () => "front",
      async (_, message, asked) => {
        const { after, facts } = decode(frontQuestion, "a question", message);
        this.revision = facts.revision;
        this.known = after;
        if (this.#answer.version === after) await nodeClock.sleep(20, asked);
        return encode(frontAnswer, this.#answer);
      },
      signal,
    );
  }

  say(change: Partial<FrontAnswer>): void {
    this.#answer = { ...this.#answer, ...change, version: this.#answer.version + 1 };
  }
}

async function startFront(backend: Backend): Promise<{
  readonly source: Source;
  readonly entry: Address;
  readonly ended: Promise<void>;
}> {
  const source = new Source(backend.address);
  const entry = drawPlace(8_080);
  const end = new AbortController();
  await source.listen(end.signal);
  const ended = serve(settingsOf(source.address, entry), {
    log,
    signal: end.signal,
    heard: () => undefined,
    leave: () => end.abort(new Error("the Region stops")),
  });
  onTestFinished(async () => {
    end.abort(new Error("the test has ended"));
    await ended.catch(() => undefined);
  });
  return { source, entry, ended };
}

function settingsOf(source: Address, entry: Address): FrontSettings {
  const health = {
    path: "/health",
    intervalMs: 50,
    timeoutMs: 500,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
  };
  return {
    logLevel: "info",
    region: east,
    source: { address: source, token: new Secret("token") },
    outside: undefined,
    zone: "test.internal",
    dns: drawPlace(5_300),
    entry: {
      address: entry,
      service: web,
      policy: "nearest",
      nearHeader: undefined,
      trustForwarded: false,
      panicPercent: 50,
    },
    distribution: undefined,
    health,
    healthDatabase: undefined,
    regions: [],
    databases: [],
    services: [
      {
        service: web,
        protocol: "http",
        listen: undefined,
        port: entry.port,
        health,
        replicas: [],
      },
    ],
  };
}

test("a front door whose Region stops finishes the requests that are under way, and ends", async () => {
  let release = (): void => undefined;
  const backend = await Backend.start((_, response) => {
    release = () => void response.end("finished");
  });
  const { source, entry, ended } = await startFront(backend);
  await until(
    "it serves",
    5_000,
    async () => (await ask(entry, "/.leeward/health")).status === 200,
  );
  const slow = ask(entry).then(
    ({ body }) => body,
    (error: Error) => error.message,
  );
  await until("it is under way", 5_000, () => backend.seen.length === 1);
  source.say({ isLeaving: true });
  await until("nobody listens any more", 5_000, async () => !(await canConnect(entry)));
  release();
  expect(await slow).toBe("finished");
  await ended;
});

test("a source that has just started and knows nothing yet does not take back what is followed", async () => {
  const { source } = await startFront(await Backend.start(() => undefined));
  await until("it follows", 5_000, () => source.revision === 7);
  source.say({ state: undefined });
  await until("it was told", 5_000, () => source.known === 2);
  expect(source.revision).toBe(7);
});
