/** COPY in both directions, and the giving up of statements, through the gateways of both Regions. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  copyDone,
  inWords,
  sync,
  type Message,
  type RawClient,
} from "../../test/gateway/raw-client.ts";
import { RawClients, run } from "../../test/gateway/raw-clients.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import { eventually, sql } from "../../test/postgres/scratch.ts";
import { encodeCopyData, encodeCopyFail, encodeQuery } from "../wire/postgres/frontend-messages.ts";
import { backend, frontend } from "../wire/postgres/message-types.ts";

const line = (id: number): Buffer => encodeCopyData(Buffer.from(`${id}\tn${id}\n`));

describe.sequential("COPY and cancel through the gateway", () => {
  let world: TwoRegions;
  let clients: RawClients;
  beforeAll(async () => {
    world = await TwoRegions.open({ rttMs: 20, limits: { poolSize: 2 } });
    clients = new RawClients(world);
    const tables = ["direct", "east", "west"].map(
      (place) => `CREATE TABLE t_${place} (id int PRIMARY KEY, name text)`,
    );
    await clients.direct(tables.join(";"));
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(() => clients.closeAll());

  /** Afterwards the server is in order for whoever comes next. */
  const expectAlike = async (
    steps: (client: RawClient, table: string) => Promise<readonly Message[]>,
  ): Promise<readonly string[]> => {
    await clients.direct("TRUNCATE t_direct, t_east, t_west");
    const answer = await clients.expectAlike(async (client, place) => {
      const messages = await steps(client, `t_${place}`);
      const query = `SELECT count(*), 'after' FROM t_${place}`;
      return [...messages, ...(await client.ask([encodeQuery(query)]))];
    });
    expect(answer.at(-1)).toBe("Z I");
    return answer;
  };

  test("case 8: COPY in and out, by both protocols, in and outside a transaction", async () => {
    const answer = await expectAlike(async (client, t) => {
      client.send(encodeQuery(`COPY ${t} FROM STDIN`));
      const begun = await client.take(backend.copyInResponse);
      const lines = Array.from({ length: 20_000 }, (_, id) => line(id));
      const done = await client.ask([...lines, copyDone]);
      const out = await client.ask([
        encodeQuery(`COPY (SELECT * FROM ${t} ORDER BY id) TO STDOUT`),
      ]);
      const outExtended = await client.ask([...run(`COPY ${t} TO STDOUT`), sync]);
      await client.ask([encodeQuery("BEGIN")]);
      client.send(...run(`COPY ${t} FROM STDIN`), sync);
      const second = await client.take(backend.copyInResponse);
      const end = await client.ask([line(20_000), copyDone, sync]);
      const rest = await client.ask([encodeQuery("COMMIT"), encodeQuery("SELECT 1")], 2);
      return [...begun, ...done, ...out, ...outExtended, ...second, ...end, ...rest];
    });
    expect(answer.filter((word) => word.startsWith("E FATAL"))).toEqual([]);
  });

  test("case 8: data that are sent before the server asks for them arrive", async () => {
    const answer = await expectAlike((client, t) =>
      client.ask(
        [
          encodeQuery(`COPY ${t} FROM STDIN`),
          line(1),
          line(2),
          copyDone,
          ...run(`COPY ${t} FROM STDIN`),
          sync,
          line(3),
          copyDone,
          sync,
          encodeQuery(`COPY missing_${t} FROM STDIN`),
          line(4),
          copyDone,
          encodeQuery("SELECT 'then'"),
        ],
        4,
      ),
    );
    expect(answer.filter((word) => word.startsWith("E FATAL"))).toEqual([]);
  });

  test("case 8: CopyFail and an error in the data undo what was copied, and the session goes on", async () => {
    const answer = await expectAlike(async (client, t) => {
      client.send(encodeQuery(`COPY ${t} FROM STDIN`));
      await client.take(backend.copyInResponse);
      const failed = await client.ask([line(1), encodeCopyFail("enough")]);
      client.send(encodeQuery(`COPY ${t} FROM STDIN`));
      await client.take(backend.copyInResponse);
      const wrong = encodeCopyData(Buffer.from("no number\tx\n"));
      const error = await client.ask([line(1), wrong]);
      // What the client sends before it has heard of the error is dropped.
      const late = await client.ask([line(2), line(3), copyDone, encodeQuery("SELECT 'late'")]);
      client.send(...run(`COPY ${t} FROM STDIN`), sync);
      await client.take(backend.copyInResponse);
      const extended = await client.ask([line(1), wrong, line(2), copyDone, sync]);
      return [...failed, ...error, ...late, ...extended];
    });
    expect(answer.filter((word) => word === "E 57014")).toHaveLength(1);
    expect(answer.filter((word) => word === "E 22P02")).toHaveLength(2);
  });

  test("case 8: a message that the server no longer wants is not taken for the next client's", async () => {
    for (const region of [east, west]) {
      const client = await clients.login(clients.at(region));
      const table = region === east ? "t_east" : "t_west";
      client.send(encodeQuery(`COPY ${table} FROM STDIN`));
      await client.take(backend.copyInResponse);
      const wrong = encodeCopyData(Buffer.from("no number\tx\n"));
      // The beginning of a message of 1 MB comes right after what ends the COPY.
      const large = encodeCopyData(Buffer.alloc(1_000_000, "x"));
      // PostgreSQL reads ahead before it looks at the first line.
      const lines = Array.from({ length: 20_000 }, (_, id) => line(id));
      const answer = await client.ask([wrong, ...lines, large.subarray(0, 1_000)]);
      expect(inWords(answer)).toEqual(["E 22P02", "Z I"]);
      const others = await Promise.all(
        Array.from({ length: 4 }, () =>
          clients.login(clients.at(region), { database: "orders-rw" }),
        ),
      );
      for (const other of others) {
        expect(inWords(await other.ask([encodeQuery("SELECT 1")]))).toContain("D 1");
      }
      const rest = await client.ask([large.subarray(1_000), encodeQuery("SELECT 2")]);
      expect(inWords(rest)).toContain("D 2");
    }
  });

  test("case 8: a client that goes in the middle of COPY leaves nothing behind", async () => {
    for (const region of [east, west]) {
      const table = region === east ? "t_east" : "t_west";
      await clients.direct(`TRUNCATE ${table}`);
      const goers = [
        (client: RawClient) => client.close(),
        (client: RawClient) => client.socket.resetAndDestroy(),
        (client: RawClient) => client.socket.end(),
        (client: RawClient) => client.socket.end(Buffer.from([frontend.terminate, 0, 0, 0, 4])),
      ];
      for (const go of goers) {
        const client = await clients.login(clients.at(region));
        client.send(encodeQuery(`COPY ${table} FROM STDIN`));
        await client.take(backend.copyInResponse);
        client.send(line(1), line(2).subarray(0, 7));
        go(client);
        const reader = await clients.login(clients.at(region));
        client.send(encodeQuery(`COPY ${table} TO STDOUT`));
        go(reader);
      }
      await eventually("nobody copies", async () => {
        const rows = await clients.direct(
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'",
        );
        return rows[0]?.["n"] === 0;
      });
      expect(await clients.direct(`SELECT count(*)::int AS n FROM ${table}`)).toEqual([{ n: 0 }]);
    }
  });

  test("case 10: a cancel meets the client's own statement, wherever that runs", async () => {
    let kept = 0;
    for (const region of [east, west]) {
      for (const text of [
        "SELECT pg_sleep(30)",
        "CREATE TABLE given_up AS SELECT 1 AS n FROM pg_sleep(30)",
      ]) {
        const client = await clients.login(clients.at(region));
        const other = await clients.login(clients.at(region));
        client.send(encodeQuery(text));
        const table = `kept_${kept++}`;
        other.send(encodeQuery(text.replace("given_up", table)));
        const instance = world.place(
          region === east || text.startsWith("C") ? east : west,
        ).instance;
        const sleeping = async (): Promise<unknown> => {
          const query =
            "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
          return (await sql(instance, query))[0]?.["n"];
        };
        await eventually("both run", async () => (await sleeping()) === 2);
        await client.cancel();
        expect(inWords(await client.take(backend.readyForQuery))).toContain("E 57014");
        expect(await sleeping()).toBe(1);
        await other.cancel();
        expect(inWords(await other.take(backend.readyForQuery))).toContain("E 57014");
      }
    }
  });

  test("case 10: a cancel that comes too late, and a storm of them, harm nobody", async () => {
    for (const region of [east, west]) {
      const client = await clients.login(clients.at(region));
      const other = await clients.login(clients.at(region));
      await client.ask([encodeQuery("SELECT 1")]);
      await client.cancel();
      for (let round = 0; round < 10; round += 1) {
        const storm = Array.from({ length: 20 }, () => client.cancel());
        client.send(encodeQuery("SELECT 'mine'"));
        const theirs = inWords(await other.ask([encodeQuery("SELECT 'theirs'")]));
        expect(theirs).toContain("D theirs");
        await client.take(backend.readyForQuery);
        await Promise.all(storm);
      }
      client.send(encodeQuery("SELECT pg_sleep(30)"));
      const storm = Array.from({ length: 50 }, () => client.cancel());
      expect(inWords(await client.take(backend.readyForQuery))).toContain("E 57014");
      await Promise.all(storm);
      expect(inWords(await other.ask([encodeQuery("SELECT 'after'")]))).toContain("D after");
    }
  });

  test("case 10: what waits for a server is given up by a cancel, and never runs", async () => {
    const busy = await Promise.all([
      clients.login(clients.at(east)),
      clients.login(clients.at(east)),
    ]);
    for (const one of busy) await one.ask([encodeQuery("BEGIN"), encodeQuery("SELECT 1")], 2);
    const client = await clients.login(clients.at(east));
    client.send(encodeQuery("INSERT INTO t_east VALUES (77)"));
    await client.cancel();
    expect(inWords(await client.take(backend.readyForQuery))).toEqual(["E 57014", "Z I"]);
    for (const one of busy) await one.ask([encodeQuery("ROLLBACK")]);
    await client.ask([encodeQuery("SELECT 1")]);
    expect(await clients.direct("SELECT count(*)::int AS n FROM t_east WHERE id = 77")).toEqual([
      { n: 0 },
    ]);
  });

  test("case 10: a cancel with a wrong secret does nothing", async () => {
    const client = await clients.login(clients.at(east));
    client.send(encodeQuery("SELECT pg_sleep(0.5)"));
    client.key?.secret.reverse();
    await client.cancel();
    const answer = inWords(await client.take(backend.readyForQuery));
    expect(answer.filter((word) => word.startsWith("E"))).toEqual([]);
  });
});
