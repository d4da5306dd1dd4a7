#!/usr/bin/env node
/*
 * Nothing but a look at Node, which must work with an old one: no import comes before it, and the syntax is that of Node 12.
 * What the bridge is made of an older Node could not even read, and would say so with a stack.
 */
const version = process.versions.node.split('.');
const [major, minor] = [Number(version[0]), Number(version[1])];
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `couic-otel-bridge needs Node 20.19 or newer, and this is ${process.versions.node}: install a newer one\n`,
  );
  process.exitCode = 2;
} else {
  import('./cli/compile-cache.ts').then((it) => {
    it.useCompileCache();
    return import('./cli/command-line.ts');
  });
}
