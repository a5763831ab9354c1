import pytest
from django.urls import reverse

from accounts.activity import record
from accounts.models import Activity


@pytest.fixture
def log(team):
    return reverse("activity", args=[team.slug])


def test_the_team_sees_who_did_what_newest_first(browser_of, vera, alice, team, log):
    record(team, alice, "created", team, "detail one")
    record(team, None, "changed", team, "detail two")
    page = browser_of(vera).get(log)
    lines = [(line.actor_label, line.verb, line.detail) for line in page.context["page_obj"]]
    assert lines == [("PixelHub", "changed", "detail two"), (alice.email, "created", "detail one")]
    assert "detail one" in page.content.decode()


def test_other_teams_lines_stay_theirs(browser_of, vera, charlie, log):
    record(charlie.memberships.get().team, charlie, "created", charlie)
    page = browser_of(vera).get(log)
    assert charlie.email not in page.content.decode()


def test_fifty_to_a_page(browser_of, vera, team, log):
    for number in range(51):
        record(team, vera, "created", team, f"number {number}")
    assert len(browser_of(vera).get(log).context["page_obj"]) == 50
    [oldest] = browser_of(vera).get(log, {"page": 2}).context["page_obj"]
    assert oldest.detail == "number 0"
    for odd in ("0", "-1", "99", "x", ""):
        assert browser_of(vera).get(log, {"page": odd}).status_code == 200


def test_filters_by_person_and_by_kind(browser_of, vera, alice, team, log):
    record(team, alice, "created", team, "wanted")
    record(team, alice, "created", vera, "another kind")
    record(team, vera, "created", team, "another person")
    found = browser_of(vera).get(log, {"person": alice.email, "kind": "team"}).context["page_obj"]
    assert [line.detail for line in found] == ["wanted"]


def test_a_filter_that_leaves_nothing_says_so(browser_of, vera, alice, team, log):
    record(team, alice, "created", team)
    record(team, vera, "created", vera)
    page = browser_of(vera).get(log, {"person": alice.email, "kind": "user"}).content.decode()
    assert "Nothing matches these filters" in page
    assert "Clear filters" in page


def test_an_unknown_filter_filters_nothing(browser_of, vera, team, log):
    record(team, vera, "created", team)
    assert len(browser_of(vera).get(log, {"person": "nobody"}).context["page_obj"]) == 1


def test_lines_outlive_the_people_and_things_they_tell_of(alice, bob, team):
    record(team, bob, "removed", alice)
    bob.delete()
    alice.delete()
    line = Activity.objects.get()
    assert (line.actor, str(line)) == (None, "bob@shop.example removed user alice@shop.example")


def test_long_labels_are_cut_not_refused(team, alice):
    team.name = "x" * 254
    assert record(team, alice, "changed", team).label == "x" * 200


def test_what_is_written_stays_written(team, alice):
    line = record(team, alice, "created", team)
    line.verb = "deleted"
    with pytest.raises(TypeError):
        line.save()
    with pytest.raises(TypeError):
        line.delete()
    assert Activity.objects.get().verb == "created"
