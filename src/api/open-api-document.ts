/** The contract as a document, without a world: `docs/reference/openapi.json` is written from it. */
import type { Clock, Log } from "../env/env.ts";
import { AssertionError } from "../std/assert.ts";
import { jsonFile } from "../std/json-file.ts";
import { Secret } from "../std/secret.ts";
import type { World } from "./api.ts";
import { buildApi } from "./server.ts";

/** The whole OpenAPI 3.1 document as JSON values; always the same for one version. */
export async function openApiDocument(version: string): Promise<object> {
  const options = { token: new Secret(""), hosts: [], log: silence, clock: stillness, version };
  const app = await buildApi(nobody, options, new AbortController().signal);
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}

/** The document as `docs/reference/openapi.json` holds it. */
export async function openApiFile(version: string): Promise<string> {
  return jsonFile(await openApiDocument(version));
}

const unused = (): never => {
  throw new AssertionError("the document asks nothing of the world");
};

const nobody: World = {
  status: unused,
  events: unused,
  followEvents: unused,
  actOnRegion: unused,
  links: unused,
  changeLink: unused,
  metrics: unused,
  beginOperation: unused,
  previewOperation: unused,
  operations: unused,
  operation: unused,
  cancelOperation: unused,
  snapshots: unused,
  removeSnapshot: unused,
  controls: unused,
  setControls: unused,
  traffic: unused,
  changeTraffic: unused,
  names: unused,
  distribution: unused,
  setOrigin: unused,
  invalidate: unused,
  services: unused,
  setReplicas: unused,
  prescale: unused,
  moveDatabase: unused,
};

const stillness: Clock = { monotonicMs: () => 0, wallMs: () => 0, sleep: unused };

const silence: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silence,
};
