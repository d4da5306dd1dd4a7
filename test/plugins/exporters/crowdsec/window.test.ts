import { expect, it } from 'vitest';
import type { SourcePoint } from '../../../../plugins/exporters/crowdsec/points.ts';
import { drawWindow } from '../../../../plugins/exporters/crowdsec/window.ts';
import { WindowState } from '../../../../plugins/exporters/crowdsec/window-state.ts';

const total = (key: string, source: string): SourcePoint => ({
  metric: 'couic.reports',
  unit: '{report}',
  attributes: {},
  resource: {},
  scope: { name: 'couic', version: '' } as SourcePoint['scope'],
  key,
  source,
  kind: 'total',
  value: 5,
  start: 1000,
});

it('a series that its source gives no more ends, where the source still gives others and says who it is', () => {
  const state = new WindowState();
  state.startCounting({
    type: 'baseline',
    at: 1000,
    restart: true,
    dryRun: false,
    sources: ['edge', 'away', ''],
    changes: [
      ['stays', 5, 1000, 'edge'],
      ['ended', 5, 1000, 'edge'],
      ['unheard', 5, 1000, 'away'],
      ['nameless', 5, 1000, ''],
    ],
  });
  expect(state.baseline.size).toBe(4);
  const points = [total('stays', 'edge'), total('other', '')];
  const { ended, moves } = drawWindow({
    state,
    points,
    mapping: () => [],
    maxOrigins: 10,
    otherOrigin: 'other',
    second: 2,
  });
  expect([ended, moves]).toEqual([['ended'], true]);
});
