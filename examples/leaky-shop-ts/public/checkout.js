const message = document.querySelector('#message');

async function placeOrder(cart) {
  const answer = await fetch('/checkout', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(cart) });
  if (!answer.ok) throw new Error('Please check your order.');
  return answer.json();
}

export async function pay(cart) {
  const order = await placeOrder(cart);
  if (order.approveUrl) {
    location.assign(order.approveUrl);
    return;
  }
  const stripe = Stripe(order.publishableKey);
  const elements = stripe.elements({ clientSecret: order.clientSecret });
  elements.create('payment').mount('#payment-element');
  document.querySelector('#payment').onsubmit = async (event) => {
    event.preventDefault();
    const return_url = `${location.origin}/checkout/success?order=${order.reference}`;
    const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url } });
    message.textContent = error.message;
  };
}
