import { expect, test } from "vitest";
import { networkOf } from "../../src/lib/address.ts";

test("an IPv4 address is a network of its own, also when it is written as IPv6", () => {
  expect(networkOf("203.0.113.7")).toBe("203.0.113.7");
  expect(networkOf("::ffff:203.0.113.7")).toBe("203.0.113.7");
});

test("all addresses of one IPv6 subscriber are one network, however they are written", () => {
  for (const address of [
    "2001:db8:0:2::1",
    "2001:0DB8:0000:0002:ffff:ffff:ffff:ffff",
    "2001:db8:0:2:1:2:3:4",
    "2001:db8:0:2:a::",
  ]) {
    expect(networkOf(address)).toBe("2001:db8:0:2::/64");
  }
  expect(networkOf("2001:db8:0:3::1")).toBe("2001:db8:0:3::/64");
  expect(networkOf("::1")).toBe("0:0:0:0::/64");
});
