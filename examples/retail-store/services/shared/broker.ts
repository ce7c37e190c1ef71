/**
 * The Region's RabbitMQ, as the publisher of orders' events and their consumer see it. Both declare what they need of it,
 * so that it does not matter who comes first, and no event is published before there is a queue that keeps it.
 */
import { connect, type ChannelModel } from "amqplib";

/** A fanout: who else wants the events binds a queue of its own. */
export const exchange = "orders";
export const queue = "orders-orders-queue";

/** Events, each below 16 KiB. Beyond it the broker refuses more, and they wait in the outbox. */
const queueLengthMax = 100_000;

/** 5 s: a broker that is there answers in milliseconds. */
const connectMsMax = 5_000;
/** 5 s: after twice that without a sign of life the other side counts as gone. */
const heartbeatS = 5;

/**
 * A connection with exchange, queue and binding in place.
 * @param lost is called once when it breaks, not when it is closed
 * @throws Error when the broker does not answer
 */
export async function connectBroker(
  url: string,
  lost: (why: string) => void,
): Promise<ChannelModel> {
  const address = new URL(url);
  address.searchParams.set("heartbeat", `${heartbeatS}`);
  const connection = await connect(address.href, { timeout: connectMsMax });
  let why = "the broker closed the connection";
  // Without a listener it would end the process; "close" follows.
  connection.on("error", (error) => {
    why = error.message;
  });
  try {
    const channel = await connection.createChannel();
    await channel.assertExchange(exchange, "fanout", { durable: true });
    await channel.assertQueue(queue, {
      durable: true,
      maxLength: queueLengthMax,
      arguments: { "x-overflow": "reject-publish" },
    });
    await channel.bindQueue(queue, exchange, "");
    await channel.close();
  } catch (error) {
    await connection.close().catch(() => undefined);
    throw error;
  }
  connection.once("close", (error) => error && lost(why));
  return connection;
}
