import { send } from '../http.js';
import { settings } from '../settings.js';

export interface StockLevel {
  sku: string;
  available: number;
}

/** Every product that the warehouse counts, with how many are free to be sold. */
export async function stockLevels(): Promise<StockLevel[]> {
  const answer = await send(`${settings.erpUrl}/stock`, { headers: { Authorization: `Bearer ${settings.erpToken}` } });
  return answer.items;
}
