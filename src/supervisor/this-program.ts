import { fileURLToPath } from "node:url";

/** How this program runs itself again: node and the entry of the CLI that was built with it. */
export function thisProgram(): readonly string[] {
  return [process.execPath, fileURLToPath(new URL("../cli/main.js", import.meta.url))];
}

/** What the programs of the world get of our environment: enough to find other programs, and no secrets of the user. */
const passedOn = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "TZ",
  "TMPDIR",
  "NODE_OPTIONS",
  "XDG_CACHE_HOME",
];

export function programEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
