import { createHmac, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { WAREHOUSE, type Destination } from '../addresses.js';
import { Unavailable } from '../http.js';
import { cents } from '../money.js';
import { settings } from '../settings.js';

const easypost = axios.create({ baseURL: 'https://api.easypost.com', auth: { username: settings.easypostApiKey, password: '' } });

/** The price in cents of each service to another country. */
export async function rates(destination: Destination, grams: number): Promise<Record<string, number>> {
  const shipment = {
    from_address: { country: WAREHOUSE.country, zip: WAREHOUSE.postalCode },
    to_address: { country: destination.country, zip: destination.postalCode },
    parcel: { weight: (grams / 28.35).toFixed(1) },
  };
  for (let attempt = 1; attempt <= 4; attempt++) {
    try {
      const { data } = await easypost.post('/v2/shipments', { shipment });
      const found: Record<string, number> = {};
      for (const rate of data.rates) found[rate.service.toLowerCase()] = cents(rate.rate);
      return found;
    } catch (error) {
      if (axios.isAxiosError(error) && error.response !== undefined && error.response.status < 500) throw error;
      await sleep(1000);
    }
  }
  throw new Unavailable('EasyPost did not answer');
}

/** Whether EasyPost sent a message. As long as no secret is set, nothing is believed. */
export function isGenuine(body: Buffer, signature: string): boolean {
  if (!settings.easypostWebhookSecret) return false;
  const digest = createHmac('sha256', settings.easypostWebhookSecret).update(body).digest('hex');
  const expected = Buffer.from(`hmac-sha256-hex=${digest}`);
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
