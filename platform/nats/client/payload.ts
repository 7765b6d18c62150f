// The bytes of a message as text and as JSON.

export const textOf = (data: Uint8Array): string => Buffer.from(data).toString("utf8");

/** @throws SyntaxError if it is no JSON; that it has the shape of `T` is the writer's word. */
export const jsonOf = <T>(data: Uint8Array): T => JSON.parse(textOf(data)) as T;
