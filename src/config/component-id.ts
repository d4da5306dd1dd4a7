/** `type` or `type/name`, the Collector's way to have several components of one type. */
export interface ComponentId {
  readonly type: string;
  /** Empty when there is none. */
  readonly name: string;
}

const ID = /^([A-Za-z][A-Za-z0-9_]{0,62})(?:\/([^\s\p{C}\p{S}]{1,1024}))?$/u;

/** @returns undefined when the text is no id. */
export function parseComponentId(text: string): ComponentId | undefined {
  const match = ID.exec(text);
  return match ? { type: match[1] as string, name: match[2] ?? '' } : undefined;
}

export function formatComponentId({ type, name }: ComponentId): string {
  return name === '' ? type : `${type}/${name}`;
}
