/** Accounts in their database: each of these is one statement. */
import { randomUUID } from "node:crypto";
import type { Database, DatabaseAnswer } from "../shared/database.ts";

/** As others see it. */
export type User = {
  readonly id: string;
  readonly fname: string;
  readonly lname: string;
  readonly email: string;
};

/** With what never leaves this service. */
export type Account = User & { readonly password_hash: string };

/** No row: somebody has an account with this address already. */
export function addUser(
  database: Database,
  user: Omit<User, "id"> & { readonly passwordHash: string },
): Promise<DatabaseAnswer<User>> {
  // The id is drawn here, so that it may be repeated when an answer was lost: its own row is no other person's.
  return database.write<User>(
    `with added as (
       insert into customer (id, email, fname, lname, password_hash)
       values ($1, $2, $3, $4, $5)
       on conflict do nothing
       returning id, fname, lname, email
     )
     select host(inet_server_addr()) as served_by, one.*
     from (
       select * from added
       union all
       select id, fname, lname, email from customer where id = $1
     ) as one`,
    [randomUUID(), user.email, user.fname, user.lname, user.passwordHash],
    { isRepeatable: true },
  );
}

const accountOf = `
  select host(inet_server_addr()) as served_by, id, fname, lname, email, password_hash
  from customer
  where email = $1`;

/** No row: nobody has an account with this address. `seen` as in `Database.read`. */
export function findAccount(
  database: Database,
  email: string,
  seen: string | undefined,
): Promise<DatabaseAnswer<Account>> {
  return database.read<Account>(accountOf, [email], seen);
}

/** 3 s: nobody who logs in waits longer for a writer that moves. */
const writerMsMax = 3_000;

/** As `findAccount`, asked at the writer, which knows it first. */
export function findAccountAtWriter(
  database: Database,
  email: string,
): Promise<DatabaseAnswer<Account>> {
  return database.write<Account>(`/* leeward:writer */ ${accountOf}`, [email], {
    isRepeatable: true,
    msMax: writerMsMax,
  });
}

/** No row: the password was changed by somebody else meanwhile. */
export function changePasswordHash(
  database: Database,
  change: { readonly id: string; readonly from: string; readonly to: string },
): Promise<DatabaseAnswer<User>> {
  return database.write<User>(
    `update customer
     set password_hash = $3
     where id = $1 and password_hash in ($2, $3)
     returning host(inet_server_addr()) as served_by, id, fname, lname, email`,
    [change.id, change.from, change.to],
    { isRepeatable: true },
  );
}

/** Without its password's hash. */
export function asUser({ id, fname, lname, email }: User): User {
  return { id, fname, lname, email };
}
