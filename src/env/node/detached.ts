/** A process that outlives us: in a session of its own, its output in our log. */
import { spawn } from "node:child_process";
import { assert } from "../../std/assert.ts";

export type Detached = {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Settles when it has ended, with how it ended. */
  readonly ended: Promise<string>;
  /** SIGKILL; a no-op when it has ended. */
  readonly kill: () => void;
};

/** It reads nothing, inherits no descriptor but the output, and does not keep us alive. */
export function spawnDetached(command: readonly string[]): Detached {
  const [program, ...args] = command;
  assert(program !== undefined, "a command has a program");
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`it could not be started: ${error.message}`));
    child.once("exit", (code, name) => resolve(name ? `killed by ${name}` : `exit code ${code}`));
  });
  return { pid: child.pid, ended, kill: () => void child.kill("SIGKILL") };
}
