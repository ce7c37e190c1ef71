/** A process of its own: logs clients in one after the other, tells when all are, and keeps them until it is ended. */
import pg from "pg";

/** At once: enough to keep both sides busy, and far below any backlog. */
const atOnce = 16;

async function main([host = "", port = "", count = ""]: readonly string[]): Promise<void> {
  const login = {
    host,
    port: Number(port),
    user: process.env["PGUSER"] ?? "",
    password: process.env["PGPASSWORD"] ?? "",
    database: process.env["PGDATABASE"] ?? "",
  };
  const clients: pg.Client[] = [];
  const fill = async (): Promise<void> => {
    while (clients.length < Number(count)) {
      const client = new pg.Client(login);
      clients.push(client);
      client.on("error", (error) => {
        throw error;
      });
      await client.connect();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, fill));
  process.send?.("ready");
}

process.once("disconnect", () => process.exit(0));
await main(process.argv.slice(2));
