import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Session, SignedOut, type Tokens } from "../session.ts";
import { type Arguments, UsageError } from "./arguments.ts";
import type { CredentialsFile } from "./credentials.ts";

/** Signs in with what the file holds, else with the password. */
export async function signIn(given: Arguments, file: CredentialsFile): Promise<Session> {
  const { url, email, register } = given;
  const onTokens = (tokens: Tokens) => file.keep(tokens.refreshToken);
  if (file.refreshToken !== undefined && !register) {
    const tokens = { accessToken: "", refreshToken: file.refreshToken, expiresAtMs: 0 };
    const session = new Session({ url, tokens, onTokens });
    try {
      await session.credential({ rejected: false });
      return session;
    } catch (cause) {
      if (!(cause instanceof SignedOut)) throw cause;
    }
  }
  const password = process.env["ADJUTANT_PASSWORD"] ?? (await askPassword(`Password of ${email}: `));
  return Session.login({ url, email, password, register, onTokens });
}

/** Reads a line from the terminal without showing it. */
function askPassword(question: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError("There is no terminal to ask for the password: set ADJUTANT_PASSWORD.");
  }
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stdout.write(question);
  return new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    lines.once("SIGINT", () => reject(new UsageError("Not signed in.")));
    lines.once("close", () => reject(new UsageError("Not signed in.")));
  }).finally(() => {
    lines.close();
    process.stdout.write("\n");
  });
}
