import type { Log } from "../env/env.ts";
import { nodeLog } from "../env/node/log.ts";
import { boundLog } from "./log-file.ts";

/** The supervisor's own log: its output is the user's. */
export function fileLog(path: string): Log {
  boundLog(path);
  return nodeLog("supervisor", "info", path);
}
