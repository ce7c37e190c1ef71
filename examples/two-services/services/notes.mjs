/**
 * Notes in a global database. It knows its Region's gateway alone: reads are answered in the Region, writes go to the
 * writer, wherever that is. `NOTES_DB_URL`, `HOST`, `PORT` and the password file come from Leeward.
 */
import { createServer } from "node:http";
import pg from "pg";

const pool = new pg.Pool({ connectionString: process.env["NOTES_DB_URL"], max: 10 });
// A connection that breaks while nobody uses it is made anew; without a listener it would end the process.
pool.on("error", () => undefined);

/** Notes are at most this long. */
const textMaxChars = 1_000;
const bodyMaxBytes = 16_384;

const table = `create table if not exists note (
  id bigint generated always as identity primary key,
  key text unique,
  text text not null,
  region text not null,
  at timestamptz not null default now())`;

const routes = {
  "GET /health": async () => [200, { ok: true }],
  "GET /notes": async () => {
    const { rows } = await pool.query(
      "select id, text, region, at from note order by id desc limit 20",
    );
    return [200, { notes: rows }];
  },
  "POST /notes": async (body) => {
    const { text, key } = JSON.parse(body);
    if (typeof text !== "string" || text.trim() === "" || text.length > textMaxChars) {
      return [400, { error: `text: 1 to ${textMaxChars} characters` }];
    }
    // Sent twice under one key, it is one note.
    const { rows } = await pool.query(
      `insert into note (text, key, region) values ($1, $2, $3)
       on conflict (key) do update set key = excluded.key returning id`,
      [text.trim(), key ?? null, process.env["LEEWARD_REGION"]],
    );
    return [201, { id: rows[0].id }];
  },
  // Which servers answer: the one that reads come from, and the one that writes go to.
  "GET /whereami": async () => {
    const where = "select host(inet_server_addr()) as address";
    const [reader, writer] = await Promise.all([
      pool.query(`/* leeward:local */ ${where}`),
      pool.query(`/* leeward:writer */ ${where}`),
    ]);
    return [200, { reader: reader.rows[0].address, writer: writer.rows[0].address }];
  },
};

const server = createServer((request, response) => {
  const chunks = [];
  let bytes = 0;
  request.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes <= bodyMaxBytes) chunks.push(chunk);
  });
  request.on("end", async () => {
    const path = new URL(request.url, "http://here").pathname;
    const route = routes[`${request.method} ${path}`];
    const [status, answer] = !route
      ? [404, { error: `there is no ${path}` }]
      : bytes > bodyMaxBytes
        ? [413, { error: "too long" }]
        : await route(Buffer.concat(chunks).toString()).catch((error) => [
            error instanceof SyntaxError ? 400 : 503,
            { error: error.message },
          ]);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
});

// Several replicas may make it at once; to the later ones it is there already, or about to be.
await pool.query(table).catch((error) => {
  if (!["23505", "42P07"].includes(error.code)) throw error;
});
server.listen(Number(process.env["PORT"]), process.env["HOST"]);
// What is under way is finished; Leeward waits for it.
process.once("SIGTERM", () => server.close(() => pool.end().then(() => process.exit(0))));
