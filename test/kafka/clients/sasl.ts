/**
 * `sasl.ts BOOTSTRAP plain|scram-sha-256 PASSWORD MILLISECONDS`: kafkajs as the user alice. Prints what becomes of a
 * record for `w`, of one for `r`, and of those that it sends to `w` one after the other for so long.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { attempt } from './attempt.ts';
import { errorName } from './kafkajs-error.ts';

const [bootstrap = '', mechanism, password = '', milliseconds = '0'] = process.argv.slice(2);
const alice = { username: 'alice', password };
const kafka = new Kafka({
  clientId: `kafkajs-${mechanism}`,
  brokers: [bootstrap],
  logLevel: logLevel.NOTHING,
  // How long before the end of a session it authenticates anew; the default is 10 s, longer than ours last.
  reauthenticationThreshold: 500,
  sasl: mechanism === 'plain' ? { mechanism, ...alice } : { mechanism: 'scram-sha-256', ...alice },
});
const [producer, other] = [kafka.producer(), kafka.producer()];
const send =
  (topic: string, by = producer) =>
  async (): Promise<string> => {
    const [{ errorCode } = { errorCode: -1 }] = await by.send({ topic, messages: [{ value: 'x' }] });
    return String(errorCode);
  };

const connected = await attempt(async () => {
  await producer.connect();
  await other.connect();
  return 'connected';
}, errorName);
if (connected !== 'ok connected') {
  process.stdout.write(JSON.stringify({ connected }), () => process.exit(0));
} else {
  const produce = await attempt(send('w'), errorName);
  const produceDenied = await attempt(send('r', other), errorName);
  const later = new Set<string>();
  for (const end = Date.now() + Number(milliseconds); Date.now() < end; await pause(20))
    later.add(await attempt(send('w'), errorName));
  process.stdout.write(JSON.stringify({ connected, produce, produceDenied, later: [...later] }), () => process.exit(0));
}
