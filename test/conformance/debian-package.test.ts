import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { run } from './tools/command.ts';
import { DebianHost, ensureRoot } from './tools/debian-host.ts';
import { describeWith } from './tools/describe-with.ts';

const root = join(import.meta.dirname, '../..');
const MAKE_TIMEOUT = 5 * 60_000;
const UNIT = 'couic-otel-bridge';
const CONFIG = '/etc/couic-otel-bridge/otel-config.yaml';

let packages: string;
let deb: string;

/** As a release is made: without a network, in a folder of its own. */
beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), 'couic-packages-'));
  const { code, stdout, stderr } = await run('npm', ['run', '--silent', 'package', '--', packages], {
    cwd: root,
    timeout: MAKE_TIMEOUT,
    env: { ...process.env, npm_config_offline: 'true' },
  });
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  deb = (await readdir(packages)).find((name) => name.endsWith('.deb'))!;
}, MAKE_TIMEOUT);

afterAll(() => rm(packages, { recursive: true, force: true }));

describeWith(['lintian'], 'the Debian package, by lintian', ({ lintian }) => {
  test('has no errors and no warnings', { timeout: 120_000 }, async () => {
    const { stdout } = await run(lintian, ['--fail-on', 'error,warning', '--allow-root', join(packages, deb)], {
      timeout: 120_000,
    });
    expect(stdout).toBe('');
  });
});

