"""From the providers to PixelHub: read what a provider holds, compare it with our rows, and link the two."""
