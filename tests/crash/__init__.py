"""The crash suite: real processes are killed at the places named in pixels/crash.py, and the sandbox says what came of
it. `python -m tests.crash` runs all of it; test_crash.py a part of it with the other tests."""
