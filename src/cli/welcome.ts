/** The last lines of `leeward up`: where everything is, and what to try next. Pure. */
import type { ApiStatus } from "../api/api.ts";
import type { Colors } from "./frame.ts";
import { formatDuration, table } from "./output.ts";

export type WelcomeView = {
  readonly colors: Colors;
  readonly tookMs: number;
  /** Why the world is not ready; undefined when it is. */
  readonly failed: string | undefined;
};

export function welcome(status: ApiStatus, view: WelcomeView): readonly string[] {
  const { colors, tookMs, failed } = view;
  const head =
    failed === undefined
      ? `${colors.green("✓")} ${colors.bold(status.name)} is ready (${formatDuration(tookMs)})`
      : `${colors.red("✗")} ${colors.bold(status.name)} runs, but is not ready: ${failed}`;
  return ["", head, "", ...places(status, colors), "", ...suggestions(status, colors), ""];
}

function places(status: ApiStatus, colors: Colors): readonly string[] {
  const rows = Object.entries(status.databases).flatMap(([database, { members }]) =>
    Object.entries(members).flatMap(([region, { instances }]) =>
      instances.map(({ role, address, port }) => [
        `  ${database}`,
        region,
        role === "primary" ? "writer" : "reader",
        `${address}:${port}`,
      ]),
    ),
  );
  const gateways = Object.entries(status.regions).map(([region, { gateway }]) => [
    `  ${colors.dim("gateway")}`,
    region,
    "",
    `${gateway.address}:${gateway.port}`,
    colors.dim(Object.keys(gateway.names).join(", ")),
  ]);
  const entry =
    status.entry === null ? [] : [`  ${colors.dim("entry")}  ${colors.bold(status.entry)}`];
  return [
    ...entry,
    ...table([...gateways, ...rows]),
    `  ${colors.dim("API")}  ${status.controller.api}`,
  ];
}

/** In the words of this world: its own databases and Regions. */
function suggestions(status: ApiStatus, colors: Colors): readonly string[] {
  const global = Object.entries(status.databases).find(([, { writer }]) => writer !== null);
  const [database, { writer, members }] = global ?? [undefined, { writer: null, members: {} }];
  const secondary = Object.keys(members).find((region) => region !== writer?.region);
  if (database === undefined || writer === null || secondary === undefined) return [];
  const place = { database, from: writer.region, to: secondary };
  const rows = status.entry === null ? ofDatabases(place) : ofApplication(place);
  return [
    "Try, in another terminal:",
    ...table(rows.map(([command, what]) => [`  npx ${command}`, colors.dim(what)])),
  ];
}

type Place = { readonly database: string; readonly from: string; readonly to: string };

type Suggestion = readonly [command: string, what: string];

function ofDatabases({ database, from, to }: Place): readonly Suggestion[] {
  return [
    [
      `leeward psql ${database} -c "CREATE TABLE t (id int); INSERT INTO t VALUES (1)"`,
      "write in the primary Region",
    ],
    [`leeward psql ${database} --region ${to} -c "SELECT * FROM t"`, "read it in the other one"],
    ["leeward status --watch", "Regions, lag, links"],
    [
      `leeward link set ${from} ${to} --rtt 400 --bandwidth 1mbit`,
      "slow the link, see the lag grow",
    ],
    [`leeward switchover ${database} --to ${to}`, "move the writer, lose nothing"],
    [`leeward region kill ${to}`, "lose a Region"],
    [`leeward region start ${to}`, "and get it back"],
    ["leeward down", "stop; the data stays"],
  ];
}

/** People reach this world by its entry, so that all of it can be seen from there. */
function ofApplication({ database, from, to }: Place): readonly Suggestion[] {
  return [
    ["leeward services", "what runs where"],
    ["leeward status --watch", "Regions, lag, links"],
    [`leeward switchover ${database} --to ${to}`, "move the writer while people go on"],
    [`leeward region kill ${from}`, "lose a Region"],
    [`leeward region start ${from}`, "and get it back"],
    ["leeward down", "stop; the data stays"],
  ];
}
