/** Clients that do what no client should: the error is theirs alone, memory stays bounded, and nobody else notices. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { inWords, RawClient, sync, type RawLogin } from "../../test/gateway/raw-client.ts";
import { east, TwoRegions, west } from "../../test/gateway/two-regions.ts";
import { eventually, sql } from "../../test/postgres/scratch.ts";
import type { Address } from "../model/address.ts";
import {
  encodeBind,
  encodeExecute,
  encodeParse,
  encodeQuery,
} from "../wire/postgres/frontend-messages.ts";
import { backend, frontend } from "../wire/postgres/message-types.ts";

const mib = 1_048_576;
const requestBytesMax = 160 * mib;
const slowClientMs = 1_000;
const idleInTransactionMs = 1_500;
const clientsMax = 60;

function frame(type: number, claimedBytes: number, content = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeInt32BE(claimedBytes, 1);
  return Buffer.concat([header, content]);
}

/** A text of so many bytes, as a simple query. */
function largeQuery(bytes: number): Buffer {
  const [before, after] = [Buffer.from("SELECT length('"), Buffer.from("')\0")];
  const content = Buffer.concat([before, Buffer.alloc(bytes, "x"), after]);
  return frame(frontend.query, content.length + 4, content);
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, "close");
}

describe.sequential("bad input to the gateway", () => {
  let world: TwoRegions;
  let witness: RawClient;
  const open: RawClient[] = [];
  beforeAll(async () => {
    world = await TwoRegions.open({
      limits: { requestBytesMax, slowClientMs, idleInTransactionMs, clientsMax, loginMs: 2_000 },
    });
    witness = await RawClient.login(at(east));
    await witness.ask([encodeQuery("CREATE TABLE t (id int)")]);
  }, 60_000);
  afterAll(async () => {
    witness.close();
    await world[Symbol.asyncDispose]();
  });
  /** Somebody else, who was there all the time. */
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    const answer = inWords(await witness.ask([encodeQuery("SELECT 'here'")]));
    if (!answer.includes("D here")) throw new Error(`somebody else noticed: ${answer.join(" ")}`);
  });

  const login = async (address: Address, more: RawLogin = {}): Promise<RawClient> => {
    const client = await RawClient.login(address, more);
    open.push(client);
    return client;
  };
  const connect = async (): Promise<RawClient> => {
    const client = await RawClient.connect(at(east));
    open.push(client);
    return client;
  };
  const at = (region: typeof east): Address => world.place(region).listen;
  const direct = (text: string): ReturnType<typeof sql> => sql(world.place(east).instance, text);

  const isThere = (region: typeof east, ...clients: readonly RawClient[]): boolean =>
    world
      .place(region)
      .gateway.sessions.some(({ session }) =>
        clients.some(({ key }) => key?.secret.equals(session.runner.identity.key.secret)),
      );

  test("case 1: messages cut at every byte, and messages larger than any chunk, are read whole", async () => {
    const client = await login(at(west));
    const query = encodeQuery("SELECT 'cut'");
    for (let cut = 1; cut < 8; cut += 1) {
      client.send(query.subarray(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      expect(inWords(await client.ask([query.subarray(cut)]))).toContain("D cut");
    }
    for (const bytes of [70_000, 17 * mib]) {
      expect(inWords(await client.ask([largeQuery(bytes)]))).toContain(`D ${bytes}`);
    }
    const rows = await client.ask([
      encodeQuery(`SELECT repeat('y', ${17 * mib}) FROM generate_series(1, 2)`),
    ]);
    expect(
      rows.map(({ bytes }) => bytes.length).filter((length) => length > 17 * mib),
    ).toHaveLength(2);
  });

  test("case 1: a chunk of ten thousand messages is answered message by message", async () => {
    const client = await login(at(east));
    const answer = await client.ask(
      Array.from({ length: 13_000 }, () => sync),
      13_000,
    );
    expect(answer).toHaveLength(13_000);
  });

  test("case 2: TLS and GSS that are not offered, a protocol of the future, and its options", async () => {
    const asking = await connect();
    asking.send(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    const [answer] = (await once(asking.socket, "data")) as [Buffer];
    expect(answer.toString()).toBe("N");
    const future = await connect();
    const content = Buffer.from("user\0app\0database\0orders\0_pq_.made_up\0on\0\0");
    const head = Buffer.alloc(8);
    head.writeInt32BE(8 + content.length, 0);
    head.writeInt32BE(3 * 65_536 + 9, 4);
    future.send(head, content);
    const [negotiation] = await future.take(backend.negotiateProtocolVersion);
    expect(negotiation?.bytes.toString("latin1")).toContain("_pq_.made_up");
  });

  test("case 3: whatever is sent before a login ends in that connection alone", async () => {
    const garbage = [
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
      Buffer.alloc(100_000, 0xff),
      Buffer.from([0, 0, 0, 0]),
      Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0]),
      Buffer.from([0, 0, 0, 8, 0, 3, 0, 0]),
      frame(frontend.query, 1_000_000),
      Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0]),
      Buffer.concat([Buffer.from([0, 0, 0x27, 0x10, 0, 3, 0, 0]), Buffer.alloc(9_992, "a")]),
    ];
    for (const bytes of garbage) {
      const client = await connect();
      client.send(bytes);
      await closed(client.socket);
      expect(client.isClosed).toBe(true);
    }
    // Who says nothing, or stops in the middle, is let go of after `loginMs`.
    const [silent, half] = [await connect(), await connect()];
    half.send(Buffer.from([0, 0, 0, 80, 0, 3]));
    await Promise.all([closed(silent.socket), closed(half.socket)]);
  });

  test("case 3: a password of a megabyte is refused before it has arrived", async () => {
    const client = await connect();
    const content = Buffer.from("user\0app\0database\0orders\0\0");
    const head = Buffer.alloc(8);
    head.writeInt32BE(8 + content.length, 0);
    head.writeInt32BE(196_608, 4);
    client.send(head, content);
    await client.take(backend.authentication);
    client.send(frame(frontend.password, mib, Buffer.alloc(mib - 4)));
    const answer = inWords(await client.takeAll());
    expect(answer.at(-1)).toBe("E FATAL 08P01");
  });

  test("case 3: connections that never log in are counted, and one too many is told so", async () => {
    const crowd = await Promise.all(Array.from({ length: clientsMax - 1 }, () => connect()));
    const refused = await connect();
    expect(inWords(await refused.takeAll())).toEqual(["E FATAL 53300"]);
    for (const one of crowd) one.close();
    await eventually("there is room again", async () => {
      const client = await RawClient.login(at(east)).catch(() => undefined);
      client?.close();
      return client !== undefined;
    });
  });

  test("case 3: garbage and lying lengths after the login end that session alone", async () => {
    const parse = encodeParse("s", "SELECT 1");
    const lies = [
      frame(frontend.query, 3),
      frame(frontend.query, -1),
      frame(frontend.query, 0x7fff_ffff),
      frame(frontend.parse, 6, Buffer.from("no end")),
      Buffer.from([0, 0, 0, 0, 8, 1, 2, 3, 4]),
      frame(0x7a, 8, Buffer.alloc(4)),
      frame(frontend.sync, 100_000_000),
      Buffer.concat([parse.subarray(0, parse.length - 4), sync]),
    ];
    for (const bytes of lies) {
      const client = await login(at(east));
      client.send(bytes);
      client.socket.end();
      const answer = inWords(await client.takeAll());
      expect(answer.every((word) => /^E (FATAL )?(08P01|54000)$/.test(word))).toBe(true);
    }
    for (let seed = 1; seed < 40; seed += 1) {
      const client = await login(at(seed % 2 === 0 ? east : west));
      client.send(encodeQuery("SELECT 1"), noise(seed, 3_000));
      client.socket.end();
      await closed(client.socket);
    }
  });

  test("case 11: a client that says goodbye at once has its statement done, and one that is reset does not stop others", async () => {
    for (const region of [east, west]) {
      await direct("TRUNCATE t");
      const client = await login(at(region));
      client.send(encodeQuery("INSERT INTO t VALUES (1)"), frame(frontend.terminate, 4));
      client.socket.end();
      await eventually("the row is there", async () => {
        return (await direct("SELECT count(*)::int AS n FROM t"))[0]?.["n"] === 1;
      });
      const half = await login(at(region));
      half.send(encodeQuery("SELECT 'half'"));
      half.socket.end();
      expect(inWords(await half.takeAll())).toContain("D half");
      const goers = await Promise.all(Array.from({ length: 20 }, () => login(at(region))));
      for (const [nth, one] of goers.entries()) {
        one.send(encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"));
        if (nth % 2 === 0) await once(one.socket, "data");
        one.socket.resetAndDestroy();
      }
    }
    await eventually("nothing of theirs runs", async () => {
      const text =
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%repeat%'";
      return (await direct(text))[0]?.["n"] === 1;
    });
  });

  test("case 11: a slow reader of a large result costs little memory, and is let go of", async () => {
    const readers = await Promise.all([login(at(east)), login(at(west)), login(at(west))]);
    const before = process.memoryUsage().rss;
    for (const one of readers) {
      one.socket.pause();
      one.send(encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 200000)"));
    }
    let most = 0;
    await eventually("they are let go of", async () => {
      most = Math.max(most, process.memoryUsage().rss - before);
      return Promise.resolve(!isThere(east, ...readers) && !isThere(west, ...readers));
    });
    // Three results have 600 MB.
    expect(most).toBeLessThan(150 * mib);
  });

  test("case 11: a reader that takes its time, but takes something, gets everything", async () => {
    const client = await login(at(west));
    client.send(encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 40000)"));
    const ticking = setInterval(() => {
      if (client.socket.isPaused()) client.socket.resume();
      else client.socket.pause();
    }, 100);
    const answer = await client.take(backend.readyForQuery);
    clearInterval(ticking);
    expect(answer).toHaveLength(40_003);
  });

  test("case 11: answers that nobody reads do not pile up while more is asked for", async () => {
    const client = await login(at(east));
    client.socket.pause();
    const before = process.memoryUsage().rss;
    const query = encodeQuery("SELECT repeat('x', 1000) FROM generate_series(1, 10000)");
    client.send(...Array.from({ length: 100 }, () => query));
    await eventually("it is let go of", async () => Promise.resolve(!isThere(east, client)));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * mib);
  });

  test("case 12: notices and parameters come through, and a notification never in the middle of a message", async () => {
    const client = await login(at(east));
    const listener = await login(at(east));
    await listener.ask([encodeQuery("LISTEN news")]);
    listener.send(encodeQuery(`SELECT repeat('x', ${8 * mib}) FROM generate_series(1, 6)`));
    for (let nth = 0; nth < 30; nth += 1) await client.ask([encodeQuery("NOTIFY news")]);
    const answer = await listener.take(backend.readyForQuery);
    expect(answer.filter(({ type }) => type === backend.dataRow)).toHaveLength(6);
    await listener.take(
      backend.notificationResponse,
      30 - answer.filter(({ type }) => type === backend.notificationResponse).length,
    );
    const notice = await client.ask(
      [
        encodeQuery("DO $$ BEGIN RAISE NOTICE 'told'; END $$"),
        encodeQuery("SET TimeZone = 'Asia/Tokyo'"),
      ],
      2,
    );
    expect(notice.some(({ type }) => type === backend.noticeResponse)).toBe(true);
    const parameters = notice.filter(({ type }) => type === backend.parameterStatus);
    expect(parameters.map(({ bytes }) => bytes.toString()).join()).toContain("Asia/Tokyo");
  });

  test("case 14: function calls are the writer's, and replication is refused", async () => {
    const rows = await direct("SELECT 'abs(int4)'::regprocedure::oid::int AS oid");
    const content = Buffer.alloc(20);
    content.writeInt32BE(Number(rows[0]?.["oid"]), 0);
    // No argument formats, one argument of four bytes, a result as text.
    content.writeInt16BE(1, 4);
    content.writeInt16BE(1, 6);
    content.writeInt16BE(1, 8);
    content.writeInt32BE(4, 10);
    content.writeInt32BE(-7, 14);
    content.writeInt16BE(0, 18);
    const call = frame(frontend.functionCall, content.length + 4, content);
    const places = [world.place(east).instance, at(east), at(west)];
    const answers = [];
    for (const place of places) answers.push(inWords(await (await login(place)).ask([call])));
    expect(answers[0]).toEqual(["V", "Z I"]);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    await expect(
      login(at(east), { parameters: { replication: "database" } }),
    ).rejects.toMatchObject({
      code: "0A000",
    });
  });

  test("a list of a million elements, and 20,000 parentheses, are answered as PostgreSQL answers them", async () => {
    const million = Array.from({ length: 1_000_000 }, (_, nth) => nth).join(",");
    const texts = [
      `SELECT count(*) FROM generate_series(1, 5) AS g (n) WHERE n IN (${million})`,
      `SELECT ${"(".repeat(20_000)}1${")".repeat(20_000)}`,
      `SELECT ${"1+".repeat(20_000)}1`,
      `SELECT ${"(".repeat(20_000)}`,
    ];
    for (const text of texts) {
      const answers = [];
      for (const place of [world.place(east).instance, at(east), at(west)]) {
        answers.push(inWords(await (await login(place)).ask([encodeQuery(text)])));
      }
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
    }
  });

  test("a statement of 64 MiB works in both protocols and through the link, and all together have a bound", async () => {
    const client = await login(at(west));
    expect(inWords(await client.ask([largeQuery(64 * mib)]))).toContain(`D ${64 * mib}`);
    const bind = encodeBind({ portal: "", statement: "", values: [Buffer.alloc(64 * mib, "y")] });
    const parse = encodeParse("", "SELECT length($1::text)");
    expect(inWords(await client.ask([parse, bind, encodeExecute(""), sync]))).toContain(
      `D ${64 * mib}`,
    );
    // None is complete: three have room, and the fourth does not.
    const senders = await Promise.all(Array.from({ length: 4 }, () => login(at(east))));
    const most = largeQuery(60 * mib).subarray(0, 50 * mib);
    for (const sender of senders) sender.send(most);
    await eventually("one is refused", async () =>
      Promise.resolve(senders.some(({ isClosed }) => isClosed)),
    );
    const refused = senders.filter(({ isClosed }) => isClosed);
    expect(refused).toHaveLength(1);
    expect(inWords((await refused[0]?.takeAll()) ?? [])).toEqual(["E FATAL 53200"]);
  });

  test("a transaction that does nothing for too long is ended with 25P03", async () => {
    const leaveIdle = async (region: typeof east): Promise<void> => {
      const [idle, busy] = [await login(at(region)), await login(at(region))];
      await idle.ask([encodeQuery("BEGIN"), encodeQuery("INSERT INTO t VALUES (9)")], 2);
      await busy.ask([encodeQuery("BEGIN"), encodeQuery("SELECT pg_sleep(2)")], 2);
      expect(inWords(await idle.takeAll())).toEqual(["E FATAL 25P03"]);
      expect(inWords(await busy.ask([encodeQuery("COMMIT")]))).toEqual(["C COMMIT", "Z I"]);
    };
    await Promise.all([leaveIdle(east), leaveIdle(west)]);
    await eventually("nothing is left of them", async () => {
      const text =
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'";
      return (await direct(text))[0]?.["n"] === 0;
    });
    expect(await direct("SELECT count(*)::int AS n FROM t WHERE id = 9")).toEqual([{ n: 0 }]);
  });
});

/** Bytes that are the same for the same seed. */
function noise(seed: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed * 2_654_435_761;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
