/** What the controller is told about traffic: where it starts from, and what may be switched. Pure. */
import { frontToken } from "../config/secrets.ts";
import type { ControllerSettings } from "../wire/program-settings.ts";
import type { WorldParts } from "./settings.ts";

export function controllersTraffic({
  config,
  plan,
  secrets,
}: WorldParts): Pick<ControllerSettings, "frontToken" | "traffic"> {
  const { traffic, services } = config;
  return {
    frontToken: frontToken(secrets, undefined),
    traffic: {
      zone: traffic.zone,
      entry: plan.entry,
      distributionAt: plan.distribution,
      dns: plan.dns,
      regions: plan.regions.map(({ region, edge, dns }) => {
        const start = traffic.regions.find((one) => one.region === region);
        return { region, dial: start?.dial ?? 100, weight: start?.weight ?? 128, edge, dns };
      }),
      panels: traffic.panels.map(({ id, controls, rules }) => ({
        id,
        controls: [...controls],
        rules: rules.map((rule) => ({ ...rule, controls: [...rule.controls] })),
      })),
      distribution: traffic.distribution && {
        origin: traffic.distribution.origin,
        database: traffic.distribution.database,
      },
      services: services.map(({ id, regions, scaling }) => ({
        service: id,
        regions: [...regions],
        scaling,
      })),
    },
  };
}
