/** The process of mock-broker.ts: any client of librdkafka starts the mock cluster when it is told to. */

import { KafkaClient } from 'kafka-crab-js';

const configuration = { 'test.mock.num.brokers': '1' };
const producer = new KafkaClient({ brokers: '', clientId: 'mock', configuration }).createProducer({});
// The cluster lives as long as its client.
setInterval(() => producer, 60_000);
