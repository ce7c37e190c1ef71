import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { CatalogFacts } from "../sql/sql.ts";
import { CatalogWatch } from "./catalog-watch.ts";
import { parseToken, type Token } from "./token.ts";

const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
};
const point = parseToken("leeward1:7123456789012345678:1:0/10");

/** An instance whose catalog and replay are what the test says; time goes a hundred times as fast. */
function watched(): {
  readonly watch: CatalogWatch;
  readonly instance: { version: string; hasReplayed: boolean; reads: number };
  readonly end: AbortController;
} {
  const instance = { version: "1", hasReplayed: true, reads: 0 };
  const watch = new CatalogWatch({
    clock: {
      monotonicMs: () => performance.now() * 100,
      wallMs: () => 0,
      sleep: (ms, signal) => sleep(ms / 100, undefined, { signal }),
    },
    log,
    hasLocal: () => true,
    version: () => Promise.resolve(instance.version),
    facts: () => Promise.resolve({} as CatalogFacts),
    replayed: async (_token: Token, withinMs, signal) => {
      if (!instance.hasReplayed) await sleep(withinMs / 100, undefined, { signal });
      return instance.hasReplayed;
    },
    use: () => (instance.reads += 1),
  });
  return { watch, instance, end: new AbortController() };
}

async function until(holds: () => boolean): Promise<void> {
  for (let left = 1000; !holds(); left -= 1) {
    if (left === 0) throw new Error("it did not become so");
    await sleep(2);
  }
}

test("a definition is not known before the instance has replayed it", async () => {
  const { watch, instance, end } = watched();
  const running = watch.run(end.signal);
  await until(() => instance.reads === 1);
  expect(watch.isCurrent).toBe(true);
  instance.hasReplayed = false;
  watch.changed(point);
  expect(watch.isCurrent).toBe(false);
  await sleep(50);
  expect(watch.isCurrent).toBe(false);
  instance.version = "2";
  instance.hasReplayed = true;
  await until(() => watch.isCurrent);
  expect(instance.reads).toBe(2);
  end.abort();
  await running;
});

test("what is lost with its writer is not waited for", async () => {
  const { watch, instance, end } = watched();
  const running = watch.run(end.signal);
  instance.hasReplayed = false;
  watch.changed(point);
  watch.moved();
  expect(watch.isCurrent).toBe(false);
  await until(() => watch.isCurrent);
  end.abort();
  await running;
});

test("what nobody has told is noticed by itself", async () => {
  const { watch, instance, end } = watched();
  const running = watch.run(end.signal);
  await until(() => instance.reads === 1);
  instance.version = "2";
  await until(() => instance.reads === 2);
  expect(watch.isCurrent).toBe(true);
  end.abort();
  await running;
});
