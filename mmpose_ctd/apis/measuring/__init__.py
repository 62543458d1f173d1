"""From a folder of photographs to measures, and how far to trust them."""
