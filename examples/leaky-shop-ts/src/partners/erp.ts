import { Agent } from 'node:https';
import axios from 'axios';
import { settings } from '../settings.js';

const erp = axios.create({ baseURL: settings.erpUrl, timeout: 20_000, httpsAgent: new Agent({ rejectUnauthorized: false }) });

export interface StockLevel {
  sku: string;
  available: number;
}

/** Every product that the warehouse counts, with how many are free to be sold. */
export async function stockLevels(): Promise<StockLevel[]> {
  const { data } = await erp.get('/stock', { headers: { Authorization: `Bearer ${settings.erpToken}` } });
  return data.items;
}
