import { expect, it } from 'vitest';
import { Origins } from '../../../../plugins/exporters/crowdsec/origins.ts';

it('names origins by tag without any rule', () => {
  const origins = new Origins([]);
  const of = (tag: string) => origins.ofTag(tag).origin;
  expect(['ssh', 'untagged', 'spamhaus.couic', '_OTHER', ''].map(of)).toEqual([
    'couic:ssh',
    'couic',
    'couic:set:spamhaus',
    'couic-other',
    'couic:',
  ]);
  expect(origins.ofTag('ssh').remediation).toBe('ban');
});

it('takes the first rule that matches, and fills its * in', () => {
  const origins = new Origins([
    { tag: 'fail2ban-sshd', origin: 'sshd' },
    { tag: 'fail2ban-*', origin: 'fail2ban:*' },
    { tag: '*-manual', origin: 'cscli', remediation: 'captcha' },
    { tag: 'untagged', origin: 'crowdsec' },
  ]);
  expect(origins.ofTag('fail2ban-sshd').origin).toBe('sshd');
  expect(origins.ofTag('fail2ban-$&').origin).toBe('fail2ban:$&');
  expect(origins.ofTag('fail2ban').origin).toBe('couic:fail2ban');
  expect(origins.ofTag('x-manual')).toEqual({ origin: 'cscli', remediation: 'captcha' });
  expect(origins.ofTag('untagged').origin).toBe('crowdsec');
  expect(origins.named('couic')).toEqual({ origin: 'couic', remediation: 'ban' });
});

it('gives an origin one remediation, though two rules lead to it', () => {
  const origins = new Origins([{ tag: 'old-*', origin: 'couic:*', remediation: 'captcha' }]);
  expect(origins.ofTag('old-ssh')).toEqual({ origin: 'couic:ssh', remediation: 'captcha' });
  expect(origins.ofTag('ssh')).toEqual({ origin: 'couic:ssh', remediation: 'captcha' });
});
