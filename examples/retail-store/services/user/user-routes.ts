/** `/user`: accounts, and who may use them. */
import type { Database, DatabaseAnswer } from "../shared/database.ts";
import { Refusal } from "../shared/refusal.ts";
import { seenOf, tellServers, type Service } from "../shared/service.ts";
import { hashPassword, isPassword } from "./password.ts";
import {
  changePasswordSchema,
  getUserQuerySchema,
  newUserSchema,
  verifySchema,
} from "./user-input.ts";
import {
  addUser,
  asUser,
  changePasswordHash,
  findAccount,
  findAccountAtWriter,
  type Account,
} from "./users.ts";

export function addUserRoutes(service: Service, database: Database): void {
  service.post("/user/add", { schema: { body: newUserSchema } }, async (request, reply) => {
    const { password, ...person } = request.body;
    const passwordHash = await hashPassword(password);
    const { rows, from, seen } = await addUser(database, { ...person, passwordHash });
    tellServers(reply, { wrote: from, seen });
    const [user] = rows;
    if (user) return reply.code(201).send({ user });
    const message = `There is an account with ${person.email} already.`;
    throw new Refusal(409, "email-taken", message);
  });

  service.get(
    "/user/getuser",
    { schema: { querystring: getUserQuerySchema } },
    async (request, reply) => {
      const { email } = request.query;
      const { rows, from, seen } = await findAccount(database, email, seenOf(request));
      tellServers(reply, { read: from, seen });
      const [account] = rows;
      if (account) return { user: asUser(account) };
      throw new Refusal(404, "unknown-user", `Nobody has an account with ${email}.`);
    },
  );

  service.post("/user/verify", { schema: { body: verifySchema } }, async (request, reply) => {
    const { rows, from, seen } = await verify(database, request.body, seenOf(request));
    tellServers(reply, { read: from, seen });
    const [account] = rows;
    return account ? { user: asUser(account) } : refuseCredentials();
  });

  service.get("/user/verify", (_, reply) => {
    void reply.header("allow", "POST");
    const message = "A password has no place in an address, where logs keep it. Send it by POST.";
    throw new Refusal(405, "method-not-allowed", message);
  });

  service.post(
    "/user/password",
    { schema: { body: changePasswordSchema } },
    async (request, reply) => {
      const { rows } = await verify(database, request.body, seenOf(request));
      const [account] = rows;
      if (!account) return refuseCredentials();
      const change = {
        id: account.id,
        from: account.password_hash,
        to: await hashPassword(request.body.next),
      };
      const changed = await changePasswordHash(database, change);
      tellServers(reply, { wrote: changed.from, seen: changed.seen });
      const [user] = changed.rows;
      return user ? { user } : refuseCredentials();
    },
  );
}

/**
 * No row: a wrong password, or nobody has this address; it takes as long.
 *
 * Who is not known here, or by another password, may have registered or changed it in another Region a moment ago, and
 * have no token that says so: the writer is asked before anybody is turned away.
 * @throws Unavailable when a database does not answer
 */
async function verify(
  database: Database,
  { email, password }: { readonly email: string; readonly password: string },
  seen: string | undefined,
): Promise<DatabaseAnswer<Account>> {
  const here = await findAccount(database, email, seen);
  const [known] = here.rows;
  if (await isPassword(password, known?.password_hash)) return here;
  const newest = await findAccountAtWriter(database, email);
  const [account] = newest.rows;
  const isNews = account !== undefined && account.password_hash !== known?.password_hash;
  const isTheirs = isNews && (await isPassword(password, account.password_hash));
  return { ...newest, rows: isTheirs ? newest.rows : [] };
}

/** Which of the two was wrong is said to nobody. */
function refuseCredentials(): never {
  throw new Refusal(401, "wrong-credentials", "The e-mail address or the password is wrong.");
}
