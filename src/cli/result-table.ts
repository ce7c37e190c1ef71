/** What a statement answered, as people know it from psql, as CSV, as JSON. Pure. */
import { count, padEnd, padStart, widthOf } from "./output.ts";

export type SqlValue = string | null;

export type SqlColumn = {
  readonly name: string;
  /** PostgreSQL's number of the type. */
  readonly typeId: number;
};

export type SqlResult = {
  /** What the server says was done: `SELECT 1`, `INSERT 0 1`, `CREATE TABLE`. */
  readonly tag: string;
  readonly columns: readonly SqlColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
};

const bool = 16;
const numbers: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);
/** Which a JSON number holds without loss: int2, int4, float4, float8, oid. */
const exactNumbers: ReadonlySet<number> = new Set([21, 23, 26, 700, 701]);
const int8 = 20;
const json: ReadonlySet<number> = new Set([114, 3802]);

/** psql's aligned format, and the number of rows; only the command's tag when it answers no rows. */
export function alignedTable(result: SqlResult): readonly string[] {
  const { tag, columns, rows } = result;
  if (columns.length === 0) return [rows.length === 0 ? tag : `(${count(rows.length, "row")})`];
  const cells = rows.map((row) => row.map((value) => (value ?? "").split("\n")));
  const widths = columns.map(({ name }, column) =>
    Math.max(widthOf(name), ...cells.flatMap((row) => (row[column] ?? []).map(widthOf))),
  );
  const head = columns.map(({ name }, column) => center(name, widths[column] ?? 0));
  return [
    ` ${head.join(" | ")} `.trimEnd(),
    widths.map((width) => "-".repeat(width + 2)).join("+"),
    ...cells.flatMap((row) => rowLines(row, columns, widths)),
    `(${count(rows.length, "row")})`,
  ];
}

/** A cell of several lines makes its row as tall; `+` says that it goes on. */
function rowLines(
  row: readonly (readonly string[])[],
  columns: readonly SqlColumn[],
  widths: readonly number[],
): readonly string[] {
  const height = Math.max(1, ...row.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map(({ typeId }, column) => {
      const cell = row[column] ?? [];
      const pad = numbers.has(typeId) ? padStart : padEnd;
      const goesOn = line < cell.length - 1 ? "+" : " ";
      return ` ${pad(cell[line] ?? "", widths[column] ?? 0)}${goesOn}`;
    });
    return parts.join("|").trimEnd();
  });
}

function center(text: string, width: number): string {
  const space = width - widthOf(text);
  const before = Math.floor(space / 2);
  return padEnd(" ".repeat(before) + text, width);
}

/** RFC 4180 with a heading; NULL is an empty field, an empty text is `""`, as COPY writes them. */
export function csvTable({ columns, rows }: SqlResult): readonly string[] {
  if (columns.length === 0) return [];
  const quoted = (value: SqlValue): string => {
    if (value === null) return "";
    return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return [columns.map(({ name }) => name), ...rows].map((row) => row.map(quoted).join(","));
}

/**
 * One object for each row. Numbers that JSON holds exactly, booleans and JSON are what they are; everything else
 * (numeric, times, arrays) is PostgreSQL's own text. Of two columns of one name the later gets a number: `id`, `id_2`.
 */
export function jsonRows({
  columns,
  rows,
}: SqlResult): readonly Readonly<Record<string, unknown>>[] {
  const names = uniqueNames(columns.map(({ name }) => name));
  return rows.map((row) =>
    Object.fromEntries(
      columns.map(({ typeId }, column) => [names[column], jsonValue(row[column] ?? null, typeId)]),
    ),
  );
}

function uniqueNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${name}_${number}`;
    taken.add(free);
    return free;
  });
}

function jsonValue(value: SqlValue, typeId: number): unknown {
  if (value === null) return null;
  if (typeId === bool) return value === "t";
  if (json.has(typeId)) return JSON.parse(value);
  const number = Number(value);
  if (exactNumbers.has(typeId) && Number.isFinite(number)) return number;
  if (typeId === int8 && Number.isSafeInteger(number)) return number;
  return value;
}
