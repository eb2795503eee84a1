/**
 * Fetches what people name, and nothing inside of a network: every address is checked before each hop. A Worker cannot
 * connect to the address that was checked, so a name may lead elsewhere a moment later; what then stands in the way is
 * said in docs/security.md.
 */
import { readBounded } from "../lib/bounded-stream.ts";
import { isIpAddress, isPublicAddress } from "../lib/public-address.ts";
import { addressesOf } from "./resolver.ts";

export interface EgressConfig {
  /** Speaks DNS over HTTPS in JSON. */
  resolverUrl: string;
  ports: readonly number[];
  /** `host:port` that is fetched from unchecked: servers of tests. */
  allowHosts: readonly string[];
  /** For all hops and the body together. */
  timeoutMs: number;
}

export interface Fetched {
  bytes: Uint8Array;
  /** The media type that the server told. */
  type: string | undefined;
  /** Where the last hop led. */
  url: string;
}

export type EgressProblemCode =
  | "address"
  | "blocked"
  | "redirects"
  | "status"
  | "too_large"
  | "timeout"
  | "unreachable";

/** Why nothing came. The message is a sentence for who named the address, and holds nothing of it. */
export class EgressProblem extends Error {
  override readonly name = "EgressProblem";
  readonly code: EgressProblemCode;
  /** It may be gone later. */
  readonly isPassing: boolean;

  constructor(
    code: EgressProblemCode,
    message: string,
    { isPassing = false, cause }: { isPassing?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.isPassing = isPassing;
  }
}

const REDIRECTS_MAX = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const USER_AGENT = "Adjutant document fetcher";
const ACCEPT = "text/html, application/xhtml+xml, text/plain, application/pdf, */*;q=0.5";

/** Throws `EgressProblem`. `bytesMax` counts what comes out of the server's compression. */
export async function fetchPublic(
  config: EgressConfig,
  address: string,
  { bytesMax }: { bytesMax: number },
): Promise<Fetched> {
  const signal = AbortSignal.timeout(config.timeoutMs);
  try {
    const { response, url } = await follow(config, checkedUrl(address), signal);
    const bytes = await readBounded(response, bytesMax);
    if (bytes === null)
      throw new EgressProblem("too_large", `There is more than the ${megabytes(bytesMax)} that can be read.`);
    return { bytes, type: response.headers.get("content-type") ?? undefined, url: url.href };
  } catch (cause) {
    if (cause instanceof EgressProblem) throw cause;
    if (signal.aborted) {
      const sentence = `The server took longer than ${config.timeoutMs / 1000} seconds.`;
      throw new EgressProblem("timeout", sentence, { isPassing: true, cause });
    }
    throw new EgressProblem("unreachable", "The server cannot be reached.", { isPassing: true, cause });
  }
}

/** Throws `EgressProblem` for an address that is refused whatever its name leads to, without asking anybody. */
export function refuseAddress(config: EgressConfig, address: string): void {
  refuseHost(config, checkedUrl(address));
}

function checkedUrl(address: string, base?: URL): URL {
  const url = URL.parse(address, base);
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    throw new EgressProblem("address", "Only addresses that begin with http:// or https:// are fetched.");
  }
  if (url.username || url.password) {
    throw new EgressProblem("address", "An address with a user name or a password in it is not fetched.");
  }
  url.hash = "";
  // With dots at its end a name is the same, and looks like another.
  url.hostname = url.hostname.replace(/\.+$/, "");
  return url;
}

async function follow(
  config: EgressConfig,
  first: URL,
  signal: AbortSignal,
): Promise<{ response: Response; url: URL }> {
  let url = first;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    if (!refuseHost(config, url)) await refuseName(config, url, signal);
    const headers = { "user-agent": USER_AGENT, accept: ACCEPT };
    const response = await fetch(url, { headers, signal, redirect: "manual", cache: "no-store" });
    if (response.ok) return { response, url };
    await response.body?.cancel();
    if (!REDIRECTS.has(response.status)) throw refusal(response.status);
    const next = response.headers.get("location");
    if (!next) throw new EgressProblem("redirects", "The address forwards to nowhere.");
    url = checkedUrl(next, url);
  }
  throw new EgressProblem("redirects", `The address forwards more than ${REDIRECTS_MAX} times.`);
}

const BLOCKED = "The address leads into a private or reserved network and is not fetched.";
/** Names that no public server has: of this machine, of inner networks, and every one without a dot. */
const INNER_NAME = /^[^.]*$|(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa|onion)$/;

/** What the URL alone says. True when that is enough, false for a name that may lead anywhere. */
function refuseHost(config: EgressConfig, { hostname, port: told, protocol }: URL): boolean {
  const port = Number(told) || (protocol === "https:" ? 443 : 80);
  if (config.allowHosts.includes(`${hostname}:${port}`)) return true;
  if (!config.ports.includes(port)) {
    throw new EgressProblem("blocked", `Only the ports ${config.ports.join(" and ")} are fetched from.`);
  }
  // `URL` has already turned every other spelling of an IPv4 address (decimal, octal, short, full-width) into the usual one.
  const host = hostname.replace(/^\[|\]$/g, "");
  const isAddress = isIpAddress(host);
  if (isAddress ? !isPublicAddress(host) : INNER_NAME.test(host)) throw new EgressProblem("blocked", BLOCKED);
  return isAddress;
}

async function refuseName(config: EgressConfig, { hostname }: URL, signal: AbortSignal): Promise<void> {
  const addresses = await addressesOf(config.resolverUrl, hostname, signal);
  if (addresses.length === 0) throw new EgressProblem("unreachable", "There is no server of this name.");
  if (!addresses.every(isPublicAddress)) throw new EgressProblem("blocked", BLOCKED);
}

function refusal(status: number): EgressProblem {
  const told = `The server answered ${status}`;
  if (status === 404 || status === 410)
    return new EgressProblem("status", `${told}: there is nothing at this address.`);
  if (status === 401 || status === 403) {
    return new EgressProblem("status", `${told}: it gives this to nobody who has not signed in.`);
  }
  const isPassing = status >= 500 || status === 429 || status === 408;
  return new EgressProblem("status", isPassing ? `${told}: it could not deliver this now.` : `${told}.`, {
    isPassing,
  });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
