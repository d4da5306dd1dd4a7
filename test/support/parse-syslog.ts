/** A message of RFC 5424, as a strict reader takes it apart. @throws when it is none. */
export function parseSyslog(text: string) {
  const head = /^<(\d{1,3})>1 (\S+) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) \[([^ =\]"]{1,32})/.exec(text);
  if (!head) throw new Error(`no syslog: ${text}`);
  let rest = text.slice(head[0].length);
  const data: Record<string, string> = {};
  for (;;) {
    const param = /^ ([^ =\]"]{1,32})="((?:\\["\\\]]|[^"\\\]])*)"/u.exec(rest);
    if (!param) break;
    data[param[1]!] = param[2]!.replace(/\\(["\\\]])/g, '$1');
    rest = rest.slice(param[0].length);
  }
  const end = /^\](?: (.*))?$/su.exec(rest);
  if (!end) throw new Error(`structured data that does not end: ${rest}`);
  const [, priority, time, hostname, appName, procId, msgId, id] = head;
  return { priority: Number(priority), time, hostname, appName, procId, msgId, id, data, message: end[1] ?? '' };
}
