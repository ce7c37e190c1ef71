/** A world as the supervisor has it before it starts: from the words of a leeward.yaml, with the same secrets each time. */
import { SeededRandom } from "../sim/random.ts";
import { planAddresses } from "../src/config/addresses.ts";
import { loadConfig } from "../src/config/load.ts";
import { completeSecrets } from "../src/config/secrets.ts";
import { stateLayout } from "../src/config/state-directory.ts";
import type { WorldParts } from "../src/supervisor/settings.ts";

export function worldParts(yaml: string): WorldParts {
  const { config } = loadConfig(yaml, "leeward.yaml");
  return {
    config,
    plan: planAddresses(config, "linux"),
    layout: stateLayout("/world"),
    configDirectory: "/shop",
    secrets: completeSecrets(undefined, config, new SeededRandom(1)),
    version: "0.1.0",
    startedWallMs: 0,
    logLevel: "info",
    pgBin: undefined,
    self: ["node", "leeward.js"],
    packages: { cacheDirectory: "/cache", searchPath: "/usr/bin" },
  };
}
