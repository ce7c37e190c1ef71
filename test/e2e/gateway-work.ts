/** The kinds of work that clients of the gateway do, one round each: what it writes is in the ledger by number. */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { SeededRandom } from "../../sim/random.ts";
import { copy } from "./gateway-copy.ts";
import { ledgerTable, type GatewayLedger } from "./gateway-ledger.ts";

export const workKinds = ["autocommit", "transaction", "prepared", "copy", "listen"] as const;
export type WorkKind = (typeof workKinds)[number];

/** What a round has at hand. */
export type Hands = {
  /** Of this client, for its rows. */
  readonly name: string;
  readonly ledger: GatewayLedger;
  readonly random: SeededRandom;
  readonly client: pg.Client;
  /** Payloads that came on the client's own channel. */
  readonly heard: ReadonlySet<string>;
  /** Measures how long the client waits. */
  readonly wait: <T>(what: string, ask: () => Promise<T>) => Promise<T>;
  /** Something that no error says, and that must not be. */
  readonly wrong: (what: string) => void;
  /** A notification did not come. */
  readonly unheard: () => void;
};

const insert = `INSERT INTO ${ledgerTable} VALUES ($1, $2)`;
const countOne = `SELECT count(*)::int AS count FROM ${ledgerTable} WHERE id = $1`;

/** 20 rows of one COPY. */
const copyRows = 20;
/** From 2 to 20 statements, for up to 1 s; the last statement and the commit have 150 ms of it. */
const [statementsMin, statementsMax, transactionMs] = [2, 20, 850] as const;
/** One of ten transactions is rolled back. */
const rollbackShare = 0.1;
/** 1 s until a notification has come: a few round trips between two Regions. */
const hearMs = 1_000;

export const work: Readonly<Record<WorkKind, (hands: Hands) => Promise<void>>> = {
  /** A row by itself, which the same session must see at once. */
  async autocommit({ name, ledger, client, wait, wrong }) {
    const id = ledger.draw(name);
    await wait("INSERT", () => client.query(insert, [id, name]));
    ledger.acknowledge([id]);
    const { rows } = await wait("SELECT", () => client.query<{ count: number }>(countOne, [id]));
    if (rows[0]?.count !== 1) wrong(`${name} saw its own row ${rows[0]?.count} times`);
  },

  async transaction(hands) {
    const ids: number[] = [];
    try {
      await transact(hands, ids);
    } catch (error) {
      // It says that nothing was committed: that is looked into as well.
      if ((error as { readonly code?: string }).code === "40001") hands.ledger.rolledBack(ids);
      throw error;
    }
  },

  async prepared({ name, ledger, client, wait, wrong }) {
    const id = ledger.draw(name);
    const write = { name: "write", text: insert, values: [id, name] };
    await wait("EXECUTE write", () => client.query(write));
    ledger.acknowledge([id]);
    const read = { name: "read", text: countOne, values: [id] };
    const { rows } = await wait("EXECUTE read", () => client.query<{ count: number }>(read));
    if (rows[0]?.count !== 1) wrong(`${name} saw its prepared row ${rows[0]?.count} times`);
  },

  async copy({ name, ledger, client, wait, wrong }) {
    const ids = Array.from({ length: copyRows }, () => ledger.draw(name));
    const rows = ids.map((id) => `${id}\t${name}\n`);
    await wait("COPY in", () => copy(client, `COPY ${ledgerTable} FROM STDIN`, rows));
    ledger.acknowledge(ids);
    const query = `SELECT id FROM ${ledgerTable} WHERE id >= ${ids[0]} AND client = '${name}'`;
    const text = await wait("COPY out", () => copy(client, `COPY (${query}) TO STDOUT`, []));
    const seen = text.split("\n").length - 1;
    if (seen !== copyRows) wrong(`${name} saw ${seen} of the ${copyRows} rows it copied`);
  },

  /** A row and the news of it, heard by the same session. */
  async listen({ name, ledger, client, heard, wait, unheard }) {
    const id = ledger.draw(name);
    await wait("INSERT", () => client.query(insert, [id, name]));
    ledger.acknowledge([id]);
    await wait("NOTIFY", () => client.query("SELECT pg_notify($1, $2)", [name, String(id)]));
    const untilMs = performance.now() + hearMs;
    while (!heard.has(String(id)) && performance.now() < untilMs) await sleep(5);
    if (!heard.has(String(id))) unheard();
  },
};

/** @param ids of the rows that it asked for so far */
async function transact(
  { name, ledger, random, client, wait }: Hands,
  ids: number[],
): Promise<void> {
  const startedMs = performance.now();
  const statements = Math.floor(random.between(statementsMin, statementsMax + 1));
  const pauseMs = random.between(0, transactionMs) / statements;
  await wait("BEGIN", () => client.query("BEGIN"));
  for (let at = 0; at < statements; at += 1) {
    if (at >= statementsMin && performance.now() - startedMs > transactionMs) break;
    const id = ledger.draw(name);
    ids.push(id);
    await wait(at === 0 ? "first INSERT" : "INSERT inside", () => client.query(insert, [id, name]));
    await sleep(pauseMs);
  }
  if (random.chance(rollbackShare)) {
    await wait("ROLLBACK", () => client.query("ROLLBACK"));
    return ledger.rolledBack(ids);
  }
  await wait("COMMIT", () => client.query("COMMIT"));
  ledger.acknowledge(ids);
}
