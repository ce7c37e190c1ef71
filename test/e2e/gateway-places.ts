/** Where clients of a database connect, as `leeward status --json` says, and what the gateway's own console shows. */
import type { StatusWithUrls } from "../../src/cli/gateway-urls.ts";
import type { GatewayPlace } from "./gateway-clients.ts";
import { withClient } from "./gateway-ledger.ts";
import type { World } from "./world.ts";

export async function gatewayPlaces(
  world: World,
  database = "orders",
): Promise<readonly GatewayPlace[]> {
  const { regions } = await world.json<StatusWithUrls>(["status"]);
  return Object.entries(regions).map(([region, { gateway }]) => {
    const url = gateway.urls[database];
    if (url === undefined) throw new Error(`${region} has no connection string of ${database}`);
    return { region, url };
  });
}

/** Whether a client of this Region's gateway waits until the writer has moved. */
export async function hasHeld(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<Record<string, string>>("SHOW HOLDS");
    return rows.length > 0;
  });
}
