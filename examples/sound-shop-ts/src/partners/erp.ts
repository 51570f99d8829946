import { send } from '../http.js';
import { settings } from '../settings.js';

export interface StockLevel {
  default_code: string;
  qty_available: number;
}

/** Every product that Odoo, the ERP, counts in the warehouse. */
export async function stockLevels(): Promise<StockLevel[]> {
  const login = [settings.odooDatabase, settings.odooUserId, settings.odooApiKey];
  const args = [...login, 'product.product', 'search_read', [[]], { fields: ['default_code', 'qty_available'] }];
  const answer = await send(`${settings.odooUrl}/jsonrpc`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'call', params: { service: 'object', method: 'execute_kw', args } }),
  });
  return answer.result;
}
