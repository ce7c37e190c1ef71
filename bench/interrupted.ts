/** What a benchmark started ends with it, also when a person has waited long enough. */

/** As a shell says it: 128 and the number of the signal. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs `work`, and `end` after it or when it is interrupted, whatever comes first; the process ends with the latter. */
export async function endingWith<T>(end: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const stops = Object.entries(exitCodes).map(([signal, code]) => {
    const interrupted = (): void => {
      void end()
        .catch((error: unknown) => console.error(error))
        .finally(() => process.exit(code));
    };
    process.once(signal, interrupted);
    return () => process.off(signal, interrupted);
  });
  try {
    return await work();
  } finally {
    await end();
    for (const stop of stops) stop();
  }
}
