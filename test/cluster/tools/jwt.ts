import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const UNLIMITED = -1;

/** An operator with one account that has JetStream, as `nsc` makes them, and users of it. */
export class Operator {
  readonly #operator = nkeys.createOperator();
  readonly #system = nkeys.createAccount();
  readonly #account = nkeys.createAccount();

  /** For the configuration of a server. */
  get config(): string {
    const [system, account] = [this.#system.getPublicKey(), this.#account.getPublicKey()];
    const operator = jwt(this.#operator, this.#operator, 'operator', { type: 'operator', system_account: system });
    const limits = {
      ...{ subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED, imports: UNLIMITED, exports: UNLIMITED },
      ...{ wildcards: true, conn: UNLIMITED, leaf: UNLIMITED },
    };
    const storage = { mem_storage: UNLIMITED, disk_storage: UNLIMITED, streams: UNLIMITED, consumer: UNLIMITED };
    const accountOf = (pair: KeyPair, more: object) =>
      jwt(this.#operator, pair, 'account', { type: 'account', limits: { ...limits, ...more } });
    return `operator: ${operator}
system_account: ${system}
resolver: MEMORY
resolver_preload: {
  ${system}: ${accountOf(this.#system, {})}
  ${account}: ${accountOf(this.#account, storage)}
}`;
  }

  /** @param validity - seconds from now; none = for ever. @returns what `nsc generate creds` writes. */
  user(validity?: number): string {
    const user = nkeys.createUser();
    const limits = { subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED };
    const exp = validity === undefined ? {} : { exp: seconds() + validity };
    const token = jwt(this.#account, user, 'bridge', { type: 'user', ...limits }, exp);
    return `-----BEGIN NATS USER JWT-----
${token}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${new TextDecoder().decode(user.getSeed())}
------END USER NKEY SEED------
`;
  }
}

function jwt(issuer: KeyPair, subject: KeyPair, name: string, nats: object, claims: object = {}): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = {
    jti: randomUUID(),
    iat: seconds(),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name,
    ...claims,
    nats: { ...nats, version: 2 },
  };
  const signed = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode(body)}`;
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
