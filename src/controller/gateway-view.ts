/** A Region's gateway as the API shows it: where it is, and what clients may say to it. Pure; no passwords. */
import type { ApiGateway } from "../api/api.ts";
import type { RegionId } from "../model/region.ts";
import { assert } from "../std/assert.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";

/** For a database whose owner is no role of the config, or one that may not log in. */
const superuser = "leeward";

/** Names of the databases that have an instance in the Region; elsewhere nobody would answer them. */
export function gatewayView(
  { regions, systems, gateways }: Pick<ControllerSettings, "regions" | "systems" | "gateways">,
  region: RegionId,
  state: ApiGateway["state"],
): ApiGateway {
  const found = regions.find((one) => one.region === region);
  assert(found !== undefined, `${region} is a Region of this world`);
  const { host, port } = found.gateway;
  const names = gateways.names.flatMap(({ name, database, mode }) => {
    const here = systems.find(
      (system) =>
        system.database === database && system.regions.some((member) => member.region === region),
    );
    return here ? [[name, { database, mode, user: userOf(here) }] as const] : [];
  });
  return { address: host, port, state, tls: gateways.tls, names: Object.fromEntries(names) };
}

function userOf({ owner, roles }: ControllerSettings["systems"][number]): string {
  return roles.find(({ name, login }) => name === owner && login)?.name ?? superuser;
}
