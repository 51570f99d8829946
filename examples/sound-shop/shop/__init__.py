"""The shop: catalogue, checkout, returns and the staff's area."""
