"""What stands between PixelHub and a provider: the shared clock, leases, rate limits, the circuit breaker, the
session."""
