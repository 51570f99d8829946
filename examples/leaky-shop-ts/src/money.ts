const DECIMALS: Record<string, number> = { CHF: 2, EUR: 2 };

/** `1234` is `"12.34"`: how PayPal and the partners write sums. */
export function decimal(cents: number, currency: string): string {
  const places = DECIMALS[currency];
  if (places === undefined) throw new Error(`nothing is sold in ${currency}`);
  return (cents / 10 ** places).toFixed(places);
}

/** `"12.34"` is `1234`. */
export function cents(text: string): number {
  return Math.round(Number(text) * 100);
}
