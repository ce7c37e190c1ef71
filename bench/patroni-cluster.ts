/**
 * Two Patroni nodes and one etcd on addresses of their own, from Debian's packages, in a directory that is removed
 * with them. No link slows them down.
 */
import { execFile, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { nodeClock } from "../src/env/node/clock.ts";
import { findInstallation, type Installation } from "../src/postgres/installation.ts";
import { observeRunAs } from "../src/postgres/observe-run-as.ts";
import { decideRunAs, runAsPrefix } from "../src/postgres/run-as.ts";
import { nodeSettings, patroniSuperuser, type Pace, type PatroniPlan } from "./patroni-settings.ts";
import { processesNaming } from "./proc.ts";

/** 60 s: initdb, a start, a base backup and a start take 10. */
const startBoundMs = 60_000;
const lookEveryMs = 200;
/** 20 s for servers to shut down; what is left is killed. */
const endBoundMs = 20_000;
/** As long as a person would wait. */
const switchoverBoundMs = 120_000;

type Member = { readonly name: string; readonly role: string; readonly state: string };
type Cluster = { readonly members: readonly Member[] };

export class PatroniCluster {
  readonly plan: PatroniPlan;
  readonly #directory: string;
  readonly #prefix: readonly string[];

  private constructor(plan: PatroniPlan, directory: string, prefix: readonly string[]) {
    this.plan = plan;
    this.#directory = directory;
    this.#prefix = prefix;
  }

  /** @param binDirectory PostgreSQL with all its programs */
  static async start(binDirectory: string, pace: Pace): Promise<PatroniCluster> {
    const installation = await findInstallation(
      binDirectory,
      nodeClock,
      AbortSignal.timeout(10_000),
    );
    const directory = mkdtempSync(join(tmpdir(), "leeward-bench-patroni-"));
    // The servers may run as another user, who has to be able to pass.
    chmodSync(directory, 0o711);
    const home = join(directory, "home");
    mkdirSync(home, { mode: 0o700 });
    const prefix = await becomeServerUser(installation, home);
    const plan = planOf(home, binDirectory, pace);
    const cluster = new PatroniCluster(plan, directory, prefix);
    try {
      await cluster.#start();
      return cluster;
    } catch (cause) {
      const logs = cluster.#logTails();
      await cluster.destroy();
      throw new Error(`Patroni did not start:\n${logs}`, { cause });
    }
  }

  /** The name of the node that leads, when the other one streams from it. */
  async leader(): Promise<string | undefined> {
    const { members } = await this.#cluster();
    const leader = members.find(({ role, state }) => role === "leader" && state === "running");
    const follows = members.some(
      ({ role, state }) => role === "replica" && (state === "running" || state === "streaming"),
    );
    return follows ? leader?.name : undefined;
  }

  /** Until one leads (`leader`, when given) and the other one streams from it, as the leader's server itself says. */
  async untilHealthy(leader?: string): Promise<string> {
    const signal = AbortSignal.timeout(startBoundMs);
    for (;;) {
      const found = await this.leader().catch(() => undefined);
      const isWanted = found !== undefined && (leader === undefined || found === leader);
      if (isWanted && (await this.#isFollowed(found).catch(() => false))) return found;
      await sleep(lookEveryMs, undefined, { signal });
    }
  }

  /** A connection of the superuser. */
  place(name: string): pg.ClientConfig {
    const { username: user, password } = patroniSuperuser;
    const host = this.plan.nodes.find((node) => node.name === name)?.host;
    return { host, port: 5432, database: "postgres", user, password };
  }

  /** Patroni calls a replica `running` also while it cannot stream yet, and switches over to it when told to. */
  async #isFollowed(name: string): Promise<boolean> {
    const client = new pg.Client(this.place(name));
    client.on("error", () => undefined);
    await client.connect();
    try {
      const { rowCount } = await client.query(
        "SELECT FROM pg_stat_replication WHERE state = 'streaming'",
      );
      return rowCount === 1;
    } finally {
      await client.end();
    }
  }

  /** Settles when `patronictl` has ended. @throws Error with what it printed when it failed */
  async switchover(from: string, to: string): Promise<void> {
    const file = join(this.plan.home, `${from}.json`);
    const names = ["--leader", from, "--candidate", to];
    await promisify(execFile)(
      "patronictl",
      ["-c", file, "switchover", this.plan.scope, ...names, "--force"],
      { timeout: switchoverBoundMs, env: this.#env() },
    );
  }

  async destroy(): Promise<void> {
    const signal = AbortSignal.timeout(endBoundMs);
    for (const { pid } of this.#processes("patroni")) kill(pid, "SIGTERM");
    while (this.#processes("patroni").length > 0 && !signal.aborted) await sleep(lookEveryMs);
    while (this.#processes().length > 0) {
      for (const { pid } of this.#processes()) kill(pid, "SIGKILL");
      await sleep(lookEveryMs);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { home, etcd, nodes } = this.plan;
    const [client, peer] = [`http://${etcd}:2379`, `http://${etcd}:2380`];
    const etcdOptions = {
      name: "bench",
      "data-dir": join(home, "etcd"),
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `bench=${peer}`,
    };
    this.#spawn(
      "etcd",
      Object.entries(etcdOptions).map(([name, value]) => `--${name}=${value}`),
    );
    for (const { name } of nodes) {
      const file = join(home, `${name}.json`);
      writeFileSync(file, JSON.stringify(nodeSettings(this.plan, name), null, 2));
      chmodSync(file, 0o644);
      this.#spawn("patroni", [file]);
      // The first one is the one that makes the cluster.
      await this.#untilAnswers(name);
    }
    await this.untilHealthy();
  }

  async #untilAnswers(name: string): Promise<void> {
    const signal = AbortSignal.timeout(startBoundMs);
    for (;;) {
      const members = await this.#cluster().then(
        (seen) => seen.members,
        () => [],
      );
      if (members.some((one) => one.name === name && one.state === "running")) return;
      await sleep(lookEveryMs, undefined, { signal });
    }
  }

  async #cluster(): Promise<Cluster> {
    const signal = AbortSignal.timeout(2_000);
    const asked = this.plan.nodes.map(async ({ host }) => {
      const answer = await fetch(`http://${host}:8008/cluster`, { signal });
      return (await answer.json()) as Cluster;
    });
    return Promise.any(asked);
  }

  #spawn(program: string, args: readonly string[]): void {
    const log = openSync(join(this.plan.home, `${program}.log`), "a");
    const [command = program, ...rest] = [...this.#prefix, program, ...args];
    const child = spawn(command, rest, {
      cwd: this.plan.home,
      env: this.#env(),
      stdio: ["ignore", log, log],
      // An interrupted terminal does not interrupt it: it is ended in order.
      detached: true,
    });
    child.on("error", () => undefined);
    child.unref();
  }

  #env(): NodeJS.ProcessEnv {
    const { PATH = "" } = process.env;
    return { PATH: `${PATH}:/usr/sbin:/sbin`, HOME: this.plan.home, LANG: "C.UTF-8" };
  }

  #processes(program = ""): ReturnType<typeof processesNaming> {
    return processesNaming(this.plan.home).filter(({ command }) =>
      command.some((word) => program === "" || word.endsWith(`/${program}`)),
    );
  }

  #logTails(): string {
    const tail = (name: string): string => {
      try {
        return readFileSync(join(this.plan.home, `${name}.log`), "utf8").slice(-3000);
      } catch {
        return "";
      }
    };
    return `${tail("etcd")}\n${tail("patroni")}`;
  }
}

function planOf(home: string, binDirectory: string, pace: Pace): PatroniPlan {
  const block = `127.${200 + (process.pid % 50)}.${(process.pid >> 6) % 250}`;
  const nodes = [1, 2].map((number) => ({
    name: `node-${number}`,
    host: `${block}.${10 + number}`,
  }));
  return { scope: "bench", home, binDirectory, pace, etcd: `${block}.2`, nodes };
}

/** The words before each program, after the directory was given to whoever runs it. */
async function becomeServerUser(
  installation: Installation,
  home: string,
): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(10_000);
  const runAs = decideRunAs(await observeRunAs(installation, join(home, ".."), nodeClock, signal));
  if (runAs.kind === "other-user") chownSync(home, runAs.user.uid, runAs.user.gid);
  return runAsPrefix(runAs);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
