"""One module per way of declaring tables. Each gives a ``Reader``: which files it is about, and what one of them declares."""
