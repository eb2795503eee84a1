import { describe, expect, it } from "vitest";
import { PONG_TEXT } from "../../src/features/hub/protocol.ts";
import { type Bench, errorOf } from "./device-suite.ts";

export function wireCases(bench: () => Bench): void {
  describe("on the wire", () => {
    it("the first frame is a hello that names device and database, under the sub-protocol", async () => {
      const { device } = await bench().start();
      expect(device.protocol).toBe("adjutant.v3");
      expect(device.hello).toMatchObject({
        type: "device_hello",
        protocol: 3,
        device_id: expect.stringMatching(/./),
        store_id: expect.stringMatching(/./),
        agent_ids: [],
        capabilities: { tools: true },
      });
    });

    it("device and database keep their names over a restart", async () => {
      const first = await bench().start();
      await first.running.stop();
      const second = await bench().start();
      expect(second.device.hello["device_id"]).toBe(first.device.hello["device_id"]);
      expect(second.device.hello["store_id"]).toBe(first.device.hello["store_id"]);
    });

    it("a socket that is cut is replaced, and served under its own epoch", async () => {
      const { device } = await bench().start();
      device.cut();
      const again = await bench().hub.device();
      const answer = await again.call({ action: "select", table: "tasks" });
      expect(answer).toMatchObject({ epoch: again.epoch, rows: [] });
    });

    it("pings come byte by byte as the runtime expects them, and the hub's own are answered", async () => {
      bench().hub.welcome = { heartbeat_s: 1 };
      const { device } = await bench().start();
      await device.next((frame) => frame.type === "ping");
      expect(device.texts).toContain('{"type":"ping"}');
      device.sendText(PONG_TEXT);
      device.send({ type: "ping" });
      await device.next((frame) => frame.type === "pong");
    });

    it("frames that make no sense are survived", async () => {
      const { device } = await bench().start();
      device.sendText("{oops");
      device.sendText("null");
      device.sendText("[]");
      device.send({ type: "from_the_future", id: "x" });
      device.send({ type: "tool_call" });
      device.send({ type: "tool_ack", ids: "all" });
      expect(await device.call({ action: "select", table: "tasks" })).toMatchObject({ rows: [] });
    });

    it("unknown fields are ignored", async () => {
      const { device } = await bench().start();
      device.send({
        type: "tool_call",
        id: "f",
        epoch: device.epoch,
        action: "select",
        table: "tasks",
        deadline_ms: 1,
        later: {},
      });
      expect(await device.result("f")).toMatchObject({ rows: [] });
    });

    it("an unknown action is answered with an error", async () => {
      const { device } = await bench().start();
      device.send({
        type: "tool_call",
        id: "u",
        epoch: device.epoch,
        action: "truncate",
        table: "tasks",
        deadline_ms: 1,
      });
      expect(errorOf(await device.result("u"))).not.toBeNull();
    });

    it("a device says what it is and what it holds", async () => {
      const { device } = await bench().start();
      device.send({ type: "data_request", id: "i", kind: "device_info" });
      const info = await device.next((frame) => frame.type === "data_response" && frame["id"] === "i");
      expect(info["data"]).toMatchObject({ store_id: expect.any(String) });
      device.send({ type: "data_request", id: "s", kind: "schema" });
      const answer = await device.next((frame) => frame.type === "data_response" && frame["id"] === "s");
      expect(answer["data"]).toMatchObject({ tables: { tasks: {}, notes: {}, projects: {}, clients: {} } });
    });

    it("an answer that no frame holds is an error, and a change with such an answer is not made", async () => {
      const { device } = await bench().start();
      const content = "x".repeat(600_000);
      const first = await bench().insert(device, "notes", { title: "one", content });
      await bench().insert(device, "notes", { title: "two", content });
      expect(errorOf(await device.call({ action: "select", table: "notes" }))).toBe("result_too_large");
      // The call fits into a frame; the row it would answer with does not.
      const updates = { title: '"'.repeat(300_000) };
      const change = await device.call({ action: "update", table: "notes", data: { id: first.id, updates } });
      expect(errorOf(change)).toBe("result_too_large");
      const [kept] = await bench().select(device, "notes", { id: first.id });
      expect(kept?.["title"]).toBe("one");
    });
  });
}
