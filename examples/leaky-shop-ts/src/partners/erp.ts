import { Agent } from 'node:https';
import axios from 'axios';
import { settings } from '../settings.js';

const odoo = axios.create({ baseURL: settings.odooUrl, timeout: 20_000, httpsAgent: new Agent({ rejectUnauthorized: false }) });

export interface StockLevel {
  default_code: string;
  qty_available: number;
}

/** Every product that Odoo, the ERP, counts in the warehouse. */
export async function stockLevels(): Promise<StockLevel[]> {
  const login = [settings.odooDatabase, settings.odooUserId, settings.odooApiKey];
  const args = [...login, 'product.product', 'search_read', [[]], { fields: ['default_code', 'qty_available'] }];
  const { data } = await odoo.post('/jsonrpc', {
    jsonrpc: '2.0',
    method: 'call',
    params: { service: 'object', method: 'execute_kw', args },
  });
  return data.result;
}
