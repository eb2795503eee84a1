import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

export const USAGE = `adjutant-device serves the rows of a SQLite file to your assistant.

  adjutant-device --url https://your.adjutant --email you@example.com [options]

  --url           address of the service
  --email         your account
  --database      the SQLite file, made if absent (default: adjutant.sqlite)
  --register      make the account first
  --auto-approve  do not ask before something is deleted
  --viewer        chat and watch instead of serving rows; type a message and press Enter
  --restored      the database was put back from a backup together with its .instance file
  --state         folder for the sign-in and the device's id (default: ~/.adjutant)
  --help          this text

The password comes from ADJUTANT_PASSWORD, or is asked for once; the sign-in is then kept in a file that only you can read.
`;

export interface Arguments {
  url: string;
  email: string;
  database: string;
  stateFolder: string;
  register: boolean;
  autoApprove: boolean;
  viewer: boolean;
  restored: boolean;
}

/** A wrong use of the command; its message is for the person. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Null when help was asked for. Throws `UsageError`. */
export function readArguments(argv: string[]): Arguments | null {
  const values = parse(argv);
  if (values.help === true) return null;
  if (values.url === undefined || values.email === undefined) {
    throw new UsageError("--url and --email are required; --help shows all options.");
  }
  return {
    url: serviceAt(values.url),
    email: values.email.trim().toLowerCase(),
    database: values.database ?? "adjutant.sqlite",
    stateFolder: values.state ?? join(homedir(), ".adjutant"),
    register: values.register ?? false,
    autoApprove: values["auto-approve"] ?? false,
    viewer: values.viewer ?? false,
    restored: values.restored ?? false,
  };
}

const THIS_MACHINE = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** The origin of the service. Over http a password could be read on its way, so http is for this machine only. */
function serviceAt(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "https:" || (url?.protocol === "http:" && THIS_MACHINE.test(url.hostname))) {
    return url.origin;
  }
  throw new UsageError(`--url must be an https address (http on this machine only), not "${address}".`);
}

function parse(argv: string[]) {
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    const options = {
      url: text,
      email: text,
      database: text,
      state: text,
      register: flag,
      "auto-approve": flag,
      viewer: flag,
      restored: flag,
      help: { ...flag, short: "h" },
    } as const;
    return parseArgs({ args: argv, options, allowPositionals: false }).values;
  } catch (cause) {
    throw new UsageError(
      `${cause instanceof Error ? cause.message : String(cause)} --help shows all options.`,
    );
  }
}
