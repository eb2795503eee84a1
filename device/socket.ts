/** The one thing the SDK needs from its platform: a text WebSocket. */
export interface Socket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export interface SocketListeners {
  opened(): void;
  received(text: string): void;
  /** Once, also when the socket never opened (1006). */
  closed(code: number, reason: string): void;
}

export type SocketFactory = (url: string, protocols: string[], listeners: SocketListeners) => Socket;

/** The platform's own WebSocket: browsers, Node 22 and later, Workers. */
export const openWebSocket: SocketFactory = (url, protocols, listeners) => {
  const socket = new WebSocket(url, protocols);
  socket.addEventListener("open", () => listeners.opened());
  socket.addEventListener("message", (event) => {
    if (typeof event.data === "string") listeners.received(event.data);
  });
  socket.addEventListener("close", (event) => listeners.closed(event.code, event.reason));
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  };
};
