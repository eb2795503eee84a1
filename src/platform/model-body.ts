const written = new WeakMap<readonly object[], string>();

/**
 * A request's body as JSON. Tools are the longest part of it and the same in every request of an agent: a list that was
 * sent once must not change.
 */
export function requestBody({ tools, ...rest }: { tools?: readonly object[] }): string {
  const body = JSON.stringify(rest);
  if (!tools) return body;
  let json = written.get(tools);
  if (json === undefined) {
    json = JSON.stringify(tools);
    written.set(tools, json);
  }
  return `${body.slice(0, -1)},"tools":${json}}`;
}
