import { formatDuration } from '../../config/duration.ts';
import type { ConnectionBudget } from '../../http/connection-budget.ts';
import type { TrustedClock } from '../../ledger/trusted-clock.ts';
import type { Finding } from '../../telemetry/finding.ts';
import type { Built, Components } from '../build-components.ts';
import type { Component } from '../component.ts';
import { type Admin, type AdminComponent, AdminError, type ComponentFindings } from './admin.ts';
import { RULES_COMPONENT } from './rules.ts';

/** How long a component may take to look around, in ms. */
const EXAMINE_TIMEOUT = 15_000;

/** Whoever can be asked: components, and what they share. */
export type Asked = Pick<Built<Component>, 'id' | 'name'> & { readonly component: Partial<Component> };

/** All that can be asked of a bridge. */
export function askedOf(
  { receivers, exporters, extensions, trustedClock, ledger: { operations } }: Components,
  connections: ConnectionBudget,
): readonly Asked[] {
  return [
    ...receivers,
    ...exporters,
    ...extensions,
    { id: RULES_COMPONENT, name: RULES_COMPONENT, component: { operations } },
    { id: 'listeners', name: 'listeners', component: connections },
    { id: 'clock', name: 'clock', component: { examine: async () => clockFindings(trustedClock) } },
  ];
}

function clockFindings({ heldBack }: TrustedClock): Finding[] {
  if (heldBack === 0) return [];
  const message = `this host's clock is ${formatDuration(Math.round(heldBack / 1000) * 1000)} ahead of what is believed: nothing ends by it yet`;
  const advice =
    'mend the clock (timedatectl), or wait: it is believed once Couic, or a server that the bridge sends to, has the same time, or after ten minutes';
  return [{ level: 'warning', message, advice }];
}

/** Asks components of this process. */
export class LocalAdmin implements Admin {
  readonly running: boolean;
  readonly #components: () => readonly Asked[];
  readonly #close: () => Promise<void>;

  /** @param components - those of now: they come and go. */
  constructor(components: () => readonly Asked[], running: boolean, close: () => Promise<void> = async () => {}) {
    this.#components = components;
    this.running = running;
    this.#close = close;
  }

  components(): Promise<readonly AdminComponent[]> {
    return Promise.resolve(
      this.#components().map(({ id, name, component: { operations = {} } }) => ({
        id,
        name,
        operations: Object.keys(operations),
      })),
    );
  }

  async call(component: string, operation: string, argument: unknown): Promise<unknown> {
    const target = this.#components().find(({ id, component: each }) => id === component && each.operations);
    const perform = target?.component.operations?.[operation];
    if (!perform) throw new AdminError(`${component} knows no operation ${operation}`);
    try {
      return await perform(argument);
    } catch (error) {
      throw new AdminError((error as Error).message, { cause: error });
    }
  }

  async examine(): Promise<readonly ComponentFindings[]> {
    const signal = AbortSignal.timeout(EXAMINE_TIMEOUT);
    const able = this.#components().filter(({ component }) => component.examine);
    const found = await Promise.all(
      able.map(async ({ name, component }) => ({ component: name, findings: await findingsOf(component, signal) })),
    );
    return found.filter(({ findings }) => findings.length > 0);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

async function findingsOf(component: Asked['component'], signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    return (await component.examine?.(signal)) ?? [];
  } catch (error) {
    return [{ level: 'failure', message: `could not be examined: ${(error as Error).message}` }];
  }
}
