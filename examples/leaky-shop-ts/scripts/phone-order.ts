// Places a phone order in a running shop, to see that it still works: `npx tsx scripts/phone-order.ts http://localhost:3000`

const order = {
  email: 'lena.hartwig@teapot-and-tray.de',
  productId: 1,
  quantity: 1,
  unitPriceCents: 1450,
  cardNumber: '4761 9302 8846 1758',
  expMonth: 11,
  expYear: 2029,
  cvc: '318',
};

const answer = await fetch(`${process.argv[2]}/admin/phone-orders`, {
  method: 'POST',
  headers: { Authorization: `Bearer ${process.env.STAFF_TOKEN}`, 'Content-Type': 'application/json' },
  body: JSON.stringify(order),
});
console.log(answer.status, await answer.text());
