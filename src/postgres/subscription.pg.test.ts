/** Two independent servers, as a local database has them in two Regions, that exchange what is written in each. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  appPassword,
  clock,
  drawAddress,
  eventually,
  random,
  Scratch,
  silent,
  soon,
  spec,
  sql,
  startPrimary,
  superuserPassword,
} from "../../test/postgres/scratch.ts";
import { TcpLinks } from "../link/tcp-links.ts";
import type { Address } from "../model/address.ts";
import type { LinkEnd, LinkRoute } from "../model/link.ts";
import type { PostgresServer } from "./server.ts";

const [east, west] = ["us-east-1", "us-west-2"] as [LinkEnd, LinkEnd];

type Place = {
  readonly region: LinkEnd;
  readonly address: Address;
  readonly server: PostgresServer;
};

let scratch: Scratch;
let links: TcpLinks | undefined;
let here: Place;
let there: Place;
/** Where the server of a Region is reached from the other one: the link's end there. */
let ends: ReadonlyMap<LinkEnd, Address>;

beforeAll(async () => {
  scratch = await Scratch.open();
  if (isTooOld()) return;
  [here, there] = await Promise.all([open(east), open(west)]);
  const routes = [route(here, there), route(there, here)];
  ends = new Map(routes.map(({ to, listen }) => [to, listen]));
  links = new TcpLinks({ clock, random, log: silent });
  await links.apply(routes, []);
});
afterAll(async () => {
  await links?.close();
  await scratch[Symbol.asyncDispose]();
});

/** pg_create_subscription and `origin` are of PostgreSQL 16. */
const isTooOld = (): boolean => scratch.installation.major < 16;

const linkSource = drawAddress().host;

async function open(region: LinkEnd): Promise<Place> {
  const address = drawAddress();
  // Nobody but the link's end logs in from elsewhere, as in a world.
  const allowFrom = ["127.0.0.1/32", `${linkSource}/32`];
  const server = scratch.server(region, address, { allowFrom });
  const [role] = spec.roles;
  const roles = role
    ? [{ ...role, replication: true, memberOf: ["pg_create_subscription" as const] }]
    : [];
  await server.create({ ...spec, roles }, soon());
  await startPrimary(server);
  return { region, address, server };
}

function route(from: Place, to: Place): LinkRoute {
  return {
    from: from.region,
    to: to.region,
    flowClass: "data",
    listen: drawAddress(),
    target: to.address,
    sourceHost: linkSource,
  };
}

/** As the application's own role, which is no superuser. */
async function subscribe(from: Place, to: Place): Promise<void> {
  const at = ends.get(to.region);
  const connection = `host=${at?.host} port=${at?.port} dbname=orders user=app password=${appPassword.reveal()}`;
  await sql(
    from.address,
    `create subscription from_${to.region.replaceAll("-", "_")} connection '${connection}'
       publication changes with (origin = none, copy_data = false)`,
  );
}

test("a member of pg_create_subscription exchanges inserts with another server, both ways, across a link", async ({
  skip,
}) => {
  skip(isTooOld());
  for (const place of [here, there]) {
    await sql(
      place.address,
      "create table change (region text, seq int, primary key (region, seq)); create publication changes for table change with (publish = 'insert')",
    );
  }
  await subscribe(here, there);
  await subscribe(there, here);
  await sql(here.address, "insert into change values ('east', 1)");
  await sql(there.address, "insert into change values ('west', 1)");
  for (const place of [here, there]) {
    await eventually(`${place.region} has both changes`, async () => {
      const rows = await sql(place.address, "select region from change order by 1");
      return rows.length === 2;
    });
  }
  const [sender] = await sql(
    there.address,
    "select usename, host(client_addr) as from from pg_stat_replication",
    { user: "leeward", password: superuserPassword },
  );
  expect(sender).toEqual({ usename: "app", from: linkSource });
});

test("what Leeward tidies up among slots leaves that of a subscriber alone which is away", async ({
  skip,
}) => {
  skip(isTooOld());
  await here.server.stop("fast", soon());
  await there.server.ensureSlots([], soon());
  await there.server.advanceEvidence(undefined, soon());
  await there.server.dropEvidenceSlots(soon());
  await sql(there.address, "insert into change values ('west', 2)");
  await startPrimary(here.server);
  await sql(here.address, "insert into change values ('east', 2)");
  for (const place of [here, there]) {
    const count = async (): Promise<number> =>
      (await sql(place.address, "select from change")).length;
    await eventually(`${place.region} has what was written meanwhile`, async () => {
      return (await count()) >= 4;
    });
    expect(await count()).toBe(4);
  }
});