describeWith(['debootstrap', 'systemd-nspawn'], 'the Debian package, on a Debian of its own', (paths) => {
  let host: DebianHost | undefined;
  let problem: string | undefined;

  beforeAll(async () => {
    try {
      host = await DebianHost.boot(paths['systemd-nspawn'], await ensureRoot(paths.debootstrap), packages);
    } catch (error) {
      problem = (error as Error).message;
    }
  }, 12 * 60_000);

  afterAll(() => host?.end());

  /** The host's own words, whatever the exit code. */
  const sh = async (script: string) => {
    const { code, stdout, stderr } = await host!.sh(script);
    return { code, out: `${stdout}${stderr}` };
  };
  const journal = async (options: string) =>
    (await sh(`journalctl --unit ${UNIT} --no-pager --output cat ${options}`)).out;

  beforeEach((context) => {
    if (problem !== undefined) context.skip(`needs a machine that boots containers: ${problem}`);
  });

  test('starts at once, and is started when reports are accepted', async () => {
    expect(await sh(`dpkg --install /mnt/${deb}`)).toMatchObject({ code: 0 });
    expect((await sh(`systemctl show --property ActiveState,StatusText ${UNIT}`)).out).toBe(
      'StatusText=Reports are accepted\nActiveState=active\n',
    );
    const batch =
      '[{"action":"add","policy":"drop","entry":{"creation":1,"cidr":"192.0.2.1/32","tag":null,"expiration":0},"metadata":null}]';
    const post = await sh(`curl --silent --data '${batch}' http://127.0.0.1:8000/v1/reports`);
    expect(post.out).toBe('{"accepted":1,"replayed":0,"quarantined":0}');
  });

  test('reloads its configuration, and not a wrong one', async () => {
    expect(await sh(`sed -i 's/127.0.0.1:9464/127.0.0.1:9465/' ${CONFIG}`)).toMatchObject({ code: 0 });
    expect((await sh(`systemctl reload ${UNIT}`)).code).toBe(0);
    expect((await sh('curl --silent --fail http://127.0.0.1:9465/metrics')).code).toBe(0);
    expect(await sh(`sed -i 's/endpoint: 127.0.0.1:9465/enpoint: 127.0.0.1:9464/' ${CONFIG}`)).toMatchObject({
      code: 0,
    });
    expect((await sh(`systemctl reload ${UNIT}`)).code).toBe(1);
    expect((await sh(`systemctl show --property ActiveState,StatusText ${UNIT}`)).out).toMatch(
      /^StatusText=Reports are accepted; the configuration was not reloaded: .*unknown option.*\nActiveState=active\n$/,
    );
    expect(await sh(`sed -i 's/enpoint: 127.0.0.1:9464/endpoint: 127.0.0.1:9464/' ${CONFIG}`)).toMatchObject({
      code: 0,
    });
    expect((await sh(`systemctl kill --signal HUP ${UNIT}`)).code).toBe(0);
    expect(
      (await sh('for n in 1 2 3 4 5; do sleep 1; curl --silent --fail http://127.0.0.1:9464/metrics && break; done'))
        .code,
    ).toBe(0);
  });

  test("runs as a user of its own, with a state that is nobody else's", async () => {
    const { out } = await sh(`stat --format %U /proc/$(systemctl show --property MainPID --value ${UNIT})`);
    expect(out.trim()).toBe(UNIT);
    expect((await sh('stat --format %a:%U /var/lib/couic-otel-bridge /etc/couic-otel-bridge/environment')).out).toBe(
      `700:${UNIT}\n600:root\n`,
    );
  });

  test('commands find the configuration and the bridge that runs, without being told where', async () => {
    const { code, out } = await sh('cd / && couic-otel-bridge doctor');
    expect(out).toContain(`valid: ${CONFIG}`);
    expect(out).toContain('runs, and looked itself (state in /var/lib/couic-otel-bridge)');
    expect(code).toBe(0);
  });

  test('warnings are warnings in the journal, with one time', async () => {
    expect(await journal('--priority warning')).toMatch(/^WARN: No token is set/);
    expect(await journal('--priority info')).toContain('INFO: Ready: reports are accepted');
  });

  test('has what runs in one place, and what is to be read in another', async () => {
    const listed = await sh(`dpkg --listfiles ${UNIT}`);
    expect(listed.out).toContain('/usr/lib/couic-otel-bridge/dist/src/main.js\n');
    expect(listed.out.split('\n').filter((path) => /share\/doc\/.*\/dist\//.test(path))).toEqual([]);
    const required = `cd /usr/lib/couic-otel-bridge && node --eval "require('couic-otel-bridge/crowdsec')"`;
    expect(await sh(required)).toMatchObject({ code: 0 });
  });

  test('has a manual page and a completion', async () => {
    expect((await sh('man --encoding=utf8 couic-otel-bridge | col -b')).out).toContain('couic-otel-bridge doctor');
    const complete =
      'source /usr/share/bash-completion/completions/couic-otel-bridge; COMP_WORDS=(x do); COMP_CWORD=1; _couic_otel_bridge; echo $COMPREPLY';
    expect((await sh(`bash -c '${complete}'`)).out).toBe('doctor\n');
  });

  test("commands see the service's configuration as the service does, as root, be its secrets variables or credentials", async () => {
    await sh(`cp ${CONFIG} ${CONFIG}.dry; sed -i 's/dry_run: true/dry_run: false/' ${CONFIG}
      echo CROWDSEC_LAPI_KEY=key-of-the-test > /etc/couic-otel-bridge/environment`);
    expect(await sh(`systemctl restart ${UNIT} && cd / && couic-otel-bridge validate`)).toMatchObject({ code: 0 });
    const variable = await sh('cd / && couic-otel-bridge doctor');
    expect(variable.out).toContain('runs, and looked itself');
    expect(variable.out).toContain('http://127.0.0.1:8080 is not reached');
    await sh(`mkdir -p /run/systemd/system/${UNIT}.service.d; echo other-key > /root/lapi_key
      printf '[Service]\\nLoadCredential=lapi_key:/root/lapi_key\\n' > /run/systemd/system/${UNIT}.service.d/key.conf
      sed -i 's#api_key: .*#api_key: \${file:\${env:CREDENTIALS_DIRECTORY}/lapi_key}#' ${CONFIG}
      systemctl daemon-reload`);
    expect(await sh(`systemctl restart ${UNIT} && cd / && couic-otel-bridge windows`)).toMatchObject({
      code: 0,
      out: expect.stringContaining('sealed so far'),
    });
    const running = await sh('cd / && couic-otel-bridge doctor');
    expect(running.out).toContain('runs, and looked itself');
    await sh(`systemctl stop ${UNIT}`);
    const stopped = await sh('cd / && couic-otel-bridge doctor');
    expect(stopped.code).toBe(2);
    expect(stopped.out).toMatch(/variable CREDENTIALS_DIRECTORY is not set[\s\S]*no bridge runs on[\s\S]*are free/);
    await sh(`rm /run/systemd/system/${UNIT}.service.d/key.conf; mv ${CONFIG}.dry ${CONFIG}; systemctl daemon-reload`);
    expect(await sh(`systemctl start ${UNIT}`)).toMatchObject({ code: 0 });
  });

  test('a wrong configuration makes the start fail, and the journal says where', async () => {
    await sh(`sed --in-place=.good 's/127.0.0.1:9464/nowhere/' ${CONFIG}`);
    expect((await sh(`systemctl restart ${UNIT}`)).code).toBe(1);
    expect(await journal('--priority err --lines 5')).toContain(`${CONFIG}:19: exporters.prometheus.endpoint`);
    // Another start changes nothing.
    expect((await sh(`systemctl is-failed ${UNIT}`)).out).toBe('failed\n');
  });

  test('a taken port makes the start fail', async () => {
    const holder = 'require("net").createServer().listen(9999, "127.0.0.1")';
    expect((await sh(`systemd-run --unit holder node --eval '${holder}'`)).code).toBe(0);
    await sh(`sed 's/127.0.0.1:9464/127.0.0.1:9999/' ${CONFIG}.good > ${CONFIG}; sleep 1`);
    expect((await sh(`systemctl restart ${UNIT}`)).code).toBe(1);
    expect(await journal('--priority err --lines 5')).toContain('something listens there already');
    await sh(`mv ${CONFIG}.good ${CONFIG}; systemctl stop holder; systemctl reset-failed ${UNIT}`);
    expect((await sh(`systemctl restart ${UNIT}`)).code).toBe(0);
  });

  test('comes back after a kill, and an event loop that stands still is ended by the watchdog', async () => {
    await sh(`mkdir -p /run/systemd/system/${UNIT}.service.d
        printf '[Service]\\nWatchdogSec=2\\nRestartSec=100ms\\n' > /run/systemd/system/${UNIT}.service.d/short.conf
        systemctl daemon-reload; systemctl restart ${UNIT}`);
    for (const signal of ['KILL', 'STOP']) {
      const before = (await sh(`systemctl show --property MainPID --value ${UNIT}`)).out;
      // 0 would be whoever runs this.
      expect(Number(before)).toBeGreaterThan(1);
      await sh(`kill -${signal} ${before.trim()}`);
      const { out } = await sh(`for i in $(seq 100); do
            now=$(systemctl show --property MainPID --value ${UNIT})
            if [ "$now" != 0 ] && [ "$now" != ${before.trim()} ] && systemctl is-active --quiet ${UNIT}; then echo back; exit; fi
            sleep 0.2
          done`);
      expect({ signal, out }).toEqual({ signal, out: 'back\n' });
    }
    expect((await sh(`curl --silent http://127.0.0.1:9464/metrics`)).out).toMatch(/^couic_reports_total\{.*\} 1$/m);
  });

  test('an upgrade keeps the state and what the operator wrote, and goes on running', async () => {
    await sh(`echo '# mine' >> ${CONFIG}`);
    expect(await sh(`dpkg --install /mnt/${deb}`)).toMatchObject({ code: 0 });
    expect((await sh(`tail -1 ${CONFIG}; cat /etc/${UNIT}/environment; systemctl is-active ${UNIT}`)).out).toBe(
      '# mine\nCROWDSEC_LAPI_KEY=key-of-the-test\nactive\n',
    );
    expect((await sh(`curl --silent http://127.0.0.1:9464/metrics`)).out).toMatch(/^couic_reports_total\{.*\} 1$/m);
  });

  test('systemd has nothing to say about the unit, and little to fear', async () => {
    expect((await sh(`systemd-analyze verify ${UNIT}.service`)).out).toBe('');
    const { out } = await sh(`systemd-analyze security --no-pager ${UNIT} | tail -1`);
    expect(Number(/: ([\d.]+)/.exec(out)?.[1])).toBeLessThan(2);
  });

  test('removed, it keeps state and configuration; purged, it takes them along', async () => {
    expect(await sh(`dpkg --remove ${UNIT}`)).toMatchObject({ code: 0 });
    expect((await sh(`ls ${CONFIG}; systemctl is-active ${UNIT}`)).out).toContain(`${CONFIG}\ninactive`);
    expect((await sh(`ls /var/lib/${UNIT} | wc -l`)).out.trim()).not.toBe('0');
    expect(await sh(`dpkg --purge ${UNIT}`)).toMatchObject({ code: 0 });
    expect((await sh(`ls -d /var/l*/${UNIT} /var/cache/${UNIT} /etc/${UNIT} /usr/*/${UNIT} 2>/dev/null`)).out).toBe('');
  });
});
