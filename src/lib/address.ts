const IPV6_GROUPS = 8;
/** Of 16 bits each. */
const NETWORK_GROUPS = 4;

/**
 * The part of an IP address that one subscriber holds: all of IPv4, the first 64 bits of IPv6, of which they may use any
 * address. Takes the forms of RFC 4291, section 2.2.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - head.length - tail.length)).fill("0");
  const network = [...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
