import { beforeEach, expect, test } from 'vitest';
import { Access, CODE_TIME } from '../../../../plugins/extensions/status_page/access.ts';

const TOKEN = 'a token of more than sixteen';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let time = 0;
const clock = { monotonic: () => time };
let access: Access;
beforeEach(() => {
  time = 0;
  access = new Access(TOKEN, clock);
});

const nobody = { authorization: undefined, session: undefined };

function loggedIn(secret: string): string {
  const login = access.login(secret);
  if (typeof login === 'string') throw new Error(`the login was refused: ${login}`);
  return login.session;
}

test('the token logs in, for twelve hours, and as a bearer', () => {
  const session = loggedIn(TOKEN);
  expect(access.allows({ ...nobody, session })).toBe(true);
  expect(access.allows({ ...nobody, session: `${session.slice(0, -1)}!` })).toBe(false);
  expect(access.allows({ ...nobody, authorization: `Bearer ${TOKEN.replaceAll(' ', '')}` })).toBe(false);
  expect(access.allows(nobody)).toBe(false);
  time = 12 * HOUR;
  expect(access.allows({ ...nobody, session })).toBe(false);
  const bearer = new Access('0123456789abcdef', clock);
  expect(bearer.allows({ ...nobody, authorization: 'Bearer 0123456789abcdef' })).toBe(true);
  expect(bearer.allows({ ...nobody, authorization: 'Basic 0123456789abcdef' })).toBe(false);
});

test('logging out ends one login and no other', () => {
  const [first, second] = [loggedIn(TOKEN), loggedIn(TOKEN)];
  access.logout(first);
  expect(access.allows({ ...nobody, session: first })).toBe(false);
  expect(access.allows({ ...nobody, session: second })).toBe(true);
});

test('a code logs in once, and for five minutes', () => {
  const code = access.newCode();
  expect(access.allows({ ...nobody, session: loggedIn(code) })).toBe(true);
  expect(access.login(code)).toBe('wrong');
  const late = access.newCode();
  time += CODE_TIME;
  expect(access.login(late)).toBe('wrong');
});

test('after ten wrong tokens in a minute none is compared, not even the right one; a code is, and a login goes on', () => {
  const session = loggedIn(TOKEN);
  for (let tries = 0; tries < 10; tries++) expect(access.login(`wrong ${tries}`)).toBe('wrong');
  expect(access.login('wrong')).toBe('too many');
  expect(access.login(TOKEN)).toBe('too many');
  expect(access.allows({ ...nobody, authorization: `Bearer ${TOKEN}` })).toBe(false);
  expect(access.allows({ ...nobody, session })).toBe(true);
  expect(access.allows({ ...nobody, session: loggedIn(access.newCode()) })).toBe(true);
  time += MINUTE;
  expect(access.login(TOKEN)).toHaveProperty('session');
});

test('without a token nothing but a code logs in, an empty word neither', () => {
  access = new Access('', clock);
  expect(access.hasToken).toBe(false);
  expect(access.login('')).toBe('wrong');
  expect(access.allows({ ...nobody, authorization: 'Bearer ' })).toBe(false);
  expect(access.login(access.newCode())).toHaveProperty('session');
});

test('of very many logins and codes the oldest end', () => {
  const sessions = Array.from({ length: 33 }, () => loggedIn(TOKEN));
  expect(sessions.map((session) => access.allows({ ...nobody, session })).indexOf(true)).toBe(1);
  const codes = Array.from({ length: 9 }, () => access.newCode());
  expect(access.login(codes[0]!)).toBe('wrong');
  expect(access.login(codes[1]!)).toHaveProperty('session');
});
