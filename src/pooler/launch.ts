/** Starts PgBouncer so that it outlives us: a session of its own, its words in our log. */
import { spawn } from "node:child_process";
import { assert } from "../std/assert.ts";

/** Where to find it, and what it has to be told to find its libraries. */
export type Program = {
  readonly path: string;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
};

export type Launched = {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Settles when it has ended, with how it ended. */
  readonly ended: Promise<string>;
};

/** Its log and its console are read, by people and by us; neither may depend on where the user lives. */
const fixedEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

/** @param prefix words before it, that make it run as somebody without privileges. */
export function launch(program: Program, prefix: readonly string[], iniPath: string): Launched {
  const [first, ...rest] = [...prefix, program.path, iniPath];
  assert(first !== undefined, "a command has a program");
  const own = program.environment.map(({ name, value }) => [name, value]);
  const child = spawn(first, rest, {
    env: { ...fixedEnvironment, ...Object.fromEntries(own) },
    cwd: "/",
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
  });
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`it could not be started: ${error.message}`));
    child.once("exit", (code, name) => resolve(name ? `killed by ${name}` : `exit code ${code}`));
  });
  return { pid: child.pid, ended };
}
