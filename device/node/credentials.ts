/** What the command keeps between runs: the device's id and the refresh token, in a file for its owner only. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as z from "zod";
import { newId } from "../../src/lib/ids.ts";
import { type Arguments, UsageError } from "./arguments.ts";

const State = z.object({
  url: z.string(),
  email: z.string(),
  device_id: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
});
type State = z.infer<typeof State>;

export class CredentialsFile {
  readonly path: string;
  #state: State;

  constructor({ stateFolder, url, email, database, viewer }: Arguments) {
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    // A device of its own for each database, or two of them would replace each other.
    const what = viewer ? "viewer" : resolve(database);
    const name = createHash("sha256")
      .update(JSON.stringify([url, email, what]))
      .digest("hex")
      .slice(0, 16);
    this.path = join(stateFolder, `${name}.json`);
    this.#state = this.#read() ?? { url, email, device_id: newId() };
  }

  get deviceId(): string {
    return this.#state.device_id;
  }

  get refreshToken(): string | undefined {
    return this.#state.refresh_token;
  }

  /** Replaces the file as a whole: a crash leaves the old one or the new one. */
  keep(refreshToken: string): void {
    this.#state = { ...this.#state, refresh_token: refreshToken };
    const written = `${this.path}.new`;
    writeFileSync(written, `${JSON.stringify(this.#state, null, 2)}\n`, { mode: 0o600 });
    // The mode above does not apply to a file that was there already.
    chmodSync(written, 0o600);
    renameSync(written, this.path);
  }

  #read(): State | null {
    let text: string;
    try {
      // Windows keeps access by other means than these bits.
      const { mode } = statSync(this.path);
      if (process.platform !== "win32" && (mode & 0o077) !== 0) {
        throw new UsageError(
          `Others can read ${this.path}, which holds your sign-in. Run: chmod 600 ${this.path}`,
        );
      }
      text = readFileSync(this.path, "utf8");
    } catch (cause) {
      if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
      throw cause;
    }
    try {
      return State.parse(JSON.parse(text));
    } catch {
      throw new UsageError(`${this.path} is damaged. Delete it and sign in again.`);
    }
  }
}
