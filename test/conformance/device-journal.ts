import { describe, expect, it } from "vitest";
import { newId } from "../../src/lib/ids.ts";
import type { Call } from "./device-hub.ts";
import { type Bench, errorOf } from "./device-suite.ts";

const INSERT: Call = { action: "insert", table: "tasks", data: { title: "once" } };

export function journalCases(bench: () => Bench): void {
  describe("the journal", () => {
    it("answers a repeated call with the same result and without a second effect", async () => {
      const { device } = await bench().start();
      const id = newId();
      const first = await device.call(INSERT, id);
      expect(await device.call(INSERT, id)).toEqual(first);
      // The id decides, not the content: the hub may have composed the call anew.
      expect(await device.call({ ...INSERT, data: { title: "other" } }, id)).toEqual(first);
      expect(await bench().select(device, "tasks")).toEqual([first["row"]]);
    });

    it("answers a call repeated on a new connection under the new epoch", async () => {
      const { device } = await bench().start();
      const id = newId();
      const first = await device.call(INSERT, id);
      device.cut();
      const again = await bench().hub.device();
      expect(await again.call(INSERT, id)).toEqual({ ...first, epoch: again.epoch });
      expect(await bench().select(again, "tasks")).toHaveLength(1);
    });

    it("repeats what was not acknowledged after each welcome, in order, and a rejection with it", async () => {
      const { device } = await bench().start();
      const ids = [newId(), newId(), newId()];
      const first = await device.call(INSERT, ids[0]);
      const rejected = await device.call({ ...INSERT, table: "nothing" }, ids[1]);
      await device.call(
        { action: "update", table: "tasks", data: { id: "no", updates: { title: "t" } } },
        ids[2],
      );
      device.cut();
      const again = await bench().hub.device();
      expect(await again.resultsSoFar()).toEqual(ids);
      expect(await again.result(ids[0]!)).toEqual({ ...first, epoch: again.epoch });
      expect(await again.result(ids[1]!)).toEqual({ ...rejected, epoch: again.epoch });
    });

    it("drops what is acknowledged, and only that", async () => {
      const { device } = await bench().start();
      const [acknowledged, kept] = [newId(), newId()];
      await device.call(INSERT, acknowledged);
      await device.call(INSERT, kept);
      device.send({ type: "tool_ack", ids: [acknowledged, "never heard of"] });
      await device.resultsSoFar();
      device.cut();
      const again = await bench().hub.device();
      expect(await again.resultsSoFar()).toEqual([kept]);
    });

    it("keeps no reads: they are answered anew", async () => {
      const { device } = await bench().start();
      const id = newId();
      expect(await device.call({ action: "select", table: "tasks" }, id)).toMatchObject({ rows: [] });
      device.cut();
      const again = await bench().hub.device();
      expect(await again.resultsSoFar()).toEqual([]);
    });

    it("is kept over a restart", async () => {
      const { device, running } = await bench().start();
      const id = newId();
      const first = await device.call(INSERT, id);
      await running.stop();
      const restarted = await bench().start();
      expect(await restarted.device.result(id)).toEqual({ ...first, epoch: restarted.device.epoch });
      expect(await restarted.device.call(INSERT, id)).toMatchObject({ row: first["row"] });
      expect(await bench().select(restarted.device, "tasks")).toHaveLength(1);
    });

    it("has a call of which the answer was lost with the connection", async () => {
      const { device } = await bench().start();
      const id = device.sendCall(INSERT);
      await device.result(id);
      device.sendCall(INSERT, id);
      device.cut();
      const again = await bench().hub.device();
      expect(await again.result(id)).toMatchObject({ epoch: again.epoch, row: { title: "once" } });
      expect(await bench().select(again, "tasks")).toHaveLength(1);
    });
  });

  describe("a device that is killed", () => {
    it("after it committed and before it answered has done it once, and says so when it is back", async () => {
      const id = newId();
      const { device, running } = await bench().start({ callId: id, when: "after_commit" });
      device.sendCall(INSERT, id);
      await running.gone;
      await expect(device.result(id)).rejects.toThrow();
      const { device: back } = await bench().start();
      const told = await back.result(id);
      expect(told).toMatchObject({ row: { title: "once" } });
      expect(await back.call(INSERT, id)).toEqual(told);
      expect(await bench().select(back, "tasks")).toEqual([told["row"]]);
      expect(back.hello["store_id"]).toBe(device.hello["store_id"]);
    });

    it("before it committed has done nothing, and does it once when asked again", async () => {
      const id = newId();
      const { device, running } = await bench().start({ callId: id, when: "before_commit" });
      device.sendCall(INSERT, id);
      await running.gone;
      const { device: back } = await bench().start();
      expect(await back.resultsSoFar()).toEqual([]);
      expect(await bench().select(back, "tasks")).toEqual([]);
      expect(await back.call(INSERT, id)).toMatchObject({ row: { title: "once" } });
      expect(await bench().select(back, "tasks")).toHaveLength(1);
    });

    it("in the middle of deleting a note still has its vector, or neither", async () => {
      const { device, running } = await bench().start();
      const note = await bench().insert(device, "notes", { title: "a", content: "a" });
      const vector = new Array(26).fill(1);
      await device.call({ action: "vector_upsert", data: { id: note.id, content: "a" }, vector });
      await running.stop();
      const id = newId();
      const dying = await bench().start({ callId: id, when: "before_commit" });
      dying.device.sendCall({ action: "delete", table: "notes", data: { id: note.id } }, id);
      await dying.running.gone;
      const { device: back } = await bench().start();
      expect(await bench().select(back, "notes")).toEqual([note]);
      expect(await back.call({ action: "vector_search", vector })).toMatchObject({
        results: [{ id: note.id }],
      });
    });
  });

  describe("a revocation", () => {
    it("that comes first keeps the call from ever running, also after a restart", async () => {
      const { device, running } = await bench().start();
      const id = newId();
      device.send({ type: "tool_revoke", id });
      expect(errorOf(await device.call(INSERT, id))).toBe("revoked");
      await running.stop();
      const { device: back } = await bench().start();
      expect(errorOf(await back.call(INSERT, id))).toBe("revoked");
      expect(await bench().select(back, "tasks")).toEqual([]);
    });

    it("that comes too late is answered with what was done", async () => {
      const { device } = await bench().start();
      const id = newId();
      const done = await device.call(INSERT, id);
      device.send({ type: "tool_revoke", id });
      expect(await device.result(id)).toEqual(done);
      expect(await device.call(INSERT, id)).toEqual(done);
      expect(await bench().select(device, "tasks")).toEqual([done["row"]]);
    });

    it("of a call that was rejected is answered with the rejection", async () => {
      const { device } = await bench().start();
      const id = newId();
      const rejected = await device.call({ ...INSERT, table: "nothing" }, id);
      device.send({ type: "tool_revoke", id });
      expect(await device.result(id)).toEqual(rejected);
    });
  });

  describe("a frame of an older epoch", () => {
    it("is ignored", async () => {
      const { device } = await bench().start();
      device.cut();
      const again = await bench().hub.device();
      const late = again.sendCall(INSERT, newId(), again.epoch - 1);
      expect(await again.resultsSoFar()).toEqual([]);
      expect(await bench().select(again, "tasks")).toEqual([]);
      expect(await again.call(INSERT, late)).toMatchObject({ row: { title: "once" } });
    });
  });

  describe("a database that was put back from a backup", () => {
    it("has another name, and its journal says what is true of it", async () => {
      const first = await bench().start();
      const [before, after] = [newId(), newId()];
      await first.device.call(INSERT, before);
      await first.running.stop();
      const restore = await bench().harness.backup();
      const second = await bench().start();
      expect(second.device.hello["store_id"]).toBe(first.device.hello["store_id"]);
      await second.device.call(INSERT, after);
      await second.running.stop();
      await restore();
      const { device } = await bench().start();
      expect(device.hello["store_id"]).not.toBe(first.device.hello["store_id"]);
      expect(device.hello["device_id"]).toBe(first.device.hello["device_id"]);
      expect(await device.resultsSoFar()).toEqual([before]);
      expect(await bench().select(device, "tasks")).toHaveLength(1);
    });
  });
}
