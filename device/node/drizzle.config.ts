/** `npx drizzle-kit generate --config device/node/drizzle.config.ts` writes the next migration of the device's database. */
import { defineConfig } from "drizzle-kit";

export default defineConfig({
  dialect: "sqlite",
  schema: "./device/node/tables.ts",
  out: "./device/node/migrations",
});
