"""What an earlier version wrote to the activity log in English reads the same, from a code where there is one."""

from accounts.activity import VERBS, line
from accounts.models import Activity

BEFORE = (("accounts", "0001_initial"), ("pixels", "0010_unconfirmed_operations"))
GONE = "8f2b0e0c-0000-4000-8000-000000000000"  # a pixel that is not in the database
# Code, verb, kind, detail, and the detail as it reads now where it differs.
KNOWN = [
    ("team.created", "created", "team", ""),
    ("invitation.created", "created", "invitation", "as editor"),
    ("invitation.accepted", "accepted", "invitation", "as owner"),
    ("invitation.revoked", "revoked", "invitation", ""),
    ("member.changed", "changed", "member", "editor → viewer"),
    ("member.removed", "removed", "member", "was admin"),
    ("website.added", "added", "website", ""),
    ("website.changed", "changed", "website", ""),
    ("website.archived", "archived", "website", ""),
    ("website.restored", "restored", "website", ""),
    ("connection.added", "added", "connection", ""),
    ("connection.credentials_replaced", "replaced the credentials of", "connection", ""),
    ("connection.ad_account_added", "added an ad account to", "connection", "77 (gg) Gungnir"),
    ("connection.disconnected", "disconnected", "connection", ""),
    ("connection.sync_started", "started a sync of", "connection", ""),
    ("connection.gone_confirmed", "confirmed what is gone and started a sync of", "connection", ""),
    ("pixel.created", "created", "pixel", ""),
    ("pixel.archived", "archived", "pixel", ""),
    ("pixel.restored", "restored", "pixel", ""),
    ("pixel.moved", "moved", "pixel", "to Kvasir, to Bragi"),
    ("pixel.moved_out", "moved", "pixel", "to no website"),
    ("pixel.snippet_filled_in", "filled in the snippet of", "pixel", ""),
    ("pixel.change_asked", "asked to change", "pixel", "events, name, trigger_type", "Events, Name, Trigger type"),
    ("pixel.activation_asked", "asked to activate", "pixel", ""),
    ("pixel.deactivation_asked", "asked to deactivate", "pixel", ""),
    ("pixel.delete_asked", "asked to delete", "pixel", ""),
    ("pixel.retried", "retried", "pixel", ""),
    ("pixel.change_cancelled", "cancelled the change of", "pixel", ""),
    ("pixel.work_cancelled", "cancelled the open work of", "pixel", ""),
    ("pixel.change_conflicted", "did not send a change, as theirs had changed too:", "pixel", "name", "Name"),
    ("pixel.theirs_adopted", "adopted the provider's values of", "pixel", "name", "Name"),
    ("pixel.ours_asked", "asked to restore our values of", "pixel", "name", "Name"),
    ("pixel.drift_ignored", "ignores differences of", "pixel", "name", "Name"),
    ("pixel.drift_watched", "watches again for differences of", "pixel", "name", "Name"),
    ("pixel.found", "found after a lost answer", "pixel", "as 4711"),
    ("pixel.exists_confirmed", "said that it is there:", "pixel", "as 4711"),
    ("pixel.absent_confirmed", "said that it is not there and sent again:", "pixel", ""),
    ("pixel.message_dismissed", "dismissed the message of", "pixel", ""),
]
# No code says just this: a verb of the first versions, a detail of another form, a pixel whose provider is not known.
UNKNOWN = [
    ("", "activated", "pixel", ""),
    ("", "changed", "pixel", "name"),
    ("", "created", "invitation", "as king"),
    ("", "created", "team", "with a note"),
    ("", "archived", "pixel", "for good"),
]
MORE = 2000  # more than the migrations take at a time
WITHOUT_PROVIDER = ("", "asked to change", "pixel", "events, name")


def test_every_line_reads_as_before(upgrade):
    assert {code for code, *_ in KNOWN} == set(VERBS)

    def write(apps):
        team = apps.get_model("accounts", "Team").objects.create(name="Shop", slug="shop")
        xandr = apps.get_model("pixels", "Connection").objects.create(team=team, provider="xandr", environment="live")
        account = apps.get_model("pixels", "AdAccount").objects.create(connection=xandr, remote_id="2")
        pixel = apps.get_model("pixels", "Pixel").objects.create(team=team, connection=xandr, ad_account=account)
        common = {"team": team, "actor_label": "bob@shop.example", "label": "Shop"}
        rows = [(str(pixel.pk), *row[1:4]) for row in KNOWN + UNKNOWN] + [(GONE, *WITHOUT_PROVIDER[1:])]
        rows += [(GONE, "created", "pixel", "")] * MORE
        model = apps.get_model("accounts", "Activity")
        model.objects.bulk_create(
            model(**common, target_id=target, verb=verb, kind=kind, detail=detail)
            for target, verb, kind, detail in rows
        )

    upgrade(write, BEFORE)
    lines = Activity.objects.order_by("pk")
    wanted = [*KNOWN, *UNKNOWN, WITHOUT_PROVIDER, *[("pixel.created", "created", "pixel", "")] * MORE]
    assert [(row.code, line(row).verb, line(row).detail) for row in lines] == [
        (code, f"{verb} {kind}", detail[-1]) for code, verb, kind, *detail in wanted
    ]
    assert {row.label for row in lines} == {"Shop"}
