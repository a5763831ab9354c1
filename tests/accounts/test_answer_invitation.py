import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import Activity, Invitation, Membership, Role, Team, User

PASSWORD = "a long and rare sentence"
ANSWER = "/invitations/"


@pytest.fixture
def dora(db) -> User:
    return User.objects.create_user("dora@shop.example", PASSWORD)


def role_of(email: str, team: Team) -> str | None:
    return Membership.objects.filter(user__email=email, team=team).values_list("role", flat=True).first()


def test_the_link_leads_on_at_once_so_that_the_token_stays_in_no_address_bar(client, invite):
    response = client.get(invite("dora@shop.example"))
    assert (response.status_code, response.url) == (302, ANSWER)
    assert "no-store" in response["Cache-Control"]


def test_the_session_does_not_hold_the_token(client, invite):
    link = invite("dora@shop.example")
    client.get(link)
    assert link.split("/")[2] not in str(dict(client.session.items()))


def test_opening_the_link_changes_nothing(client, invite, team, dora):
    link = invite(dora.email)
    client.force_login(dora)
    client.get(link, follow=True)
    assert role_of(dora.email, team) is None


def test_someone_signed_in_joins_with_one_button(client, invite, team, dora):
    client.force_login(dora)
    page = client.get(invite(dora.email, Role.ADMIN), follow=True)
    assert "Join Shop" in page.content.decode()
    assert client.post(ANSWER).url == reverse("overview", args=[team.slug])
    assert role_of(dora.email, team) == Role.ADMIN
    assert Invitation.objects.get().state == "accepted"


def test_joining_is_in_the_activity_log(client, invite, dora):
    client.force_login(dora)
    client.get(invite(dora.email))
    client.post(ANSWER)
    line = Activity.objects.first()
    assert (line.actor, line.code, line.label, line.params) == (
        dora, "invitation.accepted", dora.email, {"role": "editor"},
    )  # fmt: skip


def test_a_stranger_creates_an_account_and_gets_only_the_inviting_team(client, invite, team):
    page = client.get(invite("dora@shop.example"), follow=True).content.decode()
    assert reverse("account_signup") in page
    form = client.get(reverse("account_signup")).context["form"]
    assert form["email"].initial == "dora@shop.example"
    response = client.post(reverse("account_signup"), {"email": "dora@shop.example", "password1": PASSWORD})
    assert response.url == reverse("overview", args=[team.slug])
    assert role_of("dora@shop.example", team) == Role.EDITOR
    assert Team.objects.count() == 1


def test_the_address_counts_as_confirmed_since_the_link_came_by_mail(client, invite, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    client.get(invite("dora@shop.example"))
    client.post(reverse("account_signup"), {"email": "dora@shop.example", "password1": PASSWORD})
    assert EmailAddress.objects.get().verified
    assert "_auth_user_id" in client.session


def test_another_address_than_the_invited_one_is_not_confirmed(client, invite):
    client.get(invite("dora@shop.example"))
    client.post(reverse("account_signup"), {"email": "emil@shop.example", "password1": PASSWORD})
    assert not EmailAddress.objects.get().verified


def test_a_stranger_with_an_account_signs_in_and_is_in(client, invite, team, dora):
    client.get(invite(dora.email))
    form = client.get(reverse("account_login")).context["form"]
    assert form["login"].initial == dora.email
    response = client.post(reverse("account_login"), {"login": dora.email, "password": PASSWORD})
    assert response.url == reverse("overview", args=[team.slug])
    assert role_of(dora.email, team) == Role.EDITOR


def test_who_signs_up_with_another_address_gets_a_team_of_their_own_and_does_not_join(client, invite, team):
    client.get(invite("dora@shop.example"))
    response = client.post(
        reverse("account_signup"), {"email": "emil@shop.example", "password1": PASSWORD}, follow=True
    )
    assert role_of("emil@shop.example", team) is None
    assert Membership.objects.get(user__email="emil@shop.example").role == Role.OWNER
    assert "You are signed in as" in response.content.decode()


def test_the_wrong_person_cannot_join_and_the_page_says_why(browser_of, invite, team, charlie):
    browser = browser_of(charlie)
    page = browser.get(invite("dora@shop.example"), follow=True).content.decode()
    assert "You are signed in as <strong>charlie@shop.example</strong>" in page
    browser.post(ANSWER)
    assert role_of(charlie.email, team) is None
    assert Invitation.objects.get().state == "open"


def expire(invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now())


def revoke(invitation: Invitation) -> None:
    services.revoke_invitation(invitation, invitation.invited_by)


def use(invitation: Invitation) -> None:
    services.accept_invitation(invitation, User.objects.create_user(invitation.email))


@pytest.mark.parametrize(
    ("end", "sentence"), [(expire, "It expired on"), (revoke, "It was revoked"), (use, "It was used already")]
)
@pytest.mark.parametrize("opened_before", [False, True])
def test_an_ended_invitation_opens_nothing_and_says_why(client, invite, team, end, sentence, opened_before):
    link = invite("dora@shop.example")
    if opened_before:
        client.get(link)
    end(Invitation.objects.get())
    for response in (client.get(link), *([client.get(ANSWER), client.post(ANSWER)] if opened_before else [])):
        assert response.status_code == 410
        assert sentence in response.content.decode()


@pytest.mark.parametrize("end", [expire, revoke])
def test_signing_up_with_an_ended_invitation_gives_an_account_but_no_way_in(client, invite, team, end):
    client.get(invite("dora@shop.example"))
    end(Invitation.objects.get())
    credentials = {"email": "dora@shop.example", "password1": PASSWORD}
    response = client.post(reverse("account_signup"), credentials, follow=True)
    assert response.status_code == 410
    assert role_of("dora@shop.example", team) is None
    assert Team.objects.exclude(pk=team.pk).get().memberships.get().role == Role.OWNER


@pytest.mark.parametrize("path", ["/invitations/", "/invitations/unknown/", "/invitations/" + "x" * 3000 + "/"])
def test_an_unknown_link_is_a_404_with_a_sentence(client, db, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "We don't know this link" in response.content.decode()


def test_of_two_who_accept_at_once_only_one_gets_in(client, invite, dora, team):
    invite(dora.email)
    seen_by_one, seen_by_the_other = Invitation.objects.get(), Invitation.objects.get()
    services.accept_invitation(seen_by_one, dora)
    Membership.objects.filter(user=dora).delete()
    with pytest.raises(services.RuleViolation):
        services.accept_invitation(seen_by_the_other, dora)
    assert role_of(dora.email, team) is None


def test_who_is_in_the_team_meanwhile_keeps_the_role_they_have(client, invite, dora, team):
    link = invite(dora.email, Role.EDITOR)
    Membership.objects.create(team=team, user=dora, role=Role.ADMIN)
    client.force_login(dora)
    client.get(link)
    client.post(ANSWER)
    assert role_of(dora.email, team) == Role.ADMIN


def test_joining_needs_a_click_on_our_own_page(invite, dora, team):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(dora)
    browser.get(invite(dora.email))
    assert browser.post(ANSWER).status_code == 403
    assert role_of(dora.email, team) is None
