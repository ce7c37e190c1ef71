/** An error of PostgreSQL for people: its SQLSTATE, the place with a caret, and what the server adds. Pure. */

export type ServerError = {
  readonly message: string;
  readonly severity?: string | undefined;
  /** SQLSTATE. */
  readonly code?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  /** In characters from 1, within the statement. */
  readonly position?: string | undefined;
  readonly where?: string | undefined;
};

export function describeServerError(error: ServerError, statement: string): string {
  const { message, severity = "ERROR", code, detail, hint, position, where } = error;
  const lines = [`${severity}:  ${code === undefined ? "" : `${code}: `}${message}`];
  if (position !== undefined) lines.push(...placeOf(statement, Number(position)));
  if (detail !== undefined) lines.push(`DETAIL:  ${detail}`);
  if (hint !== undefined) lines.push(`HINT:  ${hint}`);
  if (where !== undefined) lines.push(`CONTEXT:  ${where}`);
  return lines.join("\n");
}

/** The line of the statement that holds the place, and a caret under it. */
function placeOf(statement: string, position: number): readonly string[] {
  const before = [...statement].slice(0, position - 1).join("");
  const number = before.split("\n").length;
  const line = statement.split("\n")[number - 1];
  if (line === undefined) return [];
  const label = `LINE ${number}: `;
  // A tab before the place stays a tab, so that the caret stands below it in any terminal.
  const column = before.slice(before.lastIndexOf("\n") + 1).replace(/[^\t]/gu, " ");
  return [`${label}${line}`, `${" ".repeat(label.length)}${column}^`];
}
