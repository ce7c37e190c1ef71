/** Starts a file beside this one as a thread. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

/** A source has to bring its loader along: on Node 20 a thread does not inherit the one of its parent. */
export function startThread(name: string, workerData: unknown): Worker {
  if (!import.meta.url.endsWith(".ts")) {
    return new Worker(new URL(`${name}.js`, import.meta.url), { workerData });
  }
  const tsx = createRequire(import.meta.url).resolve("tsx/package.json");
  const loader = JSON.stringify(new URL("dist/esm/api/index.mjs", pathToFileURL(tsx)).href);
  const program = JSON.stringify(new URL(`${name}.ts`, import.meta.url).href);
  const code = `import(${loader}).then((tsx) => (tsx.register(), import(${program})));`;
  return new Worker(code, { eval: true, workerData });
}
