import fc from "fast-check";
import { expect, test } from "vitest";
import { isIpAddress, isPublicAddress } from "../../src/lib/public-address.ts";

test.each(
  `0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.1
   169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255
   198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
   :: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::7f00:1
   64:ff9b::8.8.8.8 64:ff9b:1::1 100::1 fc00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 ff02::1 2001::1 2001:0:a00:1::
   2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 5f00::1`.split(/\s+/),
)("%s is not of the public internet", (address) => {
  expect(isIpAddress(address)).toBe(true);
  expect(isPublicAddress(address)).toBe(false);
});

test.each(
  `1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
   169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
   2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450:4001:82b::200e 2003::1`.split(/\s+/),
)("%s is public", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each(
  "localhost example.com 1.2.3 256.1.1.1 1.2.3.4.5 0x7f.1 : ::: 1::2::3 12345::1 g::1 fe80::1%eth0 1:2:3:4:5:6:7:8:9 1.2.3.4:80"
    .split(" ")
    .concat(""),
)("%j is no address", (text) => {
  expect(isIpAddress(text)).toBe(false);
  expect(isPublicAddress(text)).toBe(false);
});

test("an IPv4 address is read the same in every spelling that URL takes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (number) => {
      const parts = [24, 16, 8, 0].map((bits) => (number >>> bits) & 255);
      const spellings = [
        String(number),
        `0x${number.toString(16)}`,
        `0${number.toString(8)}`,
        parts.map((part) => `0x${part.toString(16)}`).join("."),
        parts.map((part) => `0${part.toString(8)}`).join("."),
        [...parts.join(".")]
          .map((one) => (one === "." ? "。" : String.fromCodePoint(one.charCodeAt(0) + 0xfee0)))
          .join(""),
      ];
      for (const spelling of spellings) {
        const { hostname } = new URL(`http://${spelling}/`);
        expect(hostname).toBe(parts.join("."));
        expect(isPublicAddress(hostname)).toBe(isPublicAddress(parts.join(".")));
      }
    }),
  );
});
