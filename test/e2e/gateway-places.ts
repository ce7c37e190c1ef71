/** Where clients of a database connect, as `leeward status --json` says. */
import type { StatusWithUrls } from "../../src/cli/gateway-urls.ts";
import type { GatewayPlace } from "./gateway-clients.ts";
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
