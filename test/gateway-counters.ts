/** What a gateway counts of one database, all zero but for what a test says. */
import type { DatabaseId } from "../src/model/region.ts";
import type { GatewayFacts } from "../src/wire/gateway-protocol.ts";

export function gatewayCounts(
  fields: Partial<GatewayFacts["databases"][number]> = {},
): GatewayFacts["databases"][number] {
  return {
    database: "orders" as DatabaseId,
    sessions: 0,
    pinnedSessions: 0,
    heldUnits: 0,
    serverConnections: 0,
    localReads: 0,
    writerReads: 0,
    writes: 0,
    commits: 0,
    errors: 0,
    replays: 0,
    writeMs: 0,
    readWaits: 0,
    readWaitMs: 0,
    rejectedSessions: 0,
    holds: 0,
    holdMs: 0,
    ...fields,
  };
}
