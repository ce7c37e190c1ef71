import type { FastifyInstance } from "fastify";
import { refuse, type World } from "./world.ts";

/** Accounts with their passwords as they are. */
export function addUsers(service: FastifyInstance, { users }: World): void {
  type Known = {
    Body: { fname: string; lname: string; email: string; password: string; next: string };
  };
  const verified = ({ email, password }: Known["Body"]) => {
    const user = users.get(email);
    return user?.password === password ? user : refuse(401, "wrong-credentials", "Wrong.");
  };
  service.post<Known>("/user/add", ({ body }, reply) => {
    if (users.has(body.email)) refuse(409, "email-taken", "Taken.");
    const user = { ...body, id: `u-${users.size + 1}` };
    users.set(body.email, user);
    return reply.code(201).send({ user: { ...user, password: undefined } });
  });
  service.post<Known>("/user/verify", ({ body }) => ({
    user: { ...verified(body), password: undefined },
  }));
  service.post<Known>("/user/password", ({ body }) => {
    const user = verified(body);
    users.set(body.email, { ...user, password: body.next });
    return { user };
  });
}
