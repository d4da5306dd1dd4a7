const HOUR = 3600;

/** Rules of one tag that one Couic gets asked for. */
export interface Flow {
  readonly policy: 'drop' | 'ignore';
  readonly tag: string | null;
  /** `metadata.kind`; null = no metadata. */
  readonly kind: string | null;
  /** Rules added an hour, at a time in Unix seconds. */
  readonly hourly: (time: number) => number;
  /** Seconds that a rule lives; 0 = for ever. */
  readonly lifetime: number;
  /** Share of rules that are removed before their time. */
  readonly removed: number;
  /** Packets a second that each of its rules matches. */
  readonly packets: number;
}

/** One simulated Couic. */
export interface Profile {
  readonly name: string;
  readonly token: string;
  readonly flows: readonly Flow[];
  /** Packets a second that pass. */
  readonly passing: number;
  /** Whether anybody asks it for changes, at a time in Unix seconds. */
  readonly asked: (time: number) => boolean;
}

export interface Scene {
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  /** Everything happens as many times as often: what a scene of hours shows, a scene of seconds must. */
  readonly hurry: number;
}

/** Three Couics: a busy one that is attacked for half an hour, a quiet one, and one that goes silent towards the end. */
export function fleet({ start, end, hurry }: Scene): Profile[] {
  const length = end - start;
  const between = (from: number, to: number) => (time: number) =>
    time >= start + from * length && time < start + to * length;
  const attack = between(0.55, 0.65);
  const always = () => true;
  const steady = (hourly: number) => (time: number) =>
    hourly * hurry * (1 + 0.35 * Math.sin((2 * Math.PI * (time - start)) / (6 * HOUR)));
  const block = (flow: Partial<Flow> & Pick<Flow, 'tag' | 'hourly'>): Flow => ({
    policy: 'drop',
    kind: 'automated',
    lifetime: (4 * HOUR) / hurry,
    removed: 0.03,
    packets: 0.4,
    ...flow,
  });
  const ignore = (tag: string, hourly: (time: number) => number): Flow =>
    block({ policy: 'ignore', tag, kind: 'manual', hourly, lifetime: 0, removed: 0.4, packets: 0.1 });
  return [
    {
      name: 'paris',
      token: '11111111-1111-4111-8111-111111111111',
      passing: 18_000,
      asked: always,
      flows: [
        block({ tag: 'ssh-bruteforce', hourly: steady(420), packets: 0.7 }),
        block({ tag: 'web-scanner', hourly: steady(260), lifetime: HOUR / hurry }),
        block({ tag: 'port-scan', hourly: steady(180), lifetime: (0.5 * HOUR) / hurry, kind: 'ids' }),
        block({
          tag: 'botnet',
          hourly: (time) => (attack(time) ? 6200 * hurry : 40 * hurry),
          packets: 1.6,
          kind: 'ids',
        }),
        block({ tag: 'reputation', hourly: steady(120), lifetime: (24 * HOUR) / hurry, kind: 'feed', packets: 0.1 }),
        block({ tag: null, hourly: steady(12), kind: 'manual', removed: 0.3 }),
        ignore('office', steady(0.7)),
      ],
    },
    {
      name: 'frankfurt',
      token: '22222222-2222-4222-8222-222222222222',
      passing: 9000,
      asked: always,
      flows: [
        block({ tag: 'ssh-bruteforce', hourly: steady(190) }),
        block({ tag: 'web-scanner', hourly: steady(90), lifetime: HOUR / hurry }),
        block({ tag: 'smtp-abuse', hourly: steady(70), packets: 0.9 }),
        block({ tag: 'reputation', hourly: steady(60), lifetime: (24 * HOUR) / hurry, kind: 'feed', packets: 0.1 }),
        ignore('monitoring', steady(0.4)),
      ],
    },
    {
      name: 'tokyo',
      token: '33333333-3333-4333-8333-333333333333',
      passing: 4000,
      asked: between(0, 0.8),
      flows: [
        block({ tag: 'ssh-bruteforce', hourly: steady(110) }),
        block({ tag: 'dns-amplification', hourly: steady(45), packets: 3 }),
      ],
    },
  ];
}
