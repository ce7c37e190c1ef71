/** A child process of a test: what it printed, how it ended, and never longer than its bound. */
import { spawn, type ChildProcess } from "node:child_process";
import { until } from "./until.ts";

export type Ended = {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
};

export type ChildOptions = {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string;
};

export class Child {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #command: string;
  #stdout = "";
  #stderr = "";

  constructor([command = "", ...args]: readonly string[], { cwd, env, input }: ChildOptions) {
    this.#command = [command, ...args].join(" ");
    this.#child = spawn(command, args, { cwd, env: { ...env } });
    this.#child.stdout?.on("data", (data: Buffer) => (this.#stdout += data.toString()));
    this.#child.stderr?.on("data", (data: Buffer) => (this.#stderr += data.toString()));
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdin?.end(input ?? "");
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) =>
        resolve({
          code: code ?? undefined,
          signal: signal ?? undefined,
          stdout: this.#stdout,
          stderr: this.#stderr,
        }),
      );
    });
    this.#ended.catch(() => undefined);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#command} did not start`);
    return this.#child.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Not to a child that could not be started: Node would send it to process 0, which is all of us. */
  signal(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) this.#child.kill(signal);
  }

  /** Settles when it has ended; one that takes longer than `boundMs` is killed. */
  async ended(boundMs: number): Promise<Ended> {
    const late = AbortSignal.timeout(boundMs);
    const kill = (): void => this.signal("SIGKILL");
    late.addEventListener("abort", kill);
    const ended = await this.#ended;
    late.removeEventListener("abort", kill);
    if (late.aborted && ended.signal === "SIGKILL") {
      throw new Error(
        `${this.#command} took longer than ${boundMs} ms:\n${ended.stdout}\n${ended.stderr}`,
      );
    }
    return ended;
  }

  /** Settles once it has printed what `pattern` finds. */
  async prints(pattern: RegExp, boundMs: number): Promise<RegExpExecArray> {
    const what = `${this.#command} prints ${String(pattern)}`;
    return await until(what, boundMs, () => pattern.exec(this.#stdout) ?? undefined).catch(
      (cause: unknown) => {
        throw new Error(`It printed:\n${this.#stdout}\n${this.#stderr}`, { cause });
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended.catch(() => undefined);
  }
}
