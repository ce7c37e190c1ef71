/** Command lines against the real API, over a socket, with a hand-made world behind it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { startApi } from "../src/api/server.ts";
import { runCommandLine } from "../src/cli/command-line.ts";
import type { Machine } from "../src/cli/machine.ts";
import { stateLayout, type StateLayout } from "../src/config/state-directory.ts";
import { nodeClock } from "../src/env/node/clock.ts";
import { nodeFiles } from "../src/env/node/files.ts";
import { Secret } from "../src/std/secret.ts";
import { identify } from "../src/env/node/process-id.ts";
import { writeSupervisorRecord } from "../src/supervisor/supervisor-record.ts";
import { FakeWorld, MemoryLog } from "./fake-world.ts";

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

export type RunOptions = Partial<Machine> & {
  readonly signal?: AbortSignal;
  /** Called with everything that was printed so far. */
  onOut?(text: string): void;
};

export type CommandShell = {
  readonly world: FakeWorld;
  readonly layout: StateLayout;
  readonly directory: string;
  readonly leeward: (args: readonly string[], options?: RunOptions) => Promise<Ran>;
  /** A controller that dies, and is back on its address when it settles. */
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openShell(): Promise<CommandShell> {
  const directory = mkdtempSync(join(tmpdir(), "leeward-cli-"));
  const layout = stateLayout(join(directory, ".leeward"));
  const world = new FakeWorld();
  const serve = async (port: number): Promise<Served> => {
    const end = new AbortController();
    const options = { token: new Secret("t0ken"), hosts: ["127.0.0.1"], log: new MemoryLog() };
    const address = { host: "127.0.0.1", port };
    const api = await startApi(
      world,
      { ...options, clock: nodeClock, version: "0.1.0", address },
      end.signal,
    );
    const stop = (): Promise<void> => {
      end.abort();
      return api.ended;
    };
    return { address: api.address, stop };
  };
  let served = await serve(0);
  writeState(layout, served.address);
  return {
    world,
    layout,
    directory,
    leeward: (args, options = {}) => run(args, options, directory),
    restart: async () => {
      await served.stop();
      served = await serve(served.address.port);
    },
    close: async () => {
      await served.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

type Served = {
  readonly address: { readonly host: string; readonly port: number };
  readonly stop: () => Promise<void>;
};

function writeState(layout: StateLayout, api: Served["address"]): void {
  mkdirSync(layout.secrets, { recursive: true });
  mkdirSync(layout.logs);
  const databases = { orders: { superuser: "s", replicator: "r", roles: {} } };
  const secrets = { version: 1, apiToken: "t0ken", networkToken: "n", agentTokens: {}, databases };
  writeFileSync(layout.allSecrets, JSON.stringify(secrets));
  writeSupervisorRecord(nodeFiles, layout.supervisor, {
    pid: process.pid,
    born: identify(process.pid)?.born ?? "",
    api,
    startedWallMs: 0,
    version: "0.1.0",
  });
}

async function run(args: readonly string[], options: RunOptions, directory: string): Promise<Ran> {
  let out = "";
  let err = "";
  const plain = { isTty: false, columns: undefined, rows: undefined };
  const write = (text: string): void => {
    out += text;
    options.onOut?.(out);
  };
  const machine: Machine = {
    out: { ...plain, write },
    err: { ...plain, write: (text) => void (err += text) },
    input: Readable.from([]),
    cwd: directory,
    env: { XDG_RUNTIME_DIR: directory },
    userId: process.getuid?.(),
    temporaryDirectory: directory,
    clock: nodeClock,
    files: nodeFiles,
    ...options,
  };
  const code = await runCommandLine(args, machine, options.signal ?? new AbortController().signal);
  return { code, out, err };
}
