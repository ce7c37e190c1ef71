/** Which logs there are. They are read from the disk, because logs are wanted most when the world is down. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { StateLayout } from "../config/state-directory.ts";
import { Failure } from "../model/failure.ts";
import type { RegionId } from "../model/region.ts";
import { unknown } from "./context.ts";

export type LogFile = {
  /** As people name it: `controller`, `agent-us-east-1`, `us-east-1/orders-1`. */
  readonly source: string;
  readonly path: string;
  /** Undefined for the programs that stand outside the Regions. */
  readonly region: string | undefined;
  /** Undefined where it is none's. */
  readonly service: string | undefined;
};

/**
 * @param who a Region, a program, a service, or undefined for everything.
 * @throws Failure `region.unknown` when there is no such log
 */
export function findLogs(layout: StateLayout, who: string | undefined): readonly LogFile[] {
  const all = [...programLogs(layout), ...serverLogs(layout), ...serviceLogs(layout)];
  if (who === undefined) return all;
  const found = all.filter(
    ({ source, region, service }) => region === who || source === who || service === who,
  );
  if (found.length > 0) return found;
  const known = all.flatMap(({ source, region, service }) => {
    return [region ?? source, ...(service === undefined ? [] : [service])];
  });
  if (known.length === 0) {
    throw new Failure("world.not-running", `There are no logs in ${layout.root}`);
  }
  const message = unknown("Region, program or service", who, [...new Set(known)]);
  throw new Failure("region.unknown", message);
}

function programLogs({ logs }: StateLayout): readonly LogFile[] {
  return namesIn(logs)
    .filter((name) => name.endsWith(".log"))
    .map((name) => {
      const source = basename(name, ".log");
      const [, region] = /^agent-(.+)$/.exec(source) ?? [];
      return { source, region, service: undefined, path: join(logs, name) };
    });
}

/** What each PostgreSQL itself says. */
function serverLogs({ root }: StateLayout): readonly LogFile[] {
  const regions = join(root, "regions");
  return namesIn(regions).flatMap((region) =>
    namesIn(join(regions, region))
      .map((instance) => ({ instance, directory: join(regions, region, instance) }))
      .filter(({ directory }) => namesIn(directory).includes("postgres.log"))
      .map(({ instance, directory }) => ({
        source: `${region}/${instance}`,
        region,
        service: undefined,
        path: join(directory, "postgres.log"),
      })),
  );
}

/** What each replica of a service prints, and each PgBouncer. */
function serviceLogs(layout: StateLayout): readonly LogFile[] {
  return namesIn(layout.regions).flatMap((region) =>
    [layout.services(region as RegionId), layout.pooler(region as RegionId)].flatMap((directory) =>
      namesIn(directory).flatMap((name) => {
        const [, replica, service] = /^((.+?)(?:-\d+)?)\.log$/.exec(name) ?? [];
        if (replica === undefined) return [];
        return [{ source: `${region}/${replica}`, region, service, path: join(directory, name) }];
      }),
    ),
  );
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    // It is not there (yet), or it is a file.
    return [];
  }
}
