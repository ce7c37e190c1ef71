/** What a command has of the machine that it runs on. Tests make their own. */
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import type { Clock, Files } from "../env/env.ts";
import { nodeClock } from "../env/node/clock.ts";
import { nodeFiles } from "../env/node/files.ts";

/** One of the two output streams. */
export interface Output {
  write(text: string): void;
  readonly isTty: boolean;
  /** Size of the terminal, in characters; undefined when there is none. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

export type Machine = {
  readonly out: Output;
  readonly err: Output;
  readonly input: Readable & { readonly isTTY?: boolean };
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined where the system knows no users. */
  readonly userId: number | undefined;
  readonly temporaryDirectory: string;
  readonly clock: Clock;
  readonly files: Files;
};

/** `hangUp` is called when nobody reads the output any more. */
export function thisMachine(hangUp: () => void): Machine {
  return {
    out: outputOf(process.stdout, hangUp),
    err: outputOf(process.stderr, hangUp),
    input: process.stdin,
    cwd: process.cwd(),
    env: process.env,
    userId: process.getuid?.(),
    temporaryDirectory: tmpdir(),
    clock: nodeClock,
    files: nodeFiles,
  };
}

/** EPIPE: a pipe was closed; EIO: a terminal was. */
const hangUpCodes = new Set(["EPIPE", "EIO"]);

function outputOf(stream: NodeJS.WriteStream, hangUp: () => void): Output {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!hangUpCodes.has(error.code ?? "")) throw error;
    hangUp();
  });
  return {
    write: (text) => void stream.write(text),
    get isTty() {
      return stream.isTTY === true;
    },
    get columns() {
      return sizeOf(stream.columns);
    },
    get rows() {
      return sizeOf(stream.rows);
    },
  };
}

/** A terminal that does not know its size says 0. */
function sizeOf(characters: number | undefined): number | undefined {
  return characters === 0 ? undefined : characters;
}
