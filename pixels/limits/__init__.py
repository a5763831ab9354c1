"""Between us and a provider: the shared clock, leases, rate limits, the circuit breaker, and opening a provider."""
