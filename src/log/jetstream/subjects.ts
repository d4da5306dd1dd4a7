/*
 * A topic is a subject below the stream's name: `couic/paris` of the stream `couic-otel` is `couic-otel.couic.paris`. What a
 * subject's part cannot hold stands as `=` and two hexadecimal digits, byte by byte, so that no two topics share a subject.
 */
const PLAIN = /^[A-Za-z0-9_-]+$/;

export function subjectOf(stream: string, topic: string): string {
  return `${stream}.${topic.split('/').map(encodePart).join('.')}`;
}

export function topicOf(stream: string, subject: string): string {
  return subject
    .slice(stream.length + 1)
    .split('.')
    .map(decodePart)
    .join('/');
}

/** All subjects of a stream. */
export function subjectsOf(stream: string): string {
  return `${stream}.>`;
}

function encodePart(part: string): string {
  if (part === '') return '=';
  // Asked of every message, and most parts are.
  if (PLAIN.test(part)) return part;
  return Array.from(Buffer.from(part, 'utf8'), (byte) => {
    const text = String.fromCharCode(byte);
    return PLAIN.test(text) ? text : `=${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

function decodePart(part: string): string {
  if (part === '=') return '';
  if (!part.includes('=')) return part;
  const bytes: number[] = [];
  for (let i = 0; i < part.length; i++) {
    if (part[i] === '=') {
      bytes.push(Number.parseInt(part.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(part.charCodeAt(i));
  }
  return Buffer.from(bytes).toString('utf8');
}
