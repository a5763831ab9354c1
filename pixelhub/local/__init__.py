"""What is needed only on a single machine: `make run` with its supervisor, the embedded broker, and .env."""
