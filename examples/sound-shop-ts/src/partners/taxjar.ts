import { send } from '../http.js';
import { cents, decimal } from '../money.js';
import { CURRENCY, settings } from '../settings.js';
import { WAREHOUSE, type Destination } from '../addresses.js';
import type { PricedLine } from '../pricing.js';

/** What a customer abroad owes his state. Prices at home hold the tax already. */
export async function taxCents(destination: Destination, lines: PricedLine[], shippingCents: number): Promise<number> {
  const answer = await send('https://api.taxjar.com/v2/taxes', {
    method: 'POST',
    headers: { Authorization: `Bearer ${settings.taxjarApiKey}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      from_country: WAREHOUSE.country,
      from_zip: WAREHOUSE.postalCode,
      to_country: destination.country,
      to_zip: destination.postalCode,
      shipping: decimal(shippingCents, CURRENCY),
      line_items: lines.map((line) => ({
        id: String(line.productId),
        quantity: line.quantity,
        unit_price: decimal(line.unitPriceCents, CURRENCY),
        product_tax_code: line.taxCode,
      })),
    }),
  });
  return cents(String(answer.tax.amount_to_collect));
}
