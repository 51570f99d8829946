"""tillproof: reviews e-commerce integration code and proves what it says by file and line."""

__version__ = "0.1.0"
