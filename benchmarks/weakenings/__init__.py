"""Ways to weaken code, by what they take away. Each makes the code worse in a way that a hurried change might."""
