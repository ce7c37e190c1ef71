import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, describe, expect, test, vi } from "vitest";
import { nodeClock } from "../env/node/clock.ts";
import type { Log } from "../env/env.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { storeSchemaVersion } from "./sqlite-disk.ts";
import { registerStoreContract } from "./store-contract.ts";

// Each commit waits for the disk, which others use as well.
vi.setConfig({ testTimeout: 30_000 });

const directory = mkdtempSync(join(tmpdir(), "store-"));
afterAll(() => rmSync(directory, { recursive: true }));
let files = 0;
const newPath = (): string => join(directory, `${files++}.db`);

const never = new AbortController().signal;
const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
const open = (path: string): SqliteStore =>
  new SqliteStore(path, { clock: nodeClock, log: silent });

registerStoreContract({
  make: () => {
    const path = newPath();
    let store = open(path);
    return {
      clock: nodeClock,
      store: () => store,
      // A killed process is played by sqlite-store-crash.pg.test.ts.
      restart: () => {
        store.close();
        store = open(path);
      },
      end: () => store.close(),
    };
  },
  drive: (_, body) => body(),
});

describe("file", () => {
  test("a file has one owner at a time, and is free as soon as it is closed", () => {
    const path = newPath();
    const first = open(path);
    expect(() => open(path)).toThrow(expect.objectContaining({ code: "state.in-use" }));
    first.close();
    first.close();
    open(path).close();
  });

  test("a closed store leaves one file behind", async () => {
    const path = newPath();
    const store = open(path);
    await store.commit([], [{ kind: "put", key: "a", value: "1" }], never);
    store.close();
    const beside = readdirSync(directory).filter((name) => join(directory, name).startsWith(path));
    expect(beside).toHaveLength(1);
  });

  test("a newer version's file is refused and not touched", () => {
    const path = newPath();
    open(path).close();
    alter(path, `PRAGMA user_version = ${storeSchemaVersion + 1}`);
    const newer = expect.objectContaining({ code: "store.newer-version" });
    expect(() => open(path)).toThrow(newer);
    expect(() => open(path)).toThrow(newer);
  });

  test.for<[string, (path: string) => void]>([
    ["text", (path) => writeFileSync(path, "this is a text that goes on. ".repeat(400))],
    ["cut short", (path) => truncateSync(path, 5_000)],
    ["another program's", (path) => alter(path, "PRAGMA application_id = 77")],
    ["without a head", (path) => alter(path, "DELETE FROM head")],
    ["older than its keys", (path) => alter(path, "UPDATE head SET revision = 0")],
    ["without its leases", (path) => alter(path, "DELETE FROM lease")],
  ])("a file that is %s is damaged", async ([, damage]) => {
    const path = newPath();
    const store = open(path);
    const lease = await store.grantLease(60_000, never);
    await store.commit([], [{ kind: "put", key: "a", value: "1", lease }], never);
    store.close();
    damage(path);
    const damaged = expect.objectContaining({ code: "state.damaged" });
    expect(() => open(path)).toThrow(damaged);
    expect(() => open(path)).toThrow(damaged);
  });

  test("a directory that is not there is named", () => {
    expect(() => open(join(directory, "missing", "a.db"))).toThrow(
      expect.objectContaining({
        code: "state.not-writable",
        message: expect.stringContaining("missing/a.db") as string,
      }),
    );
  });
});

function alter(path: string, sql: string): void {
  const database = new Database(path);
  database.exec(sql);
  database.close();
}
