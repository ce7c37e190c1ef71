/** A whole world for a test: its own directory, addresses and registry, driven by the built CLI. */
import { chownSync, mkdirSync, readdirSync, readFileSync, chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { status as statusSchema, type ApiInstance, type ApiStatus } from "../../src/api/api.ts";
import { removeTree } from "../../src/env/node/remove-tree.ts";
import { Child, type Ended } from "./child.ts";
import { makeOwnedDirectory } from "./owned-directory.ts";
import { killIfAlive, processesOf, processesUnder, type Process } from "./processes.ts";
import { until } from "./until.ts";
import { reserveWorld, type Reservation } from "./world-number.ts";
import { yamlOf, type WorldShape } from "./yaml.ts";

/** 90 s: far longer than any command needs on a busy machine; a hang ends with the command's name. */
const commandBoundMs = 90_000;
/** 8 s: a program that does not end by itself is killed after 10 s, and that is a bug. */
const downBoundMs = 8_000;
/** 4000 characters of each log when a test has failed. */
const logTailChars = 4000;

export type WorldOptions = WorldShape & {
  /** Of its directory. 0755 when left out; 0700 keeps other users out. */
  readonly mode?: number;
  /** Who runs it and owns its directory; whoever runs the test when left out. Only root can choose. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly env?: Readonly<Record<string, string>>;
};

export class World implements AsyncDisposable {
  /** With a space in it, always. */
  readonly directory: string;
  readonly number: number;
  readonly #reservation: Reservation;
  readonly #options: WorldOptions;
  readonly #undo: (() => void)[] = [];

  private constructor(directory: string, reservation: Reservation, options: WorldOptions) {
    this.directory = directory;
    this.number = reservation.world;
    this.#reservation = reservation;
    this.#options = options;
  }

  /** With its leeward.yaml, and nothing running yet. */
  static async prepare(options: WorldOptions = {}): Promise<World> {
    const reservation = await reserveWorld();
    const directory = makeOwnedDirectory("e2e");
    chmodSync(directory, options.mode ?? 0o755);
    mkdirSync(join(directory, "run"), { mode: 0o777 });
    chmodSync(join(directory, "run"), 0o777);
    const world = new World(directory, reservation, options);
    world.writeConfig(options);
    if (options.user) chownSync(directory, options.user.uid, options.user.gid);
    return world;
  }

  get stateDirectory(): string {
    return join(this.directory, ".leeward");
  }

  get configFile(): string {
    return join(this.directory, "leeward.yaml");
  }

  writeConfig(shape: WorldShape): void {
    writeFileSync(this.configFile, yamlOf(this.number, shape));
  }

  /** Something to undo when the world is down and not deleted yet: a mount. */
  beforeReset(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Starts `leeward` with these arguments in the world's directory. */
  start(args: readonly string[], options: { readonly input?: string } = {}): Child {
    const cli = join(inject("program"), "bin", "leeward.js");
    const command = [...asUser(this.#options.user), process.execPath, cli, ...args];
    const env = {
      PATH: process.env["PATH"] ?? "",
      // The whole suite runs on another PostgreSQL as well.
      ...pick(process.env, "LEEWARD_PG_BIN"),
      HOME: this.directory,
      XDG_RUNTIME_DIR: join(this.directory, "run"),
      ...this.#options.env,
    };
    return new Child(command, { cwd: this.directory, env, ...options });
  }

  async cli(args: readonly string[], options: { readonly input?: string } = {}): Promise<Ended> {
    return this.start(args, options).ended(commandBoundMs);
  }

  /** What it printed. @throws when it does not succeed */
  async ok(args: readonly string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.cli(args);
    if (code === 0) return stdout;
    throw new Error(
      `leeward ${args.join(" ")} ended with ${code ?? signal}:\n${stdout}\n${stderr}`,
    );
  }

  /** Its answer, or its last line of JSON. */
  async json<T>(args: readonly string[]): Promise<T> {
    const text = await this.ok([...args, "--json"]);
    try {
      return JSON.parse(text) as T;
    } catch {
      return JSON.parse(text.trimEnd().split("\n").at(-1) ?? "") as T;
    }
  }

  async up(): Promise<void> {
    await this.ok(["up", "--detach"]);
  }

  get apiUrl(): string {
    const text = readFileSync(join(this.stateDirectory, "supervisor.json"), "utf8");
    const { api } = JSON.parse(text) as { readonly api: { host: string; port: number } };
    return `http://${api.host}:${api.port}`;
  }

  get apiToken(): string {
    return this.#secrets().apiToken;
  }

  /** By the API: a CLI for each look would load the machine more than the world does. */
  async status(): Promise<ApiStatus> {
    const answer = await fetch(`${this.apiUrl}/v1/status`, {
      headers: { authorization: `Bearer ${this.apiToken}` },
      signal: AbortSignal.timeout(5_000),
    });
    return statusSchema.parse(await answer.json());
  }

  async untilStatus(
    what: string,
    boundMs: number,
    holds: (status: ApiStatus) => boolean,
  ): Promise<ApiStatus> {
    let last: ApiStatus | undefined;
    return await until(what, boundMs, async () => {
      last = await this.status();
      return holds(last) && last;
    }).catch((cause: unknown) => {
      const seen = JSON.stringify(
        { regions: last?.regions, databases: last?.databases },
        undefined,
        1,
      );
      throw new Error(`Not within ${boundMs} ms: ${what}. Last seen: ${seen}`, { cause });
    });
  }

  async untilReady(boundMs = 30_000): Promise<ApiStatus> {
    return await this.untilStatus("the world is ready", boundMs, ({ isReady }) => isReady);
  }

  /** A connection straight to an instance, as the superuser. Close it. */
  async connect(database: string, region: string, number = 1): Promise<pg.Client> {
    const { address: host, port } = instanceIn(await this.status(), database, region, number);
    const client = this.clientOf(database, { host, port });
    await client.connect();
    return client;
  }

  /** Not connected yet. */
  clientOf(database: string, address: { readonly host: string; readonly port: number }): pg.Client {
    const password = this.#secrets().databases[database]?.superuser ?? "";
    const client = new pg.Client({
      ...address,
      user: "leeward",
      password,
      database,
      connectionTimeoutMillis: 5_000,
      query_timeout: 30_000,
    });
    client.on("error", () => undefined);
    return client;
  }

  async sql(
    database: string,
    region: string,
    text: string,
    number = 1,
  ): Promise<readonly Record<string, unknown>[]> {
    const client = await this.connect(database, region, number);
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Every process of this world. */
  processes(): readonly Process[] {
    return processesOf(this.directory);
  }

  /** `supervisor`, `controller`, `network` or `agent-REGION`. */
  program(name: string): number {
    const settings = name === "supervisor" ? "internal supervisor" : `/secrets/${name}.json`;
    const found = this.processes().find(
      ({ command }) =>
        command.includes(settings) &&
        /^\S*node\S* /.test(command) &&
        command.includes(" internal "),
    );
    if (!found) throw new Error(`There is no process of ${name}`);
    return found.pid;
  }

  /** The outermost process of a Region: the supervisor's child. */
  host(region: string): number {
    const supervisor = this.program("supervisor");
    const found = this.processes().find(
      ({ parent, command }) =>
        parent === supervisor && command.includes(`/secrets/agent-${region}.json`),
    );
    if (!found) throw new Error(`Region ${region} has no host`);
    return found.pid;
  }

  processesIn(region: string): readonly Process[] {
    return processesUnder(this.host(region), this.processes());
  }

  /** As its pid file says, but by the number that it has outside its namespace. */
  postmaster(region: string, instance: string): number {
    const data = join(this.instanceDirectory(region, instance), "data");
    const found = this.processes().find(
      ({ command, cwd }) => cwd === data && /\/postgres /.test(command) && command.includes("-D"),
    );
    if (!found) throw new Error(`No postmaster runs in ${data}`);
    return found.pid;
  }

  /** `instance`: `orders-1`. */
  instanceDirectory(region: string, instance: string): string {
    return join(this.stateDirectory, "regions", region, instance);
  }

  /** The last words of every program and server. */
  logTails(): string {
    const regions = join(this.stateDirectory, "regions");
    const programs = namesIn(join(this.stateDirectory, "logs")).map((name) =>
      join(this.stateDirectory, "logs", name),
    );
    const servers = namesIn(regions).flatMap((region) =>
      namesIn(join(regions, region)).map((name) => join(regions, region, name, "postgres.log")),
    );
    return [...programs, ...servers]
      .flatMap((path) => {
        try {
          return [`--- ${path}\n${readFileSync(path, "utf8").slice(-logTailChars)}`];
        } catch {
          return [];
        }
      })
      .join("\n");
  }

  /** Deletes the world, and complains when anything of it lives on or had to be killed. */
  async [Symbol.asyncDispose](): Promise<void> {
    let left: readonly Process[] = [];
    try {
      await this.#downAndReset();
    } finally {
      // Also when a command hung: whatever the test found, nothing of its world stays on the machine.
      left = this.processes();
      for (const { pid } of left) killIfAlive(pid);
      this.#reservation.release();
      this.#undoAll();
      removeTree(this.directory);
    }
    if (left.length > 0) {
      const names = left.map(({ pid, command }) => `${pid} ${command.slice(0, 200)}`).join("\n");
      throw new Error(`Processes of the world outlived its end:\n${names}`);
    }
  }

  async #downAndReset(): Promise<void> {
    const startedMs = performance.now();
    const down = await this.cli(["down"]);
    const tookMs = performance.now() - startedMs;
    const logs = tookMs > downBoundMs ? this.logTails() : "";
    this.#undoAll();
    const reset = await this.cli(["reset", "--yes"]);
    if (reset.code !== 0) throw new Error(`reset failed: ${reset.stdout}\n${reset.stderr}`);
    if (tookMs > downBoundMs) {
      throw new Error(
        `down took ${Math.round(tookMs)} ms: ${down.stdout}\n${down.stderr}\n${logs}`,
      );
    }
  }

  #undoAll(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #secrets(): {
    readonly apiToken: string;
    readonly databases: Readonly<Record<string, { readonly superuser: string }>>;
  } {
    return JSON.parse(readFileSync(join(this.stateDirectory, "secrets", "world.json"), "utf8"));
  }
}

/** A world that is up and ready. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const world = await World.prepare(options);
  try {
    await world.up();
    return world;
  } catch (error) {
    const logs = world.logTails();
    await world[Symbol.asyncDispose]().catch(() => undefined);
    throw new Error(`The world did not come up. Logs:\n${logs}`, { cause: error });
  }
}

export function instanceIn(
  status: ApiStatus,
  database: string,
  region: string,
  number = 1,
): ApiInstance {
  const found = status.databases[database]?.members[region]?.instances.find(
    (instance) => instance.number === number,
  );
  if (!found) throw new Error(`The status has no ${database}/${region}/${number}`);
  return found;
}

/** The words before a command that another user runs: by the full path, because a test may hide the tool. */
export function asUser(user: WorldOptions["user"]): readonly string[] {
  if (!user) return [];
  const { uid, gid } = user;
  return ["/usr/bin/setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--"];
}

function pick(env: NodeJS.ProcessEnv, name: string): Readonly<Record<string, string>> {
  const value = env[name];
  return value === undefined ? {} : { [name]: value };
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
