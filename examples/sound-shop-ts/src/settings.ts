const env = process.env;

/** What we calculate in. Customers in Switzerland pay in francs. All amounts are integers in a currency's smallest unit. */
export const CURRENCY = 'EUR';

export function currencyOf(country: string): string {
  return country === 'CH' ? 'CHF' : CURRENCY;
}

export const settings = {
  baseUrl: env.BASE_URL ?? 'http://localhost:3000',
  redisUrl: env.REDIS_URL ?? 'redis://localhost',
  stripeSecretKey: env.STRIPE_SECRET_KEY ?? '',
  stripePublishableKey: env.STRIPE_PUBLISHABLE_KEY ?? '',
  stripeWebhookSecret: env.STRIPE_WEBHOOK_SECRET ?? '',
  paypalUrl: env.NODE_ENV === 'production' ? 'https://api-m.paypal.com' : 'https://api-m.sandbox.paypal.com',
  paypalClientId: env.PAYPAL_CLIENT_ID ?? '',
  paypalClientSecret: env.PAYPAL_CLIENT_SECRET ?? '',
  paypalWebhookId: env.PAYPAL_WEBHOOK_ID ?? '',
  taxjarApiKey: env.TAXJAR_API_KEY ?? '',
  easypostApiKey: env.EASYPOST_API_KEY ?? '',
  easypostWebhookSecret: env.EASYPOST_WEBHOOK_SECRET ?? '',
  odooUrl: env.ODOO_URL!,
  odooDatabase: env.ODOO_DATABASE ?? '',
  odooUserId: env.ODOO_USER_ID ?? '',
  odooApiKey: env.ODOO_API_KEY ?? '',
  staffToken: env.STAFF_TOKEN ?? '',
  smtpHost: env.SMTP_HOST ?? 'localhost',
};
