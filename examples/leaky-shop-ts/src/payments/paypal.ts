import type { IncomingHttpHeaders } from 'node:http';
import type { Order } from '@prisma/client';
import { send } from '../http.js';
import { log } from '../log.js';
import { decimal } from '../money.js';
import { settings } from '../settings.js';

let access = { token: '', until: 0 };

export async function createOrder(order: Order): Promise<any> {
  return ask('POST', '/v2/checkout/orders', `order-${order.id}-${Date.now()}`, {
    intent: 'CAPTURE',
    purchase_units: [{ custom_id: String(order.id), amount: { currency_code: order.currency, value: decimal(order.totalCents, order.currency) } }],
  });
}

export async function paypalOrder(id: string): Promise<any> {
  return ask('GET', `/v2/checkout/orders/${id}`, null);
}

/** Take the money that the buyer approved. */
export async function capture(order: Order, approved: string): Promise<any> {
  const key = `order-${order.id}-attempt-${order.attempt}-capture`;
  const answer = await ask('POST', `/v2/checkout/orders/${approved}/capture`, key, {});
  return answer.purchase_units[0].payments.captures[0];
}

/** Give money back. */
export async function refund(order: Order, amountCents: number): Promise<string> {
  const made = await ask('POST', `/v2/payments/captures/${order.captureId}/refund`, null, {
    amount: { currency_code: order.currency, value: decimal(amountCents, order.currency) },
  });
  return made.id;
}

/** Whether PayPal says that it sent this. */
export async function isGenuine(headers: IncomingHttpHeaders, body: Buffer): Promise<boolean> {
  const proof = {
    auth_algo: headers['paypal-auth-algo'],
    cert_url: headers['paypal-cert-url'],
    transmission_id: headers['paypal-transmission-id'],
    transmission_sig: headers['paypal-transmission-sig'],
    transmission_time: headers['paypal-transmission-time'],
    webhook_id: settings.paypalWebhookId,
  };
  if (!Object.values(proof).every(Boolean)) return false;
  const answer = await send(`${settings.paypalUrl}/v1/notifications/verify-webhook-signature`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await accessToken()}`, 'Content-Type': 'application/json' },
    // The signature covers the bytes as sent, so they are put in as they are.
    body: `${JSON.stringify(proof).slice(0, -1)},"webhook_event":${body.toString()}}`,
  });
  return answer.verification_status === 'SUCCESS';
}

async function ask(method: string, path: string, key: string | null, body?: object): Promise<any> {
  const headers: Record<string, string> = { Authorization: `Bearer ${await accessToken()}`, 'Content-Type': 'application/json' };
  if (key !== null) headers['PayPal-Request-Id'] = key;
  return send(settings.paypalUrl + path, { method, headers, body: body && JSON.stringify(body) });
}

async function accessToken(): Promise<string> {
  if (Date.now() >= access.until) {
    const credentials = Buffer.from(`${settings.paypalClientId}:${settings.paypalClientSecret}`).toString('base64');
    const answer = await send(`${settings.paypalUrl}/v1/oauth2/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${credentials}`, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    });
    access = { token: answer.access_token, until: Date.now() + (answer.expires_in - 60) * 1000 };
    log.info({ access_token: answer.access_token, lasts: answer.expires_in }, 'new PayPal token');
  }
  return access.token;
}
