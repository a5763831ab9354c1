import pytest
from django.urls import reverse
from django.utils.translation import gettext, override

from accounts.activity import line, record
from accounts.models import Activity, Team


@pytest.fixture
def log(team):
    return reverse("activity", args=[team.slug])


def test_the_team_sees_who_did_what_newest_first(browser_of, vera, alice, bob, team, log):
    record(team, alice, "team.created", team)
    record(team, None, "member.changed", bob, before="viewer", after="editor")
    page = browser_of(vera).get(log)
    assert [(one.actor, one.verb, one.label, one.detail) for one in page.context["lines"]] == [
        ("PixelHub", "changed member", bob.email, "viewer → editor"),
        (alice.email, "created team", team.name, ""),
    ]
    shown = page.content.decode()
    assert all(text in shown for text in ("changed member", "viewer → editor", "created team"))


@pytest.mark.parametrize(
    ("code", "params", "detail"),
    [
        ("invitation.created", {"role": "admin"}, "as admin"),
        ("invitation.accepted", {"role": "editor"}, "as editor"),
        ("member.removed", {"role": "owner"}, "was owner"),
    ],
)
def test_roles_are_said_in_words(alice, team, code, params, detail):
    assert line(record(team, alice, code, team, **params)).detail == detail


def test_other_teams_activity_is_not_shown(browser_of, vera, charlie, log):
    record(charlie.memberships.get().team, charlie, "team.created", charlie)
    page = browser_of(vera).get(log)
    assert charlie.email not in page.content.decode()


def test_fifty_to_a_page(browser_of, vera, team, log):
    for number in range(51):
        team.name = f"number {number}"
        record(team, vera, "team.created", team)
    assert len(browser_of(vera).get(log).context["lines"]) == 50
    [oldest] = browser_of(vera).get(log, {"page": 2}).context["lines"]
    assert oldest.label == "number 0"
    for odd in ("0", "-1", "99", "x", ""):
        assert browser_of(vera).get(log, {"page": odd}).status_code == 200


def test_filters_by_person_and_by_kind(browser_of, vera, alice, team, log):
    record(team, alice, "team.created", team)
    record(team, alice, "member.removed", vera, role="viewer")
    record(team, vera, "team.created", team)
    page = browser_of(vera).get(log, {"person": alice.email, "kind": "team"})
    assert [(one.actor, one.verb) for one in page.context["lines"]] == [(alice.email, "created team")]
    kinds = [("", "Everything"), ("member", "member"), ("team", "team")]
    assert list(page.context["filter"].fields["kind"].choices) == kinds


def test_a_filter_that_leaves_nothing_says_so(browser_of, vera, alice, team, log):
    record(team, alice, "team.created", team)
    record(team, vera, "member.removed", vera, role="viewer")
    page = browser_of(vera).get(log, {"person": alice.email, "kind": "member"}).content.decode()
    assert "Nothing matches these filters" in page
    assert "Clear filters" in page


def test_an_unknown_filter_filters_nothing(browser_of, vera, team, log):
    record(team, vera, "team.created", team)
    assert len(browser_of(vera).get(log, {"person": "nobody"}).context["lines"]) == 1


def test_lines_outlive_the_people_and_things_they_tell_of(alice, bob, team):
    record(team, bob, "member.removed", alice, role="owner")
    bob.delete()
    alice.delete()
    row = Activity.objects.get()
    said = line(row)
    assert (row.actor, said.actor, said.verb, said.label) == (
        None, "bob@shop.example", "removed member", "alice@shop.example",
    )  # fmt: skip


def test_long_labels_are_cut_not_refused(team, alice):
    team.name = "x" * 254
    assert record(team, alice, "team.created", team).label == "x" * 200


def test_what_is_written_stays_written(team, alice):
    row = record(team, alice, "team.created", team)
    row.code = "team.deleted"
    with pytest.raises(TypeError):
        row.save()
    with pytest.raises(TypeError):
        row.delete()
    assert Activity.objects.get().code == "team.created"


def test_english_of_an_earlier_version_is_shown_as_it_is(browser_of, vera, team, log):
    old = {"verb": "adopted", "detail": "by <hand>"}
    Activity.objects.create(team=team, actor_label="Old", params=old, kind="parrot", target_id="1", label="Polly")
    page = browser_of(vera).get(log)
    [said] = page.context["lines"]
    assert (said.actor, said.verb, said.label, said.detail) == ("Old", "adopted parrot", "Polly", "by <hand>")
    assert "by &lt;hand&gt;" in page.content.decode()
    assert ("parrot", "parrot") in page.context["filter"].fields["kind"].choices


def test_the_code_of_a_newer_version_is_shown_as_it_is(browser_of, vera, team, log):
    record(team, vera, "parrot.adopted", team, by="hand")
    [said] = browser_of(vera).get(log).context["lines"]
    assert (said.verb, said.label, said.detail) == ("parrot.adopted", team.name, "")


def test_a_name_is_kept_in_one_language_whoever_acts(team, alice, monkeypatch):
    monkeypatch.setattr(Team, "__str__", lambda self: gettext("Saturday"))  # a word of Django's own catalogues
    with override("de"):
        assert (str(team), record(team, alice, "team.created", team).label) == ("Samstag", "Saturday")
