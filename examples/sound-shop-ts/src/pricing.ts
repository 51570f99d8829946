import { HOME, type Destination } from './addresses.js';
import { prisma } from './db.js';
import { rates } from './partners/easypost.js';
import { taxCents } from './partners/taxjar.js';
import { currencyOf } from './settings.js';

const SHIPPING_CENTS = 490;
const FREE_SHIPPING_FROM_CENTS = 6000;

/** What a customer may choose: which product, and how many. */
export interface CartItem {
  productId: number;
  quantity: number;
}

export interface PricedLine {
  productId: number;
  quantity: number;
  unitPriceCents: number;
  taxCode: string;
}

export interface Quote {
  lines: PricedLine[];
  shippingCents: number;
  taxCents: number;
  totalCents: number;
  currency: string;
  madeToOrder: boolean;
}

export class NotForSale extends Error {}

/** What a cart costs, from the shop's own prices. */
export async function quote(items: CartItem[], coupon: string | null, destination: Destination, service: string): Promise<Quote> {
  const found = await prisma.product.findMany({ where: { id: { in: items.map((item) => item.productId) }, active: true } });
  const products = new Map(found.map((product) => [product.id, product]));
  const percentOff = coupon === null ? 0 : ((await prisma.coupon.findFirst({ where: { code: coupon, active: true } }))?.percentOff ?? 0);
  const currency = currencyOf(destination.country);
  const lines: PricedLine[] = [];
  let itemsTotalCents = 0;
  let discountCents = 0;
  let grams = 0;
  for (const item of items) {
    const product = products.get(item.productId);
    if (product === undefined) throw new NotForSale(`product ${item.productId}`);
    const priceCents = currency === 'CHF' ? product.priceRappen : product.priceCents;
    const off = Math.floor((priceCents * percentOff) / 100);
    lines.push({
      productId: product.id,
      quantity: item.quantity,
      unitPriceCents: priceCents - off,
      taxCode: product.taxCode,
    });
    itemsTotalCents += priceCents * item.quantity;
    discountCents += off * item.quantity;
    grams += product.weightGrams * item.quantity;
  }
  const goodsTotalCents = itemsTotalCents - discountCents;
  const shippingCents =
    destination.country === HOME ? (goodsTotalCents >= FREE_SHIPPING_FROM_CENTS ? 0 : SHIPPING_CENTS) : await abroad(destination, grams, service);
  const tax = destination.country === HOME ? 0 : await taxCents(destination, lines, shippingCents);
  return {
    lines,
    shippingCents,
    taxCents: tax,
    totalCents: goodsTotalCents + shippingCents + tax,
    currency,
    madeToOrder: found.some((product) => product.madeToOrder),
  };
}

async function abroad(destination: Destination, grams: number, service: string): Promise<number> {
  const offered = await rates(destination, grams);
  if (!(service in offered)) throw new NotForSale(`shipping by ${service}`);
  return offered[service];
}
