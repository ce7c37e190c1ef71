import { expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { neededPrograms } from "./needed-programs.ts";

const config = (more: string): Parameters<typeof neededPrograms>[0] =>
  loadConfig(
    `name: shop\nregions: { east: {} }\ndatabases: { orders: { primary: east } }\n${more}`,
    "leeward.yaml",
  ).config;

test("a world needs the programs of the kinds that it declares, and no others", () => {
  expect(neededPrograms(config("services: { web: { command: [web], port: 8443 } }"))).toEqual([]);
  const all = `pgbouncer: {}
services: { queue: { kind: rabbitmq, port: 5672 }, cache: { kind: redis, port: 6379 }, other: { kind: redis, port: 6380 } }`;
  expect(neededPrograms(config(all))).toEqual(["rabbitmq-server", "redis-server", "pgbouncer"]);
  expect(neededPrograms(config("pgbouncer: { bin: /opt/pgbouncer }"))).toEqual([]);
});
