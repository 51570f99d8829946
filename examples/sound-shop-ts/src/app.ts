import express, { type ErrorRequestHandler } from 'express';
import { ZodError } from 'zod';
import { NotCapturable } from './captures.js';
import { Unavailable } from './http.js';
import { log } from './log.js';
import { InvalidTransition } from './orders.js';
import { NotForSale } from './pricing.js';
import { NotRefundable } from './refunds.js';
import { router as admin } from './routes/admin.js';
import { router as checkout } from './routes/checkout.js';
import { router as webhooks } from './routes/webhooks.js';
import { OutOfStock } from './stock.js';

export const app = express();

app.use((_req, res, next) => {
  res.set(
    'Content-Security-Policy',
    "default-src 'self'; script-src 'self' https://js.stripe.com; frame-src https://js.stripe.com https://hooks.stripe.com; connect-src 'self' https://api.stripe.com",
  );
  next();
});
app.use('/webhooks', webhooks);
app.use(express.json());
app.use(express.static('public'));
app.use(checkout);
app.use('/admin', admin);

const failed: ErrorRequestHandler = (error, req, res, _next) => {
  if (error instanceof ZodError || error instanceof NotForSale) {
    res.status(422).json({ detail: error.message });
  } else if ([InvalidTransition, NotCapturable, NotRefundable, OutOfStock].some((kind) => error instanceof kind)) {
    res.status(409).json({ detail: error.message });
  } else {
    log.error({ path: req.path }, error.message);
    res.status(error instanceof Unavailable ? 503 : 500).json({ detail: 'try again' });
  }
};
app.use(failed);
