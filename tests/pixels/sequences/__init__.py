"""What the random sequences of test_state_machine.py are made of: the provider's side, ours, and what must hold."""
