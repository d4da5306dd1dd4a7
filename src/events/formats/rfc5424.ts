import { printable } from '../../telemetry/printable.ts';
import type { CouicEvent } from '../event.ts';
import { couicText } from './couic.ts';
import { sentence } from './sentence.ts';

/** In the order of their numbers. @see https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
export const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
] as const;
export const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'] as const;

export interface SyslogFormat {
  readonly facility: (typeof FACILITIES)[number];
  readonly severity: (typeof SEVERITIES)[number];
  readonly quarantine_severity: (typeof SEVERITIES)[number];
  readonly hostname: string;
  readonly app_name: string;
  readonly sd_id: string;
  /** Bytes of a message, its framing not counted. At least 1024. */
  readonly max_message_size: number;
}

/** Names of parameters that may be cut short; of others, all of it is there or nothing. */
const CUTTABLE = new Set(['tag', 'detail', 'text']);
const MARK = ' cut="true"';
/** Bytes that are left for the sentence, when not all of a message fits. */
const LEAST_SENTENCE = 256;
const BOM = '\ufeff';
const ELLIPSIS = '…';

/**
 * An event as a message of RFC 5424, without framing: structured data that holds all of it, by the names of the format `couic`, and a
 * sentence. One line of text, whatever stood in the report. What does not fit is left out, and `cut="true"` says so.
 */
export function syslogMessage(event: CouicEvent, format: SyslogFormat): Buffer {
  const { facility, severity, quarantine_severity, hostname, app_name, sd_id, max_message_size: most } = format;
  const level = event.name === 'couic.report.quarantined' ? quarantine_severity : severity;
  const priority = FACILITIES.indexOf(facility) * 8 + SEVERITIES.indexOf(level);
  const { time, metadata = {}, metadata_cut, ...flat } = JSON.parse(couicText(event)) as Record<string, unknown>;
  const head = `<${priority}>1 ${time ?? '-'} ${hostname} ${app_name} - ${event.name} [${sd_id}`;
  const params = Object.entries({ ...flat, ...(metadata as object) }).map(([name, value]) => ({
    name,
    text: asText(value),
  }));
  const said = sentence(event);
  const whole = `${head}${params.map(param).join('')}${metadata_cut ? MARK : ''}]${message(said)}`;
  if (Buffer.byteLength(whole) <= most) return Buffer.from(whole);
  let room = most - Buffer.byteLength(head) - Buffer.byteLength(MARK) - 1;
  let data = '';
  for (const each of params) {
    const text = fitted(each, room - LEAST_SENTENCE);
    data += text;
    room -= Buffer.byteLength(text);
  }
  return Buffer.from(`${head}${data}${MARK}]${message(cutTo(said, room - Buffer.byteLength(message('é')), String))}`);
}

interface Param {
  readonly name: string;
  readonly text: string;
}

const param = ({ name, text }: Param): string => ` ${name}="${escaped(text)}"`;

/** As much of a parameter as there is room for. */
function fitted({ name, text }: Param, room: number): string {
  const all = param({ name, text });
  if (Buffer.byteLength(all) <= room) return all;
  if (!CUTTABLE.has(name)) return '';
  const kept = cutTo(text, room - Buffer.byteLength(param({ name, text: '' })), escaped);
  return kept === '' ? '' : param({ name, text: kept });
}

/** The beginning of a text that, written so, takes so many bytes at most; with `…` when there is more. */
function cutTo(text: string, bytes: number, write: (text: string) => string): string {
  if (Buffer.byteLength(write(text)) <= bytes) return text;
  let left = bytes - Buffer.byteLength(ELLIPSIS);
  let end = 0;
  for (const char of text) {
    left -= Buffer.byteLength(write(char));
    if (left < 0) break;
    end += char.length;
  }
  return end === 0 ? '' : text.slice(0, end) + ELLIPSIS;
}

/** What is no ASCII is marked as UTF-8, which it may else not be taken for. */
function message(said: string): string {
  if (said === '') return '';
  return /[\x80-\uffff]/.test(said) ? ` ${BOM}${said}` : ` ${said}`;
}

function asText(value: unknown): string {
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}

function escaped(text: string): string {
  return text.replace(/["\\\]]/g, '\\$&');
}
