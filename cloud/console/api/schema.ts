// Short forms of the JSON Schema that routes are written with (pure).

export type Schema = Readonly<Record<string, unknown>>;

/** An object whose fields are all there, but for those that are named optional; other fields are refused. */
export const object = (
  properties: Readonly<Record<string, Schema>>,
  { optional = [] }: { readonly optional?: readonly string[] } = {},
): Schema => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

/** Parameters of a query: none has to be there. */
export const query = (properties: Readonly<Record<string, Schema>>): Schema =>
  object(properties, { optional: Object.keys(properties) });

export const text = (description?: string, more: Schema = {}): Schema => ({
  type: "string",
  ...(description === undefined ? {} : { description }),
  ...more,
});

export const oneOf = (values: readonly string[], description?: string): Schema =>
  text(description, { enum: values });

export const number = (description?: string): Schema => ({
  type: "number",
  ...(description === undefined ? {} : { description }),
});

export const integer = (description?: string, more: Schema = {}): Schema => ({
  type: "integer",
  ...(description === undefined ? {} : { description }),
  ...more,
});

export const flag = (description?: string): Schema => ({
  type: "boolean",
  ...(description === undefined ? {} : { description }),
});

export const list = (items: Schema, description?: string): Schema => ({
  type: "array",
  items,
  ...(description === undefined ? {} : { description }),
});

/** Any keys, values of one form. */
export const record = (values: Schema, description?: string): Schema => ({
  type: "object",
  additionalProperties: values,
  ...(description === undefined ? {} : { description }),
});

export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: "null" }] });

/** Anything, such as a document of a form that has a page of its own. */
export const anything = (description: string): Schema => ({ description });

export const timeMs = (description: string): Schema => integer(`${description}, epoch ms`);

/** The number of rows of one page. */
export const limit = (fallback: number, max: number): Schema =>
  integer("rows of one page", { minimum: 1, maximum: max, default: fallback });
