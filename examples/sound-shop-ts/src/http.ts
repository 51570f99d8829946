import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 4;

/** No answer, or none that helps: ask again later. */
export class Unavailable extends Error {}

/** The other side said no, and will say no again. */
export class Refused extends Error {}

/** One request, repeated with growing waits as long as the other side can't be reached. What it refuses is final. */
export async function send(url: string, request: RequestInit): Promise<any> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(10_000) }).catch(() => null);
    if (answer?.ok) return answer.json();
    if (answer !== null && answer.status < 500) throw new Refused(`${new URL(url).host} answered ${answer.status}`);
    if (attempt === TRIES) throw new Unavailable(`${new URL(url).host} can't be reached`);
    await sleep(Math.random() * 250 * 2 ** attempt);
  }
}