"""What people do on the screens, by the names that they read there."""

import re
from email import message_from_bytes, policy
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

# The first member of each sandbox, kept free for newcomers.
MEMBERS = {
    "Xandr": {
        "Username": "sandbox",
        "Password": "sandbox",
        "Advertiser": "2",
        "Its code, if you know it": "adv-2",
    },
    "PitchTarget": {"Token": "sandbox-token", "Ad account": "9"},
    "Easyflow": {"API key": "sandbox-key", "API secret": "sandbox-secret", "Owner id": "sandbox-owner"},
}
TESTED = {"Xandr": "Works", "PitchTarget": "Works", "Easyflow": "Cannot be tested"}
PASSWORD = "correct-horse-7-battery"


class Person:
    def __init__(self, page: Page, email: str, password: str = PASSWORD) -> None:
        self.page, self.email, self.password = page, email, password

    # -- Coming in ---------------------------------------------------------------------------------------------

    def sign_up(self) -> None:
        self.page.goto("/")
        self.link("Create account").click()
        self.fill(Email=self.email, Password=self.password)
        self.button("Create account").click()
        expect(self.heading("Overview")).to_be_visible()

    def sign_in(self) -> None:
        self.page.goto("/accounts/login/")
        self.fill(Email=self.email, Password=self.password)
        self.button("Sign in").click()

    @property
    def team(self) -> str:
        """The path of the team that the page belongs to."""
        found = re.search(r"/t/[^/]+/", self.page.url)
        assert found, self.page.url
        return found[0]

    # -- Moving about ------------------------------------------------------------------------------------------

    def open(self, place: str) -> None:
        """A place in the left bar."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=place, exact=True).click()
        expect(self.heading(place)).to_be_visible()

    def heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def fill(self, fields: dict[str, str] | None = None, **more: str) -> None:
        for label, value in {**(fields or {}), **more}.items():
            field = self.field(label)
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)

    def reload_until(self, visible: Locator) -> None:
        """Reload until the page shows this, for things that it does not refresh itself."""
        for _ in range(60):
            if visible.is_visible():
                return
            self.page.wait_for_timeout(250)
            self.page.reload()
        raise AssertionError(f"{visible} never came")

    # -- Connections -------------------------------------------------------------------------------------------

    def connect(self, provider: str, fields: dict[str, str] | None = None, says: str = "") -> None:
        """Saves a sandbox connection and waits for the test's answer, which comes without a reload."""
        self.open("Connections")
        self.page.get_by_role("main").get_by_role("link", name="Add connection").first.click()
        fields = fields or MEMBERS[provider]
        self.field("Provider").select_option(label=provider)
        expect(self.field(list(fields)[-1])).to_be_visible()
        expect(self.page.get_by_role("radio", name="Sandbox")).to_be_checked()
        self.fill(fields)
        self.button("Save connection").click()
        expect(self.heading("Add connection")).to_be_hidden()
        expect(self.page.get_by_role("main")).to_contain_text(says or TESTED[provider])

    # -- Pixels ------------------------------------------------------------------------------------------------

    def start_pixel(self, provider: str) -> None:
        self.open("Pixels")
        self.page.get_by_role("main").get_by_role("link", name="New pixel").first.click()
        self.choose_connection(provider)

    def choose_connection(self, provider: str) -> None:
        """Its fields come without a reload; the ad account is in the connection's label too."""
        select = self.field("Connection")
        label = select.locator("option", has_text=provider).first.inner_text()
        if label == select.locator("option:checked").inner_text():
            return
        select.select_option(label=label)
        account = label.partition(" · ")[2].split()[0]
        expect(self.field("Ad account").locator("option:checked")).to_contain_text(account)

    def event(self, word: str) -> Locator:
        """The checkbox whose sentence ends with the provider's own word."""
        return self.page.get_by_role("checkbox", name=re.compile(rf"\S {re.escape(word)}$"))

    def create_pixel(self, provider: str, name: str, *words: str, **fields: str) -> None:
        self.start_pixel(provider)
        self.fill(Name=name)
        for word in words:
            self.event(word).check()
        self.fill(fields)
        self.button("Create pixel").click()
        expect(self.heading(name)).to_be_visible()

    def see_status(self, word: str) -> None:
        """The chip of the page that this person looks at; it gets there by itself."""
        expect(self.page.get_by_role("main").get_by_role("status").get_by_text(word, exact=True).first).to_be_visible()

    def copy(self, button: str) -> str:
        """What is on the clipboard after a click on that button."""
        self.button(button).click()
        expect(self.page.locator("[aria-live=polite]#live")).to_have_text("Copied")
        return self.page.evaluate("navigator.clipboard.readText()")


def mail_to(address: str, directory: Path) -> str:
    """The text of the newest mail to that address."""
    for path in sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if message["To"] == address:
            return message.get_content()
    raise AssertionError(f"no mail to {address}")
