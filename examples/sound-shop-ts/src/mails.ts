import { Queue } from 'bullmq';
import { redis } from './redis.js';

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

/** Have a mail sent by the worker; the same name is the same mail. */
export async function tell(to: string, subject: string, text: string, name: string): Promise<void> {
  await mails.add('mail', { to, subject, text }, { jobId: name });
}
