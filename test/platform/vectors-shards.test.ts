import { describe, expect, it } from "vitest";
import { newId } from "../../src/lib/ids.ts";
import { ShardEpochs, ShardMap } from "../../src/platform/vectors-shards.ts";
import { VectorizeStandIn } from "../support/vectorize-stand-in.ts";

const MARCH = Date.parse("2027-03-01");
const epochs = ShardEpochs.parse([
  { from: "2026-01-01", indexes: ["VECTORS"] },
  { from: "2027-03-01", indexes: ["VECTORS_2", "VECTORS_3"] },
]);
const bound = (...names: string[]) =>
  new Map(names.map((name) => [name, new VectorizeStandIn({ dimensions: 2 })]));

describe("the map of shards", () => {
  const map = new ShardMap(epochs, bound("VECTORS", "VECTORS_2", "VECTORS_3"));
  const before = Array.from({ length: 50 }, (_, day) => newId(MARCH - 1 - day * 86_400_000));
  const after = Array.from({ length: 200 }, (_, hour) => newId(MARCH + hour * 3_600_000));

  it("keeps a tenant where the indexes of its first day put it", () => {
    const earlier = new ShardMap(epochs.slice(0, 1), bound("VECTORS"));
    for (const tenant of before) {
      expect(earlier.shardOf(tenant)).toBe("VECTORS");
      expect(map.shardOf(tenant)).toBe("VECTORS");
    }
  });

  it("spreads the tenants of later days over all indexes of their time", () => {
    const counts = Map.groupBy(after, (tenant) => map.shardOf(tenant));
    expect([...counts.keys()].toSorted()).toEqual(["VECTORS_2", "VECTORS_3"]);
    for (const tenants of counts.values()) expect(tenants.length).toBeGreaterThan(50);
  });

  it("has a place for a tenant that is older than it, and for an id without a time", () => {
    expect(map.shardOf(newId(0))).toBe("VECTORS");
    expect(map.shardOf("00000000-0000-8000-8000-000000000001")).toBe("VECTORS");
  });

  it("refuses an index that is not bound, and days that do not rise", () => {
    expect(() => new ShardMap(epochs, bound("VECTORS"))).toThrow("VECTORS_2");
    const days = ["2027-03-01", "2026-01-01"].map((from) => ({ from, indexes: ["VECTORS"] }));
    expect(ShardEpochs.safeParse(days).success).toBe(false);
    expect(ShardEpochs.safeParse([]).success).toBe(false);
  });
});
