/** `/metrics`: how the exchange of carts between the Regions is doing, in Prometheus' text form. */
import type { Database } from "../shared/database.ts";
import type { Service } from "../shared/service.ts";
import type { PeerState } from "./replication.ts";

/** What the Region's database knows of one other Region. */
export type Exchange = {
  readonly region: string;
  /** Of the newest heartbeat that arrived; null before the first. */
  readonly age_ms: number | null;
  /** How long that was under way, by the clocks of two machines. */
  readonly transit_ms: number | null;
  readonly is_subscribed: boolean;
  readonly is_running: boolean;
  readonly failures: number;
};

const exchangeQuery = `
select peer.region, l.age_ms, l.transit_ms, s.oid is not null as is_subscribed,
       exists (select from pg_stat_subscription w
                where w.subid = s.oid and w.relid is null and w.pid is not null) as is_running,
       coalesce((select (t.apply_error_count + t.sync_error_count)::int
                   from pg_stat_subscription_stats t where t.subid = s.oid), 0) as failures
  from unnest($1::text[]) as peer (region)
  left join cart_latency l on l.region = peer.region
  left join pg_subscription s
    on s.subname = 'carts_from_' || replace(peer.region, '-', '_')
   and s.subdbid = (select oid from pg_database where datname = current_database())`;

const appliedQuery = `
select case when is_called then last_value else 0 end::float8 as applied from cart_applied_seq`;

/** `states` as this replica saw the other Regions last. */
export function addMetrics(
  service: Service,
  database: Pick<Database, "read">,
  states: () => readonly PeerState[],
): void {
  service.get("/metrics", async (_request, reply) => {
    const regions = states().map(({ region }) => region);
    const [exchanges, applied] = await Promise.all([
      database.read<Exchange>(exchangeQuery, [regions]),
      database.read<{ applied: number }>(appliedQuery, []),
    ]);
    void reply.type("text/plain; version=0.0.4; charset=utf-8");
    return renderMetrics(exchanges.rows, applied.rows[0]?.applied ?? 0, states());
  });
}

type Family = {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly (readonly [labels: string, value: number])[];
};

/** Pure. */
export function renderMetrics(
  exchanges: readonly Exchange[],
  applied: number,
  states: readonly PeerState[],
): string {
  const each = (value: (one: Exchange) => number | null): Family["samples"] =>
    exchanges.flatMap((one) => {
      const found = value(one);
      return found === null ? [] : [[`{from="${one.region}"}`, found] as const];
    });
  const families: readonly Family[] = [
    {
      name: "retail_carts_replication_ms",
      type: "gauge",
      help: "Age of the newest heartbeat that has arrived from a Region; one is sent each second.",
      // The other machine's clock may be ahead.
      samples: each(({ age_ms }) => age_ms && Math.max(0, age_ms)),
    },
    {
      name: "retail_carts_transit_ms",
      type: "gauge",
      help: "How long that heartbeat was under way, by the clocks of both Regions.",
      samples: each(({ transit_ms }) => transit_ms && Math.max(0, transit_ms)),
    },
    {
      name: "retail_carts_subscription_up",
      type: "gauge",
      help: "Whether changes of a Region are being read.",
      samples: each(({ is_subscribed, is_running }) => Number(is_subscribed && is_running)),
    },
    {
      name: "retail_carts_subscription_failures_total",
      type: "counter",
      help: "How often applying or copying failed since the subscription was made; each time it began again.",
      samples: each(({ failures }) => failures),
    },
    {
      name: "retail_carts_upkeep",
      type: "gauge",
      help: "What this replica saw when it looked after the exchange with a Region.",
      samples: states.map(({ region, kind }) => [`{from="${region}",state="${kind}"}`, 1] as const),
    },
    {
      name: "retail_carts_changes_applied_total",
      type: "counter",
      help: "Changes that came from other Regions.",
      samples: [["", applied]],
    },
  ];
  return families.map(renderFamily).join("");
}

function renderFamily({ name, type, help, samples }: Family): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${round(value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
