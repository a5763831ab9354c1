from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from accounts.models import User

PROFILE = {"name": "Vera", "theme": "dark", "time_zone": "America/Sao_Paulo"}


def test_a_person_sets_name_theme_and_time_zone(browser_of, vera):
    assert browser_of(vera).post(reverse("account"), PROFILE).status_code == 302
    vera.refresh_from_db()
    assert {field: getattr(vera, field) for field in PROFILE} == PROFILE


def test_unknown_themes_and_zones_are_refused_at_the_field(browser_of, vera):
    wrong = {"name": "x" * 151, "theme": "pink", "time_zone": "Mars/Olympus"}
    form = browser_of(vera).post(reverse("account"), wrong).context["form"]
    assert set(form.errors) == {"name", "theme", "time_zone"}


def test_rights_cannot_be_slipped_in(browser_of, vera):
    extra = {"is_staff": "on", "is_superuser": "on", "email": "alice@shop.example", "password": "x"}
    before = (vera.email, vera.password)
    browser_of(vera).post(reverse("account"), PROFILE | extra)
    vera.refresh_from_db()
    assert (vera.is_staff, vera.is_superuser, vera.email, vera.password) == (False, False, *before)


def test_times_are_shown_in_the_persons_zone(browser_of, alice, team):
    User.objects.update(time_zone="Asia/Tokyo")
    page = browser_of(alice).get(reverse("people", args=[team.slug])).content.decode()
    joined = alice.memberships.get().created_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{joined:%H:%M:%S} Asia/Tokyo" in page


def test_a_zone_this_machine_does_not_know_breaks_nothing(browser_of, alice):
    User.objects.update(time_zone="../../etc/passwd")
    assert browser_of(alice).get(reverse("account")).status_code == 200
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_stranger_has_to_sign_in_first(client, db):
    assert client.get(reverse("account")).url.startswith(reverse("account_login"))


def test_the_pages_for_another_password_speak_like_the_others(browser_of, vera, client):
    vera.set_password("correct-horse-7-battery")
    vera.save()
    forgotten = client.get(reverse("account_reset_password")).content.decode()
    change = browser_of(vera).get(reverse("account_change_password")).content.decode()
    for text in ("New password once more", "Current password", "At least 8 characters"):
        assert text in change
    assert "placeholder" not in forgotten + change
