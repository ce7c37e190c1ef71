/** What a client pipelines and prepares, as PostgreSQL answers it and as the gateways of both Regions do. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { flush, inWords, sync } from "../../test/gateway/raw-client.ts";
import { again, againDescribed, RawClients, run } from "../../test/gateway/raw-clients.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import {
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodeQuery,
} from "../wire/postgres/frontend-messages.ts";
import { backend } from "../wire/postgres/message-types.ts";

describe.sequential("pipelining through the gateway", () => {
  let world: TwoRegions;
  let clients: RawClients;
  beforeAll(async () => {
    world = await TwoRegions.open({ limits: { preparedPerServerMax: 4, poolSize: 3 } });
    clients = new RawClients(world);
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(() => clients.closeAll());

  test("case 4: a thousand statements before one Sync are answered in order", async () => {
    const answer = await clients.expectAlike(async (client, place) => {
      await client.ask([encodeQuery(`CREATE TABLE IF NOT EXISTS t_${place} (id int, name text)`)]);
      const many = Array.from({ length: 1_000 }, (_, nth) =>
        run(`INSERT INTO t_${place} VALUES ($1, $2) RETURNING id`, [String(nth), `n${nth}`]),
      );
      const inserted = await client.ask([...many.flat(), sync]);
      const count = await client.ask([
        encodeQuery(`SELECT count(*) FROM t_${place}; DROP TABLE t_${place}`),
      ]);
      return [...inserted, ...count];
    });
    expect(answer.at(-1)).toBe("Z I");
  });

  test("case 4: a thousand named reads with several Syncs in one write are answered in order", async () => {
    const answer = await clients.expectAlike((client) => {
      const parse = [encodeParse("s", "SELECT $1::int"), sync];
      const many = Array.from({ length: 1_000 }, (_, nth) => [...again("s", [String(nth)]), sync]);
      return client.ask([...parse, ...many.flat()], 1_001);
    });
    expect(answer.at(-1)).toBe("Z I");
  });

  test("case 4: after an error in the middle everything is skipped up to the Sync", async () => {
    const answer = await clients.expectAlike(async (client, place) => {
      await client.ask([encodeQuery(`CREATE TABLE t_${place} (id int PRIMARY KEY)`)]);
      const first = await client.ask(
        [
          ...run(`INSERT INTO t_${place} VALUES (1)`),
          encodeParse("kept", "SELECT 1"),
          ...run("SELECT 1/0"),
          encodeParse("skipped", "SELECT 2"),
          ...run(`INSERT INTO t_${place} VALUES (2)`),
          sync,
          ...again("kept"),
          sync,
          ...again("skipped"),
          sync,
          ...run(`INSERT INTO t_${place} VALUES (3)`),
          sync,
        ],
        4,
      );
      const after = await client.ask([
        encodeQuery(`SELECT id FROM t_${place}; DROP TABLE t_${place}`),
      ]);
      return [...first, ...after];
    });
    expect(answer).toContain("E 22012");
    expect(answer).toContain("E 26000");
  });

  test("case 4: Flush without Sync is answered, as drivers prepare", async () => {
    const answer = await clients.expectAlike(async (client) => {
      client.send(
        encodeParse("one", "SELECT $1::int AS a, 'x' AS b"),
        encodeDescribe("statement", "one"),
        flush,
      );
      const prepared = await client.take(backend.rowDescription);
      const done = await client.ask([...again("one", ["7"]), sync]);
      const wrong = [encodeParse("two", "SELECT nothing"), encodeDescribe("statement", "two")];
      client.send(...wrong, flush);
      const error = await client.take(backend.errorResponse);
      const skipped = await client.ask([...again("one", ["8"]), sync]);
      return [...prepared, ...done, ...error, ...skipped];
    });
    expect(answer.at(-1)).toBe("Z I");
  });

  test("case 4: what was flushed and what follows it are one transaction up to the Sync", async () => {
    const answer = await clients.expectAlike(async (client, place) => {
      await client.ask([encodeQuery(`CREATE TABLE t_${place} (id int PRIMARY KEY)`)]);
      client.send(...run(`INSERT INTO t_${place} VALUES (1)`), flush);
      const first = await client.take(backend.commandComplete);
      client.send(...run("SELECT 1/0"), flush);
      const error = await client.take(backend.errorResponse);
      const end = await client.ask([...run(`INSERT INTO t_${place} VALUES (2)`), sync]);
      const after = await client.ask([
        encodeQuery(`SELECT id FROM t_${place}; DROP TABLE t_${place}`),
      ]);
      return [...first, ...error, ...end, ...after];
    });
    expect(answer.filter((word) => word.startsWith("D"))).toEqual([]);
  });

  test("case 4: a portal is read on after a Flush", async () => {
    const answer = await clients.expectAlike(async (client) => {
      client.send(
        encodeParse("", "SELECT generate_series(1, 5)"),
        encodeBind({ portal: "p", statement: "", values: [] }),
        encodeExecute("p", 2),
        flush,
      );
      const first = await client.take(backend.portalSuspended);
      client.send(encodeExecute("p", 2), flush);
      const second = await client.take(backend.portalSuspended);
      const rest = await client.ask([encodeExecute("p", 2), sync, encodeExecute("p", 2), sync], 2);
      return [...first, ...second, ...rest];
    });
    expect(answer.at(-1)).toBe("Z I");
  });

  test("case 5: an unnamed statement that was parsed is bound after other clients used the servers", async () => {
    const others = await Promise.all(
      Array.from({ length: 3 }, () => clients.login(clients.at(east))),
    );
    const answer = await clients.expectAlike(async (client) => {
      const parsed = await client.ask([
        encodeParse("", "SELECT $1::text"),
        encodeDescribe("statement", ""),
        sync,
      ]);
      for (const [nth, other] of others.entries()) {
        await other.ask([...run(`SELECT ${nth}`), sync]);
      }
      const bound = await client.ask([...again("", ["x"]), sync, ...again("", ["y"]), sync], 2);
      // A simple query takes the unnamed statement with it.
      const gone = await client.ask([encodeQuery("SELECT 1"), ...again("", ["z"]), sync], 2);
      return [...parsed, ...bound, ...gone];
    });
    expect(answer.at(-1)).toBe("Z I");
  });

  test("case 5: three clients share servers and find their own statements of one name there", async () => {
    const six = await Promise.all(Array.from({ length: 6 }, () => clients.login(clients.at(west))));
    await Promise.all(
      six.map((client, nth) => client.ask([encodeParse("s", `SELECT ${nth} AS n`), sync])),
    );
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(six.map((client) => client.ask([...again("s"), sync])));
      expect(answers.map((answer) => inWords(answer)[1])).toEqual(six.map((_, nth) => `D ${nth}`));
    }
  });

  test("case 5: a text that means another thing to another client is prepared for each", async () => {
    const parse = [encodeParse("s", "SELECT extract(month FROM '1/2/2030'::date)"), sync];
    const [day, month] = [
      await clients.login(clients.at(east)),
      await clients.login(clients.at(east)),
    ];
    await day.ask([encodeQuery("SET DateStyle = 'ISO, DMY'")]);
    await month.ask([encodeQuery("SET DateStyle = 'ISO, MDY'")]);
    for (const one of [day, month]) await one.ask(parse);
    for (let round = 0; round < 3; round += 1) {
      expect(inWords(await day.ask([...again("s"), sync]))).toContain("D 2");
      expect(inWords(await month.ask([...again("s"), sync]))).toContain("D 1");
    }
  });

  test("case 6: a name stands for another text after Close and after DEALLOCATE, and not without", async () => {
    const answer = await clients.expectAlike((client) =>
      client.ask(
        [
          encodeParse("s", "SELECT 1"),
          sync,
          encodeParse("s", "SELECT 2"),
          sync,
          ...again("s"),
          sync,
          encodeClose("statement", "s"),
          encodeParse("s", "SELECT 3"),
          ...again("s"),
          sync,
          encodeQuery("DEALLOCATE s"),
          ...again("s"),
          sync,
          encodeParse("s", "SELECT 4"),
          ...again("s"),
          sync,
          encodeQuery("DEALLOCATE missing"),
        ],
        8,
      ),
    );
    expect(answer).toContain("E 42P05");
    expect(answer).toContain("D 1");
    expect(answer).toContain("D 3");
    expect(answer).toContain("D 4");
    expect(answer).toContain("C DEALLOCATE");
  });

  test("case 6: what is parsed after DEALLOCATE ALL in the same pipeline is there", async () => {
    for (const forget of ["DEALLOCATE ALL", "DISCARD ALL"]) {
      const answer = await clients.expectAlike(async (client) => {
        const before = await client.ask([encodeParse("old", "SELECT 'old'"), sync]);
        const both = await client.ask(
          [...run(forget), encodeParse("new", "SELECT 'new'"), sync, ...again("new"), sync],
          2,
        );
        const after = await client.ask([...again("old"), sync, ...again("new"), sync], 2);
        return [...before, ...both, ...after];
      });
      expect(answer).toContain("D new");
    }
  });

  test("case 6: more statements than a server keeps are prepared again when they are needed", async () => {
    const answer = await clients.expectAlike(async (client) => {
      const all = Array.from({ length: 12 }, (_, nth) => encodeParse(`s${nth}`, `SELECT ${nth}`));
      const parsed = await client.ask([...all, sync]);
      const bound = Array.from({ length: 30 }, (_, nth) => again(`s${(nth * 5) % 12}`)).flat();
      const one = await client.ask([...bound, sync]);
      const described = await client.ask([encodeDescribe("statement", "s3"), sync]);
      return [...parsed, ...one, ...described];
    });
    expect(answer.filter((word) => word.startsWith("E"))).toEqual([]);
  });

  test("case 6: a portal goes on while its statement is pushed out of the server", async () => {
    const answer = await clients.expectAlike(async (client) => {
      const begun = await client.ask(
        [
          encodeQuery("BEGIN"),
          encodeParse("p", "SELECT generate_series(1, 6)"),
          encodeBind({ portal: "p", statement: "p", values: [] }),
          encodeExecute("p", 2),
          sync,
        ],
        2,
      );
      const others = Array.from({ length: 8 }, (_, nth) => [
        encodeParse(`o${nth}`, `SELECT 'o${nth}'`),
        ...again(`o${nth}`),
      ]);
      const meanwhile = await client.ask([...others.flat(), sync]);
      const rest = await client.ask([encodeExecute("p", 2), encodeExecute("p"), sync]);
      const end = await client.ask([encodeQuery("COMMIT")]);
      return [...begun, ...meanwhile, ...rest, ...end];
    });
    expect(answer.at(-1)).toBe("Z I");
  });

  test("case 7: after ALTER TABLE a prepared statement answers with the new columns", async () => {
    await clients.direct("CREATE TABLE altered (a int); INSERT INTO altered VALUES (1)");
    for (const region of [east, west]) {
      const client = await clients.login(clients.at(region), { database: "orders-rw" });
      await client.ask([encodeParse("s", "SELECT * FROM altered"), ...again("s"), sync]);
      await clients.direct(
        `ALTER TABLE altered ADD COLUMN b_${region.replaceAll("-", "_")} int DEFAULT 7`,
      );
      expect(inWords(await client.ask([...againDescribed("s"), sync]))).toEqual([
        "2",
        "T",
        region === east ? "D 1,7" : "D 1,7,7",
        "C SELECT 1",
        "Z I",
      ]);
    }
  });

  test("case 7: who remembers what the columns were is told that they have changed", async () => {
    await clients.direct("CREATE TABLE remembered (a int); INSERT INTO remembered VALUES (1)");
    let altered = 0;
    const answer = await clients.expectAlike(async (client) => {
      await client.ask([encodeParse("s", "SELECT * FROM remembered"), ...again("s"), sync]);
      altered += 1;
      await clients.direct(`ALTER TABLE remembered ADD COLUMN b${altered} int`);
      return client.ask([...again("s"), sync]);
    }, "orders-rw");
    expect(answer).toEqual(["E 0A000", "Z I"]);
  });

  test("case 7: in a transaction the change of columns is PostgreSQL's error, and a new Parse mends it", async () => {
    await clients.direct("CREATE TABLE changed (a int); INSERT INTO changed VALUES (1)");
    let altered = 0;
    const answer = await clients.expectAlike(async (client) => {
      await client.ask([encodeParse("s", "SELECT * FROM changed"), ...again("s"), sync]);
      altered += 1;
      await clients.direct(`ALTER TABLE changed ADD COLUMN b${altered} int`);
      const failed = await client.ask([encodeQuery("BEGIN"), ...again("s"), sync], 2);
      const mended = await client.ask(
        [
          encodeQuery("ROLLBACK"),
          encodeClose("statement", "s"),
          encodeParse("s", "SELECT * FROM changed"),
          sync,
          encodeQuery("BEGIN"),
          ...again("s"),
          sync,
          encodeQuery("ROLLBACK"),
        ],
        5,
      );
      return [...failed, ...mended.filter(({ type }) => type !== backend.dataRow)];
    }, "orders-rw");
    expect(answer).toContain("E 0A000");
  });

  test("case 7: an unnamed statement sees the new columns in a transaction as well", async () => {
    await clients.direct("CREATE TABLE grown (a int); INSERT INTO grown VALUES (1)");
    const client = await clients.login(clients.at(east));
    for (let round = 0; round < 4; round += 1) {
      const answer = await client.ask(
        [encodeQuery("BEGIN"), ...run("SELECT * FROM grown"), sync, encodeQuery("COMMIT")],
        3,
      );
      expect(inWords(answer)).not.toContain("E 0A000");
      await clients.direct(`ALTER TABLE grown ADD COLUMN c${round} int`);
    }
  });

  test("case 9: portals with a limit of rows, and cursors", async () => {
    const answer = await clients.expectAlike(async (client) => {
      const portal = await client.ask(
        [
          encodeQuery("BEGIN"),
          encodeParse("", "SELECT generate_series(1, 5)"),
          encodeBind({ portal: "c", statement: "", values: [] }),
          encodeDescribe("portal", "c"),
          encodeExecute("c", 2),
          sync,
          encodeExecute("c", 2),
          sync,
          encodeExecute("c", 2),
          encodeClose("portal", "c"),
          sync,
          encodeQuery("COMMIT"),
        ],
        5,
      );
      const cursor = await client.ask(
        [
          encodeQuery("BEGIN"),
          encodeQuery("DECLARE k CURSOR FOR SELECT generate_series(1, 4)"),
          encodeQuery("FETCH 2 FROM k"),
          encodeQuery("MOVE 1 FROM k"),
          encodeQuery("FETCH ALL FROM k"),
          encodeQuery("CLOSE k; COMMIT"),
        ],
        6,
      );
      // Outside a transaction a portal ends with the Sync.
      const gone = await client.ask(
        [
          encodeParse("", "SELECT generate_series(1, 5)"),
          encodeBind({ portal: "c", statement: "", values: [] }),
          encodeExecute("c", 2),
          sync,
          encodeExecute("c", 2),
          sync,
        ],
        2,
      );
      return [...portal, ...cursor, ...gone];
    });
    expect(answer.filter((word) => word === "s")).toHaveLength(3);
    expect(answer).toContain("E 34000");
  });

  test("case 13: empty texts, semicolons and comments are answered as PostgreSQL answers them", async () => {
    const answer = await clients.expectAlike(async (client) => {
      const simple = ["", ";", " ; ;", "-- nothing", "/* a /* b */ c */", "; SELECT 1;;"];
      const first = await client.ask(simple.map(encodeQuery), simple.length);
      const extended = ["", ";", "-- nothing"].flatMap((text) => [
        encodeParse("", text),
        ...againDescribed(""),
        sync,
      ]);
      const second = await client.ask(extended, 3);
      const third = await client.ask([sync, sync, encodeQuery("BEGIN"), sync, encodeQuery("")], 5);
      const fourth = await client.ask(
        [encodeQuery("ROLLBACK"), ...run("SELECT 1; SELECT 2"), sync],
        2,
      );
      return [...first, ...second, ...third, ...fourth];
    });
    expect(answer.at(-1)).toBe("Z I");
  });
});
