/** What a Region's edge says of itself at `/.leeward/health`: whether it is alive, and apart from that whether writes from here arrive. */
import type { DatabaseId, RegionId } from "../model/region.ts";
import type { ServiceId } from "../model/service.ts";
import type { FrontAnswer, FrontFacts } from "../wire/traffic-protocol.ts";

export const healthPath = "/.leeward/health";

export type RegionReport = {
  readonly status: "healthy" | "unhealthy" | "leaving";
  readonly because: string;
  readonly region: RegionId;
  readonly services: FrontFacts["services"];
  readonly databases: FrontAnswer["databases"];
};

export type RegionSight = {
  readonly region: RegionId;
  /** Of the entry; undefined: there is none. */
  readonly service: ServiceId | undefined;
  /** Writes to it must arrive; undefined: reads are enough. */
  readonly database: DatabaseId | undefined;
  readonly isLeaving: boolean;
  readonly services: FrontFacts["services"];
  readonly databases: FrontAnswer["databases"];
};

export function reportRegion(sight: RegionSight): RegionReport {
  const { region, services, databases } = sight;
  return { ...judge(sight), region, services, databases };
}

type Judgement = Pick<RegionReport, "status" | "because">;

function judge(sight: RegionSight): Judgement {
  if (sight.isLeaving) return { status: "leaving", because: "the Region stops" };
  return judgeService(sight) ?? judgeWrites(sight) ?? { status: "healthy", because: "it serves" };
}

function judgeService({ service, services }: RegionSight): Judgement | undefined {
  const facts = services.find((one) => one.service === service);
  if (service === undefined || facts?.isHealthy === true) return undefined;
  const because = facts?.because ?? "it does not run in this Region";
  return { status: "unhealthy", because: `${service}: ${because}` };
}

function judgeWrites({ database, databases }: RegionSight): Judgement | undefined {
  const facts = databases.find((one) => one.database === database);
  if (database === undefined || facts?.canWrite === true) return undefined;
  const because = facts?.because ?? "not known yet";
  return { status: "unhealthy", because: `writes to ${database}: ${because}` };
}
