"""The network: sending one request, its deadline, and reading an answer that may be malformed or hostile."""
