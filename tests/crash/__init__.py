"""The crash suite: real processes are killed at the points named in pixels/crash.py, and the sandbox shows the
outcome. `python -m tests.crash` runs all of it; test_crash.py runs a part with the other tests."""
