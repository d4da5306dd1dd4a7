import { expect, test } from 'vitest';
import { fullLimits } from '../../../../plugins/receivers/couic/examine.ts';

test('bounds that are nearly taken up are told, with the option that raises them', () => {
  const of = 'edge';
  const found = fullLimits([
    { of, what: 'tags', used: 449, limit: 500, beyond: 0, option: 'service.attribute_limits.tags' },
    { of, what: 'kinds', used: 20, limit: 20, beyond: 7, option: 'service.attribute_limits.kinds' },
    { of, what: 'drop rules ipv4', used: 95, limit: 100, beyond: 0 },
  ]);
  expect(found).toEqual([
    {
      level: 'warning',
      message: '"edge" takes up 20 of 20 kinds; 7 came beyond',
      advice: 'raise service.attribute_limits.kinds; couic-otel-bridge limits shows all of them',
    },
    {
      level: 'warning',
      message: '"edge" takes up 95 of 100 drop rules ipv4; 0 came beyond',
      advice: 'it is fixed; couic-otel-bridge limits shows all of them',
    },
  ]);
});
