/** A real Redis for a test: one that can be killed, held up, and started again with what it had kept. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeRandom } from "../../src/env/node/random.ts";
import type { Address } from "../../src/model/address.ts";
import { findProgram, type FoundProgram } from "../../src/service/debian-packages.ts";
import { clock, eventually, silent } from "../postgres/scratch.ts";

/** From the machine, or from the cache that the tests of this machine share. @throws Failure where there is none */
export function findRedis(): Promise<FoundProgram> {
  const cacheDirectory = join(tmpdir(), "leeward-test-packages");
  const searchPath = process.env["PATH"] ?? "";
  const doors = { clock, log: silent, random: nodeRandom, cacheDirectory, searchPath };
  return findProgram("redis-server", doors, AbortSignal.timeout(110_000));
}

export class RedisProcess {
  readonly #program: FoundProgram;
  readonly #address: Address;
  readonly #directory: string;
  #child: ChildProcess | undefined;

  constructor(program: FoundProgram, address: Address, directory: string) {
    this.#program = program;
    this.#address = address;
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  get url(): string {
    return `redis://${this.#address.host}:${this.#address.port}`;
  }

  async start(): Promise<void> {
    const { host, port } = this.#address;
    const settings = ["--bind", host, "--port", `${port}`, "--protected-mode", "no", "--save", ""];
    const keeping = ["--appendonly", "yes", "--dir", this.#directory];
    const variables = this.#program.environment.map(({ name, value }) => [name, value]);
    this.#child = spawn(this.#program.path, [...settings, ...keeping], {
      env: { ...process.env, ...Object.fromEntries(variables) },
      stdio: "ignore",
    });
    await eventually("Redis answers", () => this.#answers());
  }

  /** `SIGSTOP` holds it up, `SIGCONT` lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#address, () => socket.write("PING\r\n"));
      socket.once("data", (answer) => {
        socket.destroy();
        resolve(String(answer).startsWith("+PONG"));
      });
      socket.once("error", () => resolve(false));
    });
  }
}
