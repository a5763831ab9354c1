"""The parts of the random sequences of test_state_machine.py: the provider's side, the product's side, the
invariants."""
