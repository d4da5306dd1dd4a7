import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeAuthority } from './certificates.ts';

test('an authority issues certificates that verify against it and not against another', async () => {
  const [authority, other] = await Promise.all([makeAuthority('One'), makeAuthority('Two')]);
  const leaf = new X509Certificate((await authority.issue('couic')).cert);
  const root = new X509Certificate(authority.cert);

  expect(root.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.verify(new X509Certificate(other.cert).publicKey)).toBe(false);
  expect(leaf.checkHost('localhost')).toBe('localhost');
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
});

test('a certificate can be issued for a time that is over', async () => {
  const authority = await makeAuthority();
  const to = new Date('2020-01-02T00:00:00Z');
  const leaf = new X509Certificate((await authority.issue('old', { from: new Date('2020-01-01T00:00:00Z'), to })).cert);
  expect(new Date(leaf.validTo)).toEqual(to);
});
