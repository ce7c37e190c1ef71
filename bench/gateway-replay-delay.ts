/** A standby that replays in fits and starts, as no two standbys do alike. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Address } from "../src/model/address.ts";
import { databaseName, superuserPassword } from "./gateway-postgres.ts";

/** Most pauses are shorter than a round trip of 60 ms to the writer; one in eight is longer. */
const pauseMsMax = 20;
const longPauseMsMax = 150;
const longPauseEvery = 8;
const runMsMax = 40;

/** Pauses replay at random until `signal` aborts; settles when replay goes on for good. */
export async function delayReplay(standby: Address, signal: AbortSignal): Promise<void> {
  const password = superuserPassword.reveal();
  const client = new pg.Client({ ...standby, user: "leeward", password, database: databaseName });
  await client.connect();
  try {
    for (let round = 1; !signal.aborted; round += 1) {
      await client.query("SELECT pg_wal_replay_pause()");
      const most = round % longPauseEvery === 0 ? longPauseMsMax : pauseMsMax;
      await sleep(most * Math.random());
      await client.query("SELECT pg_wal_replay_resume()");
      await sleep(runMsMax * Math.random());
    }
  } finally {
    await client.end();
  }
}
