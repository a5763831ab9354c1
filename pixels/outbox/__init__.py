"""From PixelHub to the providers: claim an operation, deliver it, record its outcome."""
