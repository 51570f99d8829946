"""The review as one HTML file: no network, no other file, readable without scripts, on paper and on a phone."""

from tillproof.report.html.page import to_html

__all__ = ["to_html"]
