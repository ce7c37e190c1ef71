/** A world of its own for a benchmark: a copy of the example in a fresh directory, driven as a user does. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { ApiClient } from "../src/api/client.ts";
import { parseSecrets, type WorldSecrets } from "../src/config/secrets.ts";
import { stateLayout, type StateLayout } from "../src/config/state-directory.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeFiles } from "../src/env/node/files.ts";
import { removeTree } from "../src/env/node/remove-tree.ts";
import { readSupervisorRecord } from "../src/supervisor/supervisor-record.ts";
import { endingWith } from "./interrupted.ts";

export const root = fileURLToPath(new URL("..", import.meta.url));
const binary = join(root, "bin", "leeward.js");

export const primary = "us-east-1";
export const secondary = "us-west-2";

/** Tests draw from other numbers, and a person's own world is most often 0. */
const firstWorld = 150;
const worlds = 50;

/** 5 min for one command: ten times the longest that any of them may take. */
const commandTimeoutMs = 300_000;

export class BenchWorld {
  readonly directory: string;
  readonly layout: StateLayout;
  readonly world: number;
  #destroyed: Promise<void> | undefined;

  private constructor(directory: string, world: number) {
    this.directory = directory;
    this.world = world;
    this.layout = stateLayout(join(directory, ".leeward"));
  }

  /** @param edit makes of the example's leeward.yaml the one that is wanted */
  static create(edit = (text: string): string => text, example = "two-regions"): BenchWorld {
    const directory = mkdtempSync(join(tmpdir(), "leeward-bench-"));
    // PostgreSQL may run as another user, who has to be able to pass.
    chmodSync(directory, 0o711);
    const world = firstWorld + (process.pid % worlds);
    const from = join(root, "examples", example);
    const text = readFileSync(join(from, "leeward.yaml"), "utf8");
    const own = edit(text.replace(/^world: \d+$/m, `world: ${world}`));
    writeFileSync(join(directory, "leeward.yaml"), own);
    return new BenchWorld(directory, world);
  }

  /** Answers how long the command took, in ms, as its user waits for it. @throws Error when it fails */
  async run(...args: readonly string[]): Promise<number> {
    const startedMs = performance.now();
    await this.ask(...args);
    return performance.now() - startedMs;
  }

  /** Answers what the command printed. @throws Error when it fails */
  async ask(...args: readonly string[]): Promise<string> {
    const child = spawn(process.execPath, [binary, ...args], {
      cwd: this.directory,
      // The list of running worlds is per user; a benchmark's is its own.
      env: { ...process.env, XDG_RUNTIME_DIR: this.directory },
      stdio: ["ignore", "pipe", "pipe"],
      // Of its own group: an interrupted terminal does not interrupt the `down` that follows.
      detached: true,
      timeout: commandTimeoutMs,
    });
    let [printed, told] = ["", ""];
    child.stdout.on("data", (text: Buffer) => {
      printed += text.toString();
    });
    child.stderr.on("data", (text: Buffer) => {
      told = `${told}${text.toString()}`.slice(-2000);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    if (code === 0) return printed;
    const said = `${printed.slice(-2000)}\n${told}`.trim();
    throw new Error(`leeward ${args.join(" ")} ended with ${code}: ${said}`);
  }

  get supervisorPid(): number {
    const record = readSupervisorRecord(nodeFiles, this.layout.supervisor);
    if (record === undefined) throw new Error(`no world runs in ${this.directory}`);
    return record.pid;
  }

  secrets(): WorldSecrets {
    const path = this.layout.allSecrets;
    return parseSecrets(readFileSync(path, "utf8"), path);
  }

  /** The caller closes it. */
  api(): ApiClient {
    const record = readSupervisorRecord(nodeFiles, this.layout.supervisor);
    if (record === undefined) throw new Error(`no world runs in ${this.directory}`);
    return new ApiClient(record.api, this.secrets().apiToken, nodeClock);
  }

  /** A connection of the application to the writer of a database; the caller ends it. */
  async connect(database: string): Promise<pg.Client> {
    const api = this.api();
    const status = await api
      .status(AbortSignal.timeout(commandTimeoutMs))
      .finally(() => api.close());
    const writer = status.databases[database]?.writer;
    if (!writer) throw new Error(`${database} has no writer`);
    const client = new pg.Client({
      host: writer.address,
      port: writer.port,
      database,
      user: "app",
      password: this.secrets().databases[database]?.roles["app"]?.reveal(),
    });
    // The Region may be killed under it, on purpose.
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  async destroy(): Promise<void> {
    this.#destroyed ??= this.run("down").then(() => this.#remove());
    await this.#destroyed;
  }

  #remove(): void {
    removeTree(this.directory);
  }

  /** An empty directory beside the state, on the same disk. */
  makeDirectory(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { mode: 0o711 });
    return path;
  }
}

/** Runs `work` with a world and leaves nothing of it behind, also when a person has waited long enough. */
export async function withBenchWorld<T>(
  work: (world: BenchWorld) => Promise<T>,
  edit?: (yaml: string) => string,
  example?: string,
): Promise<T> {
  const world = BenchWorld.create(edit, example);
  return endingWith(
    () => world.destroy(),
    () => work(world),
  );
}
