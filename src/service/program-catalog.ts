/** The programs that Leeward can start itself: where they lie on a machine, and in an unpacked package. */
import { join } from "node:path";

export const programNames = ["redis-server", "rabbitmq-server", "pgbouncer"] as const;

/** Also the name of its package on Debian and Ubuntu. */
export type ProgramName = (typeof programNames)[number];

export type Variable = { readonly name: string; readonly value: string };

type Program = {
  /** Where its package has it, from the root of the file system. Looked at before PATH. */
  readonly at: string;
  /** Of what stands in PATH; undefined: what is there is something else than the program. */
  readonly command: string | undefined;
  /** Without it the program at `at` does not run. */
  readonly needs: string | undefined;
  /** Words that it answers and ends; the first is found through the environment of `environmentOf`. */
  readonly proof: readonly string[];
};

export const programCatalog: Readonly<Record<ProgramName, Program>> = {
  "redis-server": {
    at: "/usr/bin/redis-server",
    command: "redis-server",
    needs: undefined,
    proof: ["redis-server", "--version"],
  },
  "rabbitmq-server": {
    // What Debian has in PATH changes to a user of its own, and wants root for that.
    at: "/usr/lib/rabbitmq/bin/rabbitmq-server",
    command: undefined,
    needs: "/usr/bin/erl",
    proof: [
      "erl",
      "-noshell",
      "-eval",
      "{ok, _} = application:ensure_all_started(crypto), halt(0).",
    ],
  },
  pgbouncer: {
    at: "/usr/sbin/pgbouncer",
    command: "pgbouncer",
    needs: undefined,
    proof: ["pgbouncer", "--version"],
  },
};

const machinePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Both layouts of a Debian package, older and newer, with the directory of the architecture. */
const libraryDirectories = ["usr/lib", "lib"];

/**
 * What a program has to be told that was unpacked at `root`: where its other programs and its libraries are.
 * @param triplet of the architecture, for example `x86_64-linux-gnu`.
 */
export function environmentOf(root: string, triplet: string): readonly Variable[] {
  const own = ["usr/sbin", "usr/bin", "sbin", "bin"].map((directory) => join(root, directory));
  const libraries = libraryDirectories.flatMap((directory) => [
    join(root, directory, triplet),
    join(root, directory),
  ]);
  return [
    { name: "PATH", value: [...own, machinePath].join(":") },
    { name: "LD_LIBRARY_PATH", value: libraries.join(":") },
  ];
}

/** Debian's name of an architecture, and the one of its libraries' directory; undefined where Node has no such name. */
export function tripletOf(arch: string): string | undefined {
  return triplets.get(arch);
}

const triplets = new Map([
  ["x64", "x86_64-linux-gnu"],
  ["arm64", "aarch64-linux-gnu"],
  ["arm", "arm-linux-gnueabihf"],
  ["ppc64", "powerpc64le-linux-gnu"],
  ["s390x", "s390x-linux-gnu"],
  ["riscv64", "riscv64-linux-gnu"],
]);
