from django.urls import reverse

from accounts.models import Membership


def test_a_stranger_is_shown_the_ways_in(client, db):
    page = client.get("/").content.decode()
    assert reverse("account_signup") in page
    assert reverse("account_login") in page


def test_a_member_comes_to_their_team(browser_of, vera, team):
    assert browser_of(vera).get("/").url == reverse("overview", args=[team.slug])


def test_someone_without_a_team_sees_a_page_that_says_so(browser_of, vera):
    Membership.objects.all().delete()
    assert "You are in no team" in browser_of(vera).get("/").content.decode()
