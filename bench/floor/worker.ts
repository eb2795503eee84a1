/**
 * The floor that every figure is measured against: a bare Durable Object with a hand-written loop. It keeps nothing, seals
 * nothing, checks nothing, and knows one tool; whatever is durable costs at least this.
 */
import { DurableObject } from "cloudflare:workers";

interface FloorEnv {
  FLOOR: DurableObjectNamespace<FloorHub>;
  MODEL_BASE_URL: string;
}

interface Frame {
  type: string;
  request_id?: string;
  message?: string;
  id?: string;
  rows?: unknown[];
  count?: number;
  in_flight?: number;
}

export class FloorHub extends DurableObject<FloorEnv> {
  readonly #waiting = new Map<string, (frame: Frame) => void>();
  #nextId = 0;

  override fetch(): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override async webSocketMessage(socket: WebSocket, data: string): Promise<void> {
    const frame = JSON.parse(data) as Frame;
    if (frame.type === "tool_result") {
      this.#waiting.get(frame.id ?? "")?.(frame);
      this.#waiting.delete(frame.id ?? "");
    } else if (frame.type === "floating_request") await this.#turn(socket, frame);
    else if (frame.type === "bench_calls") await this.#calls(socket, frame);
  }

  async #turn(socket: WebSocket, { request_id, message }: Frame): Promise<void> {
    let seq = 0;
    const send = (frame: object) => socket.send(JSON.stringify({ ...frame, request_id, gen: 1, seq: ++seq }));
    send({ type: "stream_start" });
    const messages: object[] = [{ role: "user", content: message }];
    for (;;) {
      const { text, tool } = await this.#ask(messages, (chunk) => send({ type: "stream_text", chunk }));
      if (!tool) break;
      const { rows } = await this.#call(socket, "select", "tasks");
      messages.push(
        {
          role: "assistant",
          content: [
            { type: "text", text },
            { type: "tool_use", ...tool },
          ],
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: tool.id, content: JSON.stringify(rows) }],
        },
      );
    }
    send({ type: "stream_end", status: "done" });
  }

  #call(socket: WebSocket, action: string, table: string): Promise<Frame> {
    const id = `c${this.#nextId++}`;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      socket.send(JSON.stringify({ type: "tool_call", id, epoch: 1, action, table, deadline_ms: 30_000 }));
    });
  }

  /** `count` calls with `in_flight` of them under way at any time. */
  async #calls(socket: WebSocket, { count = 0, in_flight: inFlight = 1 }: Frame): Promise<void> {
    let left = count;
    const worker = async () => {
      while (left-- > 0) await this.#call(socket, "select", "tasks");
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    socket.send('{"type":"bench_done"}');
  }

  async #ask(messages: object[], onText: (text: string) => void) {
    const response = await fetch(`${this.env.MODEL_BASE_URL}/v1/messages`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "bench", max_tokens: 1024, stream: true, messages }),
    });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    let text = "";
    let tool: { id: string; name: string; input: object } | undefined;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += decoder.decode(value, { stream: true });
      for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
        const line = rest.slice(rest.indexOf("data: ") + 6, end);
        rest = rest.slice(end + 2);
        const event = JSON.parse(line);
        if (event.type === "content_block_start" && event.content_block.type === "tool_use") {
          tool = { id: event.content_block.id, name: event.content_block.name, input: {} };
        } else if (event.type === "content_block_delta" && event.delta.type === "text_delta") {
          text += event.delta.text;
          onText(event.delta.text);
        }
      }
    }
    return { text, tool };
  }
}

export default {
  fetch(request: Request, env: FloorEnv): Promise<Response> {
    const user = new URL(request.url).searchParams.get("user") ?? "0";
    return env.FLOOR.getByName(user).fetch(request);
  },
};
