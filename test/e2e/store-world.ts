/** The shop of examples/retail-store as a world for tests: its own leeward.yaml, with the programs that were compiled for them. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { parse } from "yaml";
import type { WorldOptions } from "./world.ts";
import type { WorldShape } from "./yaml.ts";

type Document = WorldShape & {
  readonly services: Readonly<Record<string, Service>>;
  readonly load: Readonly<Record<string, { readonly module: string }>>;
};

type Service = {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, unknown>>;
};

export type StoreOptions = {
  /** How the services reach their databases; as the example says when left out. */
  readonly manner?: "gateway" | "pgbouncer";
  /** 20 ms when left out: what takes round trips is about something else in most tests. */
  readonly rttMs?: number;
};

/** For `sharedWorld`. */
export function storeWorld({ manner = "gateway", rttMs = 20 }: StoreOptions = {}): WorldOptions {
  const directory = join(inject("program"), "examples", "retail-store");
  const document = parse(readFileSync(join(directory, "leeward.yaml"), "utf8")) as Document;
  const services = Object.entries(document.services).map(([name, service]) => [
    name,
    placed(service, directory, manner),
  ]);
  const load = Object.entries(document.load).map(([name, { module }]) => [
    name,
    { module: join(directory, module) },
  ]);
  const { name, databases, traffic, pgbouncer } = document;
  return {
    ...(name === undefined ? {} : { name }),
    ...(databases === undefined ? {} : { databases }),
    ...(traffic === undefined ? {} : { traffic }),
    ...(pgbouncer === undefined ? {} : { pgbouncer }),
    links: { default: { rttMs } },
    services: Object.fromEntries(services),
    load: Object.fromEntries(load),
    // Packages that were downloaded once serve all tests.
    env: { XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache") },
  };
}

/** With the path of what was compiled, since the world's directory is another one. */
function placed(service: Service, directory: string, manner: string): Service {
  const { command, environment } = service;
  return {
    ...service,
    ...(command === undefined
      ? {}
      : {
          command: command.map((word, index) =>
            index === 0
              ? process.execPath
              : word.startsWith("dist/")
                ? join(directory, word)
                : word,
          ),
        }),
    ...(environment === undefined
      ? {}
      : { environment: { ...environment, DATABASE_MANNER: manner } }),
  };
}
