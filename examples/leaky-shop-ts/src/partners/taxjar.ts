import { Unavailable } from '../http.js';
import { cents, decimal } from '../money.js';
import { CURRENCY, settings } from '../settings.js';
import type { Destination } from '../addresses.js';

/** What a customer abroad owes his state. Prices at home hold the tax already. */
export async function taxCents(destination: Destination, shippingCents: number): Promise<number> {
  const answer = await fetch('https://api.taxjar.com/v2/taxes', {
    method: 'POST',
    headers: { Authorization: `Bearer ${settings.taxjarApiKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      to_country: destination.country,
      to_zip: destination.postalCode,
      shipping: decimal(shippingCents, CURRENCY),
    }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!answer.ok) throw new Unavailable(`TaxJar answered ${answer.status}`);
  const { tax } = (await answer.json()) as { tax: { amount_to_collect: number } };
  return cents(String(tax.amount_to_collect));
}
