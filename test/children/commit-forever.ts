/** Commits to the store named by its argument and prints each number once it is acknowledged, until it is killed. */
import { writeSync } from "node:fs";
import { nodeClock } from "../../src/env/node/clock.ts";
import { SqliteStore } from "../../src/store/sqlite-store.ts";
import { RecordingLog } from "../../sim/log.ts";

const [, , path = ""] = process.argv;
const store = new SqliteStore(path, { clock: nodeClock, log: new RecordingLog() });
const { signal } = new AbortController();
const found = await store.get("last", signal);
for (let n = Number(found?.value ?? 0) + 1; ; n++) {
  const keys = ["last", `n/${n}`, `twin/${n}`];
  await store.commit(
    [],
    keys.map((key) => ({ kind: "put", key, value: `${n}` }) as const),
    signal,
  );
  writeSync(1, `${n}\n`);
}
