import { describe, expect, test } from 'vitest';
import { renderDashboards } from '../../../deploy/grafana/generator/render.ts';
import { interpolate, loadDashboards } from '../../support/grafana-dashboard.ts';
import { unknownWords } from '../../support/prometheus-names.ts';

test.each([...renderDashboards()])('%s is what the generator makes', async (file, json) => {
  const path = new URL(`../../../deploy/grafana/dashboards/${file}`, import.meta.url).pathname;
  await expect(json, 'stale: run npm run dashboards and commit what it writes').toMatchFileSnapshot(path);
});

describe.each(loadDashboards())('$title', (dashboard) => {
  test('has the data source and the Couic to choose', () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ]);
  });

  test('has panels that fill rows without overlapping', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} lies on another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    const height = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    expect(taken.size).toBe(24 * height);
  });

  describe.each(dashboard.panels)('$title', (panel) => {
    test('says what it shows, in which unit', () => {
      expect(panel.description).toMatch(/\.$/);
      expect(panel.fieldConfig.defaults.unit).toBeTruthy();
      expect(panel.fieldConfig.defaults.thresholds?.steps.length).toBeGreaterThan(0);
    });

    test.each(panel.targets)('$refId asks the chosen source, for nothing the bridge does not give', (target) => {
      expect(target.datasource?.uid).toBe('${datasource}');
      expect(unknownWords(target.expr)).toEqual([]);
      expect(target.expr).not.toMatch(/\bjob\b/);
      const range = { from: 0, to: 3600, step: 15, scrape: 15 };
      expect(interpolate(target.expr, range)).not.toContain('$');
    });

    test('takes rates over $__rate_interval, whatever the scrape interval', () => {
      for (const { expr } of panel.targets) {
        for (const [, window] of expr.matchAll(/\brate\([^[]*\[([^\]]+)\]/g)) expect(window).toBe('$__rate_interval');
      }
    });
  });
});
