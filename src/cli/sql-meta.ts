/** The few backslash commands of psql that people miss first. Pure: each is SQL to run, or a word to the prompt. */

export type MetaCommand =
  | { readonly kind: "quit" }
  | { readonly kind: "help" }
  | { readonly kind: "queries"; readonly queries: readonly MetaQuery[] }
  | { readonly kind: "unknown"; readonly word: string };

/** `hideEmpty`: an answer without rows says nothing. */
export type MetaQuery = {
  readonly title: string;
  readonly sql: string;
  readonly hideEmpty: boolean;
};

export const metaHelp = `
  \\l          databases          \\d          tables, views, sequences
  \\dn         schemas            \\dt         tables
  \\du         roles              \\d NAME     columns, indexes, constraints of one
  \\q          leave              \\?          this help
  A statement ends with a semicolon and may take several lines; Ctrl-C forgets it, or cancels it while it runs.`.trimStart();

export function parseMeta(line: string): MetaCommand {
  const [word = "", argument] = line.trim().replace(/;$/, "").split(/\s+/, 2);
  switch (word) {
    case "\\q":
      return { kind: "quit" };
    case "\\?":
    case "\\h":
      return { kind: "help" };
    case "\\l":
      return one("Databases", databasesSql);
    case "\\dn":
      return one("Schemas", schemasSql);
    case "\\du":
      return one("Roles", rolesSql);
    case "\\dt":
      return one("Tables", relationsSql("r", "p"));
    case "\\d":
      if (argument !== undefined) return { kind: "queries", queries: describeQueries(argument) };
      return one("Relations", relationsSql("r", "p", "v", "m", "S", "f"));
    default:
      return { kind: "unknown", word };
  }
}

function one(title: string, sql: string): MetaCommand {
  return { kind: "queries", queries: [{ title, sql, hideEmpty: false }] };
}

const databasesSql = `
  SELECT datname AS "Name", pg_get_userbyid(datdba) AS "Owner",
    pg_encoding_to_char(encoding) AS "Encoding",
    pg_size_pretty(pg_database_size(oid)) AS "Size"
  FROM pg_database WHERE datallowconn ORDER BY 1`;

const schemasSql = `
  SELECT nspname AS "Name", pg_get_userbyid(nspowner) AS "Owner"
  FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`;

const rolesSql = `
  SELECT rolname AS "Role", rolcanlogin AS "Login", rolsuper AS "Superuser",
    rolreplication AS "Replication"
  FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1`;

function relationsSql(...kinds: readonly string[]): string {
  return `
  SELECT n.nspname AS "Schema", c.relname AS "Name",
    CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
      WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'foreign table' END AS "Type",
    pg_get_userbyid(c.relowner) AS "Owner"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN (${kinds.map(literal).join(", ")})
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_table_is_visible(c.oid)
  ORDER BY 1, 2`;
}

function describeQueries(name: string): readonly MetaQuery[] {
  const relation = `${literal(name)}::regclass`;
  return [
    {
      title: name,
      hideEmpty: false,
      sql: `
  SELECT a.attname AS "Column", format_type(a.atttypid, a.atttypmod) AS "Type",
    CASE WHEN a.attnotnull THEN 'not null' ELSE '' END AS "Nullable",
    coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "Default"
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = ${relation} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    },
    {
      title: "Indexes",
      hideEmpty: true,
      sql: `
  SELECT pg_get_indexdef(indexrelid) AS "Definition" FROM pg_index
  WHERE indrelid = ${relation} ORDER BY indisprimary DESC, indexrelid::regclass::text`,
    },
    {
      title: "Constraints",
      hideEmpty: true,
      // Not null is among the columns.
      sql: `
  SELECT conname AS "Name", pg_get_constraintdef(oid) AS "Definition" FROM pg_constraint
  WHERE conrelid = ${relation} AND contype <> 'n' ORDER BY 1`,
    },
  ];
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
