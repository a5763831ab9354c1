"""The admin shows and searches every model, does not let records be changed, and shows no secret."""

import base64

import pytest
from django.contrib.admin import site
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity, User
from pixels.actions import last_operation
from pixels.models import Connection, Credential, Operation, Pixel, SyncRun, Website
from pixels.outbox import claim, deliver
from tests.pixels.page import Page
from tests.pixels.providers.loopback import says

MODELS = sorted(
    (model for model in site._registry if model._meta.app_label == "pixels"), key=lambda model: model.__name__
)
READ_ONLY = [model for model in MODELS if model is not Website]
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


@pytest.fixture
def admin(db, browser_of):
    person = User.objects.create_user("root@shop.example")
    person.is_staff = person.is_superuser = True
    person.save()
    return browser_of(person)


@pytest.fixture
def filled(connect, live, promise, sync, sandbox, team):
    """At least one row of every model, with planted secrets where secrets belong."""
    xandr = connect("xandr")
    live(xandr, "Shoes", website=Website.objects.create(team=team, name="Garden", url="https://g.example"))
    sync(xandr)
    promise(connect("easyflow", credentials={"api_key": "planted-key-0001", "api_secret": "planted-secret"}))
    return xandr


def address(model, page, *args):
    return reverse(f"admin:pixels_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_there():
    names = {model.__name__ for model in MODELS}
    assert names == {
        "Website", "Connection", "Credential", "AdAccount", "Pixel", "Operation", "SyncRun", "Snippet",
    }  # fmt: skip


@each_model
def test_lists_pages_searches_and_filters_open(admin, filled, model):
    changelist = address(model, "changelist")
    shown = admin.get(changelist).context["cl"]
    assert shown.result_count > 0
    for text in ("6f1c1b1e-3c52-4d5e-9b57-0d9a3d1f7a10", "2 é'%_"):
        assert admin.get(changelist, {"q": text}).status_code == 200
    for filtered in shown.filter_specs:
        *_, last = filtered.choices(shown)
        assert admin.get(changelist + last["query_string"]).status_code == 200
    row = model.objects.first()
    for page in ("change", "history"):
        assert admin.get(address(model, page, row.pk)).status_code == 200


@pytest.mark.parametrize(
    ("model", "text"),
    [(Pixel, "shoes"), (Pixel, "garden"), (Website, "g.example"), (Operation, "Shoes"), (Connection, "shop")],
)
def test_searches_find(admin, filled, model, text):
    assert admin.get(address(model, "changelist"), {"q": text}).context["cl"].result_count > 0


def test_an_operation_and_a_pixel_are_found_by_their_ids(admin, filled):
    operation, pixel = Operation.objects.first(), Pixel.objects.first()
    for model, row in ((Operation, operation), (Pixel, pixel)):
        found = admin.get(address(model, "changelist"), {"q": str(row.pk)}).context["cl"].result_list
        assert [one.pk for one in found] == [row.pk]


@each_model
def test_no_secret_and_no_ciphertext_is_in_any_page(admin, filled, model):
    planted = [b"planted-key-0001", b"planted-secret"]
    for credential in Credential.objects.all():
        for sealed in filter(None, (credential.sealed, credential.sealed_token)):
            planted += [
                bytes(sealed)[:12].hex().encode(),
                base64.b64encode(bytes(sealed)[:12]),
                repr(bytes(sealed)[:8]).encode(),
            ]
    pages = [admin.get(address(model, "changelist")).content]
    pages += [admin.get(address(model, "change", row.pk)).content for row in model.objects.all()]
    assert len(planted) > 4
    for page in pages:
        assert not [secret for secret in planted if secret in page]


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_records_are_neither_added_changed_nor_deleted(admin, filled, model):
    row = model.objects.first()
    before = list(model.objects.order_by("pk").values())
    assert admin.get(address(model, "add")).status_code == 403
    assert admin.post(address(model, "add"), {}).status_code == 403
    assert admin.post(address(model, "change", row.pk), {"name": "x", "state": "done"}).status_code == 403
    assert admin.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    admin.post(address(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert list(model.objects.order_by("pk").values()) == before
    page = Page.of(admin.get(address(model, "change", row.pk)))
    assert "_save" not in page.html
    assert not [name for form in page.forms for name in form.values if name in {f.name for f in model._meta.fields}]


def test_the_activity_log_is_read_only_too(admin, filled):
    line = Activity.objects.first()
    assert admin.get(reverse("admin:accounts_activity_change", args=[line.pk])).status_code == 200
    assert admin.post(reverse("admin:accounts_activity_change", args=[line.pk]), {"code": "x"}).status_code == 403
    assert admin.post(reverse("admin:accounts_activity_delete", args=[line.pk]), {"post": "yes"}).status_code == 403


def test_sync_now_asks_for_a_sync_of_each_that_can(admin, filled, carry_out):
    SyncRun.objects.all().delete()
    rows = [str(connection.pk) for connection in Connection.objects.all()]
    response = admin.post(address(Connection, "changelist"), {"action": "sync", "_selected_action": rows}, follow=True)
    text = Page.of(response).text
    assert "Syncs started: 1." in text
    assert "no way to read pixels back" in text
    assert SyncRun.objects.get().connection == filled


def test_retry_sends_again_what_failed_and_never_what_is_unconfirmed(admin, connect, promise, misbehaving):
    misbehaving.script = [says({"message": "no"}, 400), says("", 500)]
    easyflow = connect("easyflow")
    for name in ("failed", "unknown"):
        promise(easyflow, name)
    for due in claim.due(10):
        deliver.deliver(due)
    promise(easyflow, "waiting")
    assert set(Pixel.objects.values_list("name", "lifecycle")) == {
        ("failed", "failed"), ("unknown", "unknown"), ("waiting", "queued"),
    }  # fmt: skip
    rows = [str(pk) for pk in Pixel.objects.values_list("pk", flat=True)]
    response = admin.post(address(Pixel, "changelist"), {"action": "send_again", "_selected_action": rows}, follow=True)
    assert "Queued again: 1." in Page.of(response).text
    assert Pixel.objects.get(name="failed").lifecycle == "queued"
    assert Pixel.objects.get(name="unknown").lifecycle == "unknown"
    assert Operation.objects.filter(pixel__name="unknown").count() == 1


def test_staff_without_rights_see_nothing_and_others_are_not_let_in(browser_of, alice, filled):
    alice.is_staff = True
    alice.save()
    for model in MODELS:
        assert browser_of(alice).get(address(model, "changelist")).status_code == 403
    alice.is_staff = False
    alice.save()
    response = browser_of(alice).get(address(Pixel, "changelist"))
    assert response.status_code in (302, 403, 404)


def test_a_website_can_be_put_right(admin, filled):
    website = Website.objects.get()
    values = {"team": website.team_id, "name": "Meadow", "url": website.url, "archived_at_0": "", "archived_at_1": ""}
    assert admin.post(address(Website, "change", website.pk), values).status_code == 302
    website.refresh_from_db()
    assert website.name == "Meadow"


def test_a_pixel_says_what_may_be_done_now_and_why_not(admin, filled):
    Pixel.objects.update(archived_at=timezone.now())
    page = admin.get(address(Pixel, "change", Pixel.objects.first().pk)).content.decode()
    assert "edit: This pixel is archived. Restore it first." in page
    assert "restore: yes" in page


def test_an_archived_pixel_is_there_as_well(admin, filled, bob):
    Pixel.objects.update(archived_at=timezone.now())
    assert admin.get(address(Pixel, "changelist")).context["cl"].result_count == Pixel.objects.count()
    assert last_operation(Pixel.objects.first()) is not None


def test_errors_are_said_as_sentences(admin, filled):
    refused = {"error_message": "provider.rejected", "error_params": {"provider": "Xandr"}}
    for model in (Pixel, Operation, SyncRun):
        model.objects.update(**refused)
        assert "Xandr refused this." in Page.of(admin.get(address(model, "change", model.objects.first().pk))).text
    Connection.objects.update(test_message="xandr.log_in_refused")
    assert "Xandr refused the log-in." in Page.of(admin.get(address(Connection, "change", filled.pk))).text
