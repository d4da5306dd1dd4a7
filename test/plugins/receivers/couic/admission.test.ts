import { expect, test } from 'vitest';
import { Admission } from '../../../../plugins/receivers/couic/admission.ts';

test('bounds what one instance takes, and what all take together', () => {
  const admission = new Admission(3, 2);
  expect(['a', 'a', 'a', 'b', 'b'].map((instance) => admission.enter(instance))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);

  admission.leave('a');
  expect(admission.enter('b')).toBe(true);
  expect(admission.enter('a')).toBe(false);
  admission.leave('b');
  expect(admission.enter('a')).toBe(true);
});
