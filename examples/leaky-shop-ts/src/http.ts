import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 4;

/** No answer, or none that helps: ask again later. */
export class Unavailable extends Error {}

/** One request, repeated with growing waits until it is answered well. */
export async function send(url: string, request: RequestInit): Promise<any> {
  for (let attempt = 1; ; attempt++) {
    const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(10_000) }).catch(() => null);
    if (answer?.ok) return answer.json();
    if (attempt === TRIES) throw new Unavailable(`${new URL(url).host} did not answer`);
    await sleep(Math.random() * 250 * 2 ** attempt);
  }
}