/** Those of `names` that this process has been given, with their values. */
export function environmentVariables(
  names: readonly string[],
): readonly { readonly name: string; readonly value: string }[] {
  return names.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [{ name, value }];
  });
}
