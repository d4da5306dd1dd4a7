import { expect, it } from 'vitest';
import { type Asked, readAnswer } from '../../../../plugins/exporters/crowdsec/lapi-answer.ts';
import type { Answer } from '../../../../src/delivery/http-client.ts';

/** @param body - or LAPI's own, of a message. */
function read(status: number, body = '', answer: Partial<Answer> = {}, asked: Partial<Asked> = {}) {
  const bytes = Buffer.from(body);
  const given = {
    kind: 'answer',
    status,
    body: bytes,
    whole: true,
    location: '',
    contentType: 'application/json',
    ...answer,
  };
  return readAnswer(given as Answer, 'http://lapi', {
    endpoint: 'https://lapi',
    hasKey: true,
    hasCertificate: false,
    ...asked,
  });
}
const message = (...args: Parameters<typeof read>) => (read(...args) as { message: string }).message;
const said = (text: string) => JSON.stringify({ message: text });

it('takes 201 alone for taken', () => {
  expect(read(201)).toEqual({ kind: 'success' });
  expect(read(200, said('x'))).toMatchObject({ kind: 'retryable', reason: 'status_200' });
  expect(message(200)).toBe('http://lapi answered 200: expected 201');
});

it('takes its word on the content for final, be it longer than what was read', () => {
  for (const status of [400, 422])
    expect(read(status, said('no\nno'))).toEqual({ kind: 'failure', status, message: 'no\nno' });
  expect(read(422, '  { "message" : "a \\"quoted\\" lis', { whole: false })).toMatchObject({
    message: 'a "quoted" lis',
  });
  expect(read(422, '{"message":"cut in an escape \\', { whole: false })).toMatchObject({
    message: 'cut in an escape ',
  });
  expect(message(422, said('x'.repeat(501)))).toBe('x'.repeat(500));
  for (const body of ['', '[]', 'null', '{"message":7}', '{"message":"a"', '{"error":"a"}'])
    expect(read(422, body)).toMatchObject({
      kind: 'retryable',
      message: expect.stringContaining("not LAPI's own answer"),
    });
  for (const status of [401, 403, 404, 413, 500]) expect(read(status, said('no'))).toMatchObject({ kind: 'retryable' });
  expect(read(503, '', { retryAfter: 5000 })).toMatchObject({ retryAfter: 5000 });
  expect(read(503)).not.toHaveProperty('retryAfter');
});

it.each<[string, Parameters<typeof read>, RegExp]>([
  ['a redirect', [307, '', { location: 'https://new/v1/usage-metrics' }], /where LAPI is, perhaps https:\/\/new$/],
  ['a redirect to nowhere', [300, '', { location: '/v1' }], /where LAPI is$/],
  ['399', [399], /redirects are not followed/],
  ['400 of another', [400, '', { contentType: 'text/html' }], /not LAPI's own answer \(text\/html\)/],
  ['400 of nobody', [400, '', { contentType: '' }], /\(no content type\)/],
  ['400 without a word over http', [400, '', { contentType: '' }, { endpoint: 'http://lapi' }], /speaks TLS/],
  ['400 with words over http', [400, '', { contentType: 'text/html' }, { endpoint: 'http://lapi' }], /not LAPI's own/],
  ['401', [401], /look at the proxy in front of it$/],
  ['403 of a key', [403], /does not know the key/],
  [
    '403 of a certificate',
    [403, '', {}, { hasCertificate: true, hasKey: false }],
    /the log says which$|LAPI's log says which$/,
  ],
  ['403 of both', [403, '', {}, { hasCertificate: true }], /\. With a certificate it does not look at the key/],
  ['404 of a page', [404, '', { contentType: 'text/html' }], /this is not LAPI/],
  ['404 of LAPI', [404, said('no route')], /1\.6\.3 or newer, and endpoint must be/],
  ['404 of LAPI that says it is a page', [404, said('no'), { contentType: 'text/html' }], /1\.6\.3 or newer, and/],
  ['404 without a type', [404, '', { contentType: '' }], /1\.6\.3 or newer, and/],
  ['404 of other JSON', [404, '{}'], /1\.6\.3 or newer, and/],
  ['404 behind a prefix', [404, '', {}, { endpoint: 'https://lapi/x' }], /take the prefix away/],
  ['404 behind a slash', [404, '', {}, { endpoint: 'https://lapi/' }], /1\.6\.3 or newer, and/],
  ['413', [413], /size of bodies/],
  ['429', [429], /limits requests/],
  ['499', [499], /expected 201$/],
  ['500', [500, said('disk')], /answered 500 \(disk\): look at LAPI's log/],
])('says what to look at: %s', (_, args, advice) => {
  expect(message(...args)).toMatch(advice);
});
