/** The same client on Patroni: what a switchover costs where most people have it from. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { figure, type Figure } from "./figure.ts";
import { endingWith } from "./interrupted.ts";
import { PatroniCluster } from "./patroni-cluster.ts";
import { defaultPace, fastPace, patroniSuperuser, type Pace } from "./patroni-settings.ts";
import { watchReturn } from "./return-watch.ts";
import { measureMove, type Move } from "./move.ts";
import { WriteClientProcess } from "./write-client-process.ts";

const debianDirectory = "/usr/lib/postgresql";
/** 60 s: Patroni restarts the old leader within its loop, or within the next one. */
const returnBoundMs = 60_000;
/** 1 s for a node that has just come back to say so to etcd. */
const settleMs = 1_000;

export type PatroniResult = {
  readonly figures: readonly Figure[];
  readonly gapsMs: readonly number[];
};

/** Why it cannot be measured here; undefined when it can. */
export function patroniObstacle(): string | undefined {
  for (const program of ["patroni", "patronictl", "etcd"]) {
    const { error } = spawnSync(program, ["--version"]);
    if (error) return `the program \`${program}\` is not installed`;
  }
  return findServerPrograms() === undefined
    ? `no PostgreSQL with pg_controldata and pg_rewind under ${debianDirectory}, and LEEWARD_PG_BIN names none`
    : undefined;
}

/** Figures of the defaults and of the fastest settings. Only when there is no obstacle. */
export async function measurePatroni(runs: number): Promise<readonly PatroniResult[]> {
  const binDirectory = findServerPrograms();
  if (binDirectory === undefined) throw new Error("there is no PostgreSQL for Patroni");
  const results: PatroniResult[] = [];
  for (const pace of [defaultPace, fastPace])
    results.push(await measurePace(binDirectory, pace, runs));
  return results;
}

async function measurePace(binDirectory: string, pace: Pace, runs: number): Promise<PatroniResult> {
  const cluster = await PatroniCluster.start(binDirectory, pace);
  return endingWith(
    () => cluster.destroy(),
    () => measureCluster(cluster, pace, runs),
  );
}

async function measureCluster(
  cluster: PatroniCluster,
  pace: Pace,
  runs: number,
): Promise<PatroniResult> {
  const { nodes } = cluster.plan;
  const user = { user: patroniSuperuser.username, password: patroniSuperuser.password };
  const target = {
    hosts: nodes.map(({ host }) => ({ host, port: 5432 })),
    database: "postgres",
    ...user,
  };
  const client = await WriteClientProcess.start(target);
  const moves: Move[] = [];
  const returnsMs: number[] = [];
  let version = "";
  try {
    for (let run = 0; run < runs; run += 1) {
      const from = await cluster.untilHealthy();
      const to = nodes.find(({ name }) => name !== from);
      if (!to) throw new Error("a cluster has two nodes");
      const place = cluster.place(to.name);
      version = await versionOf(place);
      const returned = watchReturn(place, AbortSignal.timeout(returnBoundMs));
      returned.catch(() => undefined);
      moves.push(await measureMove(client, to.host, () => cluster.switchover(from, to.name)));
      const { promotedMs, streamingMs } = await returned;
      returnsMs.push(streamingMs - promotedMs);
      await cluster.untilHealthy(to.name);
      await sleep(settleMs);
    }
  } finally {
    await client.close();
  }
  return {
    gapsMs: moves.map(({ gapMs }) => gapMs),
    figures: figuresOf(pace, version, moves, returnsMs),
  };
}

function figuresOf(
  { name, ttl, loop_wait, retry_timeout }: Pace,
  version: string,
  moves: readonly Move[],
  returnsMs: readonly number[],
): readonly Figure[] {
  const title = `Patroni, ${name}`;
  const note = `ttl ${ttl} s, loop_wait ${loop_wait} s, retry_timeout ${retry_timeout} s, ${patroniVersion()}, PostgreSQL ${version}; its nodes and etcd are not behind links: no round trip is added to theirs`;
  const sum = (of: (move: Move) => number): number =>
    moves.reduce((total, move) => total + of(move), 0);
  return [
    figure(
      `${title}: switchover, longest gap`,
      "ms",
      moves.map(({ gapMs }) => gapMs),
      { note },
    ),
    figure(`${title}: acknowledged writes lost, in all`, "writes", [
      sum(({ missing }) => missing.length),
    ]),
    figure(`${title}: acknowledged by a second writer, in all`, "writes", [
      sum(({ second }) => second.length),
    ]),
    figure(`${title}: old primary streams again after`, "ms", returnsMs),
  ];
}

async function versionOf(place: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(place);
  await client.connect();
  try {
    const { rows } = await client.query<{ version: string }>(
      "SELECT split_part(current_setting('server_version'), ' ', 1) AS version",
    );
    return rows[0]?.version ?? "?";
  } finally {
    await client.end();
  }
}

function patroniVersion(): string {
  return spawnSync("patroni", ["--version"], { encoding: "utf8" }).stdout.trim();
}

/** Patroni needs programs that the embedded PostgreSQL comes without. */
function findServerPrograms(): string | undefined {
  const chosen = process.env["LEEWARD_PG_BIN"];
  const debian = namesIn(debianDirectory)
    .toSorted((a, b) => Number(b) - Number(a))
    .map((major) => join(debianDirectory, major, "bin"));
  return [...(chosen === undefined ? [] : [chosen]), ...debian].find((directory) => {
    const programs = namesIn(directory);
    return [
      "postgres",
      "initdb",
      "pg_controldata",
      "pg_rewind",
      "pg_basebackup",
      "pg_isready",
      "pg_ctl",
    ].every((name) => programs.includes(name));
  });
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
