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
    const all = [...dashboard.panels, ...dashboard.rows];
    for (const { title, gridPos } of all) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), `${title} lies on another panel`).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    const height = Math.max(...all.map(({ gridPos }) => gridPos.y + gridPos.h));
    expect(taken.size).toBe(24 * height);
  });

  test('gives each panel a title of its own, and each figure the time that it is of', () => {
    const titles = dashboard.panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const { title } of dashboard.panels.filter(({ type }) => type === 'stat'))
      expect(title).toMatch(/, (now|last hour|in range|ever)$|^Time since /);
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

    test('says of a rate of what it is, and calls nothing else one', () => {
      const isRate = panel.fieldConfig.defaults.unit === 'suffix:/min';
      expect(panel.title.includes(' a minute')).toBe(isRate);
    });

    test('takes rates over $__rate_interval, whatever the scrape interval', () => {
      for (const { expr } of panel.targets) {
        for (const [, window] of expr.matchAll(/\brate\([^[]*\[([^\]]+)\]/g)) expect(window).toBe('$__rate_interval');
      }
    });
  });
});
