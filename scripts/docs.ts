/** Writes the generated pages of docs/reference; a test fails when they are not fresh. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configurationReference, errorsReference, schemaFile } from "../src/config/reference.ts";

const directory = fileURLToPath(new URL("../docs/reference/", import.meta.url));

mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, "configuration.md"), configurationReference());
writeFileSync(join(directory, "errors.md"), errorsReference());
writeFileSync(join(directory, "leeward.schema.json"), schemaFile());
