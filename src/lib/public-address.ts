/**
 * Which IP addresses belong to the public internet: all but what IANA's special-purpose registries set apart (RFC 6890 and
 * its successors), so that nothing inside of a network can be reached by naming it.
 */

/** First bits of an address, and how many they are. */
type Range = readonly [first: bigint, bits: number];

const IPV4_BITS = 32;
const IPV6_BITS = 128;
const IPV6_GROUPS = 8;

const SPECIAL_IPV4 = [
  ..."0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24".split(" "),
  ..."192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24".split(" "),
  // Multicast, what is reserved, and the broadcast.
  ..."224.0.0.0/3".split(" "),
].map(rangeOf);

/** The only part of IPv6 that is given out: loopback, private, link-local, multicast, IPv4-mapped and NAT64 lie outside. */
const GLOBAL_IPV6 = rangeOf("2000::/3");
/** Protocols and tunnels that may carry any IPv4 address, and examples. */
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"].map(rangeOf);

/** False for what is no IP address. */
export function isPublicAddress(address: string): boolean {
  const ipv4 = readIpv4(address);
  if (ipv4 !== null) return !SPECIAL_IPV4.some((range) => isWithin(ipv4, range, IPV4_BITS));
  const ipv6 = readIpv6(address);
  if (ipv6 === null || !isWithin(ipv6, GLOBAL_IPV6, IPV6_BITS)) return false;
  return !SPECIAL_IPV6.some((range) => isWithin(ipv6, range, IPV6_BITS));
}

/** In the forms that `URL` and name servers write. */
export function isIpAddress(text: string): boolean {
  return readIpv4(text) !== null || readIpv6(text) !== null;
}

function isWithin(address: bigint, [first, bits]: Range, ofBits: number): boolean {
  const rest = BigInt(ofBits - bits);
  return address >> rest === first >> rest;
}

function rangeOf(text: string): Range {
  const [address = "", bits] = text.split("/");
  return [readIpv4(address) ?? readIpv6(address) ?? 0n, Number(bits)];
}

function readIpv4(text: string): bigint | null {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function readIpv6(text: string): bigint | null {
  const groups = groupsOf(text);
  if (!groups?.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

function groupsOf(text: string): string[] | null {
  const halves = withoutDots(text).split("::");
  if (halves.length > 2 || !text.includes(":")) return null;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = IPV6_GROUPS - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : null;
  return missing > 0 ? [...head, ...Array<string>(missing).fill("0"), ...tail] : null;
}

/** The last 32 bits may be written as IPv4. */
function withoutDots(text: string): string {
  const last = text.slice(text.lastIndexOf(":") + 1);
  const ipv4 = readIpv4(last);
  if (ipv4 === null) return text;
  return `${text.slice(0, -last.length)}${(ipv4 >> 16n).toString(16)}:${(ipv4 & 0xffffn).toString(16)}`;
}
