import { Queue } from 'bullmq';
import nodemailer from 'nodemailer';
import { redis } from './redis.js';
import { settings } from './settings.js';

const transport = nodemailer.createTransport({ host: settings.smtpHost, connectionTimeout: 10_000, socketTimeout: 10_000 });

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** What failed five times stays in the queue's failed set, where the worker has told of it. */
const mails = new Queue<Mail>('mails', {
  connection: redis,
  defaultJobOptions: { attempts: 5, backoff: { type: 'exponential', delay: 2000, jitter: 0.5 }, removeOnComplete: true, removeOnFail: false },
});

/** Send a mail now. */
export async function deliver(mail: Mail): Promise<void> {
  await transport.sendMail({ from: 'shop@example.com', ...mail });
}

/** Have a mail sent by the worker; the same name is the same mail. */
export async function tell(to: string, subject: string, text: string, name: string): Promise<void> {
  await mails.add('mail', { to, subject, text }, { jobId: name });
}
