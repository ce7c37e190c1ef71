import { pino, type Logger } from "pino";
import type { Log } from "../env.ts";

/**
 * JSON lines on standard output, which the supervisor has turned into the program's log file, or straight into
 * a file of its own.
 */
export function nodeLog(program: string, level: string, path?: string): Log {
  // Synchronous: a line that explains a crash must be out before the crash.
  const destination = pino.destination({ dest: path ?? 1, sync: true, mode: 0o600 });
  return wrap(
    pino(
      {
        level,
        base: { program },
        messageKey: "event",
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        serializers: { error: String },
      },
      destination,
    ),
  );
}

function wrap(logger: Logger): Log {
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    child: (fields) => wrap(logger.child(fields)),
  };
}
