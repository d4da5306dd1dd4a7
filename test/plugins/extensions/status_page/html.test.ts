import { expect, test } from 'vitest';
import { html } from '../../../../plugins/extensions/status_page/html.ts';

test('text stays text, in elements and in attributes', () => {
  const hostile = `<script>alert('1')</script>" onload="x & y`;
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
    '<p title="&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x &amp; y">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;x &amp; y</p>',
  );
});

test('what would turn or hide text is shown as what it is; lines stay lines', () => {
  expect(html`${'a\u202Eb\u0000c\u200B\nd'}`.text).toBe('a\\u202eb\\u0000c\\u200b\nd');
});

test('pieces nest, nothing is nothing, and a number is a number', () => {
  expect(html`<ul>${['a', '<b>'].map((each) => html`<li>${each}</li>`)}</ul>${false}${null}${undefined}${0}`.text).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>0',
  );
});
