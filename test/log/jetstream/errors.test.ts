import { JetStreamApiError, jserrors } from '@nats-io/jetstream/internal';
import { errors, RequestError } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import {
  cannotCommit,
  isAlone,
  isFull,
  isNameInUse,
  isNobodyThere,
  isNotFound,
  isRefusal,
  isShortOfServers,
  isUnanswered,
  isWrongLastSequence,
  orNoAnswer,
  refused,
} from '../../../src/log/jetstream/errors.ts';

/** As the client throws it for an answer of the server: the numbers are those of nats-server 2.14's errors.json. */
const answered = (err_code: number) => new JetStreamApiError({ code: 400, err_code, description: 'what it says' });
const noResponders = new RequestError('', { cause: new errors.NoRespondersError('log.topic') });

/** What each of them is, by the one question that is true of it. */
const ALL: readonly [string, unknown, string[]][] = [
  ['wrong last sequence', answered(10071), ['isWrongLastSequence']],
  ['wrong last sequence, unknown', answered(10164), ['isWrongLastSequence']],
  ['maximum bytes exceeded', answered(10077), ['isFull']],
  ['stream not found', answered(10059), ['isNotFound']],
  [
    'stream not found, by the class of its own',
    new jserrors.StreamNotFoundError({ code: 404, err_code: 10059, description: '' }),
    ['isNotFound'],
  ],
  ['stream name already in use', answered(10058), ['isNameInUse']],
  ['replicas > 1 not supported in non-clustered mode', answered(10074), ['isAlone']],
  ['no suitable peers for placement', answered(10005), ['isShortOfServers']],
  ['no responders', noResponders, ['isNobodyThere']],
  [
    'no responders, as JetStream wraps it',
    new jserrors.JetStreamNotEnabled('jetstream is not enabled', { cause: noResponders }),
    ['isNobodyThere'],
  ],
  ['a timeout', new errors.TimeoutError(), ['isUnanswered']],
  ['an authorization violation', new errors.AuthorizationError('Authorization Violation'), ['isRefusal']],
  [
    'an expired authentication',
    new errors.UserAuthenticationExpiredError('User Authentication Expired'),
    ['isRefusal'],
  ],
  ['another answer', answered(10003), []],
  ['a request that failed otherwise', new RequestError('', { cause: new errors.ClosedConnectionError() }), []],
  ['the same number on another error', Object.assign(new Error('x'), { code: 10071 }), []],
  ['a closed connection', new errors.ClosedConnectionError(), []],
  ['nothing', undefined, []],
];
const QUESTIONS = {
  isWrongLastSequence,
  isFull,
  isNotFound,
  isNameInUse,
  isAlone,
  isShortOfServers,
  isNobodyThere,
  isUnanswered,
  isRefusal,
};

test.each(ALL)('of an error of the client it is known what it is: %s', (_name, error, is) => {
  const yes = Object.entries(QUESTIONS).filter(([, asks]) => asks(error));
  expect(yes.map(([name]) => name)).toEqual(is);
  // Where nobody answered, the start says what to look at; all else says so itself.
  const isSilence = is.includes('isNobodyThere') || is.includes('isUnanswered');
  if (!isSilence) expect(orNoAnswer(error)).toBe(error);
  else
    expect(orNoAnswer(error)).toMatchObject({
      code: 'ERR_STORAGE_COMMIT',
      message: expect.stringMatching(/^the NATS server is there, and its JetStream does not answer: /),
      cause: error,
    });
});

test('what cannot be written, and what is refused, says of what', () => {
  const cause = new Error('x');
  expect(cannotCommit('it is late', cause)).toMatchObject({
    ...{ code: 'ERR_STORAGE_COMMIT', message: 'it is late. The bridge goes on by itself.', cause },
  });
  expect(refused('log', 'is not it')).toMatchObject({ code: 'ERR_STORAGE_FOREIGN', message: 'stream log is not it' });
});
