import hashlib
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import Activity, Invitation, Role


@pytest.fixture
def form(team):
    return reverse("invitation_new", args=[team.slug])


DORA = {"email": "dora@shop.example", "role": "editor"}


def test_an_invitation_is_mailed_and_only_its_hash_is_kept(browser_of, alice, team, form, mailoutbox):
    response = browser_of(alice).post(form, DORA | {"email": "Dora@Shop.example"})
    assert response.url == reverse("people", args=[team.slug])
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role, invitation.invited_by) == (
        "dora@shop.example",
        "editor",
        alice,
    )
    assert timedelta(days=6.9) < invitation.expires_at - timezone.now() <= timedelta(days=7)
    [mail] = mailoutbox
    assert mail.to == ["dora@shop.example"]
    token = mail.body.split("/invitations/")[1].split("/")[0]
    assert len(token) >= 43  # 256 bits
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert token not in browser_of(alice).get(response.url).content.decode()
    assert token not in str(list(Invitation.objects.values()) + list(Activity.objects.values()))


def test_it_is_in_the_activity_log(browser_of, alice, form):
    browser_of(alice).post(form, DORA)
    line = Activity.objects.get()
    assert (line.actor, line.code, line.label) == (alice, "invitation.created", DORA["email"])
    assert line.params == {"role": "editor"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", ""),
        ("email", "dora"),
        ("email", "d" * 250 + "@shop.example"),
        ("role", ""),
        ("role", "king"),
    ],
)
def test_bad_input_is_said_at_the_field_and_nothing_is_sent(browser_of, alice, form, mailoutbox, field, value):
    response = browser_of(alice).post(form, DORA | {field: value})
    assert list(response.context["form"].errors) == [field]
    assert not Invitation.objects.exists()
    assert not mailoutbox


def test_members_and_the_already_invited_are_not_invited_again(browser_of, alice, bob, form, mailoutbox):
    assert "in this team already" in browser_of(alice).post(form, DORA | {"email": bob.email}).content.decode()
    browser_of(alice).post(form, DORA)
    assert "has an open invitation" in browser_of(alice).post(form, DORA).content.decode()
    assert Invitation.objects.count() == len(mailoutbox) == 1


def test_after_one_expired_a_new_one_can_be_sent(browser_of, alice, form, mailoutbox):
    browser_of(alice).post(form, DORA)
    Invitation.objects.update(expires_at=timezone.now())
    browser_of(alice).post(form, DORA)
    assert Invitation.objects.open().count() == 1
    assert len(mailoutbox) == 2


def test_an_admin_invites_admins_but_no_owners(browser_of, adam, form, mailoutbox):
    browser_of(adam).post(form, DORA | {"role": "admin"})
    assert Invitation.objects.get().role == Role.ADMIN
    response = browser_of(adam).post(form, {"email": "emil@shop.example", "role": "owner"})
    assert list(response.context["form"].errors) == ["role"]
    assert Invitation.objects.count() == 1


def test_an_owner_invites_owners(browser_of, alice, form):
    browser_of(alice).post(form, DORA | {"role": "owner"})
    assert Invitation.objects.get().role == Role.OWNER


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_editors_and_viewers_invite_nobody(request, browser_of, form, name):
    assert browser_of(request.getfixturevalue(name)).post(form, DORA).status_code == 403
    assert not Invitation.objects.exists()


def test_an_outsider_finds_no_such_page(browser_of, charlie, alice, form):
    assert browser_of(charlie).post(form, DORA).status_code == 404
    assert not Invitation.objects.exists()


def test_when_the_mail_cannot_be_sent_nobody_is_invited_and_one_can_try_again(
    browser_of, alice, form, monkeypatch, mailoutbox
):
    def refuse(**mail):
        raise ConnectionRefusedError

    with monkeypatch.context() as broken:
        broken.setattr(services, "send_mail", refuse)
        assert "could not be sent" in browser_of(alice).post(form, DORA).content.decode()
    assert not Invitation.objects.unanswered().exists()
    browser_of(alice).post(form, DORA)
    assert len(mailoutbox) == 1


def test_a_team_cannot_send_mail_without_end(browser_of, alice, form, monkeypatch, mailoutbox):
    monkeypatch.setattr(services, "INVITATIONS_PER_DAY", 2)
    for name in ("dora", "emil", "fritz"):
        browser_of(alice).post(form, {"email": f"{name}@shop.example", "role": "viewer"})
    assert len(mailoutbox) == 2


def test_an_odd_team_name_cannot_break_out_of_the_mails_subject(browser_of, alice, team, form, mailoutbox):
    team.name = "Shop\nBcc: everyone@rival.example <b>&"
    team.save()
    browser_of(alice).post(form, DORA)
    assert mailoutbox[0].subject == "Join Shop Bcc: everyone@rival.example <b>& on PixelHub"
    assert mailoutbox[0].recipients() == [DORA["email"]]


def test_an_admin_does_not_invite_owners_past_the_form_either(adam, team):
    with pytest.raises(PermissionDenied):
        services.invite(team, adam, "dora@shop.example", Role.OWNER, link_to=str)
    assert not Invitation.objects.exists()
