/** The version of this package, from its package.json, which lies beside `dist` and beside `src`. */
import { fileURLToPath } from "node:url";
import { nodeFiles } from "../env/node/files.ts";

export function version(): string {
  const path = fileURLToPath(new URL("../../package.json", import.meta.url));
  return (JSON.parse(nodeFiles.read(path) ?? "{}") as { readonly version: string }).version;
}
