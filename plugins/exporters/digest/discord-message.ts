import { isoTime } from '../../../src/events/formats/time.ts';
import { counted as inWords } from '../../../src/telemetry/counted.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { Digest, InstanceDigest, Level } from './digest.ts';
import type { About } from './notifier.ts';
import { periodName } from './period.ts';

/*
 * The message that couic-report sends, read in its source (FCSC-FR/couic, couic-report/src/notifier/discord.rs): its first three
 * fields, title, colours and pictures are the same, character by character. What it does not know comes after them.
 */

/** What Discord takes of a text, in characters. @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
const MOST_VALUE = 1024;
const MOST_AUTHOR = 256;

const COLORS: Readonly<Record<Level, number>> = { green: 0x00ff00, orange: 0xff9500, red: 0xff0000 };
const IMAGES = 'https://couic.net/images';
const THUMBNAILS: Readonly<Record<Level, string>> = {
  green: 'notif-green.png',
  orange: 'notif-orange.png',
  red: 'notif-red-fire.png',
};
const FOOTER = { text: 'Couic Report', icon_url: `${IMAGES}/white-150.png` };

interface Field {
  readonly name: string;
  readonly value: string;
  readonly inline: boolean;
}

/** The body of a webhook's request. @param username - who the message is from. */
export function discordMessage(digest: Digest, { name, interval }: About, username: string): string {
  const { level, to, from, distinct, distinctIsLeast } = digest;
  // A clock that was set back leaves an interval of no length.
  const period = periodName(to > from ? to - from : interval);
  const [top] = digest.tags;
  const inline = (title: string, value: string): Field => ({ name: title, value, inline: true });
  const fields = [
    inline('Total CIDRs', `:shield: **${digest.total}**`),
    inline('Distinct CIDRs', `:mag: **${distinctIsLeast ? '≥ ' : ''}${distinct}**`),
    inline('Top Tag', `:satellite: ${top ? `**${escaped(top[0])}** (×${top[1]})` : 'N/A'}`),
    ...(digest.droppedPackets === null ? [] : [inline('Dropped Packets', `:no_entry: **${digest.droppedPackets}**`)]),
    ...list('Top Tags', digest.tags.length > 1 ? digest.tags.map(counted) : []),
    ...list('Top Networks', digest.networks.map(counted)),
    ...list('By Couic', digest.instances.length > 1 ? digest.instances.map(ofInstance) : []),
    ...(digest.isIncomplete
      ? [{ name: 'Incomplete', value: 'Reports were lost before they were counted: there was more.', inline: false }]
      : []),
  ];
  return message(username, name, {
    title: `📊 ${period} Report Summary`,
    timestamp: isoTime(to),
    color: COLORS[level],
    thumbnail: { url: `${IMAGES}/${THUMBNAILS[level]}` },
    fields,
  });
}

/** Tells that digests will come, and when. @param now - ms since the epoch. */
export function discordTest({ name, interval }: About, username: string, now: number): string {
  return message(username, name, {
    title: '📊 Test',
    timestamp: isoTime(now),
    color: COLORS.green,
    description: `A summary comes here after each ${periodName(interval)} interval in which rules were added.`,
  });
}

function message(username: string, name: string, embed: object): string {
  const author = { name: `Server: ${cut(printable(name), MOST_AUTHOR - 'Server: '.length)}` };
  return JSON.stringify({ username, embeds: [{ ...embed, author, footer: FOOTER }] });
}

function counted([name, count]: readonly [string, number]): string {
  return `${escaped(name)} (×${count})`;
}

function ofInstance({ name, total, distinct, droppedPackets }: InstanceDigest): string {
  const packets = droppedPackets === null ? '' : `, ${inWords(droppedPackets, 'packets')} dropped`;
  return `**${escaped(name)}**: ${total}, ${distinct} distinct${packets}`;
}

/** As many lines as a field takes; the last says how many are left out. */
function list(name: string, lines: readonly string[]): Field[] {
  if (lines.length === 0) return [];
  const room = MOST_VALUE - '… and 1000 more'.length;
  let value = '';
  for (const [index, line] of lines.entries()) {
    const longer = value === '' ? line : `${value}\n${line}`;
    if (longer.length > room) {
      value += `\n… and ${lines.length - index} more`;
      break;
    }
    value = longer;
  }
  return [{ name, value, inline: false }];
}

/** Text of others, which Discord is not to read as its own signs. */
function escaped(text: string): string {
  return printable(text).replace(/[\\*_~`|>#[\]()<@:]/g, '\\$&');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
