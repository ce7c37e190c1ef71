import { setTimeout as sleep } from "node:timers/promises";
import { registerDatagramsContract } from "../datagrams-contract.ts";
import { nodeDatagrams } from "./datagrams.ts";

/** This process's own loopback address: nobody else draws ports there. */
const host = `127.${100 + (process.pid % 100)}.${1 + ((process.pid >> 7) % 250)}.6`;

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within 10 s: ${what}`);
    await sleep(2);
  }
}

registerDatagramsContract(() => ({
  datagrams: nodeDatagrams,
  anyPort: { host, port: 0 },
  until,
}));
