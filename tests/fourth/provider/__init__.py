"""Fourth, an invented provider."""
