import { expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { Installation } from "../postgres/installation.ts";
import { requireMajor } from "./postgres-major.ts";

const { config } = loadConfig(
  `name: shop
regions: { east: {} }
databases:
  carts:
    kind: local
    roles: { carts: { memberOf: [pg_monitor, pg_create_subscription] }, plain: {} }`,
  "leeward.yaml",
);

const installed = (major: number): Installation => ({
  binDirectory: "/usr/lib/postgresql/bin",
  major,
  version: `${major}.4`,
  kind: "chosen",
});

test("a role that the installed PostgreSQL lacks is refused by name, with the way out", () => {
  expect(() => requireMajor(config, installed(15))).toThrow(
    "databases.carts.roles.carts.memberOf: pg_create_subscription came with PostgreSQL 16, and /usr/lib/postgresql/bin is 15.4; leave it out, or name a newer one in `postgres.bin`",
  );
});

test("a PostgreSQL that has every role that is asked for is taken", () => {
  expect(() => requireMajor(config, installed(16))).not.toThrow();
});
