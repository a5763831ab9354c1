"""Who may use the sandbox. Not secrets: the README, the start of the server and the page at / show them.

The demo team uses the second ad account of each provider; the first stays empty for newcomers.
"""

from dataclasses import dataclass

EASYFLOW_KEY = "sandbox-key"
EASYFLOW_SECRET = "sandbox-secret"
EASYFLOW_OWNERS = ("sandbox-owner", "sandbox-demo")

PITCHTARGET_TOKEN = "sandbox-token"
PITCHTARGET_USER = "sandbox"
PITCHTARGET_PASSWORD = "sandbox"
PITCHTARGET_CLIENT_ID = "sandbox-client"


@dataclass(frozen=True, kw_only=True)
class AdAccount:
    """Of PitchTarget: its calls want `fb_id`, which is never the same as its own `id`."""

    id: int
    fb_id: str
    name: str
    currency: str


PITCHTARGET_ACCOUNTS = (
    AdAccount(id=1603, fb_id="9", name="Newcomer shop", currency="EUR"),
    AdAccount(id=1613, fb_id="8", name="Demo shop", currency="GBP"),
)
PITCHTARGET_AD_ACCOUNTS = tuple(account.fb_id for account in PITCHTARGET_ACCOUNTS)


@dataclass(frozen=True, kw_only=True)
class XandrUser:
    id: int
    username: str
    password: str = "sandbox"
    read_only: bool = False
    log_in_error: str | None = None  # the error_id that a right password gets


XANDR_USER = "sandbox"
XANDR_PASSWORD = "sandbox"
XANDR_USERS = {
    user.username: user
    for user in (
        XandrUser(id=1, username=XANDR_USER, password=XANDR_PASSWORD),
        XandrUser(id=2, username="reader", read_only=True),
        XandrUser(id=3, username="expired", log_in_error="NOAUTH_EXPIRED"),
        XandrUser(id=4, username="disabled", log_in_error="NOAUTH_DISABLED"),
    )
}
XANDR_MEMBER = 1370  # the number in the document's sample
XANDR_MEMBER_NAME = "Sandbox Member"


@dataclass(frozen=True, kw_only=True)
class Advertiser:
    code: str
    name: str


XANDR_ADVERTISERS = {
    2: Advertiser(code="adv-2", name="Newcomer Shop"),
    8: Advertiser(code="adv-8", name="Demo Shop"),
}


def lines() -> list[str]:
    """One line for each provider, for people."""
    advertisers = ", ".join(f"{number} (code {it.code}, {it.name})" for number, it in XANDR_ADVERTISERS.items())
    others = ", ".join(name for name in XANDR_USERS if name != XANDR_USER)
    return [
        f"Easyflow: key {EASYFLOW_KEY}, secret {EASYFLOW_SECRET}, owners {', '.join(EASYFLOW_OWNERS)}",
        f"PitchTarget: token {PITCHTARGET_TOKEN}, or user {PITCHTARGET_USER}, password {PITCHTARGET_PASSWORD}, "
        f"client id {PITCHTARGET_CLIENT_ID}; ad accounts {', '.join(PITCHTARGET_AD_ACCOUNTS)}",
        f"Xandr: user {XANDR_USER}, password {XANDR_PASSWORD}, advertisers {advertisers}; "
        f"with the same password the users {others}",
    ]
