from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Membership, Role, Team, User
from pixels.models import Connection
from pixels.providers.values import AdAccountRef
from pixels.services.connections import connect
from pixels.services.pixels import Draft, create_pixels
from pixels.services.websites import add_website

SLUG = "demo"

# The second member of each sandbox is used; the first stays empty for new users.
CONNECTIONS = {
    "easyflow": ({"api_key": "sandbox-key", "api_secret": "sandbox-secret"}, AdAccountRef(id="sandbox-demo")),
    "pitchtarget": ({"token": "sandbox-token"}, AdAccountRef(id="8")),
    "xandr": ({"username": "sandbox", "password": "sandbox"}, AdAccountRef(id="8", code="adv-8")),
}
WEBSITES = {"Shoe shop": "https://shoes.example", "Flower shop": "https://flowers.example"}
# website, provider, name, events, values of the provider's form that differ from its initial ones
PIXELS: list[tuple[str, str, str, list[str], dict[str, Any]]] = [
    ("Shoe shop", "easyflow", "Shoe shop checkout", ["purchase-completed", "pix-generated"], {"platform": "meta"}),
    ("Shoe shop", "pitchtarget", "Shoe shop purchase", ["CHECKOUT"], {}),
    ("Shoe shop", "xandr", "Shoe shop purchase", ["7"], {"trigger_type": "hybrid"}),
    ("Flower shop", "xandr", "Flower shop lead", ["8"], {}),
    ("Flower shop", "pitchtarget", "Flower shop sign-up", ["REGISTRATION"], {}),
]  # fmt: skip


class Command(BaseCommand):
    help = (
        "Loads the demo team and the admin account, once: what is there already stays as it is. "
        "The passwords come from DEMO_PASSWORD and ADMIN_PASSWORD."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        admin = self.account("admin@pixelhub.example", "ADMIN_PASSWORD", name="Admin", is_staff=True, is_superuser=True)
        owner = self.account("demo@pixelhub.example", "DEMO_PASSWORD", name="Demo")
        with transaction.atomic():
            team, new = Team.objects.get_or_create(slug=SLUG, defaults={"name": "Demo agency"})
            if new:
                Membership.objects.create(team=team, user=owner, role=Role.OWNER)
                Membership.objects.create(team=team, user=admin, role=Role.ADMIN)
                self.load(team, owner)
        self.stdout.write("The demo team is loaded." if new else "The demo team was there already.")

    def account(self, email: str, variable: str, **fields: Any) -> User:
        user = User.objects.filter(email=email).first()
        if user is None:
            password = getattr(settings, variable)
            if not password:
                raise CommandError(f"{variable} is not set: the account {email} needs a password.")
            user = User.objects.create_user(email, password, **fields)
        return user

    def load(self, team: Team, owner: User) -> None:
        websites = {name: add_website(team, owner, name=name, url=url) for name, url in WEBSITES.items()}
        connections = {
            slug: connect(
                team,
                owner,
                provider=slug,
                environment=Connection.Environment.SANDBOX,
                credentials=credentials,
                ad_account=account,
            )
            for slug, (credentials, account) in CONNECTIONS.items()
        }
        for website, slug, name, events, values in PIXELS:
            account = connections[slug].ad_accounts.get()
            draft = self.plan(connections[slug], name, events, values)
            create_pixels(team, owner, ad_account=account, website=websites[website], drafts=[draft])

    def plan(self, connection: Connection, name: str, events: list[str], values: dict[str, Any]) -> Draft:
        """The pixel's values as the provider's own form makes them, so that a demo pixel is like any other."""
        provider, pixel_id = connection.provider_class, uuid4()
        form_class = provider.pixel_form
        initial = {name: field.initial for name, field in form_class.base_fields.items() if field.initial is not None}
        reference = {provider.reference_option: f"ph-{pixel_id}"} if provider.reference_option else {}
        form = form_class({**initial, **reference, **values, "events": events})
        if not form.is_valid():
            raise CommandError(f"The demo pixel {name} is not valid: {dict(form.errors)}")
        return Draft(id=pixel_id, name=name, events=tuple(form.cleaned_data["events"]), options=form.options())
