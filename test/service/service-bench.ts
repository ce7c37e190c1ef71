/** The services of a Region with real processes: a directory and an address of their own, nothing left behind. */
import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeClock } from "../../src/env/node/clock.ts";
import { nodeFiles } from "../../src/env/node/files.ts";
import { nodeRandom } from "../../src/env/node/random.ts";
import { removeTree } from "../../src/env/node/remove-tree.ts";
import type { NewEvent } from "../../src/model/event.ts";
import type { DatabaseId, RegionId } from "../../src/model/region.ts";
import type { ServiceId } from "../../src/model/service.ts";
import type { PackageDoors } from "../../src/service/debian-packages.ts";
import { findProgram } from "../../src/service/debian-packages.ts";
import { Services, strayServices } from "../../src/service/service.ts";
import { Secret } from "../../src/std/secret.ts";
import type { ServiceSettings } from "../../src/wire/program-settings.ts";
import type { ReplicaFacts } from "../../src/wire/traffic-protocol.ts";
import { drawAddress, silent } from "../postgres/scratch.ts";

export const region = "us-east-1" as RegionId;

/** Answers GET with its number and its process. */
const webProgram = `
import http from "node:http";
const { HOST, PORT, LEEWARD_REPLICA } = process.env;
http.createServer((request, response) => {
  response.end(LEEWARD_REPLICA + " " + process.pid);
}).listen(PORT, HOST, () => console.log("listening"));
`;

export type Said = {
  readonly name?: string;
  readonly kind?: ServiceSettings["kind"];
  readonly command?: readonly string[];
  readonly path?: string | undefined;
  readonly replicas?: number;
  readonly min?: number;
  readonly needs?: readonly string[];
  readonly needsDatabases?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly pgpass?: readonly string[];
  readonly startMs?: number;
  readonly stopMs?: number;
};

/** Where a test says nothing else. */
const usual = {
  name: "web",
  kind: "command",
  path: "/",
  replicas: 1,
  min: 1,
  needs: [],
  needsDatabases: [],
  environment: {},
  pgpass: [],
  startMs: 20_000,
  stopMs: 5_000,
} as const satisfies Said;

export class ServiceBench {
  readonly directory: string;
  readonly web: readonly string[];
  readonly events: NewEvent[] = [];
  /** Those that can be read. */
  readonly databases = new Set<DatabaseId>();
  /** Services whose replicas have something under way. */
  readonly busy = new Set<string>();
  /** Of the package cache in which the tests of this machine keep what they downloaded. */
  packages: PackageDoors;
  readonly #host = drawAddress().host;
  #services: Services | undefined;
  #end = new AbortController();
  #run: Promise<void> = Promise.resolve();
  #port = 20_000;

  private constructor(directory: string) {
    this.directory = directory;
    const program = join(directory, "web.mjs");
    writeFileSync(program, webProgram);
    this.web = [process.execPath, program];
    const cacheDirectory = join(tmpdir(), "leeward-test-packages");
    const searchPath = process.env["PATH"] ?? "";
    this.packages = {
      clock: nodeClock,
      log: silent,
      random: nodeRandom,
      cacheDirectory,
      searchPath,
    };
  }

  static async open(): Promise<ServiceBench> {
    return new ServiceBench(await mkdtemp(join(tmpdir(), "leeward-service-")));
  }

  get servicesDirectory(): string {
    return join(this.directory, "services");
  }

  get services(): Services {
    if (!this.#services) throw new Error("no services were started");
    return this.#services;
  }

  settings(given: Said): ServiceSettings {
    const said = { ...usual, ...given };
    const { name, replicas: count } = said;
    const replicas = Array.from({ length: count }, () => {
      this.#port += 1;
      return { host: this.#host, port: this.#port };
    });
    return {
      service: name as ServiceId,
      kind: said.kind,
      command: [...(said.command ?? this.web)],
      workingDirectory: this.directory,
      directory: join(this.servicesDirectory, name),
      address: { host: this.#host, port: 8_000 },
      replicas,
      health: {
        path: said.path,
        intervalMs: 100,
        timeoutMs: 1_000,
        healthyThreshold: 1,
        unhealthyThreshold: 2,
      },
      scaling: {
        min: said.min,
        max: count,
        cpuPercent: undefined,
        cpuRequestMillis: 250,
        tolerance: 0.1,
        scaleDownStabilizationMs: 0,
      },
      needs: [...said.needs] as ServiceId[],
      needsDatabases: [...said.needsDatabases] as DatabaseId[],
      environment: Object.entries<string>(said.environment).map(([variable, value]) => ({
        name: variable,
        value: new Secret(value),
      })),
      pgpass: said.pgpass.map((line) => new Secret(line)),
      startMs: said.startMs,
      stopMs: said.stopMs,
    };
  }

  /** As an agent does at its start. */
  start(...services: readonly ServiceSettings[]): Services {
    const inherited = [{ name: "PATH", value: process.env["PATH"] ?? "" }];
    const doors = {
      clock: nodeClock,
      log: silent,
      files: nodeFiles,
      random: nodeRandom,
      findProgram: (name: Parameters<typeof findProgram>[0], signal: AbortSignal) =>
        findProgram(name, this.packages, signal),
    };
    const directory = this.servicesDirectory;
    const started = new Services(
      doors,
      { region, services, directory, inherited },
      {
        changed: () => undefined,
        tell: (event) => this.events.push(event),
        databaseIsThere: (database) => this.databases.has(database),
        isIdle: (service) => !this.busy.has(service),
      },
    );
    this.#services = started;
    this.#end = new AbortController();
    this.#run = started.run(this.#end.signal);
    return started;
  }

  /** As an agent that ends: the processes go on. */
  async drop(): Promise<void> {
    this.#end.abort();
    await this.#run;
  }

  facts(service = "web", number = 1): ReplicaFacts | undefined {
    return this.services.facts().find((one) => one.service === service && one.number === number);
  }

  pid(service = "web", number = 1): number {
    const pid = this.facts(service, number)?.pid;
    if (pid === undefined) throw new Error(`${service} ${number} has no process`);
    return pid;
  }

  async ready(service = "web", number = 1): Promise<number> {
    await this.until(`${service} ${number} is ready`, () => {
      return this.facts(service, number)?.state === "ready";
    });
    return this.pid(service, number);
  }

  async until(what: string, isSo: () => boolean, withinMs = 20_000): Promise<void> {
    const untilMs = nodeClock.monotonicMs() + withinMs;
    while (!isSo()) {
      if (nodeClock.monotonicMs() > untilMs) {
        const seen = JSON.stringify([this.#services?.facts(), this.events]);
        throw new Error(`waited ${withinMs} ms until ${what}; seen: ${seen}`);
      }
      await sleep(10);
    }
  }

  get strays(): readonly number[] {
    return strayServices(this.servicesDirectory).map(({ pid }) => pid);
  }

  async close(): Promise<void> {
    this.#services?.killAll();
    await this.drop();
    await this.until("nothing is left", () => this.strays.length === 0);
    removeTree(this.directory);
  }
}
