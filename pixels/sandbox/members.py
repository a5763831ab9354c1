"""Who may use the sandbox. Not secrets: the README, the start of the server and the page at / show them.

The demo team uses the second ad account of each provider; the first stays empty for newcomers.
"""

EASYFLOW_KEY = "sandbox-key"
EASYFLOW_SECRET = "sandbox-secret"
EASYFLOW_OWNERS = ("sandbox-owner", "sandbox-demo")

PITCHTARGET_TOKEN = "sandbox-token"
PITCHTARGET_AD_ACCOUNTS = ("9", "8")

XANDR_USER = "sandbox"
XANDR_PASSWORD = "sandbox"
XANDR_ADVERTISERS = {2: "adv-2", 8: "adv-8"}  # id: code


def lines() -> list[str]:
    """One line a provider, for people."""
    advertisers = ", ".join(f"{number} (code {code})" for number, code in XANDR_ADVERTISERS.items())
    return [
        f"Easyflow: key {EASYFLOW_KEY}, secret {EASYFLOW_SECRET}, owners {', '.join(EASYFLOW_OWNERS)}",
        f"PitchTarget: token {PITCHTARGET_TOKEN}, ad accounts {', '.join(PITCHTARGET_AD_ACCOUNTS)}",
        f"Xandr: user {XANDR_USER}, password {XANDR_PASSWORD}, advertisers {advertisers}",
    ]
