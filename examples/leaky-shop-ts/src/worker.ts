import { Worker } from 'bullmq';
import { log } from './log.js';
import { deliver, type Mail } from './mails.js';
import { redis } from './redis.js';

const worker = new Worker<Mail>(
  'mails',
  async (job) => {
    await deliver(job.data);
  },
  { connection: redis },
);

worker.on('failed', async (job, error) => {
  log.error({ job: job?.id, attempts: job?.attemptsMade }, error.message);
  if (job !== undefined && job.attemptsMade >= (job.opts.attempts ?? 1)) {
    await deliver({ to: 'staff@example.com', subject: `mail ${job.id} was not sent`, text: error.message });
  }
});
