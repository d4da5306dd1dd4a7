import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { AnyValue, KeyValue } from '../proto/common_pb.ts';

/** Attributes as the SDK has them; lists, maps and bytes as their JSON, as in the Collector's Prometheus exporters. */
export function attributesOf(pairs: readonly KeyValue[]): Attributes {
  const attributes: Attributes = {};
  for (const { key, value } of pairs) {
    const plain = plainOf(value);
    if (plain === undefined) continue;
    // A key may be called `__proto__`.
    if (key === '__proto__') Object.defineProperty(attributes, key, { value: plain, enumerable: true });
    else attributes[key] = plain;
  }
  return attributes;
}

function plainOf(value: AnyValue | undefined): AttributeValue | undefined {
  const plain = jsonOf(value);
  return typeof plain === 'object' ? JSON.stringify(plain) : plain;
}

type Plain = string | number | boolean | undefined | Plain[] | { [key: string]: Plain };

function jsonOf(any: AnyValue | undefined): Plain {
  switch (any?.value.case) {
    case 'stringValue':
    case 'boolValue':
    case 'doubleValue':
      return any.value.value;
    case 'intValue': {
      const { value } = any.value;
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    }
    case 'bytesValue':
      return Buffer.from(any.value.value).toString('base64');
    case 'arrayValue':
      return any.value.value.values.map(jsonOf);
    case 'kvlistValue':
      return Object.fromEntries(any.value.value.values.map(({ key, value }) => [key, jsonOf(value)]));
    default:
      return undefined;
  }
}
