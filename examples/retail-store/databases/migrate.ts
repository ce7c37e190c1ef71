/** Brings a database to the form that the services know. Several of them, in several Regions, may do it at once. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type pg from "pg";
import type { Database } from "../services/shared/database.ts";
import { exampleFile } from "../services/shared/example-files.ts";

export type Migration = {
  readonly name: string;
  readonly run: (client: pg.ClientBase) => Promise<unknown>;
};

/** The same key for all: who comes second waits until the first has finished. */
const lockKey = 7_400_100;

/**
 * Runs what has not been run yet, in the order of the names, in one transaction on the writer. When nothing is missing,
 * it costs one read in the Region.
 */
export async function migrate(
  database: Pick<Database, "read" | "transaction">,
  migrations: readonly Migration[],
): Promise<void> {
  const done = await database
    .read<{ name: string }>("select name from migration", [])
    .then(({ rows }) => new Set(rows.map(({ name }) => name)))
    .catch((error: unknown) => {
      if ((error as { code?: string }).code !== "42P01") throw error;
      return new Set<string>();
    });
  if (migrations.every(({ name }) => done.has(name))) return;
  await database.transaction(async (client) => {
    await client.query("select pg_advisory_xact_lock($1)", [lockKey]);
    await client.query(
      "create table if not exists migration (name text primary key, at timestamptz not null default now())",
    );
    const { rows } = await client.query<{ name: string }>("select name from migration");
    for (const { name, run } of migrations) {
      if (rows.some((row) => row.name === name)) continue;
      await run(client);
      await client.query("insert into migration (name) values ($1)", [name]);
    }
  });
}

/** The numbered `.sql` files of a directory beside this file's source, as `001-tables.sql`. */
export function migrationsIn(directory: string): readonly Migration[] {
  const path = exampleFile("databases", directory);
  return readdirSync(path)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => ({
      name: file.replace(/\.sql$/, ""),
      run: (client) => client.query(readFileSync(join(path, file), "utf8")),
    }));
}
