"""The network: one request, its deadline, and how to read what came back without trusting it."""
