"""Finding, reading, masking and remembering the files under review. Nothing in here knows what commerce is."""
