# make run     sets everything up and starts the product; Ctrl-C stops it
# make test    everything that has to hold; sets up what the tests need
# make quick   the inner loop: ruff and the tests without browser and services
# make proof   all cells of the large tables, many more examples; writes docs/proof.md (up to an hour)
# make crash   workers killed at every point, and at random; a table (SEED=…, about 15 minutes)
# make drills  broker, database and disk fail; a table
# make bench   figures beside a floor and a rival, into docs/benchmarks.md (about 25 minutes)
# make format  puts code in shape;  make lock  renews the hashed requirements;  make messages  the catalogues of texts

PYTHON ?= python3
PY := .venv/bin/python
BIN := .venv/bin

# Checks and tests read no .env and write to no one's data.
CHECKS := READ_DOT_ENV=0 DATA_DIR=var/checks

# What Python has compiled is kept, or each process of the tests would compile all of them anew.
export PYTHONDONTWRITEBYTECODE :=

.NOTPARALLEL:
.PHONY: run test quick proof crash drills bench lint check unit browser postgres format messages lock packages
.DEFAULT_GOAL := run

run: .venv/runtime
	@exec $(PY) manage.py run

.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "PixelHub needs Python 3.11 or later: install it, or name it with make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing: install it (on Debian: apt-get install python3-venv)." >&2; exit 1; }
	@echo "Setting up .venv from requirements.txt."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/development: .venv/runtime requirements-dev.txt
	@echo "Adding requirements-dev.txt."
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

test: packages lint check unit browser postgres

packages:
	@.ci/packages

lint: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/lint-imports --no-cache
	$(CHECKS) $(BIN)/mypy
	@! grep -rniE 'lorem ipsum|todo:|fixme' templates static/js static/css docs README.md

check: .venv/development
	$(CHECKS) $(PY) manage.py makemigrations --check --dry-run
	$(CHECKS) PRODUCTION=1 ALLOWED_HOSTS=pixelhub.example \
		SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') \
		CREDENTIAL_KEYS=$$($(PY) -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())') \
		$(PY) manage.py check --deploy --fail-level WARNING

# One process more than cores: some tests wait for processes of their own.
unit: .venv/development
	$(BIN)/pytest -n 3

browser: .venv/development
	$(BIN)/pytest -n 2 -m browser tests/browser

# What has to do with a database once more on PostgreSQL; browser and services choose theirs themselves. What becomes of
# an odd answer, and what hardly asks the database, is the same on both.
ON_ONE = $(addprefix tests/pixels/,providers sandbox fault_table limits/test_rate_limiter.py outbox/test_unconfirmed.py \
	services/test_secret_options.py snippets test_contract_points.py test_pseudo_language.py test_transcripts.py \
	views/test_new_pixel_batch.py)

postgres: .venv/development
	$(PY) -m tests.services $(BIN)/pytest -n 2 -m "not browser and not services" tests/accounts tests/pixelhub tests/pixels \
		$(addprefix --ignore ,$(ON_ONE))

quick: .venv/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -n 2 -x -q -m "not browser and not services"

# A third of each large table runs in `unit`, drawn by the commit's hash; all of it here (tests/cells.py).
proof: packages .venv/development
	$(PY) -m tests.proof

SEED ?= 1

crash: packages .venv/development
	$(PY) -m tests.crash --seed $(SEED)

drills: packages .venv/development
	$(PY) -m tests.drills

bench: packages .venv/bench
	.venv/bench/bin/python -m tests.bench

# Apart from .venv: the rival brings much that the product must not lean on.
.venv/bench: .venv/development requirements-bench.txt
	@echo "Setting up .venv/bench from requirements-bench.txt."
	@$(PYTHON) -m venv .venv/bench
	@.venv/bench/bin/pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@.venv/bench/bin/pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@.venv/bench/bin/pip install -qq --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch .venv/bench

format: .venv/development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: .venv/development
	$(CHECKS) $(PY) -m tests.catalogues

# A week's distance keeps a poisoned release out; lift it for a security fix.
LOCK = $(BIN)/uv pip compile --quiet --python-version 3.11.2 --generate-hashes --custom-compile-command "make lock" \
	--exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%dT%H:%M:%SZ)"

lock: .venv/development
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) requirements-bench.in -o requirements-bench.txt
