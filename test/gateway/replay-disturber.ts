/** Makes a standby's replay lag: it is delayed, paused, and left without its receiver, for moments drawn at random. */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Address } from "../../src/model/address.ts";
import { eventually, random, superuserPassword } from "../postgres/scratch.ts";

/** Of a commit's own time, so that all that comes before it waits as well. */
const delaysMs = [0, 0, 5, 25, 80];
/** The longest of a pause, and of a receiver that is stopped: some round trips to the writer. */
const pauseMsMax = 80;
const betweenMsMax = 40;

/** Until `signal` aborts. Settles when replay runs as it should. */
export async function disturbReplay(standby: Address, signal: AbortSignal): Promise<void> {
  const client = await superuserOf(standby);
  try {
    for (let round = 0; !signal.aborted; round += 1) {
      if (round % 3 === 0) await delay(client, delaysMs[Math.floor(random.float() * 5)] ?? 0);
      if (round % 3 === 1) await pause(client);
      if (round % 3 === 2) await stopReceiver(client);
      await sleep(random.float() * betweenMsMax);
    }
  } finally {
    await delay(client, 0);
    await client.end();
  }
}

/** Replay stands still from the moment this settles. The returned lets it go on. */
export async function pauseReplay(standby: Address): Promise<() => Promise<void>> {
  const client = await superuserOf(standby);
  await client.query("SELECT pg_wal_replay_pause()");
  await eventually("replay is paused", async () => {
    const { rows } = await client.query("SELECT pg_get_wal_replay_pause_state() AS state");
    return (rows[0] as { state: string }).state === "paused";
  });
  return async () => {
    await client.query("SELECT pg_wal_replay_resume()");
    await client.end();
  };
}

async function delay(client: pg.Client, ms: number): Promise<void> {
  await client.query(`ALTER SYSTEM SET recovery_min_apply_delay = ${ms}`);
  await client.query("SELECT pg_reload_conf()");
}

async function pause(client: pg.Client): Promise<void> {
  await client.query("SELECT pg_wal_replay_pause()");
  await sleep(random.float() * pauseMsMax);
  await client.query("SELECT pg_wal_replay_resume()");
}

async function stopReceiver(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ pid: number }>("SELECT pid FROM pg_stat_wal_receiver");
  const [receiver] = rows;
  if (!receiver) return;
  process.kill(receiver.pid, "SIGSTOP");
  await sleep(random.float() * pauseMsMax);
  process.kill(receiver.pid, "SIGCONT");
}

async function superuserOf(address: Address): Promise<pg.Client> {
  const password = superuserPassword.reveal();
  const client = new pg.Client({ ...address, user: "leeward", password, database: "orders" });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
