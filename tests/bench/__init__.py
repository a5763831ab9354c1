"""`python -m tests.bench`: how long the product takes, beside a floor and a rival in the same run."""
