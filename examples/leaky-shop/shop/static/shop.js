const cart = document.querySelector("#cart");
const payment = document.querySelector("#payment");
const message = document.querySelector("#message");

function chosenItems() {
  return [...cart.querySelectorAll("[data-product]")]
    .filter((input) => Number(input.value) > 0)
    .map((input) => ({
      product_id: Number(input.dataset.product),
      quantity: Number(input.value),
      unit_price_cents: Number(input.dataset.price),
    }));
}

async function placeOrder(provider) {
  const answer = await fetch("/checkout", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email: cart.elements.email.value, coupon: cart.elements.coupon.value || null, items: chosenItems(), provider }),
  });
  const order = await answer.json();
  if (!answer.ok) throw new Error(typeof order.detail === "string" ? order.detail : "Please check your order.");
  return order;
}

function showCardForm(order) {
  const stripe = Stripe(order.publishable_key);
  const elements = stripe.elements({ clientSecret: order.client_secret });
  elements.create("payment").mount("#payment-element");
  cart.hidden = true;
  payment.hidden = false;
  payment.onsubmit = async (event) => {
    event.preventDefault();
    const return_url = `${location.origin}/checkout/success?order=${order.reference}`;
    const { error } = await stripe.confirmPayment({ elements, confirmParams: { return_url } });
    message.textContent = error.message;
  };
}

cart.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const order = await placeOrder(event.submitter.value);
    if (order.approve_url) location.assign(order.approve_url);
    else showCardForm(order);
  } catch (error) {
    message.textContent = error.message;
  }
});
