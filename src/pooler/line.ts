/** One line of `[databases]`: under which name clients find what. */
export type Line = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
};

/** As PgBouncer has it in its memory, which is what counts for clients. */
export type RunningLine = Line & { readonly isPaused: boolean };

export function leadsToTheSame(a: Line, b: Line): boolean {
  return a.host === b.host && a.port === b.port && a.dbname === b.dbname;
}

/** Same names in the same order, each leading to the same. */
export function areSame(some: readonly Line[], others: readonly Line[]): boolean {
  return (
    some.length === others.length &&
    some.every((line, index) => {
      const other = others[index];
      return other !== undefined && other.name === line.name && leadsToTheSame(line, other);
    })
  );
}

export function lineOf<T extends Line>(lines: readonly T[], name: string): T | undefined {
  return lines.find((line) => line.name === name);
}

/** For logs and events: `127.0.1.1:6432/orders-rw`. */
export function targetOf({ host, port, dbname }: Line): string {
  return `${host}:${port}/${dbname}`;
}
