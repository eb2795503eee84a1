import { expect, test } from "vitest";
import { encodeSse, type SseEvent, sseResponse } from "../../src/lib/sse.ts";

test("an event is one block, its data one line whatever it holds", () => {
  const bytes = encodeSse({ event: "stream_text", id: "1.2", data: { chunk: "a\nb\r\n\u2028" } });
  expect(new TextDecoder().decode(bytes)).toBe(
    'id: 1.2\nevent: stream_text\ndata: {"chunk":"a\\nb\\r\\n\u2028"}\n\n',
  );
});

test("a caller that leaves ends the generator", async () => {
  let ended = false;
  async function* events(): AsyncGenerator<SseEvent> {
    try {
      for (;;) yield { event: "tick", data: 1 };
    } finally {
      ended = true;
    }
  }
  const response = sseResponse(events());
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  expect(ended).toBe(true);
});

test("a silent stream says that it is alive, and then goes on", async () => {
  let speak = () => {};
  const asked = new Promise<void>((resolve) => {
    speak = resolve;
  });
  async function* events(): AsyncGenerator<SseEvent> {
    await asked;
    yield { event: "tick", data: 1 };
  }
  const reader = sseResponse(events(), { keepAliveMs: 1 }).body!.getReader();
  const text = async () => new TextDecoder().decode((await reader.read()).value);
  expect(await text()).toBe(": keep-alive\n\n");
  speak();
  let block = await text();
  while (block.startsWith(":")) block = await text();
  expect(block).toBe("event: tick\ndata: 1\n\n");
  let last = await reader.read();
  while (!last.done) last = await reader.read();
  expect(last.done).toBe(true);
});
