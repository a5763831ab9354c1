"""What only one machine needs: `make run` with its supervisor, the embedded broker and the .env of drawn secrets."""
