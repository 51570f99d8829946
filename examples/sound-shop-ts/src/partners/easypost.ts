import { createHmac, timingSafeEqual } from 'node:crypto';
import { WAREHOUSE, type Destination } from '../addresses.js';
import { send } from '../http.js';
import { cents } from '../money.js';
import { redis } from '../redis.js';
import { settings } from '../settings.js';

const KEEP_RATES_FOR = 15 * 60;

/** The price in cents of each service to another country. */
export async function rates(destination: Destination, grams: number): Promise<Record<string, number>> {
  const key = `rates:${destination.country}:${destination.postalCode}:${grams}`;
  const kept = await redis.get(key);
  if (kept !== null) return JSON.parse(kept);
  const shipment = await send('https://api.easypost.com/v2/shipments', {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${settings.easypostApiKey}:`).toString('base64')}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      shipment: {
        from_address: { country: WAREHOUSE.country, zip: WAREHOUSE.postalCode },
        to_address: { country: destination.country, zip: destination.postalCode },
        parcel: { weight: (grams / 28.35).toFixed(1) },
      },
    }),
  });
  const found: Record<string, number> = {};
  for (const rate of shipment.rates) found[rate.service.toLowerCase()] = cents(rate.rate);
  await redis.set(key, JSON.stringify(found), 'EX', KEEP_RATES_FOR);
  return found;
}

/** Whether EasyPost sent a message. As long as no secret is set, nothing is believed. */
export function isGenuine(body: Buffer, signature: string): boolean {
  if (!settings.easypostWebhookSecret) return false;
  const digest = createHmac('sha256', settings.easypostWebhookSecret).update(body).digest('hex');
  const expected = Buffer.from(`hmac-sha256-hex=${digest}`);
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
