"""An upgrade loses nothing: rows written by an earlier version, read by this one."""

from django.utils import timezone

from pixels.messages import ad_accounts_sentence, connection_sentence, error_advice, error_sentence, sentence
from pixels.models import AdAccount, AvailableAdAccount, Connection, Operation, Pixel, RateLimit, SyncRun
from tests.pixels.said import literal


def test_what_an_earlier_version_quoted_is_forgotten_and_all_else_keeps_its_value(upgrade):
    now = timezone.now()
    later = now + timezone.timedelta(hours=1)

    def write(apps):
        of = lambda name: apps.get_model("pixels", name).objects  # noqa: E731
        team = apps.get_model("accounts", "Team").objects.create(name="Shop", slug="shop")
        xandr = of("Connection").create(
            **{"team": team, "provider": "xandr", "environment": "sandbox", "test": "refused", "told": "paused"},
            **{"closed_until": later, "turn_until": later, "hinted_at": now, "offered_at": now, "offer_tried_at": now},
            **{"offer_error": "No", "test_words": '{"error": "pl4nted\\/0008"}'},
        )
        account = of("AdAccount").create(
            connection=xandr, remote_id="2", fires_asked_at=now, fires_seen_at=later, fires_report="r1"
        )
        of("OfferedAdAccount").create(connection=xandr, remote_id="8")
        of("Gate").create(key="user", closed_until=later)
        pixel = of("Pixel").create(
            **{"team": team, "connection": xandr, "ad_account": account, "name": "Shop", "lifecycle": "updating"},
            **{"remote": "drifted", "remote_id": "7", "theirs": {"name": "Theirs"}, "agreed": {"name": "Before"}},
            **{"twins": ["9"], "digest": 5, "fires_seen_at": now, "error_words": "bad key pl4nted/0008"},
        )
        of("Operation").create(
            **{"team": team, "pixel": pixel, "kind": "update", "payload": {"name": "Shop"}, "fingerprint": "f"},
            **{"state": "in_flight", "attempt": 3, "lease_until": later, "maybe_sent": True, "doubts": 2, "sends": 2},
            **{"seen_before": ["1"], "look_again_at": later, "looked_again": 1},
        )
        of("SyncRun").create(
            **{"team": team, "connection": xandr, "state": "queued", "deaths": 2, "place": {"after": "100"}},
            **{"seen_ids": b"ids", "not_before": later, "error_words": "Basic bWU6cGw0bnRlZC8wMDA4"},
        )

    upgrade(write)
    xandr, account, pixel = Connection.objects.get(), AdAccount.objects.get(), Pixel.objects.get()
    operation, run = Operation.objects.get(), SyncRun.objects.get()
    assert [xandr.test_provider_message, pixel.error_provider_message, run.error_provider_message] == ["", "", ""]
    assert (xandr.last_notified_state, ad_accounts_sentence(xandr)) == ("paused", "No")
    assert [xandr.circuit_open_until, xandr.drain_lease_until, xandr.last_enqueued_at] == [later, later, now]
    assert [xandr.ad_accounts_listed_at, xandr.ad_accounts_tried_at] == [now, now]
    assert [account.last_fired_report_asked_at, account.last_fired_report_seen_at] == [now, later]
    assert account.last_fired_report_id == "r1"
    assert (
        [one.remote_id for one in xandr.available_ad_accounts.all()]
        == ["8"]
        == [AvailableAdAccount.objects.get().remote_id]
    )
    assert RateLimit.objects.get().blocked_until == later
    assert (pixel.remote_status, pixel.remote_values) == ("drifted", {"name": "Theirs"})
    assert (pixel.base_values, pixel.duplicate_remote_ids, pixel.remote_hash) == ({"name": "Before"}, ["9"], 5)
    assert pixel.last_fired_report_seen_at == now
    assert (operation.unconfirmed_count, operation.preexisting_ids, operation.duplicate_checks_done) == (2, ["1"], 1)
    assert (operation.state, operation.sent_at, operation.duplicate_check_at) == (
        "in_flight",
        operation.created_at,
        later,
    )
    assert (run.crashes, run.cursor, bytes(run.seen_ids)) == (2, {"after": "100"}, b"ids")


def test_sentences_that_an_earlier_version_stored_are_still_said(upgrade):
    now = timezone.now()

    def write(apps):
        of = lambda name: apps.get_model("pixels", name).objects  # noqa: E731
        team = apps.get_model("accounts", "Team").objects.create(name="Shop", slug="shop")
        xandr = of("Connection").create(
            team=team, provider="xandr", environment="sandbox", test="refused", test_sentence="Xandr refused 100%."
        )
        account = of("AdAccount").create(connection=xandr, remote_id="2")
        row = {"team": team, "connection": xandr, "ad_account": account, "lifecycle": "failed"}
        failed = {"error_code": "refused", "error_sentence": "Xandr refused “this”."}
        of("Pixel").create(name="Fine", **row)
        of("Pixel").create(name="Advised", **row, **failed, error_advice="Change it.")
        pixel = of("Pixel").create(name="Bare", **row, **failed)
        of("Operation").create(
            **{"team": team, "pixel": pixel, "kind": "create", "payload": {}, "fingerprint": "f", "state": "failed"},
            **{"finished_at": now},
            **failed,
        )
        of("SyncRun").create(
            **{"team": team, "connection": xandr, "state": "queued", "error_sentence": "Xandr asks us to wait."},
            place={"after": "100", "stopped": "9 of 12 pixels are missing."},
        )

    upgrade(write)
    xandr, run = Connection.objects.get(), SyncRun.objects.get()
    assert (connection_sentence(xandr), ad_accounts_sentence(xandr)) == ("Xandr refused 100%.", "")
    said = {pixel.name: (error_sentence(pixel), error_advice(pixel)) for pixel in Pixel.objects.all()}
    assert said == {
        "Fine": ("", ""),
        "Advised": ("Xandr refused “this”.", "Change it."),
        "Bare": ("Xandr refused “this”.", ""),
    }
    assert error_sentence(Operation.objects.get()) == "Xandr refused “this”."
    assert error_sentence(run) == "Xandr asks us to wait."
    assert sentence(*run.cursor["stopped"]) == "9 of 12 pixels are missing."


def test_sentences_survive_the_way_back(downgrade, team):
    """Whoever goes back to the version before sees the old sentences, and codes of what is newer."""
    xandr = Connection.objects.create(
        **{"team": team, "provider": "xandr", "environment": "sandbox", "test": "refused"},
        **{"test_message": "xandr.log_in_refused"},
    )
    account = AdAccount.objects.create(connection=xandr, remote_id="2")
    row = {"team": team, "connection": xandr, "ad_account": account, "lifecycle": "failed", "error_code": "refused"}
    Pixel.objects.create(name="Old", **row, **literal("Xandr refused this.", "Change it."))
    SyncRun.objects.create(team=team, connection=xandr, cursor={"stopped": ["sync.too_many_missing", {"missing": 9}]})
    old = downgrade("0010_unconfirmed_operations")
    pixel, run = old.get_model("pixels", "Pixel").objects.get(), old.get_model("pixels", "SyncRun").objects.get()
    assert (pixel.error_sentence, pixel.error_advice) == ("Xandr refused this.", "Change it.")
    assert run.cursor["stopped"] == "sync.too_many_missing"
    assert old.get_model("pixels", "Connection").objects.get().test_sentence == "xandr.log_in_refused"
