"""Systems that the shop asks beside the payment providers."""
