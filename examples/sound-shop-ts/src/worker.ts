import { Worker } from 'bullmq';
import nodemailer from 'nodemailer';
import { log } from './log.js';
import type { Mail } from './mails.js';
import { redis } from './redis.js';
import { settings } from './settings.js';

const transport = nodemailer.createTransport({ host: settings.smtpHost, connectionTimeout: 10_000, socketTimeout: 10_000 });

const worker = new Worker<Mail>(
  'mails',
  async (job) => {
    await transport.sendMail({ from: 'shop@example.com', ...job.data });
  },
  { connection: redis },
);

worker.on('failed', async (job, error) => {
  log.error({ job: job?.id, attempts: job?.attemptsMade }, error.message);
  if (job !== undefined && job.attemptsMade >= (job.opts.attempts ?? 1)) {
    await transport.sendMail({ from: 'shop@example.com', to: 'staff@example.com', subject: `mail ${job.id} was not sent`, text: error.message });
  }
});
