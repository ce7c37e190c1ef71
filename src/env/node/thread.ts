/** Starts a file beside another one as a thread: a source under the loader of the tests, or what was compiled of it. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * @param besideUrl `import.meta.url` of the file that asks
 * @param name of the thread's file, without its ending
 */
export function startThreadBeside(
  besideUrl: string,
  name: string,
  options: WorkerOptions = {},
): Worker {
  if (!besideUrl.endsWith(".ts")) return new Worker(new URL(`${name}.js`, besideUrl), options);
  // A source has to bring its loader along: on Node 20 a thread does not inherit the one of its parent.
  const tsx = createRequire(import.meta.url).resolve("tsx/package.json");
  const loader = JSON.stringify(new URL("dist/esm/api/index.mjs", pathToFileURL(tsx)).href);
  const program = JSON.stringify(new URL(`${name}.ts`, besideUrl).href);
  const code = `import(${loader}).then((tsx) => (tsx.register(), import(${program})));`;
  return new Worker(code, { ...options, eval: true });
}
