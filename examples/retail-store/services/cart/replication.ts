/**
 * Keeps the exchange of carts with each other Region going: a subscription here, a slot there. Each replica of the service
 * does this; a lock in the Region's database lets one at a time look and act. Whatever state it finds, also one that a
 * crash in the middle of a step has left, the next look leads on from there.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Database } from "../shared/database.ts";
import { connectionString } from "./connection-string.ts";
import { readPassword } from "./pass-file.ts";
import { subscriptionName, type Peer } from "./peers.ts";
import { decide, type Decision } from "./replication-decide.ts";
import { remakeSlot, viewOwn, viewPeer, type OwnView } from "./replication-view.ts";

export type ReplicationParts = {
  readonly database: Pick<Database, "transaction" | "write">;
  readonly peers: readonly Peer[];
  /** Of libpq's form, with a line for each peer. */
  readonly passFile: string | undefined;
  /** Is told each change of state, once. */
  readonly log: (message: string) => void;
  /** Between two looks at what is well; 5,000, because PostgreSQL itself mends what is short. */
  readonly lookMs?: number;
};

/** Of the exchange with one Region, as this replica saw it last. */
export type PeerState = {
  readonly region: string;
  readonly kind: "unknown" | "streams" | "works" | "waits" | "unreachable";
  readonly because: string;
};

const defaultLookMs = 5_000;

/** After trouble: 250 ms, doubled each time up to 10 s, which a person who mends the link would still wait. */
const retryMs = { first: 250, most: 10_000 };

/** 5 s to reach the other Region, 10 s for each question: a slot waits for the transactions that are under way there. */
const reachMsMax = 5_000;
const answerMsMax = 10_000;

/** Held while one replica looks and acts. */
const lockKey = 7_400_104;

export class Replication {
  readonly #parts: ReplicationParts;
  readonly #end = new AbortController();
  readonly #states = new Map<string, PeerState>();
  readonly #idleLooks = new Map<string, number>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
    for (const { region } of parts.peers) {
      this.#states.set(region, { region, kind: "unknown", because: "not looked at yet" });
    }
  }

  start(): void {
    this.#running = Promise.all(this.#parts.peers.map((peer) => this.#keep(peer)));
  }

  states(): readonly PeerState[] {
    return [...this.#states.values()];
  }

  /** Subscriptions go on without us: they are PostgreSQL's. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #keep(peer: Peer): Promise<void> {
    const { lookMs = defaultLookMs } = this.#parts;
    let pauseMs: number = retryMs.first;
    while (!this.#end.signal.aborted) {
      const state = await this.#look(peer);
      if (state) this.#note(state);
      const isWell = state === undefined || state.kind === "streams";
      const waitMs = isWell ? lookMs : Math.min(pauseMs, lookMs);
      // A step was taken: look at once what comes next.
      pauseMs =
        isWell || state.kind === "works" ? retryMs.first : Math.min(2 * pauseMs, retryMs.most);
      await sleep(waitMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  /** Undefined: another replica is at it. */
  async #look(peer: Peer): Promise<PeerState | undefined> {
    const { region } = peer;
    let password = "";
    try {
      password = readPassword(this.#parts.passFile, peer);
      const decision = await this.#parts.database.transaction((own) =>
        this.#lookAndAct(own, peer, password),
      );
      if (!decision) return undefined;
      if (decision.kind === "refresh") await this.#refresh(region);
      const { because } = decision;
      if (decision.kind === "rest") return { region, kind: "streams", because };
      return { region, kind: decision.kind === "wait" ? "waits" : "works", because };
    } catch (error) {
      return { region, kind: "unreachable", because: withoutSecret(error, password) };
    }
  }

  /**
   * In one transaction of ours, which holds the lock. In it, the other side is acted upon before ours: a slot waits for
   * all who write there, and both sides would wait for each other if they did this while they write.
   */
  async #lookAndAct(
    own: pg.ClientBase,
    peer: Peer,
    password: string,
  ): Promise<Decision | undefined> {
    const { rows } = await own.query<{ mine: boolean }>(
      "select pg_try_advisory_xact_lock($1, hashtext($2)) as mine",
      [lockKey, peer.region],
    );
    if (!rows[0]?.mine) return undefined;
    const ours = await viewOwn(own, peer);
    return await withPeer(peer, password, this.#end.signal, async (theirs) => {
      const seen = await viewPeer(theirs, ours.wantedSlot);
      const streams = ours.subscription?.isRunning === true && seen.slot?.isActive === true;
      const idleLooks = streams ? 0 : (this.#idleLooks.get(peer.region) ?? 0) + 1;
      const decision = decide({
        peer: peer.region,
        wantedSlot: ours.wantedSlot,
        own: ours.subscription,
        theirs: seen,
        idleLooks,
      });
      this.#idleLooks.set(peer.region, decision.kind === "rest" ? idleLooks : 0);
      await act(decision, { own, theirs, ours, peer, password });
      return decision;
    });
  }

  /** PostgreSQL wants no transaction around it. A second replica that does the same finds nothing left to do. */
  async #refresh(region: string): Promise<void> {
    const name = pg.escapeIdentifier(subscriptionName(region));
    const text = `alter subscription ${name} refresh publication with (copy_data = true)`;
    await this.#parts.database.write(text, [], { isRepeatable: true });
  }

  #note(state: PeerState): void {
    const before = this.#states.get(state.region);
    this.#states.set(state.region, state);
    if (before?.kind === state.kind && before.because === state.because) return;
    this.#parts.log(`carts from ${state.region}: ${state.kind}: ${state.because}`);
  }
}

type Doors = {
  readonly own: pg.ClientBase;
  readonly theirs: pg.ClientBase;
  readonly ours: OwnView;
  readonly peer: Peer;
  readonly password: string;
};

async function act(decision: Decision, doors: Doors): Promise<void> {
  const { own, theirs, ours, peer, password } = doors;
  const name = subscriptionName(peer.region);
  switch (decision.kind) {
    case "rest":
    case "wait":
    // When the transaction is over.
    case "refresh":
      return;
    case "unsubscribe":
      await own.query("select cart_unsubscribe($1)", [name]);
      return;
    case "renew":
      await own.query("select cart_resubscribe($1, $2)", [name, connectionString(peer, password)]);
      return;
    case "subscribe":
      await remakeSlot(theirs, ours);
      await own.query("select cart_subscribe($1, $2, $3)", [
        name,
        connectionString(peer, password),
        ours.wantedSlot,
      ]);
  }
}

async function withPeer<T>(
  peer: Peer,
  password: string,
  signal: AbortSignal,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const { host, port, user, database } = peer;
  const client = new pg.Client({
    host,
    port,
    user,
    database,
    password,
    application_name: "carts upkeep",
    connectionTimeoutMillis: reachMsMax,
    statement_timeout: answerMsMax,
    query_timeout: answerMsMax + 1_000,
  });
  client.on("error", () => undefined);
  // Not awaited: over a link that is silent, a farewell may take minutes.
  const end = (): void => void client.end().catch(() => undefined);
  let onAbort = end;
  // pg does not say when it gives up a connection that it was still making.
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Error("The cart service ends"));
  });
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([client.connect().then(() => work(client)), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    end();
  }
}

/** The message of an error, for a log. */
function withoutSecret(error: unknown, secret: string): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return secret === "" ? message : message.replaceAll(secret, "***");
}
